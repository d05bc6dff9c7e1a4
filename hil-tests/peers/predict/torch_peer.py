"""The Transformer of SANet Table 2 in PyTorch, as a peer of `sidecar bench predict`.

usage: torch_peer.py version | torch_peer.py FOLDER

FOLDER has `model.json` (shape, and name, shape and place of each weight in `weights.f32`), `x.f32` and `y.f32` (a batch and its labels).
Then, line by line on standard input, what is to be done; one line of JSON each on standard output:

  agree            forward of the batch into `forward.f32`, gradients of the loss in the order of the weights into `gradients.f32`
  eager N          N forwards of one window: their median in ns
  onnx N           the same by ONNX Runtime, where it is installed
  train N          N steps of SGD on the batch: their median in ns
"""
import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, memory):
        def split(t):
            return t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(memory)), split(self.value(memory))
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.down(F.relu(self.up(x)))


class EncoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(c["width"]), nn.LayerNorm(c["width"])
        self.attention = Attention(c["width"], c["heads"])
        self.feed_forward = FeedForward(c["width"], c["feed_forward"])

    def forward(self, h):
        n = self.norm1(h)
        h = h + self.attention(n, n)
        return h + self.feed_forward(self.norm2(h))


class DecoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(c["width"]) for _ in range(3))
        setattr(self, "self", Attention(c["width"], c["heads"]))
        self.cross = Attention(c["width"], c["heads"])
        self.feed_forward = FeedForward(c["width"], c["feed_forward"])

    def forward(self, h, memory):
        n = self.norm1(h)
        h = h + getattr(self, "self")(n, n)
        h = h + self.cross(self.norm2(h), memory)
        return h + self.feed_forward(self.norm3(h))


class Stack(nn.ModuleDict):
    """Layers by number, and a last norm."""

    def __init__(self, layers, width):
        super().__init__({str(i): layer for i, layer in enumerate(layers)})
        self.count = len(layers)
        self["norm"] = nn.LayerNorm(width)

    def forward(self, h, *more):
        for i in range(self.count):
            h = self[str(i)](h, *more)
        return self["norm"](h)


class Transformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed = nn.Linear(c["channels"], c["width"])
        self.position = nn.Parameter(torch.zeros(c["observe"], c["width"]))
        self.encoder = Stack([EncoderLayer(c) for _ in range(c["encoder_layers"])], c["width"])
        self.queries = nn.Parameter(torch.zeros(c["horizon"], c["width"]))
        self.decoder = Stack([DecoderLayer(c) for _ in range(c["decoder_layers"])], c["width"])
        self.head = nn.Linear(c["width"], 1)

    def forward(self, x):
        memory = self.encoder(self.embed(x) + self.position)
        queries = self.queries.expand(x.shape[0], -1, -1)
        return self.head(self.decoder(queries, memory))


def numbers(path, shape):
    return torch.from_numpy(np.fromfile(path, dtype="<f4").reshape(shape))


def is_matrix(name):
    return name.endswith(".weight") and "norm" not in name


def load(folder):
    with open(os.path.join(folder, "model.json")) as file:
        told = json.load(file)
    model = Transformer(told["shape"])
    values = np.fromfile(os.path.join(folder, "weights.f32"), dtype="<f4")
    mine, at = dict(model.named_parameters()), 0
    order = []
    with torch.no_grad():
        for name, shape in told["weights"]:
            count = int(np.prod(shape))
            value = torch.from_numpy(values[at : at + count].reshape(shape).copy())
            # a dense layer there is x W, here x W^T
            mine[name].copy_(value.T if is_matrix(name) else value)
            order.append(name)
            at += count
    assert at == len(values) and set(order) == set(mine), "other weights than the model has"
    return told, model, order


def median_ns(count, run):
    for _ in range(max(3, count // 10)):
        run()
    took = []
    for _ in range(count):
        began = time.perf_counter_ns()
        run()
        took.append(time.perf_counter_ns() - began)
    return sorted(took)[len(took) // 2]


def onnx_session(model, x, folder):
    import onnxruntime

    path = os.path.join(folder, "model.onnx")
    torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main(folder):
    told, model, order = load(folder)
    c = told["shape"]
    x = numbers(os.path.join(folder, "x.f32"), (-1, c["observe"], c["channels"]))
    y = numbers(os.path.join(folder, "y.f32"), (-1, c["horizon"], 1))
    delta, one, session = told["huber_delta"], x[:1].contiguous(), None
    optimiser = torch.optim.SGD(model.parameters(), lr=told["rate"])

    def loss():
        return F.huber_loss(model(x), y, delta=delta) / delta

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss().backward()
        optimiser.step()

    def forward():
        with torch.inference_mode():
            model(one)

    print(json.dumps({"ready": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        what, *rest = line.split()
        count = int(rest[0]) if rest else 0
        try:
            if what == "agree":
                model.zero_grad(set_to_none=True)
                with torch.no_grad():
                    model(x).numpy().astype("<f4").tofile(os.path.join(folder, "forward.f32"))
                value = loss()
                value.backward()
                mine = dict(model.named_parameters())
                grads = [mine[n].grad.T if is_matrix(n) else mine[n].grad for n in order]
                np.concatenate([g.contiguous().numpy().ravel() for g in grads]).astype("<f4").tofile(
                    os.path.join(folder, "gradients.f32")
                )
                answer = {"loss": value.item()}
            elif what == "eager":
                answer = {"ns": median_ns(count, forward)}
            elif what == "onnx":
                session = session or onnx_session(model, one, folder)
                feed = {"x": one.numpy()}
                answer = {"ns": median_ns(count, lambda: session.run(None, feed))}
                answer["version"] = __import__("onnxruntime").__version__
            elif what == "train":
                answer = {"ns": median_ns(count, step)}
            else:
                answer = {"error": f"what is {what}?"}
        except Exception as error:  # whatever is missing there is said here
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if sys.argv[-1] == "version":
        print(torch.__version__)
    else:
        main(sys.argv[-1])

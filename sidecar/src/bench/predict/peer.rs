//! The same model in `PyTorch`, in a process of its own.

use candle_core::Tensor;
use predict::{Params, TransformerConfig};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What it runs.
const SCRIPT: &str = include_str!("../../../../hil-tests/peers/predict/torch_peer.py");
/// A Python that has PyTorch, where the one on `PATH` has not.
const PYTHON: &str = "SIDECAR_PEER_PYTHON";

/// One line of its.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) ns: Option<f64>,
    error: Option<String>,
}

/// A process that is asked, and answers when it has done it.
pub(super) struct Peer {
    child: Child,
    asked: ChildStdin,
    tells: BufReader<ChildStdout>,
}

fn write(path: &Path, values: impl Iterator<Item = f32>) -> Result<(), String> {
    let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
    std::fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}

fn read(path: &Path) -> Result<Vec<f32>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(numbers.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

impl Peer {
    /// Gives it weights and batch in `dir`; else why there is none.
    pub(super) fn start(
        dir: &Path,
        params: &[&Params],
        (x, y): (&Tensor, &Tensor),
        c: TransformerConfig,
    ) -> Result<Self, String> {
        let said = |e: &dyn std::fmt::Display| e.to_string();
        let tensors = || params.iter().flat_map(|p| p.iter());
        let weights: Vec<_> = tensors().map(|(name, t)| (name, t.dims())).collect();
        let told = serde_json::json!({
            "shape": {
                "channels": c.channels(), "observe": c.observe, "horizon": c.horizon, "width": c.width, "heads": c.heads,
                "encoder_layers": c.encoder_layers, "decoder_layers": c.decoder_layers, "feed_forward": c.feed_forward,
            },
            "weights": weights, "huber_delta": super::HUBER_DELTA, "rate": super::RATE,
        });
        std::fs::write(dir.join("model.json"), told.to_string()).map_err(|e| said(&e))?;
        let mut all = Vec::new();
        for params in params {
            all.extend(params.values().map_err(|e| said(&e))?);
        }
        write(&dir.join("weights.f32"), all.into_iter().flatten())?;
        for (name, tensor) in [("x.f32", x), ("y.f32", y)] {
            let values = tensor.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(|e| said(&e))?;
            write(&dir.join(name), values.into_iter())?;
        }
        let python = std::env::var(PYTHON).unwrap_or_else(|_| "python3".into());
        let missing = |why: String| format!("no PyTorch ({PYTHON} names a Python that has it): {why}");
        let mut child = Command::new(&python)
            .args(["-c", SCRIPT])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| missing(format!("{python}: {e}")))?;
        let (Some(asked), Some(tells)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(missing(format!("{python} has no pipes")));
        };
        let mut peer = Self { child, asked, tells: BufReader::new(tells) };
        peer.answer().map_err(|_| missing(format!("{python} has not begun")))?;
        Ok(peer)
    }

    fn answer(&mut self) -> Result<Told, String> {
        let mut line = String::new();
        match self.tells.read_line(&mut line) {
            Ok(0) => Err("it has ended".into()),
            Ok(_) => {
                let told: Told = serde_json::from_str(&line).map_err(|e| format!("{}: {e}", line.trim()))?;
                told.error.map_or_else(|| Ok(Told { ns: told.ns, error: None }), Err)
            }
            Err(e) => Err(e.to_string()),
        }
    }

    /// Has it do something; its answer when it has.
    pub(super) fn ask(&mut self, what: &str) -> Result<Told, String> {
        writeln!(self.asked, "{what}").map_err(|e| e.to_string())?;
        self.answer()
    }

    /// Its forward pass of the batch, and the gradients of all weights one after the other.
    pub(super) fn agree(&mut self, dir: &Path) -> Result<(Vec<f32>, Vec<f32>), String> {
        self.ask("agree")?;
        Ok((read(&dir.join("forward.f32"))?, read(&dir.join("gradients.f32"))?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

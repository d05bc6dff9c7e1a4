"""A GNU Radio channel between a gNB and a UE on ZMQ radios, as labs write it.

    python3 flowgraph.py constant|tdl-a GNB_TX GNB_RX UE_TX UE_RX
    python3 flowgraph.py version

Downlink: REQ source at the gNB's transmit port, channel, REP sink for the UE's receive port; the uplink likewise. It follows the
multi-UE flowgraph of the srsRAN tutorials, without its throttle, so that it runs as fast as it can.

constant: multiply_const by 1.
tdl-a: selective_fading_model: TDL-A of TR 38.901 with a delay spread of 300 ns, 23 Rayleigh taps of 8 sinusoids each at 70 Hz, delays
in fractions of a sample of 23.04 MS/s, 75 filter taps, computed anew for each sample.
"""

import signal
import sys

from gnuradio import blocks, channels, gr, zeromq

RATE_HZ = 23.04e6
DOPPLER_HZ = 70.0
DELAY_SPREAD_S = 300e-9
SINUSOIDS = 8
FILTER_TAPS = 75
TIMEOUT_MS = 100

# TR 38.901 Table 7.7.2-1: normalised delay, power in dB
TDL_A = [
    (0.0, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.461, -6.0), (0.5375, -8.2), (0.6708, -9.9),
    (0.575, -10.5), (0.7618, -7.5), (1.5375, -15.9), (1.8978, -6.6), (2.2242, -16.7), (2.1718, -12.4), (2.4942, -15.2),
    (2.5119, -10.8), (3.0582, -11.3), (4.081, -12.7), (4.4579, -16.2), (4.5695, -18.3), (4.7966, -18.9),
    (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
]


def channel(kind, seed):
    """The block between a source and a sink."""
    if kind == "constant":
        return blocks.multiply_const_cc(1.0)
    delays = [d * DELAY_SPREAD_S * RATE_HZ for d, _ in TDL_A]
    total = sum(10 ** (p / 10) for _, p in TDL_A)
    magnitudes = [(10 ** (p / 10) / total) ** 0.5 for _, p in TDL_A]
    return channels.selective_fading_model(
        SINUSOIDS, DOPPLER_HZ / RATE_HZ, False, 4.0, seed, delays, magnitudes, FILTER_TAPS
    )


def main():
    if sys.argv[1] == "version":
        print(gr.version())
        return
    kind, gnb_tx, gnb_rx, ue_tx, ue_rx = sys.argv[1:]
    top = gr.top_block("channel")
    for seed, (source, sink) in enumerate([(gnb_tx, ue_rx), (ue_tx, gnb_rx)]):
        top.connect(
            zeromq.req_source(gr.sizeof_gr_complex, 1, source, TIMEOUT_MS, False, -1),
            channel(kind, seed),
            zeromq.rep_sink(gr.sizeof_gr_complex, 1, sink, TIMEOUT_MS, False, -1),
        )
    top.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    top.stop()
    top.wait()


main()

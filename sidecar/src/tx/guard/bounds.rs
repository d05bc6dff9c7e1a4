//! How much of the desk's memory, time and words those who connect may take.

use super::arming::No;
use crate::wire::Limits;
use governor::MAX_UNSENT_MS;
use ran_bridge::iq::BYTES_PER_SAMPLE;

/// Messages heard in one turn.
pub(super) const AT_ONCE: usize = 64;
/// When hearing has taken so long in one turn, everything that ends by itself is looked at before the next message, ns.
pub(super) const HEAR_NS: u64 = 2_000_000;
/// Longest order, bytes: it has some hundred.
const ORDER_BYTES: usize = 4 << 10;
/// Connections of one process: half of the places there are, so that one that leaks them leaves the others theirs.
const PER_PROCESS: usize = crate::wire::clients::MAX_CLIENTS / 2;
/// Refusals are told people at most this often, ns.
const TELL_NS: u64 = 100_000_000;

/// What the guard's socket takes: orders, and samples up to what one credit can be, half of what may be unsent.
pub(super) fn limits(rate_hz: f64) -> Limits {
    let credit = (MAX_UNSENT_MS * 1e-3 * rate_hz / 2.0).ceil() as usize;
    Limits {
        samples_bytes: credit.saturating_mul(BYTES_PER_SAMPLE),
        other_bytes: ORDER_BYTES,
        per_process: PER_PROCESS,
    }
}

/// What the socket for samples takes: a link of a chain, whole.
pub(super) fn lane_limits(rate_hz: f64, channels: usize) -> Limits {
    let link = (MAX_UNSENT_MS * 1e-3 * rate_hz).ceil() as usize;
    let samples_bytes = link.saturating_mul(channels).saturating_mul(BYTES_PER_SAMPLE);
    Limits { samples_bytes, other_bytes: ORDER_BYTES, per_process: PER_PROCESS }
}

/// Refusals told to people: whoever prints may have to wait, and the log has room for a program that errs without end.
#[derive(Debug, Default)]
pub(super) struct Refused {
    until_ns: u64,
    untold: u64,
}

impl Refused {
    pub(super) fn tell(&mut self, no: &No, now_ns: u64) {
        if now_ns < self.until_ns {
            self.untold += 1;
            return;
        }
        tracing::warn!(no.code, no.reason, more = self.untold, "refused");
        *self = Self { until_ns: now_ns + TELL_NS, untold: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_ten_milliseconds_and_an_order_four_kibibytes() {
        let l = limits(23.04e6);
        // 10 ms of 23.04 MS/s at 8 bytes
        assert_eq!((l.samples_bytes, l.other_bytes, l.per_process), (1_843_200, 4096, 4));
        assert_eq!(lane_limits(23.04e6, 2).samples_bytes, 4 * 1_843_200);
    }
}

//! Puts the times that a sender gives on this host's clock.

use crate::wire::Header;

/// How the stamps of one message are read.
///
/// Links do not leave the host, so a sender's `CLOCK_MONOTONIC` is ours and its stamps are taken as they are: a report that waited for the
/// controller keeps the time at which it was measured. A message of another run, without a stamp, or with one of the future is not from
/// this clock: then only the age that it had when it was sent is known, and it counts from the time of receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamps {
    received_ns: u64,
    sent_ns: u64,
    ours: bool,
}

impl Stamps {
    /// Those of a message that came at `received_ns`, host-monotonic ns, to a controller of run `run`.
    #[must_use]
    pub const fn of(header: &Header, run: u64, received_ns: u64) -> Self {
        let sent_ns = header.sent_mono_ns;
        let same_run = header.run == run || header.run == 0;
        Self { received_ns, sent_ns, ours: same_run && sent_ns > 0 && sent_ns <= received_ns }
    }

    /// Whether they are from this host's clock; else the time of receipt stands for the time of sending.
    #[must_use]
    pub const fn ours(&self) -> bool {
        self.ours
    }

    /// A stated time on this host's clock, ns; that of sending where none (0) is stated. Never after the receipt.
    #[must_use]
    pub fn at_ns(&self, stated_ns: u64) -> u64 {
        let stated_ns = if stated_ns == 0 { self.sent_ns } else { stated_ns };
        if self.ours {
            return stated_ns.min(self.received_ns);
        }
        self.received_ns.saturating_sub(self.sent_ns.saturating_sub(stated_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Agent, Kind};

    fn stamps(run: u64, sent_ns: u64, received_ns: u64) -> Stamps {
        let mut header = Header::new(Kind::State, Agent::App);
        (header.run, header.sent_mono_ns) = (run, sent_ns);
        Stamps::of(&header, 7, received_ns)
    }

    #[test]
    fn what_waited_keeps_its_time() {
        let s = stamps(7, 9_000, 10_000);
        assert!(s.ours());
        assert_eq!((s.at_ns(4_000), s.at_ns(0), s.at_ns(11_000)), (4_000, 9_000, 10_000));
    }

    #[test]
    fn stamps_of_another_clock_give_only_an_age() {
        for s in [stamps(8, 9_000, 10_000), stamps(7, 90_000, 10_000), stamps(7, 0, 10_000)] {
            assert!(!s.ours());
            assert_eq!(s.at_ns(0), 10_000, "the time of receipt");
        }
        assert_eq!(stamps(7, 90_000, 10_000).at_ns(88_000), 8_000, "2 µs old when it was sent");
        assert_eq!(stamps(7, 90_000, 10_000).at_ns(95_000), 10_000);
        assert_eq!(stamps(7, 90_000, 100).at_ns(1_000), 0, "before this host's clock began");
    }
}

//! How many samples are on their way to the antenna and not sent, by the time that has passed.

/// Bounds what is unsent from above: samples go out at the rate from the start on, whatever the radio says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Host time at which sample 0 goes out, ns.
    origin_ns: u64,
    rate_hz: f64,
}

impl Pace {
    /// The first sample goes out at `origin_ns`.
    pub(super) const fn new(origin_ns: u64, rate_hz: f64) -> Self {
        Self { origin_ns, rate_hz }
    }

    /// Samples not sent at `now_ns` of `written`, the time before the start counted as if it were samples: the last of them is sent so much
    /// later.
    pub(super) fn unsent(&self, written: u64, now_ns: u64) -> u64 {
        let since_s = (now_ns as f64 - self.origin_ns as f64) * 1e-9;
        (written as f64 - since_s * self.rate_hz).ceil().max(0.0) as u64
    }

    /// Host time at which sample `n` goes out, ns.
    pub(super) fn at_ns(&self, n: u64) -> u64 {
        self.origin_ns + (n as f64 / self.rate_hz * 1e9) as u64
    }

    /// The radio ran dry: of `written` samples at most `queued` are unsent now.
    pub(super) fn ran_dry(&mut self, written: u64, queued: u64, now_ns: u64) {
        let sent = written.saturating_sub(queued);
        self.origin_ns = now_ns.saturating_sub((sent as f64 / self.rate_hz * 1e9) as u64).max(self.origin_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // 1 MS/s, sample 0 at 5 ms
        let mut pace = Pace::new(5_000_000, 1e6);
        assert_eq!((pace.unsent(1000, 0), pace.unsent(1000, 5_000_000)), (6000, 1000));
        assert_eq!((pace.unsent(1000, 5_400_000), pace.unsent(1000, 9_000_000)), (600, 0));
        assert_eq!(pace.at_ns(2000), 7_000_000);
        // at 20 ms it turns out to have been dry; of 15 000 written 2000 may be unsent
        pace.ran_dry(15_000, 2000, 20_000_000);
        assert_eq!((pace.unsent(15_000, 20_000_000), pace.unsent(15_000, 21_000_000)), (2000, 1000));
        // it never counts as faster than before
        pace.ran_dry(15_000, 0, 20_000_000);
        assert_eq!(pace.unsent(15_000, 20_000_000), 2000);
    }
}

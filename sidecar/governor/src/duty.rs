//! Share of time on air: a bucket of air time that fills at the duty cycle.

/// Air time that may be spent now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Duty {
    share: f64,
    room_ns: f64,
    full_ns: f64,
    at_ns: u64,
}

impl Duty {
    /// A full bucket: `share` of `window_ms`.
    pub(crate) fn new(share: f64, window_ms: f64, now_ns: u64) -> Self {
        let full_ns = share * window_ms * 1e6;
        Self { share, room_ns: full_ns, full_ns, at_ns: now_ns }
    }

    /// Air time left, ns.
    pub(crate) fn left_ns(&self, now_ns: u64) -> f64 {
        let more = now_ns.saturating_sub(self.at_ns) as f64 * self.share;
        (self.room_ns + more).min(self.full_ns)
    }

    /// Spends air time.
    pub(crate) fn spend(&mut self, air_ns: f64, now_ns: u64) {
        self.room_ns = self.left_ns(now_ns) - air_ns;
        self.at_ns = self.at_ns.max(now_ns);
    }
}

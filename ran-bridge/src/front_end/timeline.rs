//! Where slots lie, which of them are protected, and when sounding takes place.

/// Largest sample index or period that is taken: 2^48, 116 days at 28 MS/s; sums stay far from the end of 64 bits.
pub(crate) const MAX_SAMPLE: u64 = 1 << 48;

/// The grid of downlink slots and the ones that keep the wide beam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedSlots {
    /// Downlink index of the start of slot 0.
    pub boundary: u64,
    /// Samples of a slot, ≥ 1.
    pub slot_samples: u32,
    /// The protected ones.
    pub spans: Vec<Span>,
}

/// Protected slots: slot `k` with `(k − offset) mod period < slots`, counted from the slot that begins at the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Slots from one to the next, ≥ 1.
    pub period: u32,
    /// Which slot of the period is the first, below `period`.
    pub offset: u32,
    /// How many in a row, 1 … period.
    pub slots: u32,
}

impl ProtectedSlots {
    /// The first slot start at or after sample `n`.
    #[must_use]
    pub fn next_boundary(&self, n: u64) -> u64 {
        let slot = u64::from(self.slot_samples);
        let phase = self.boundary % slot;
        let into = (n % slot + slot - phase) % slot;
        if into == 0 { n } else { n + slot - into }
    }

    /// Whether sample `n` lies in a protected slot.
    #[must_use]
    pub fn is_protected(&self, n: u64) -> bool {
        let slot = i128::from(self.slot_samples);
        let k = (i128::from(n) - i128::from(self.boundary)).div_euclid(slot);
        self.spans.iter().any(|s| (k - i128::from(s.offset)).rem_euclid(i128::from(s.period)) < i128::from(s.slots))
    }
}

/// Sounding: occasions in which columns `0, 1, …, M−1, 0, …` of a unitary are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasions {
    /// Downlink index of the first sample of the first occasion.
    pub first: u64,
    /// Samples from one to the next, ≥ 1.
    pub period: u64,
    /// Samples of each, 1 … period.
    pub len: u64,
}

impl Occasions {
    /// Which occasion (0, 1, …) sample `n` lies in.
    #[must_use]
    pub const fn at(&self, n: u64) -> Option<u64> {
        if n < self.first {
            return None;
        }
        let since = n - self.first;
        if since % self.period < self.len { Some(since / self.period) } else { None }
    }

    /// The next sample after `n` at which an occasion begins or ends.
    #[must_use]
    pub const fn next_edge(&self, n: u64) -> u64 {
        if n < self.first {
            return self.first;
        }
        let into = (n - self.first) % self.period;
        if into < self.len { n - into + self.len } else { n - into + self.period }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Span = Span { period: 10, offset: 0, slots: 1 };

    #[test]
    fn spans_of_several_slots() {
        // slots of 0.5 ms at 7.68 MS/s; slots 9, 0 and 1 of ten
        let spans = vec![Span { period: 10, offset: 9, slots: 3 }];
        let s = ProtectedSlots { boundary: 38_400, slot_samples: 3840, spans };
        let at = |slot: u64| s.is_protected(38_400 + slot * 3840) && s.is_protected(38_400 + slot * 3840 + 3839);
        let protected: Vec<u64> = (0..20).filter(|&k| at(k)).collect();
        assert_eq!(protected, [0, 1, 9, 10, 11, 19]);
        assert!(s.is_protected(38_399) && !s.is_protected(38_400 - 3841));
    }

    #[test]
    fn slots_before_and_after_the_boundary() {
        let s = ProtectedSlots { boundary: 100, slot_samples: 7680, spans: vec![TENTH] };
        assert_eq!(s.next_boundary(0), 100);
        assert_eq!(s.next_boundary(100), 100);
        assert_eq!(s.next_boundary(101), 7780);
        assert!(s.is_protected(100) && s.is_protected(7779) && !s.is_protected(7780) && !s.is_protected(99));
        assert!(s.is_protected(100 + 76_800));
        let late = ProtectedSlots { boundary: 76_900, slot_samples: 7680, spans: vec![TENTH] };
        assert!(late.is_protected(100) && !late.is_protected(99));
    }

    #[test]
    fn occasions_and_their_edges() {
        let o = Occasions { first: 1000, period: 500, len: 40 };
        assert_eq!(
            (o.at(999), o.at(1000), o.at(1039), o.at(1040), o.at(1500)),
            (None, Some(0), Some(0), None, Some(1))
        );
        assert_eq!((o.next_edge(0), o.next_edge(1000), o.next_edge(1039), o.next_edge(1040)), (1000, 1040, 1040, 1500));
    }
}

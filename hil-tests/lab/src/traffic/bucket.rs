//! The user plane's rate limit for one UE.

/// Tokens in bytes, filled on radio time, at most 100 ms worth of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenBucket {
    limit_bit_per_s: Option<f64>,
    tokens_bytes: f64,
}

impl TokenBucket {
    /// The limit; `None` is no limit.
    #[must_use]
    pub const fn limit_bit_per_s(&self) -> Option<f64> {
        self.limit_bit_per_s
    }

    /// Sets or lifts the limit; collected tokens above the new depth are lost.
    pub fn set(&mut self, limit_bit_per_s: Option<f64>) {
        self.limit_bit_per_s = limit_bit_per_s;
        self.tokens_bytes = self.tokens_bytes.min(self.depth());
    }

    fn depth(&self) -> f64 {
        self.limit_bit_per_s.map_or(0.0, |l| (l / 8.0 * 0.1).max(1.0))
    }

    /// One millisecond passes.
    pub fn tick(&mut self) {
        if let Some(limit) = self.limit_bit_per_s {
            self.tokens_bytes = (self.tokens_bytes + limit / 8000.0).min(self.depth());
        }
    }

    /// How many of `bytes` may pass now; they are paid for.
    pub fn take(&mut self, bytes: u64) -> u64 {
        if self.limit_bit_per_s.is_none() {
            return bytes;
        }
        let pass = bytes.min(self.tokens_bytes.max(0.0) as u64);
        self.tokens_bytes -= pass as f64;
        pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_rate() {
        let mut b = TokenBucket::default();
        assert_eq!(b.take(1_000_000), 1_000_000, "no limit");
        b.set(Some(4e6));
        let passed: u64 = (0..2000)
            .map(|_| {
                b.tick();
                b.take(10_000)
            })
            .sum();
        assert_eq!(passed, 1_000_000, "4 Mbit/s for 2 s");
        b.set(None);
        assert_eq!(b.take(77), 77);
    }
}

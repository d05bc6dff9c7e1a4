//! A byte queue that knows how long its bytes have waited.
use std::collections::VecDeque;

/// FIFO of (arrival ms, bytes).
#[derive(Debug, Default)]
pub struct DelayQueue {
    parts: VecDeque<(u64, u64)>,
    bytes: u64,
}

impl DelayQueue {
    /// Bytes waiting.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends `bytes` at `ms`, as far as `capacity` allows; says how many were dropped.
    pub fn push(&mut self, ms: u64, bytes: u64, capacity: u64) -> u64 {
        let take = bytes.min(capacity.saturating_sub(self.bytes));
        if take > 0 {
            self.parts.push_back((ms, take));
            self.bytes += take;
        }
        bytes - take
    }

    /// Removes `bytes` from the front; the result is Σ bytes · ms waited.
    pub fn pop(&mut self, ms: u64, bytes: u64) -> u64 {
        let mut rest = bytes.min(self.bytes);
        self.bytes -= rest;
        let mut byte_ms = 0;
        while rest > 0 {
            let Some((arrived, size)) = self.parts.front_mut() else { break };
            let take = rest.min(*size);
            byte_ms += take * ms.saturating_sub(*arrived);
            rest -= take;
            *size -= take;
            if *size == 0 {
                self.parts.pop_front();
            }
        }
        byte_ms
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.parts.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_weighted_by_bytes() {
        let mut q = DelayQueue::default();
        assert_eq!(q.push(0, 100, 150), 0);
        assert_eq!(q.push(10, 100, 150), 50);
        // 100 bytes waited 20 ms, 20 bytes waited 10 ms.
        assert_eq!(q.pop(20, 120), 2200);
        assert_eq!(q.bytes(), 30);
    }
}

//! The power switch of a terminal.
use std::sync::atomic::{AtomicU8, Ordering};

/// How a terminal is, or is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// On.
    On,
    /// Off: what was asked of it is answered and what it asked for is taken before its sockets close.
    Off,
    /// Its process is gone: the sockets close at once, whatever was under way.
    Dead,
}

/// What the world sets and the terminal's thread reads.
#[derive(Debug)]
pub struct Switch(AtomicU8);

impl Switch {
    /// A switch in this position.
    #[must_use]
    pub const fn new(power: Power) -> Self {
        Self(AtomicU8::new(power as u8))
    }

    /// Moves it.
    pub fn set(&self, power: Power) {
        self.0.store(power as u8, Ordering::Relaxed);
    }

    /// Its position.
    #[must_use]
    pub fn get(&self) -> Power {
        match self.0.load(Ordering::Relaxed) {
            0 => Power::On,
            1 => Power::Off,
            _ => Power::Dead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_read_as_it_was_set() {
        let switch = Switch::new(Power::Dead);
        assert_eq!(switch.get(), Power::Dead);
        for power in [Power::On, Power::Off, Power::Dead] {
            switch.set(power);
            assert_eq!(switch.get(), power);
        }
    }
}

//! Energy of an hour, in full-scale seconds: time on air weighted by the square of the magnitude, over all channels. One second at full scale
//! is 1, at half of it 0.25.
//!
//! It is kept by the minute, so that it stays small: what counts is the minute under way and the sixty before it, no less than any hour holds.

use crate::refusal::Refusal;
use num_complex::Complex32;

const MINUTE_NS: u64 = 60_000_000_000;
/// The minute under way and those of an hour.
const MINUTES: usize = 61;

/// What has been let through, and how much may be.
#[derive(Debug, Clone)]
pub(crate) struct Energy {
    max_s: Option<f64>,
    /// Which minute, and what it holds; minute m stands at m modulo [`MINUTES`].
    minutes: [(u64, f64); MINUTES],
}

impl Energy {
    /// Nothing has been sent; `max_s`: full-scale seconds an hour, `None` = no bound.
    pub(crate) const fn new(max_s: Option<f64>) -> Self {
        Self { max_s, minutes: [(0, 0.0); MINUTES] }
    }

    /// Whether so much more may be sent now.
    pub(crate) fn check(&self, more_s: f64, now_ns: u64) -> Result<(), Refusal> {
        let Some(cap) = self.max_s else { return Ok(()) };
        let now = now_ns / MINUTE_NS;
        let counts = |m: &&(u64, f64)| now.saturating_sub(m.0) < MINUTES as u64;
        let asked = self.minutes.iter().filter(counts).map(|m| m.1).sum::<f64>() + more_s;
        if asked <= cap {
            return Ok(());
        }
        Err(Refusal::Cap { what: "the energy of an hour, full-scale s,", asked, cap })
    }

    /// It is sent.
    pub(crate) fn spend(&mut self, energy_s: f64, now_ns: u64) {
        let now = now_ns / MINUTE_NS;
        let minute = &mut self.minutes[(now % MINUTES as u64) as usize];
        if minute.0 != now {
            *minute = (now, 0.0);
        }
        minute.1 += energy_s;
    }
}

/// Of these samples, full-scale seconds.
pub(crate) fn energy_s<'a>(samples: impl Iterator<Item = &'a Complex32>, rate_hz: f64) -> f64 {
    samples.map(|z| f64::from(z.re) * f64::from(z.re) + f64::from(z.im) * f64::from(z.im)).sum::<f64>() / rate_hz
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        // 1000 samples of magnitude 0.5 at 1 MS/s: 1 ms · 0.25
        let samples = vec![Complex32::new(0.3, 0.4); 1000];
        assert!((energy_s(samples.iter(), 1e6) - 0.25e-3).abs() < 1e-10);
        let at = |minutes: f64| (minutes * 60e9) as u64;
        let mut e = Energy::new(Some(1.0));
        e.spend(0.75, at(0.5));
        assert!(e.check(0.25, at(1.5)).is_ok() && e.check(0.26, at(1.5)).is_err());
        e.spend(0.25, at(30.0));
        assert!(e.check(1e-9, at(60.9)).is_err(), "the minute in which it was sent still counts whole");
        // only what was sent in minute 30 is of this hour
        assert!(e.check(0.75, at(61.0)).is_ok() && e.check(0.76, at(61.0)).is_err());
        // its place in the ring is minute 61's, too
        e.spend(0.5, at(61.0));
        assert!(e.check(0.25, at(61.1)).is_ok() && e.check(0.26, at(61.1)).is_err());
        assert!(e.check(0.5, at(91.0)).is_ok() && e.check(0.51, at(91.0)).is_err());
        assert!(e.check(1.0, at(200.0)).is_ok());
        assert!(Energy::new(None).check(f64::MAX, 0).is_ok());
    }
}

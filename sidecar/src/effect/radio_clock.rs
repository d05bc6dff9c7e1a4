//! Radio time against the host's monotonic clock, so that a window is as long for the network as it is meant to be.

use std::collections::VecDeque;

/// Pairs kept: 200 s at 20 a second.
const KNOTS: usize = 4096;
/// Without a word of the radio's clock for this long there is none, ns.
const SILENT_NS: u64 = 3_000_000_000;
/// A window lasts at most so many times as long on the host's clock, however slow the radio is: what stands still is judged, too.
pub const MAX_STRETCH: u64 = 10;

/// Both clocks. A span is over when it has passed on **both**: on a loaded machine the lab runs slower than real time and the network
/// needs the longer one; where it runs faster, the agents, which report on the host's clock, do. Without a radio clock the host's counts
/// alone.
#[derive(Debug, Clone, Default)]
pub struct RadioClock {
    knots: VecDeque<(u64, u64)>,
}

impl RadioClock {
    /// At `mono_ns` of the host's clock radio time was `radio_s`; 0 = it does not run. Pairs that are not newer than the last are left
    /// out; a radio time that is less than the last begins anew.
    pub fn tell(&mut self, mono_ns: u64, radio_s: f64) {
        if !radio_s.is_finite() || radio_s <= 0.0 {
            return;
        }
        let radio_ns = (radio_s * 1e9) as u64;
        match self.knots.back() {
            Some((last_ns, _)) if mono_ns <= *last_ns => return,
            Some((_, last)) if radio_ns < *last => self.knots.clear(),
            _ => {}
        }
        if self.knots.len() == KNOTS {
            self.knots.pop_front();
        }
        self.knots.push_back((mono_ns, radio_ns));
    }

    /// When `span_ns` from `from_ns` on have passed on both clocks, host-monotonic ns; `None` while they have not.
    #[must_use]
    pub fn passed(&self, from_ns: u64, span_ns: u64, now_ns: u64) -> Option<u64> {
        let wall_ns = from_ns.saturating_add(span_ns);
        let end_ns = match self.radio_at(from_ns) {
            None => wall_ns,
            Some(radio_ns) => match self.mono_at(radio_ns.saturating_add(span_ns)) {
                Some(end_ns) => end_ns.max(wall_ns),
                None if self.silent(now_ns) => wall_ns,
                None => u64::MAX,
            },
        };
        let end_ns = end_ns.min(from_ns.saturating_add(span_ns.saturating_mul(MAX_STRETCH)));
        (now_ns >= end_ns).then_some(end_ns)
    }

    /// When the stretch of `span_ns` on both clocks that ends at `to_ns` began, host-monotonic ns.
    #[must_use]
    pub fn before(&self, to_ns: u64, span_ns: u64) -> u64 {
        let wall_ns = to_ns.saturating_sub(span_ns);
        let radio_ns = self.radio_at(to_ns).and_then(|radio_ns| radio_ns.checked_sub(span_ns));
        let begin_ns = radio_ns.and_then(|radio_ns| self.mono_at(radio_ns)).map_or(wall_ns, |at| at.min(wall_ns));
        begin_ns.max(to_ns.saturating_sub(span_ns.saturating_mul(MAX_STRETCH)))
    }

    fn silent(&self, now_ns: u64) -> bool {
        self.knots.back().is_none_or(|(last_ns, _)| now_ns.saturating_sub(*last_ns) > SILENT_NS)
    }

    /// Radio time at an instant; the last one known where that is not long ago.
    fn radio_at(&self, mono_ns: u64) -> Option<u64> {
        let at = self.knots.partition_point(|(m, _)| *m <= mono_ns);
        let (m0, r0) = *self.knots.get(at.checked_sub(1)?)?;
        match self.knots.get(at) {
            Some((m1, r1)) => Some(r0 + scaled(mono_ns - m0, r1 - r0, m1 - m0)),
            None => (!self.silent(mono_ns)).then_some(r0),
        }
    }

    /// The first instant at which radio time was `radio_ns`.
    fn mono_at(&self, radio_ns: u64) -> Option<u64> {
        let at = self.knots.partition_point(|(_, r)| *r < radio_ns);
        let (m1, r1) = *self.knots.get(at)?;
        if r1 == radio_ns {
            return Some(m1);
        }
        let (m0, r0) = *self.knots.get(at.checked_sub(1)?)?;
        Some(m0 + scaled(radio_ns - r0, m1 - m0, r1 - r0))
    }
}

/// `part · whole_to / whole_from`, for parts of a positive whole.
fn scaled(part: u64, whole_to: u64, whole_from: u64) -> u64 {
    u64::try_from(u128::from(part) * u128::from(whole_to) / u128::from(whole_from.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    /// Told every 0.2 s from 10 s to 30 s of the host's clock, radio time running at `pace` from 5 s on.
    fn at_pace(pace: f64) -> RadioClock {
        let mut clock = RadioClock::default();
        for k in 0..=100_u32 {
            clock.tell(10 * S + u64::from(k) * S / 5, 5.0 + pace * 0.2 * f64::from(k));
        }
        clock
    }

    fn near(got: Option<u64>, want_ns: u64) {
        assert!(got.is_some_and(|got| got.abs_diff(want_ns) < 1000), "{got:?} for {want_ns}");
    }

    #[test]
    fn a_slow_radio_stretches_a_window() {
        let clock = at_pace(0.25);
        assert_eq!(clock.passed(12 * S, 2 * S, 14 * S), None, "half a second of radio time has passed");
        assert_eq!(clock.passed(12 * S, 2 * S, 20 * S - 1000), None);
        near(clock.passed(12 * S, 2 * S, 25 * S), 20 * S);
        near(Some(clock.before(25 * S, 2 * S)), 17 * S);
        near(clock.passed(12 * S, S / 2, 25 * S), 14 * S);
    }

    #[test]
    fn a_fast_radio_does_not_shorten_it() {
        let clock = at_pace(8.0);
        assert_eq!(clock.passed(12 * S, 2 * S, 14 * S - 1), None);
        assert_eq!(clock.passed(12 * S, 2 * S, 14 * S), Some(14 * S));
        assert_eq!(clock.before(14 * S, 2 * S), 12 * S);
    }

    #[test]
    fn without_a_radio_clock_the_host_s_counts() {
        let mut clock = RadioClock::default();
        clock.tell(S, 0.0);
        clock.tell(S, f64::NAN);
        assert_eq!((clock.passed(S, 2 * S, 3 * S), clock.before(3 * S, 2 * S)), (Some(3 * S), S));
        // it went away in the middle of a window: 3 s later there is none
        let gone = at_pace(0.25);
        assert_eq!(gone.passed(29 * S, 2 * S, 32 * S), None);
        assert_eq!(gone.passed(29 * S, 2 * S, 33 * S + 1), Some(31 * S));
        assert_eq!(gone.passed(34 * S, 2 * S, 36 * S), Some(36 * S));
    }

    #[test]
    fn a_radio_that_stands_still_is_waited_for_ten_windows() {
        let mut clock = RadioClock::default();
        for k in 0..200_u32 {
            clock.tell(10 * S + u64::from(k) * S / 5, 5.0);
        }
        assert_eq!(clock.passed(12 * S, 2 * S, 32 * S - 1), None);
        assert_eq!(clock.passed(12 * S, 2 * S, 32 * S), Some(32 * S));
        assert_eq!(clock.before(40 * S, 2 * S), 38 * S);
    }

    #[test]
    fn a_radio_that_begins_anew_begins_anew() {
        let mut clock = at_pace(0.25);
        clock.tell(30 * S + 1, 0.1);
        clock.tell(31 * S, 0.6);
        assert_eq!(clock.passed(29 * S, 2 * S, 31 * S), Some(31 * S), "what was before has only the host's clock");
        assert_eq!(clock.passed(31 * S, 2 * S, 33 * S), None);
        clock.tell(30 * S, 99.0);
        assert_eq!(clock.knots.len(), 2, "not newer");
    }
}

//! One peer on the radio's time line, without its sockets.

use super::status::LegStatus;
use num_complex::Complex32;
use ran_bridge::iq::{MAX_REPLY_SAMPLES, SampleFifo, grow_zeros};

/// A peer's samples in both directions, indexed by the peer's own count from its joining on.
///
/// With `base` the radio's index at which it joined: sample `n` that it is given was received at `base + n + time_alignment`, sample `n` that it sends goes
/// out at `base + n + transmit_delay`. Neither ever changes while it is there, but for a peer that leaves what it is given lying ([`Leg::hear`]).
#[derive(Debug)]
pub struct Leg {
    /// What it sends and is not handed over yet.
    pub sends: SampleFifo,
    /// What was received for it and is not written yet.
    pub hears: SampleFifo,
    base: Option<u64>,
    transmit_delay: u64,
    time_alignment: u64,
    /// Counters.
    pub status: LegStatus,
}

impl Leg {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(name: &str, transmit_delay: u64, time_alignment: u64) -> Self {
        Self {
            sends: SampleFifo::new(2 * MAX_REPLY_SAMPLES),
            hears: SampleFifo::new(2 * MAX_REPLY_SAMPLES),
            base: None,
            transmit_delay,
            time_alignment,
            status: LegStatus::new(name),
        }
    }

    /// Whether its peer is there.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.base.is_some()
    }

    /// Its peer is there: its sample 0 is the radio's `at`.
    pub fn join(&mut self, at: u64) {
        self.base = Some(at);
        // what it has sent before it asked is its own first samples
        self.hears.restart(0);
        self.status.joins += 1;
        self.status.is_there = true;
    }

    /// It is gone: whoever comes next counts from 0.
    pub fn leave(&mut self) {
        self.base = None;
        self.sends.restart(0);
        self.hears.restart(0);
        self.status.is_there = false;
    }

    /// The radio has received `samples` from index `first` on; what is missing before them is zeros, counted. Where a peer has not taken what waits
    /// for it for so long that there is no room, all of that is dropped and its place on the time line moves by as much, counted as well.
    pub fn hear(&mut self, first: u64, samples: &[Complex32]) {
        let Some(base) = self.base else { return };
        let next = base + self.time_alignment + self.hears.end();
        let skip = next.saturating_sub(first).min(samples.len() as u64) as usize;
        let samples = &samples[skip..];
        let (first, lost) = (first + skip as u64, (first + skip as u64).saturating_sub(next));
        if samples.is_empty() {
            return;
        }
        let fits = lost.saturating_add(samples.len() as u64) <= self.hears.room() as u64;
        if !fits {
            let waiting = self.hears.len() as u64;
            let end = self.hears.first();
            // what it hears next is the block that came now
            let moved = first - (base + self.time_alignment + end);
            self.base = Some(base + moved);
            self.hears.restart(end);
            self.status.moves += 1;
            self.status.dropped_samples += waiting;
        } else if lost > 0 {
            grow_zeros(&mut self.hears, lost as usize);
            self.status.lost_samples += lost;
        }
        if let Some(space) = self.hears.grow(samples.len()) {
            space.copy_from_slice(samples);
            self.status.heard_samples += samples.len() as u64;
        }
    }

    /// The peer's own count at the radio's index, where it is on the air then.
    fn own(&self, index: u64) -> Option<i64> {
        let start = i64::try_from(self.base? + self.transmit_delay).ok()?;
        i64::try_from(index).ok()?.checked_sub(start)
    }

    /// Whether all that goes out from index `first` on, `len` samples, is here.
    #[must_use]
    pub fn has(&self, first: u64, len: usize) -> bool {
        self.own(first).is_none_or(|own| own.saturating_add_unsigned(len as u64) <= self.sends.end() as i64)
    }

    /// Writes what goes out from index `first` on; what is not here is zeros, counted, and what came too late is dropped, counted.
    pub fn give(&mut self, first: u64, to: &mut [Complex32]) {
        to.fill(Complex32::ZERO);
        let Some(own) = self.own(first) else { return };
        let before = usize::try_from(-own.min(0)).unwrap_or(usize::MAX).min(to.len());
        let own = u64::try_from(own.max(0)).unwrap_or(0);
        let late = usize::try_from(own.saturating_sub(self.sends.first())).unwrap_or(usize::MAX);
        self.status.late_samples += self.sends.drop_front(late) as u64;
        // a peer that is behind begins later than here
        let behind = usize::try_from(self.sends.first().saturating_sub(own)).unwrap_or(usize::MAX);
        let to = &mut to[before..];
        let from = if self.sends.is_empty() { to.len() } else { behind.min(to.len()) };
        let n = (to.len() - from).min(self.sends.len());
        to[from..from + n].copy_from_slice(&self.sends.samples()[..n]);
        self.sends.drop_front(n);
        self.status.sent_samples += n as u64;
        self.status.missing_samples += (to.len() - n) as u64;
    }

    /// The radio's index at which the peer's next sample to come goes out; `None` where it is not there.
    #[must_use]
    pub fn next_out(&self) -> Option<u64> {
        Some(self.base? + self.transmit_delay + self.sends.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(from: u64, n: usize) -> Vec<Complex32> {
        (from..from + n as u64).map(|i| Complex32::new(i as f32, 1.0)).collect()
    }

    fn send(leg: &mut Leg, n: usize) {
        let at = leg.sends.end();
        leg.sends.grow(n).unwrap().copy_from_slice(&line(at, n));
    }

    #[test]
    fn both_directions_keep_their_places() {
        let mut leg = Leg::new("gnb", 3, 2);
        leg.join(100);
        // before its first sample nothing is missing
        let mut out = vec![Complex32::ONE; 5];
        leg.give(98, &mut out);
        assert_eq!((out, leg.status.missing_samples), (vec![Complex32::ZERO; 5], 0));
        // own sample 0 goes out at 103
        send(&mut leg, 10);
        assert!(leg.has(103, 10) && !leg.has(103, 11));
        let mut out = vec![Complex32::ONE; 4];
        leg.give(101, &mut out);
        assert_eq!(out, [&[Complex32::ZERO; 2][..], &line(0, 2)].concat());
        leg.give(105, &mut out);
        assert_eq!(out, line(2, 4));
        // 109 to 112 were sent by nobody: what comes for them is too late
        leg.give(113, &mut out);
        assert_eq!((out[0], leg.status.late_samples, leg.status.missing_samples), (Complex32::ZERO, 4, 4));
        send(&mut leg, 8);
        leg.give(117, &mut out);
        assert_eq!((&out[..], leg.status.late_samples), (&line(14, 4)[..], 8));
        // what is received at 102 is its sample 0; 105 and 106 are lost
        leg.hear(95, &line(95, 10));
        assert_eq!(leg.hears.samples(), line(102, 3));
        leg.hear(107, &line(107, 2));
        assert_eq!((leg.hears.end(), leg.status.lost_samples), (7, 2));
        assert_eq!(leg.hears.samples()[5..], line(107, 2));
    }

    #[test]
    fn a_peer_that_takes_nothing_is_moved_as_a_whole() {
        let mut leg = Leg::new("gnb", 0, 0);
        leg.join(0);
        let block = line(0, MAX_REPLY_SAMPLES);
        let n = MAX_REPLY_SAMPLES as u64;
        leg.hear(0, &block);
        leg.hear(n, &block);
        assert_eq!((leg.hears.len() as u64, leg.status.moves), (2 * n, 0));
        leg.hear(2 * n, &block[..10]);
        assert_eq!(
            (leg.hears.len(), leg.hears.first(), leg.status.moves, leg.status.dropped_samples),
            (10, 0, 1, 2 * n)
        );
        // its sample 0 is now the radio's 2n, in both directions
        send(&mut leg, 5);
        let mut out = vec![Complex32::ZERO; 5];
        leg.give(2 * n, &mut out);
        assert_eq!(out, line(0, 5));
    }

    proptest! {
        /// However it is cut, each sample goes out in its place or not at all, and everything is counted.
        #[test]
        fn nothing_ever_moves(steps in proptest::collection::vec((0_usize..50, 1_usize..40), 1..60), delay in 0_u64..30) {
            let mut leg = Leg::new("gnb", delay, 0);
            leg.join(10);
            let (mut at, mut sent) = (0_u64, 0_u64);
            for (more, n) in steps {
                send(&mut leg, more);
                sent += more as u64;
                let mut out = vec![Complex32::ONE; n];
                leg.give(at, &mut out);
                for (i, z) in (at..).zip(&out) {
                    prop_assert!(*z == Complex32::ZERO || z.re as u64 + 10 + delay == i, "{z} at {i}");
                }
                at += n as u64;
            }
            let s = &leg.status;
            prop_assert_eq!(s.sent_samples + s.late_samples + leg.sends.len() as u64, sent);
            prop_assert_eq!(s.sent_samples + s.missing_samples, at.saturating_sub(10 + delay));
        }
    }
}

//! Own transmissions during a run, on the run's line of radio time.

use crate::controller::state::ApiState;
use crate::tx::BurstRow;
use std::collections::BTreeMap;

/// A burst on the line of radio time.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnBurst {
    /// Radio time of its first sample, s; `None` = none went out, or radio time was not known.
    pub began_s: Option<f64>,
    /// Radio time of its end, s.
    pub ended_s: Option<f64>,
    /// What the guard told of it.
    pub row: BurstRow,
}

/// Collects them from the controller's states.
#[derive(Debug)]
pub struct OwnBursts {
    since_ns: u64,
    /// Host time, ns, to radio time, s.
    clock: BTreeMap<u64, f64>,
    /// By guard and number.
    bursts: BTreeMap<(u32, u64), BurstRow>,
}

impl OwnBursts {
    /// What ended before `since_ns`, host-monotonic, is left out.
    #[must_use]
    pub const fn new(since_ns: u64) -> Self {
        Self { since_ns, clock: BTreeMap::new(), bursts: BTreeMap::new() }
    }

    /// Takes what one state tells.
    pub fn look(&mut self, state: &ApiState) {
        if state.fast.radio_mono_ns > 0 {
            self.clock.insert(state.fast.radio_mono_ns, state.fast.radio_s);
        }
        let Some(guard) = &state.transmitter.guard else { return };
        for ended in guard.recent.iter().filter(|e| e.ended_ns >= self.since_ns) {
            self.bursts.entry((guard.pid, ended.id)).or_insert_with(|| BurstRow::told(guard.pid, ended));
        }
    }

    /// All of them, in order of their ends.
    #[must_use]
    pub fn finish(&self) -> Vec<OwnBurst> {
        let mut rows: Vec<&BurstRow> = self.bursts.values().collect();
        rows.sort_by_key(|r| r.ended_ns);
        let at = |ns: Option<u64>| ns.and_then(|ns| self.radio_s(ns));
        rows.into_iter()
            .map(|r| OwnBurst { began_s: at(r.began_ns), ended_s: at(r.ended_ns), row: r.clone() })
            .collect()
    }

    /// Radio time at a time of the host: on a straight line between what was told before and after; beyond both ends that which is nearest.
    fn radio_s(&self, ns: u64) -> Option<f64> {
        let before = self.clock.range(..=ns).next_back();
        let after = self.clock.range(ns..).next();
        match (before, after) {
            (Some((t0, s0)), Some((t1, s1))) if t1 > t0 => Some(s0 + (s1 - s0) * (ns - t0) as f64 / (t1 - t0) as f64),
            (Some((_, s)), _) | (None, Some((_, s))) => Some(*s),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::Ended;
    use crate::tx::fixtures::status;

    const S: u64 = 1_000_000_000;

    fn state(radio_mono_ns: u64, radio_s: f64, recent: Vec<Ended>) -> ApiState {
        let mut state = ApiState::default();
        (state.fast.radio_mono_ns, state.fast.radio_s) = (radio_mono_ns, radio_s);
        state.transmitter.guard = Some(crate::tx::GuardStatus { recent, ..status(7) });
        state
    }

    fn ended(id: u64, began_ns: Option<u64>, ended_ns: u64) -> Ended {
        Ended { id, samples: 9, sent: 9, underflows: 0, why: None, began_ns, ended_ns }
    }

    #[test]
    fn host_time_becomes_radio_time() {
        let mut own = OwnBursts::new(10 * S);
        own.look(&ApiState::default());
        // radio time at half the host's speed
        own.look(&state(10 * S, 1.0, vec![ended(1, Some(8 * S), 9 * S)]));
        own.look(&state(14 * S, 3.0, vec![ended(2, Some(11 * S), 12 * S), ended(3, None, 20 * S)]));
        own.look(&state(14 * S, 3.0, vec![ended(2, Some(11 * S), 12 * S)]));
        let found = own.finish();
        let seen: Vec<_> = found.iter().map(|b| (b.row.id, b.began_s, b.ended_s)).collect();
        assert_eq!(seen, [(2, Some(1.5), Some(2.0)), (3, None, Some(3.0))]);
        assert_eq!(OwnBursts::new(0).radio_s(5), None);
    }
}

//! The check itself: pure but for the memory of what passed before.

use super::action::{Action, ActionKind};
use super::limits::Limits;
use super::refusal::Refusal;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// An action that passed. Only [`Guard::check`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Approved<T> {
    action: T,
    approved_mono_ns: u64,
}

impl<T> Approved<T> {
    /// The action.
    pub const fn action(&self) -> &T {
        &self.action
    }

    /// When it passed, host-monotonic ns.
    pub const fn approved_mono_ns(&self) -> u64 {
        self.approved_mono_ns
    }

    /// The action, to be taken now.
    pub fn into_action(self) -> T {
        self.action
    }
}

/// What passed and what did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GuardCounts {
    /// Passed.
    pub approved: u64,
    /// Refused, by [`Refusal::name`].
    pub refused: BTreeMap<&'static str, u64>,
}

/// Targets whose rate is counted at once.
const MAX_TARGETS: usize = 1024;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at_ns: u64,
}

/// Holds the limits and what is in force now.
#[derive(Debug)]
pub struct Guard {
    limits: Limits,
    power_db: f32,
    quotas: HashMap<(u8, Option<u32>), u8>,
    quotas_known: bool,
    beam: Bucket,
    buckets: HashMap<(ActionKind, String), Bucket>,
    counts: GuardCounts,
}

impl Guard {
    /// A guard for a network whose power stands at 0 dB and whose slices have no priority share yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let beam = Bucket { tokens: limits.rates[0].burst, at_ns: 0 };
        Self {
            limits,
            power_db: 0.0,
            quotas: HashMap::new(),
            quotas_known: true,
            beam,
            buckets: HashMap::new(),
            counts: GuardCounts::default(),
        }
    }

    /// The limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What passed and what did not, so far.
    #[must_use]
    pub const fn counts(&self) -> &GuardCounts {
        &self.counts
    }

    /// Says what is in force for a slice already, so that sums are right.
    pub fn assume_quota(&mut self, sst: u8, sd: Option<u32>, min: u8) {
        self.quotas.insert((sst, sd), min);
    }

    /// Says which power is in force already, dB re full scale, so that steps are right.
    pub fn assume_power(&mut self, db: f32) {
        self.power_db = db;
    }

    /// Nobody knows what is in force for slices: no quota passes until [`Guard::quotas_are`] says so.
    pub fn forget_quotas(&mut self) {
        self.quotas.clear();
        self.quotas_known = false;
    }

    /// Says what is in force for every slice: type, differentiator, priority share in percent.
    pub fn quotas_are(&mut self, all: impl IntoIterator<Item = (u8, Option<u32>, u8)>) {
        self.quotas = all.into_iter().map(|(sst, sd, min)| ((sst, sd), min)).collect();
        self.quotas_known = true;
    }

    /// Says that what an action does is in force, whether or not it came through here.
    pub fn assume(&mut self, in_force: &Action) {
        match in_force {
            Action::Power { db } => self.power_db = *db,
            Action::SliceQuota { sst, sd, min, .. } => self.assume_quota(*sst, *sd, *min),
            _ => {}
        }
    }

    /// Lets the action pass, or says why not. `inputs_age_ns` is the age of the oldest input it rests on.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies; refused actions are counted and change nothing.
    pub fn check(&mut self, action: Action, now_mono_ns: u64, inputs_age_ns: u64) -> Result<Approved<Action>, Refusal> {
        match self.examine(&action, now_mono_ns, inputs_age_ns) {
            Ok(()) => {
                self.counts.approved += 1;
                self.assume(&action);
                Ok(Approved { action, approved_mono_ns: now_mono_ns })
            }
            Err(refusal) => {
                *self.counts.refused.entry(refusal.name()).or_default() += 1;
                Err(refusal)
            }
        }
    }

    fn examine(&mut self, action: &Action, now_ns: u64, age_ns: u64) -> Result<(), Refusal> {
        let kind = action.kind();
        let max_ns = self.limits.inputs_ns(kind);
        if age_ns > max_ns {
            return Err(Refusal::Stale { kind, age_ns, max_ns });
        }
        self.bounds(action)?;
        self.rate(action, kind, now_ns)
    }

    fn bounds(&self, action: &Action) -> Result<(), Refusal> {
        let l = &self.limits;
        match action {
            Action::Beam { weights } => {
                if let Some(want) = l.weights.filter(|want| *want != weights.len()) {
                    return Err(Refusal::WeightCount { got: weights.len(), want });
                }
                let power: f32 = weights.iter().map(num_complex::Complex32::norm_sqr).sum();
                if !power.is_finite() {
                    return Err(Refusal::NotFinite { what: "a weight" });
                }
                // one part in 10 000 is left for rounding of a vector that was scaled to the limit
                if power > l.max_weight_power * 1.0001 {
                    return Err(Refusal::WeightPower { power, max: l.max_weight_power });
                }
                Ok(())
            }
            Action::Power { db } => {
                if !db.is_finite() {
                    return Err(Refusal::NotFinite { what: "the power" });
                }
                let max = l.max_power_db.min(0.0);
                if *db < l.min_power_db || *db > max {
                    return Err(Refusal::PowerRange { db: *db, min: l.min_power_db, max });
                }
                let step = (*db - self.power_db).abs();
                if step > l.max_power_step_db {
                    return Err(Refusal::PowerSlew { step, max: l.max_power_step_db });
                }
                Ok(())
            }
            Action::SliceQuota { sst, sd, min, max } => {
                if *max > 100 || min > max || *max < l.min_quota_cap {
                    return Err(Refusal::QuotaRange { min: *min, max: *max, floor: l.min_quota_cap });
                }
                if !self.quotas_known {
                    return Err(Refusal::QuotaUnknown);
                }
                let others: u32 = self
                    .quotas
                    .iter()
                    .filter(|(slice, _)| **slice != (*sst, *sd))
                    .map(|(_, min)| u32::from(*min))
                    .sum();
                let sum = others + u32::from(*min);
                if sum > l.max_quota_sum {
                    return Err(Refusal::QuotaSum { sum, max: l.max_quota_sum });
                }
                Ok(())
            }
            Action::RateLimit { supi, bit_per_s } => {
                subscriber(supi)?;
                match bit_per_s {
                    None => Ok(()),
                    Some(r) if !r.is_finite() => Err(Refusal::NotFinite { what: "the rate limit" }),
                    Some(r) if *r < l.min_rate_bit_per_s || *r > l.max_rate_bit_per_s => {
                        Err(Refusal::RateRange { bit_per_s: *r, min: l.min_rate_bit_per_s, max: l.max_rate_bit_per_s })
                    }
                    Some(_) => Ok(()),
                }
            }
            Action::Resolution { supi, res } => {
                subscriber(supi)?;
                if l.resolutions.contains(res) {
                    return Ok(());
                }
                Err(Refusal::Resolution { res: res.clone(), allowed: l.resolutions.clone() })
            }
        }
    }

    fn rate(&mut self, action: &Action, kind: ActionKind, now_ns: u64) -> Result<(), Refusal> {
        let cap = self.limits.rates[kind.index()];
        // the fast loop's kind has its bucket at hand, without a look-up or an allocation
        let bucket = if kind == ActionKind::Beam {
            &mut self.beam
        } else {
            let key = (kind, action.target());
            if self.buckets.len() >= MAX_TARGETS && !self.buckets.contains_key(&key) {
                self.forget_full(now_ns);
                if self.buckets.len() >= MAX_TARGETS {
                    return Err(Refusal::TooManyTargets { max: MAX_TARGETS });
                }
            }
            self.buckets.entry(key).or_insert(Bucket { tokens: cap.burst, at_ns: now_ns })
        };
        let passed_s = now_ns.saturating_sub(bucket.at_ns) as f64 * 1e-9;
        bucket.tokens = (bucket.tokens + passed_s * cap.per_s).min(cap.burst);
        bucket.at_ns = now_ns;
        if bucket.tokens < 1.0 {
            let wait_ns = ((1.0 - bucket.tokens) / cap.per_s * 1e9) as u64;
            return Err(Refusal::TooOften { kind, target: action.target(), wait_ns });
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

impl Guard {
    /// A bucket that is full again says no more than none at all.
    fn forget_full(&mut self, now_ns: u64) {
        let rates = self.limits.rates;
        self.buckets.retain(|(kind, _), b| {
            let cap = rates[kind.index()];
            b.tokens + now_ns.saturating_sub(b.at_ns) as f64 * 1e-9 * cap.per_s < cap.burst
        });
    }
}

fn subscriber(supi: &str) -> Result<(), Refusal> {
    let digits = supi.strip_prefix("imsi-").unwrap_or("");
    if (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Refusal::Subscriber(supi.chars().take(64).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex32;
    use proptest::prelude::*;

    const S: u64 = 1_000_000_000;

    fn guard() -> Guard {
        Guard::new(Limits { weights: Some(4), ..Limits::default() })
    }

    fn beam(re: f32) -> Action {
        Action::Beam { weights: vec![Complex32::new(re, 0.0); 4] }
    }

    #[test]
    fn weights_pass_up_to_full_power() {
        let mut g = guard();
        assert!(g.check(beam(0.5), S, 0).is_ok(), "4 · 0.25 = 1");
        assert!(matches!(g.check(beam(0.51), S, 0), Err(Refusal::WeightPower { .. })));
        assert!(matches!(g.check(beam(f32::NAN), S, 0), Err(Refusal::NotFinite { .. })));
        assert!(matches!(g.check(beam(f32::INFINITY), S, 0), Err(Refusal::NotFinite { .. })));
        let short = Action::Beam { weights: vec![Complex32::new(0.1, 0.0)] };
        assert_eq!(g.check(short, S, 0), Err(Refusal::WeightCount { got: 1, want: 4 }));
    }

    #[test]
    fn stale_inputs_are_refused_and_counted() {
        let mut g = guard();
        let age = g.limits().beam_inputs_ns;
        assert!(g.check(beam(0.1), S, age).is_ok());
        assert!(matches!(g.check(beam(0.1), S, age + 1), Err(Refusal::Stale { .. })));
        assert_eq!(g.counts().refused.get("stale"), Some(&1));
        assert_eq!(g.counts().approved, 1);
    }

    #[test]
    fn power_moves_in_steps_within_its_range() {
        let mut g = guard();
        assert!(matches!(g.check(Action::Power { db: -4.0 }, S, 0), Err(Refusal::PowerSlew { .. })));
        assert!(g.check(Action::Power { db: -3.0 }, S, 0).is_ok());
        assert!(g.check(Action::Power { db: -6.0 }, 2 * S, 0).is_ok(), "from −3 dB it is one step");
        assert!(matches!(g.check(Action::Power { db: 0.5 }, 3 * S, 0), Err(Refusal::PowerRange { .. })));
        assert!(matches!(g.check(Action::Power { db: f32::NAN }, 3 * S, 0), Err(Refusal::NotFinite { .. })));
    }

    #[test]
    fn quotas_of_all_slices_fit_the_carrier() {
        let mut g = guard();
        let q = |sd, min, max| Action::SliceQuota { sst: 1, sd: Some(sd), min, max };
        assert!(g.check(q(1, 60, 100), S, 0).is_ok());
        assert_eq!(g.check(q(2, 41, 100), S, 0), Err(Refusal::QuotaSum { sum: 101, max: 100 }));
        assert!(g.check(q(2, 40, 100), S, 0).is_ok());
        assert!(g.check(q(1, 50, 100), S, 0).is_ok(), "its own old share does not count");
        assert!(matches!(g.check(q(1, 50, 40), S, 0), Err(Refusal::QuotaRange { .. })));
        assert!(matches!(g.check(q(1, 0, 0), S, 0), Err(Refusal::QuotaRange { .. })));
        assert!(matches!(g.check(q(1, 0, 101), S, 0), Err(Refusal::QuotaRange { .. })));
    }

    #[test]
    fn no_quota_passes_while_those_in_force_are_unknown() {
        let mut g = guard();
        g.forget_quotas();
        let q = |sd, min| Action::SliceQuota { sst: 1, sd: Some(sd), min, max: 100 };
        assert_eq!(g.check(q(1, 10), S, 0), Err(Refusal::QuotaUnknown));
        g.quotas_are([(1, Some(1), 10), (1, Some(2), 70)]);
        assert_eq!(g.check(q(1, 40), S, 0), Err(Refusal::QuotaSum { sum: 110, max: 100 }));
        assert!(g.check(q(1, 30), S, 0).is_ok());
    }

    #[test]
    fn rates_resolutions_and_names_are_checked() {
        let mut g = guard();
        let rate = |supi: &str, r| Action::RateLimit { supi: supi.into(), bit_per_s: r };
        assert!(g.check(rate("imsi-001010123456780", Some(4e6)), S, 0).is_ok());
        assert!(g.check(rate("imsi-001010123456780", None), S, 0).is_ok());
        assert!(matches!(g.check(rate("imsi-001010123456780", Some(1.0)), S, 0), Err(Refusal::RateRange { .. })));
        assert!(matches!(g.check(rate("imsi-1/../x", Some(4e6)), S, 0), Err(Refusal::Subscriber(_))));
        let res = |r: &str| Action::Resolution { supi: "imsi-001010123456780".into(), res: r.into() };
        assert!(g.check(res("720p"), S, 0).is_ok());
        assert!(matches!(g.check(res("8k"), S, 0), Err(Refusal::Resolution { .. })));
    }

    #[test]
    fn a_target_is_acted_on_at_most_so_often() {
        let mut g = guard();
        let res = |n: u8| Action::Resolution { supi: format!("imsi-00101000000000{n}"), res: "720p".into() };
        for _ in 0..3 {
            assert!(g.check(res(1), S, 0).is_ok());
        }
        assert!(matches!(g.check(res(1), S, 0), Err(Refusal::TooOften { wait_ns: 500_000_000, .. })));
        assert!(g.check(res(2), S, 0).is_ok(), "another subscriber has its own count");
        assert!(g.check(res(1), S + S / 2, 0).is_ok(), "2 a second: one more after 0.5 s");
    }

    #[test]
    fn counted_targets_are_bounded() {
        let mut g = guard();
        let res = |n: usize| Action::Resolution { supi: format!("imsi-{n:015}"), res: "720p".into() };
        for n in 0..MAX_TARGETS {
            assert!(g.check(res(n), S, 0).is_ok());
        }
        assert_eq!(g.check(res(MAX_TARGETS), S, 0), Err(Refusal::TooManyTargets { max: MAX_TARGETS }));
        assert!(g.check(res(0), S, 0).is_ok(), "those that are known go on");
        assert!(g.check(res(MAX_TARGETS), 2 * S, 0).is_ok(), "a second later the others count no more");
        assert!(g.buckets.len() < 3);
    }

    proptest! {
        #[test]
        fn whatever_passes_is_within_its_bounds(res in proptest::collection::vec(any::<f32>(), 0..6), db in any::<f32>(), r in any::<f64>()) {
            let mut g = Guard::new(Limits::default());
            if let Ok(a) = g.check(Action::Beam { weights: res.iter().map(|x| Complex32::new(*x, -*x)).collect() }, S, 0) {
                let Action::Beam { weights } = a.into_action() else { unreachable!() };
                prop_assert!(weights.iter().map(|w| w.norm_sqr()).sum::<f32>() <= 1.0002);
            }
            if g.check(Action::Power { db }, S, 0).is_ok() {
                prop_assert!((-3.0..=0.0).contains(&db));
            }
            if g.check(Action::RateLimit { supi: "imsi-00101".into(), bit_per_s: Some(r) }, S, 0).is_ok() {
                prop_assert!((64e3..=1e9).contains(&r));
            }
        }
    }
}

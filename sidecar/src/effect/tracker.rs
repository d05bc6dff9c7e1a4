//! Follows each action from its approval to its verdict.

use super::expected::{Expected, Observable};
use super::radio_clock::RadioClock;
use crate::guard::{Action, ActionKind, Approved};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// Observations kept of one series.
const HISTORY: usize = 4096;
/// Series kept: an observable of a target each.
pub const MAX_SERIES: usize = 1024;
/// Observations that a mean after the action needs at least.
const ENOUGH: usize = 2;
/// The first part of the window, in quarters, is left for the action to get there.
const SETTLE_QUARTERS: u64 = 1;

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The promise was kept.
    Effective,
    /// It was not, and there is nothing to go back to, or going back failed.
    NoEffect,
    /// It was not, and what was in force before is in force again.
    RolledBack,
    /// It was not judged: it never got into force, or what it acted on is gone, so that nothing can be seen of it.
    Abandoned,
}

impl Verdict {
    /// The name in records and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::NoEffect => "no effect",
            Self::RolledBack => "rolled back",
            Self::Abandoned => "abandoned",
        }
    }
}

/// An action of this kind on this target is still being judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?} on {target} is still being judged: wait for its verdict")]
pub struct Busy {
    /// The kind.
    pub kind: ActionKind,
    /// The target.
    pub target: String,
}

/// No room for another series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} of {target} is not followed: {MAX_SERIES} series are already", observable.name())]
pub struct TooManySeries {
    /// Of what.
    pub observable: Observable,
    /// Of whom.
    pub target: String,
}

/// A judged action: one row of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Effect {
    /// Number of the action.
    pub id: u64,
    /// Its kind.
    pub kind: ActionKind,
    /// Its target.
    pub target: String,
    /// What was done, in words.
    pub action: String,
    /// Why it was done.
    pub why: String,
    /// What had to be seen.
    pub observable: Observable,
    /// Of whom.
    pub observed_target: String,
    /// Mean before, in the observable's unit; `None` where nothing was observed.
    pub before: Option<f64>,
    /// Mean after; `None` where too little was observed in the window.
    pub after: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// When it was approved, host-monotonic ns.
    pub approved_mono_ns: u64,
    /// When it was judged, host-monotonic ns.
    pub mono_ns: u64,
}

/// What is to be done about an action without effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// Number of the action; hand it to [`Tracker::rolled_back`].
    pub id: u64,
    /// What was in force before.
    pub previous: Action,
}

#[derive(Debug)]
struct Open {
    id: u64,
    action: String,
    why: String,
    expected: Expected,
    previous: Option<Action>,
    before: Option<f64>,
    approved_ns: u64,
    in_force_ns: u64,
}

/// The tracker. It reads no clock: times come with each call.
#[derive(Debug, Default)]
pub struct Tracker {
    series: HashMap<(Observable, String), VecDeque<(u64, f64)>>,
    open: HashMap<(ActionKind, String), Open>,
    undoing: HashMap<u64, Effect>,
    next_id: u64,
    refused: u64,
    radio: RadioClock,
}

impl Tracker {
    /// A tracker that follows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An observation. Values that are not finite are not observations and are left out.
    ///
    /// # Errors
    /// [`TooManySeries`] where it would begin one more series than [`MAX_SERIES`]; counted.
    pub fn observe(
        &mut self,
        observable: Observable,
        target: &str,
        value: f64,
        mono_ns: u64,
    ) -> Result<(), TooManySeries> {
        if !value.is_finite() {
            return Ok(());
        }
        let key = (observable, target.to_owned());
        if self.series.len() >= MAX_SERIES && !self.series.contains_key(&key) {
            self.refused += 1;
            return Err(TooManySeries { observable, target: key.1 });
        }
        let series = self.series.entry(key).or_default();
        if series.len() == HISTORY {
            series.pop_front();
        }
        // what came on another way may be older than the last
        let at = series.partition_point(|(at, _)| *at <= mono_ns);
        series.insert(at, (mono_ns, value));
        Ok(())
    }

    /// Forgets every series of a target; `false`, and nothing is forgotten, while an action on it or seen at it is being judged.
    pub fn forget(&mut self, target: &str) -> bool {
        let judged = self.open.iter().any(|((_, t), o)| t == target || o.expected.target == target)
            || self.undoing.values().any(|e| e.target == target || e.observed_target == target);
        if !judged {
            self.series.retain(|(_, t), _| t != target);
        }
        !judged
    }

    /// Observations refused for want of room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// At `mono_ns` of the host's clock radio time was `radio_s`; windows are measured by it. See [`RadioClock::tell`].
    pub fn radio(&mut self, mono_ns: u64, radio_s: f64) {
        self.radio.tell(mono_ns, radio_s);
    }

    /// Whether `span_ns` from `from_ns` on have passed, as a window's time does.
    #[must_use]
    pub fn passed(&self, from_ns: u64, span_ns: u64, now_ns: u64) -> bool {
        self.radio.passed(from_ns, span_ns, now_ns).is_some()
    }

    /// The mean of an observable over the last `span_ns`.
    #[must_use]
    pub fn mean(&self, observable: Observable, target: &str, now_ns: u64, span_ns: u64) -> Option<f64> {
        self.mean_between(observable, target, now_ns.saturating_sub(span_ns), now_ns, 1)
    }

    /// Whether an action of this kind and target may be taken now.
    #[must_use]
    pub fn is_open(&self, kind: ActionKind, target: &str) -> bool {
        self.open.contains_key(&(kind, target.to_owned()))
    }

    /// Number of actions being judged.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.open.len()
    }

    /// Follows an action that is in force since `in_force_ns`, at the earliest since it was approved: before is the window before the
    /// approval, after is the window from then on. `previous` is what to go back to.
    ///
    /// # Errors
    /// [`Busy`] while another of the same kind and target is being judged.
    pub fn start(
        &mut self,
        approved: &Approved<Action>,
        expected: Expected,
        previous: Option<Action>,
        why: &str,
        in_force_ns: u64,
    ) -> Result<u64, Busy> {
        let action = approved.action();
        let key = (action.kind(), action.target());
        if self.open.contains_key(&key) {
            return Err(Busy { kind: key.0, target: key.1 });
        }
        let at = approved.approved_mono_ns();
        let from = self.radio.before(at, expected.window_ns);
        let before = self.mean_between(expected.observable, &expected.target, from, at, 1);
        self.next_id += 1;
        let id = self.next_id;
        let open = Open {
            id,
            action: action.words(),
            why: why.to_owned(),
            expected,
            previous,
            before,
            approved_ns: at,
            in_force_ns: in_force_ns.max(at),
        };
        self.open.insert(key, open);
        Ok(id)
    }

    /// Judges the actions whose window is over. The first list is final; each of the second must be carried out (through the
    /// guard) and reported with [`Tracker::rolled_back`].
    pub fn poll(&mut self, now_ns: u64) -> (Vec<Effect>, Vec<Rollback>) {
        let due: Vec<_> = self
            .open
            .iter()
            .filter(|(_, o)| self.passed(o.in_force_ns, o.expected.window_ns, now_ns))
            .map(|(k, o)| (o.id, k.clone()))
            .collect();
        let (mut done, mut undo) = (Vec::new(), Vec::new());
        let mut due = due;
        due.sort_unstable();
        for (_, key) in due {
            let Some(open) = self.open.remove(&key) else { continue };
            let (effect, previous) = self.judge(key, open, now_ns);
            match previous {
                Some(previous) => {
                    undo.push(Rollback { id: effect.id, previous });
                    self.undoing.insert(effect.id, effect);
                }
                None => done.push(effect),
            }
        }
        (done, undo)
    }

    /// The rollback was carried out, or could not be.
    pub fn rolled_back(&mut self, id: u64, worked: bool, now_ns: u64) -> Option<Effect> {
        let mut effect = self.undoing.remove(&id)?;
        if worked {
            effect.verdict = Verdict::RolledBack;
        }
        effect.mono_ns = now_ns;
        Some(effect)
    }

    /// Gives up an action that is being judged; `None` where none of this kind and target is.
    pub fn abandon(&mut self, kind: ActionKind, target: &str, now_ns: u64) -> Option<Effect> {
        let key = (kind, target.to_owned());
        let open = self.open.remove(&key)?;
        Some(Effect { verdict: Verdict::Abandoned, after: None, ..self.judge(key, open, now_ns).0 })
    }

    /// Gives up every action that is being judged or rolled back, in the order in which they were taken.
    pub fn abandon_all(&mut self, now_ns: u64) -> Vec<Effect> {
        let mut keys: Vec<_> = self.open.iter().map(|(k, o)| (o.id, k.clone())).collect();
        keys.sort_unstable();
        let mut out: Vec<Effect> = keys.into_iter().filter_map(|(_, (k, t))| self.abandon(k, &t, now_ns)).collect();
        let undoing = std::mem::take(&mut self.undoing).into_values();
        out.extend(undoing.map(|e| Effect { verdict: Verdict::Abandoned, mono_ns: now_ns, ..e }));
        out.sort_unstable_by_key(|e| e.id);
        out
    }

    fn judge(&self, (kind, target): (ActionKind, String), open: Open, now_ns: u64) -> (Effect, Option<Action>) {
        let e = &open.expected;
        let until = |span_ns| self.radio.passed(open.in_force_ns, span_ns, now_ns).unwrap_or(now_ns);
        let (from, to) = (until(e.window_ns / 4 * SETTLE_QUARTERS), until(e.window_ns));
        let after = self.mean_between(e.observable, &e.target, from, to, ENOUGH);
        // what was not observed before or after is no proof of an effect
        let kept = matches!((open.before, after), (Some(b), Some(a)) if e.kept(b, a));
        let verdict = if kept { Verdict::Effective } else { Verdict::NoEffect };
        let effect = Effect {
            id: open.id,
            kind,
            target,
            action: open.action,
            why: open.why,
            observable: e.observable,
            observed_target: e.target.clone(),
            before: open.before,
            after,
            verdict,
            approved_mono_ns: open.approved_ns,
            mono_ns: now_ns,
        };
        (effect, if kept { None } else { open.previous })
    }

    fn mean_between(&self, observable: Observable, target: &str, from: u64, to: u64, enough: usize) -> Option<f64> {
        let series = self.series.get(&(observable, target.to_owned()))?;
        let (mut sum, mut n) = (0.0, 0_usize);
        for (at, value) in series.iter().rev() {
            if *at > to {
                continue;
            }
            if *at < from {
                break;
            }
            sum += value;
            n += 1;
        }
        (n >= enough.max(1)).then(|| sum / n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::expected::Direction;
    use super::*;
    use crate::guard::{Guard, Limits};

    const MS: u64 = 1_000_000;

    fn approve(db: f32, now: u64) -> Approved<Action> {
        Guard::new(Limits::default()).check(Action::Power { db }, now, 0).unwrap()
    }

    fn lower_power() -> Expected {
        Expected {
            observable: Observable::SnrDb,
            target: "ue0".into(),
            direction: Direction::Fall,
            min_change: 1.0,
            window_ns: 100 * MS,
        }
    }

    fn tracker_with(before: f64, after: f64) -> Tracker {
        let mut t = Tracker::new();
        for k in 0..10 {
            t.observe(Observable::SnrDb, "ue0", before, 900 * MS + k * 10 * MS).unwrap();
        }
        t.start(&approve(-3.0, 1000 * MS), lower_power(), Some(Action::Power { db: 0.0 }), "test", 1000 * MS).unwrap();
        for k in 0..11 {
            t.observe(Observable::SnrDb, "ue0", after, 1000 * MS + k * 10 * MS).unwrap();
        }
        t
    }

    #[test]
    fn a_kept_promise_is_effective() {
        let mut t = tracker_with(20.0, 17.0);
        assert_eq!(t.poll(1099 * MS), (vec![], vec![]), "the window is not over");
        let (done, undo) = t.poll(1100 * MS);
        assert!(undo.is_empty());
        assert_eq!(done[0].verdict, Verdict::Effective);
        assert_eq!((done[0].before, done[0].after), (Some(20.0), Some(17.0)));
    }

    #[test]
    fn a_broken_promise_is_rolled_back() {
        let mut t = tracker_with(20.0, 19.5);
        let (done, undo) = t.poll(1200 * MS);
        assert!(done.is_empty());
        assert_eq!(undo, vec![Rollback { id: 1, previous: Action::Power { db: 0.0 } }]);
        let row = t.rolled_back(1, true, 1201 * MS).unwrap();
        assert_eq!(row.verdict, Verdict::RolledBack);
        assert_eq!(t.rolled_back(1, true, 1202 * MS), None, "once only");
    }

    #[test]
    fn a_rollback_that_fails_stays_without_effect() {
        let mut t = tracker_with(20.0, 20.0);
        let _ = t.poll(1200 * MS);
        assert_eq!(t.rolled_back(1, false, 1201 * MS).unwrap().verdict, Verdict::NoEffect);
    }

    #[test]
    fn silence_is_no_proof() {
        let mut t = Tracker::new();
        t.observe(Observable::SnrDb, "ue0", 20.0, 990 * MS).unwrap();
        t.observe(Observable::SnrDb, "ue0", f64::NAN, 995 * MS).unwrap();
        t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
        let (done, _) = t.poll(1100 * MS);
        assert_eq!((done[0].verdict, done[0].before, done[0].after), (Verdict::NoEffect, Some(20.0), None));
    }

    #[test]
    fn one_action_a_kind_and_target_at_a_time() {
        let mut t = Tracker::new();
        t.start(&approve(-1.0, MS), lower_power(), None, "test", MS).unwrap();
        let busy = t.start(&approve(-2.0, 2 * MS), lower_power(), None, "test", 2 * MS).unwrap_err();
        assert_eq!(busy, Busy { kind: ActionKind::Power, target: "cell".into() });
        let _ = t.poll(1000 * MS);
        assert!(t.start(&approve(-2.0, 1001 * MS), lower_power(), None, "test", 1001 * MS).is_ok());
    }

    #[test]
    fn what_came_into_force_late_is_judged_from_then_on() {
        let mut t = Tracker::new();
        for k in 0..40 {
            let at = 900 * MS + k * 10 * MS;
            t.observe(Observable::SnrDb, "ue0", if at < 1200 * MS { 20.0 } else { 17.0 }, at).unwrap();
        }
        t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1150 * MS).unwrap();
        assert!(t.poll(1249 * MS).0.is_empty(), "a window from 1.15 s on");
        let done = t.poll(1250 * MS).0;
        assert_eq!((done[0].verdict, done[0].before), (Verdict::Effective, Some(20.0)));
        assert_eq!(done[0].approved_mono_ns, 1000 * MS);
    }

    #[test]
    fn series_are_bounded_and_what_is_judged_is_not_forgotten() {
        let mut t = Tracker::new();
        for k in 0..MAX_SERIES {
            t.observe(Observable::Cqi, &format!("ue{k}"), 7.0, MS).unwrap();
        }
        let full = t.observe(Observable::Cqi, "one more", 7.0, MS).unwrap_err();
        assert_eq!(full.to_string(), "cqi of one more is not followed: 1024 series are already");
        assert_eq!(t.refused(), 1);
        t.observe(Observable::Cqi, "ue0", 8.0, 2 * MS).unwrap();
        assert!(t.forget("ue1"));
        t.observe(Observable::Cqi, "one more", 7.0, MS).unwrap();
        t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
        assert!(!t.forget("ue0"), "it is judged by ue0");
        assert_eq!(t.mean(Observable::Cqi, "ue0", 2 * MS, 2 * MS), Some(7.5));
    }

    #[test]
    fn observations_stand_in_the_order_of_their_time() {
        let mut t = Tracker::new();
        for (at, value) in [(1, 1.0), (5, 5.0), (3, 3.0)] {
            t.observe(Observable::Cqi, "ue0", value, at * MS).unwrap();
        }
        assert_eq!(t.mean(Observable::Cqi, "ue0", 5 * MS, 2 * MS), Some(4.0), "3 and 5");
    }

    #[test]
    fn a_window_is_as_long_for_a_slow_radio() {
        let mut t = Tracker::new();
        // the lab runs at a quarter of real time; what is done takes 40 ms of radio time to show: 160 ms
        for k in 0..200 {
            let at = 500 * MS + k * 10 * MS;
            t.radio(at, 1.0 + (k * 10) as f64 * 1e-3 / 4.0);
            t.observe(Observable::SnrDb, "ue0", if at < 1160 * MS { 20.0 } else { 17.0 }, at).unwrap();
        }
        t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
        assert!(t.poll(1399 * MS).0.is_empty(), "100 ms of radio time are 400 ms here");
        let done = t.poll(1401 * MS).0;
        assert_eq!(done[0].verdict, Verdict::Effective);
        assert!(done[0].after.unwrap() < 18.0);
        assert!(t.passed(1000 * MS, 100 * MS, 1401 * MS) && !t.passed(1000 * MS, 100 * MS, 1399 * MS));
    }

    #[test]
    fn what_is_abandoned_is_not_judged() {
        let mut t = tracker_with(20.0, 17.0);
        let given_up = t.abandon_all(1050 * MS);
        assert_eq!(
            given_up.iter().map(|e| (e.id, e.verdict, e.mono_ns)).collect::<Vec<_>>(),
            [(1, Verdict::Abandoned, 1050 * MS)]
        );
        assert_eq!((given_up[0].before, given_up[0].after), (Some(20.0), None), "what came after says nothing");
        assert_eq!(t.poll(2000 * MS), (vec![], vec![]));
        assert_eq!(t.abandon(ActionKind::Power, "cell", 2000 * MS), None);
        let mut t = tracker_with(20.0, 20.0);
        assert_eq!(t.poll(1200 * MS).1.len(), 1);
        assert_eq!(t.abandon_all(1201 * MS)[0].verdict, Verdict::Abandoned, "also while it is rolled back");
        assert_eq!(t.rolled_back(1, true, 1202 * MS), None);
    }

    #[test]
    fn the_first_quarter_of_the_window_does_not_count() {
        let mut t = Tracker::new();
        t.observe(Observable::SnrDb, "ue0", 20.0, 950 * MS).unwrap();
        t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
        t.observe(Observable::SnrDb, "ue0", 20.0, 1010 * MS).unwrap();
        t.observe(Observable::SnrDb, "ue0", 17.0, 1050 * MS).unwrap();
        t.observe(Observable::SnrDb, "ue0", 17.0, 1090 * MS).unwrap();
        assert_eq!(t.poll(1100 * MS).0[0].after, Some(17.0));
    }
}

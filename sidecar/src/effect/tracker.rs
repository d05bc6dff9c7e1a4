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
mod tests;

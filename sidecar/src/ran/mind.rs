//! The slow part of `ran`'s own decisions: when the beam is steered at all, and how much power the cell needs. Pure.

use super::config::PowerPolicy;
use super::quotas::Quotas;
use crate::controller::state::{InForce, KindCounts};
use crate::effect::{Direction, Effect, Expected, Observable, Tracker, Verdict};
use crate::guard::{Action, ActionKind, Approved, Guard, Limits};
use num_complex::Complex32;
use std::collections::BTreeMap;

/// After an action without effect its kind rests this long, ns.
const REST_NS: u64 = 6_000_000_000;
/// Smallest gain of the worst UE that makes a beam worth it, dB.
const BEAM_GAIN_DB: f64 = 0.5;

/// What is seen of one receiver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Receiver.
    pub stream: u32,
    /// Whether it is the eavesdropper.
    pub eavesdropper: bool,
    /// SNR through the beam in force, dB.
    pub beam_snr_db: Option<f64>,
    /// When that was measured, host-monotonic ns.
    pub at_ns: Option<u64>,
    /// Whether its channel is known.
    pub tracked: bool,
    /// Whether it was heard once and is silent now: nobody waits for its channel.
    pub silent: bool,
}

/// Whose an action for `air` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An order of the controller, by its number.
    Order(u64),
    /// Of this mind, which judges it.
    Own,
    /// The rollback of the judged action of this number.
    Undo(u64),
}

/// What is to be done.
#[derive(Debug)]
pub enum Do {
    /// Steer the beam, or go back to the wide one.
    Beam(bool),
    /// An action for `air`; what became of it comes back through [`Mind::carried`].
    Act(Approved<Action>, Purpose),
    /// A judged action, for record and controller.
    Judged(Effect),
}

/// The slow decisions.
pub struct Mind {
    act: bool,
    power: PowerPolicy,
    window_ns: u64,
    guard: Guard,
    tracker: Tracker,
    /// Fate of the actions, by kind.
    pub counts: BTreeMap<ActionKind, KindCounts>,
    /// The slices' shares in force.
    pub quotas: Quotas,
    power_db: f32,
    /// Power before the last change, dB re full scale: in force again where the change did not reach `air`.
    power_before_db: f32,
    undoing: bool,
    watched_since: Option<u64>,
    /// When the last observation of each receiver, and of the worst, was made.
    observed: BTreeMap<u32, u64>,
    worst_ns: u64,
    beam: bool,
    beam_id: Option<u64>,
    rests: BTreeMap<ActionKind, u64>,
    acted_ns: u64,
}

impl Mind {
    /// A mind that has done nothing.
    #[must_use]
    pub fn new(act: bool, power: PowerPolicy, window_ns: u64, mut limits: Limits) -> Self {
        // Here a beam is the decision to steer at all, which rests on slow reports. Each weight vector passes the fast loop's guard.
        limits.beam_inputs_ns = limits.slow_inputs_ns;
        let mut guard = Guard::new(limits);
        // a `ran` that begins anew does not know what its predecessor left in force
        guard.forget_quotas();
        Self {
            act,
            power,
            window_ns,
            guard,
            quotas: Quotas::default(),
            tracker: Tracker::new(),
            counts: BTreeMap::new(),
            power_db: 0.0,
            power_before_db: 0.0,
            undoing: false,
            watched_since: None,
            observed: BTreeMap::new(),
            worst_ns: 0,
            beam: false,
            beam_id: None,
            rests: BTreeMap::new(),
            acted_ns: 0,
        }
    }

    /// Power in force, dB re full scale.
    #[must_use]
    pub const fn power_db(&self) -> f32 {
        self.power_db
    }

    /// Checks an action that the controller ordered.
    ///
    /// # Errors
    /// The guard's words.
    pub fn check(
        &mut self,
        action: Action,
        now_ns: u64,
        age_ns: u64,
    ) -> Result<Approved<Action>, crate::guard::Refusal> {
        let approved = self.guard.check(action, now_ns, age_ns)?;
        if let Action::Power { db } = approved.action() {
            self.power_is(*db);
        }
        Ok(approved)
    }

    /// The controller says what it takes to be in force.
    pub fn told(&mut self, word: InForce) {
        self.quotas.told(word, &mut self.guard);
    }

    fn power_is(&mut self, db: f32) {
        (self.power_before_db, self.power_db) = (self.power_db, db);
    }

    /// What became of an action for `air`. One that did not get into force is not judged, and what was believed before holds again.
    pub fn carried(&mut self, action: &Action, purpose: Purpose, ok: bool, now_ns: u64) -> Vec<Do> {
        let mut out = Vec::new();
        self.quotas.carried(action, ok, &mut self.guard);
        if let (false, Action::Power { db }) = (ok, action)
            && *db == self.power_db
        {
            self.power_db = self.power_before_db;
            self.guard.assume_power(self.power_db);
        }
        let effect = match purpose {
            Purpose::Order(_) => None,
            Purpose::Own if ok => None,
            Purpose::Own => self.tracker.abandon(action.kind(), &action.target(), now_ns),
            Purpose::Undo(id) => {
                self.undoing = false;
                self.tracker.rolled_back(id, ok, now_ns)
            }
        };
        if let Some(effect) = effect {
            self.finish(effect, now_ns, &mut out);
        }
        out
    }

    /// The cell is lost: the beam is wide again. What was being judged is given up: nothing can be seen of it any more.
    pub fn lost(&mut self, now_ns: u64) -> Vec<Do> {
        let mut out = Vec::new();
        for effect in self.tracker.abandon_all(now_ns) {
            self.finish(effect, now_ns, &mut out);
        }
        self.undoing = false;
        self.beam = false;
        self.beam_id = None;
        self.watched_since = None;
        // What sets `air` up again sends the wide beam and 0 dB.
        (self.power_db, self.power_before_db) = (0.0, 0.0);
        self.guard.assume_power(0.0);
        out
    }

    /// At `mono_ns` of the host's clock radio time was `radio_s`.
    pub fn radio(&mut self, mono_ns: u64, radio_s: f64) {
        self.tracker.radio(mono_ns, radio_s);
    }

    /// Looks at the receivers and decides. `weights` are those that would be sent now.
    pub fn tick(&mut self, seen: &[Seen], weights: &[Complex32], now_ns: u64) -> Vec<Do> {
        let mut out = Vec::new();
        let served = || seen.iter().filter(|s| !s.eavesdropper);
        for s in seen {
            if let (Some(snr), Some(at)) = (s.beam_snr_db, s.at_ns)
                && self.observed.insert(s.stream, at) != Some(at)
            {
                // receivers are few and configured: there is room
                let _room = self.tracker.observe(Observable::SnrDb, &name(s), snr, at);
            }
        }
        let served_at = || served().filter(|s| s.beam_snr_db.is_some()).filter_map(|s| s.at_ns);
        let worst = served().filter_map(|s| s.beam_snr_db).fold(f64::INFINITY, f64::min);
        if worst.is_finite() {
            if let Some(at) = served_at().max().filter(|at| *at > self.worst_ns) {
                self.worst_ns = at;
                let _room = self.tracker.observe(Observable::WorstSnrDb, "cell", worst, at);
            }
            self.watched_since.get_or_insert(now_ns);
        }
        self.judge(now_ns, &mut out);
        let watched = self.watched_since.is_some_and(|t| self.tracker.passed(t, self.window_ns, now_ns));
        if !self.act || !watched {
            return out;
        }
        let ready = served().all(|s| s.tracked || s.silent) && served().any(|s| s.tracked) && !weights.is_empty();
        let age_ns = age(served_at().min(), now_ns);
        if !self.beam && ready && !self.rests(ActionKind::Beam, now_ns) {
            self.steer(weights, age_ns, now_ns, &mut out);
        } else if self.beam && self.beam_id.is_none() && worst.is_finite() {
            self.adjust(worst, seen, age_ns, now_ns, &mut out);
        }
        out
    }

    fn steer(&mut self, weights: &[Complex32], age_ns: u64, now_ns: u64, out: &mut Vec<Do>) {
        let expected = self.expect(Observable::WorstSnrDb, "cell", Direction::Rise, BEAM_GAIN_DB);
        let mut wide = vec![Complex32::ZERO; weights.len()];
        wide[0] = Complex32::ONE;
        let action = Action::Beam { weights: weights.to_vec() };
        let why = "the channel of every UE that is heard is known: the worst one gains from a beam";
        if let Some((id, _)) = self.take(action, expected, Action::Beam { weights: wide }, why, age_ns, now_ns) {
            self.beam = true;
            self.beam_id = Some(id);
            out.push(Do::Beam(true));
        }
    }

    fn adjust(&mut self, worst_db: f64, seen: &[Seen], age_ns: u64, now_ns: u64, out: &mut Vec<Do>) {
        let kind = ActionKind::Power;
        let busy = self.undoing || self.tracker.is_open(kind, "cell");
        if busy || self.rests(kind, now_ns) || !self.tracker.passed(self.acted_ns, self.window_ns, now_ns) {
            return;
        }
        let step = self.power.step_db;
        let change = 0.4 * f64::from(step);
        let (db, expected, why) = if worst_db > self.power.enough_db {
            let ear = seen.iter().find(|s| s.eavesdropper && s.beam_snr_db.is_some());
            let expected = match ear {
                Some(e) => self.expect(Observable::SnrDb, &name(e), Direction::Fall, change),
                None => self.expect(Observable::WorstSnrDb, "cell", Direction::Fall, change),
            };
            (self.power_db - step, expected, format!("the worst UE has {worst_db:.1} dB, more than it needs"))
        } else if worst_db < self.power.least_db && self.power_db < 0.0 {
            let expected = self.expect(Observable::WorstSnrDb, "cell", Direction::Rise, change);
            (
                (self.power_db + step).min(0.0),
                expected,
                format!("the worst UE has {worst_db:.1} dB, less than it needs"),
            )
        } else {
            return;
        };
        if db < self.guard.limits().min_power_db {
            return;
        }
        let previous = Action::Power { db: self.power_db };
        if let Some((_, approved)) = self.take(Action::Power { db }, expected, previous, &why, age_ns, now_ns) {
            self.power_is(db);
            self.acted_ns = now_ns;
            out.push(Do::Act(approved, Purpose::Own));
        }
    }

    fn take(
        &mut self,
        action: Action,
        expected: Expected,
        previous: Action,
        why: &str,
        age_ns: u64,
        now_ns: u64,
    ) -> Option<(u64, Approved<Action>)> {
        let counts = self.counts.entry(action.kind()).or_default();
        counts.proposed += 1;
        match self.guard.check(action, now_ns, age_ns) {
            Ok(approved) => {
                counts.approved += 1;
                let id = self.tracker.start(&approved, expected, Some(previous), why, now_ns).ok()?;
                Some((id, approved))
            }
            Err(refusal) => {
                counts.refused += 1;
                tracing::warn!(%refusal, "refused");
                None
            }
        }
    }

    fn judge(&mut self, now_ns: u64, out: &mut Vec<Do>) {
        let (done, undo) = self.tracker.poll(now_ns);
        for effect in done {
            self.finish(effect, now_ns, out);
        }
        for rollback in undo {
            let worked = match rollback.previous {
                Action::Beam { .. } => {
                    self.beam = false;
                    out.push(Do::Beam(false));
                    true
                }
                // going back to what was rests on no measurement, so that none can be too old for it
                previous => match self.guard.check(previous, now_ns, 0) {
                    Ok(approved) => {
                        if let Action::Power { db } = approved.action() {
                            self.power_is(*db);
                        }
                        self.undoing = true;
                        out.push(Do::Act(approved, Purpose::Undo(rollback.id)));
                        continue;
                    }
                    Err(refusal) => {
                        tracing::warn!(%refusal, "a rollback was refused");
                        false
                    }
                },
            };
            if let Some(effect) = self.tracker.rolled_back(rollback.id, worked, now_ns) {
                self.finish(effect, now_ns, out);
            }
        }
    }

    fn finish(&mut self, effect: Effect, now_ns: u64, out: &mut Vec<Do>) {
        self.counts.entry(effect.kind).or_default().judged(effect.verdict);
        if effect.verdict != Verdict::Effective {
            self.rests.insert(effect.kind, now_ns + REST_NS);
        }
        if effect.kind == ActionKind::Beam {
            self.beam_id = None;
        }
        out.push(Do::Judged(effect));
    }

    fn rests(&self, kind: ActionKind, now_ns: u64) -> bool {
        self.rests.get(&kind).is_some_and(|until| now_ns < *until)
    }

    fn expect(&self, observable: Observable, target: &str, direction: Direction, min_change: f64) -> Expected {
        Expected { observable, target: target.to_owned(), direction, min_change, window_ns: self.window_ns }
    }
}

/// Age of what was measured at `at_ns`; as old as can be where nothing was.
fn age(at_ns: Option<u64>, now_ns: u64) -> u64 {
    at_ns.map_or(u64::MAX, |at| now_ns.saturating_sub(at))
}

fn name(seen: &Seen) -> String {
    if seen.eavesdropper { "eavesdropper".to_owned() } else { format!("ue{}", seen.stream) }
}

/// Where a series goes next: level and damped trend (Holt), for a look one second ahead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trend {
    state: Option<(f64, f64, u64)>,
}

impl Trend {
    /// Takes a value; values that are not finite or not newer than the last are left out.
    pub fn push(&mut self, value: f64, mono_ns: u64) {
        if !value.is_finite() || self.state.is_some_and(|(_, _, at)| mono_ns <= at) {
            return;
        }
        self.state = Some(match self.state {
            None => (value, 0.0, mono_ns),
            Some((level, slope, at)) => {
                let dt = (mono_ns.saturating_sub(at) as f64 * 1e-9).clamp(1e-3, 10.0);
                let guess = level + slope * dt;
                let error = value - guess;
                (guess + 0.3 * error, 0.97 * (slope + 0.05 * error / dt.max(0.05)), mono_ns)
            }
        });
    }

    /// The value `ahead_s` from now, at most 3 away from the level; `None` before the first value.
    #[must_use]
    pub fn ahead(&self, ahead_s: f64) -> Option<f64> {
        self.state.map(|(level, slope, _)| level + (slope * ahead_s).clamp(-3.0, 3.0))
    }
}

#[cfg(test)]
mod tests;

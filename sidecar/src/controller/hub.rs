//! The controller without its sockets: takes messages of agents, gives messages to agents, at times that are handed in.

use super::config::HubConfig;
use super::decide::{Memory, Proposal, decide};
use super::picture::Picture;
use super::stamp::Stamps;
use super::state::{AgentInfo, ApiState, AppState, CoreState, Goal, KindCounts, Order, Outcome, RanState};
use super::view::World;
use crate::effect::{Effect, Expected, Tracker, Verdict};
use crate::guard::{Action, ActionKind, Approved, Guard};
use crate::wire::{Agent, Kind, Message};
use std::collections::{BTreeMap, HashMap};

/// Judged actions that are shown.
const SHOWN: usize = 200;
/// An agent that was silent for longer is not present, ns.
const PRESENT_NS: u64 = 3_000_000_000;

/// An order that is still not answered after so many times the answer's time is revoked: what was in force before is ordered.
const REVOKE_AFTER: u64 = 5;

/// A message and whom it is for.
pub type Outgoing = (Agent, Message);

/// An action on its way, with all that its judgement needs.
#[derive(Clone)]
struct Taken {
    approved: Approved<Action>,
    expected: Expected,
    previous: Action,
    why: String,
}

enum Purpose {
    Take(Taken),
    Undo {
        effect: u64,
        action: Action,
    },
    /// Takes back an order that nobody answered, which may be in force or not.
    Revoke(Taken),
}

struct Pending {
    purpose: Purpose,
    kind: ActionKind,
    target: String,
    sent_ns: u64,
    /// Not answered in time: counted as failed, and still waited for, since it may be in force.
    overdue: bool,
}

/// The controller's mind.
pub struct Hub {
    config: HubConfig,
    picture: Picture,
    guard: Guard,
    tracker: Tracker,
    memory: Memory,
    pending: HashMap<u64, Pending>,
    next_order: u64,
    decided_ns: u64,
    started_ns: Option<u64>,
    agents: BTreeMap<Agent16, Seen>,
    counts: BTreeMap<ActionKind, KindCounts>,
    judged: Vec<Effect>,
    fresh: Vec<Effect>,
    goal: Option<Goal>,
    /// Messages that could not be used.
    pub unusable: u64,
}

type Agent16 = u16;

#[derive(Debug, Default, Clone)]
struct Seen {
    name: &'static str,
    at_ns: u64,
    messages: u64,
    hellos: u64,
    foreign_stamps: u64,
}

impl Hub {
    /// A controller that has seen nothing.
    #[must_use]
    pub fn new(config: HubConfig) -> Self {
        let mut guard = Guard::new(config.limits.clone());
        for s in &config.slices {
            guard.assume_quota(s.sst, s.sd, s.min);
        }
        Self {
            picture: Picture::new(&config),
            guard,
            tracker: Tracker::new(),
            memory: Memory::default(),
            pending: HashMap::new(),
            next_order: 0,
            decided_ns: 0,
            started_ns: None,
            agents: BTreeMap::new(),
            counts: BTreeMap::new(),
            judged: Vec::new(),
            fresh: Vec::new(),
            goal: None,
            unusable: 0,
            config,
        }
    }

    /// Takes one message. What it cannot use is counted.
    pub fn take(&mut self, message: &Message, now_ns: u64) {
        let agent = message.header.agent;
        let seen = self.agents.entry(agent.code()).or_default();
        seen.name = agent.name();
        seen.at_ns = now_ns;
        seen.messages += 1;
        match (message.header.kind, agent) {
            (Kind::Hello, _) => seen.hellos += 1,
            (Kind::State, Agent::Ran) => self.state::<RanState>(message, now_ns, Picture::ran),
            (Kind::State, Agent::App) => self.state::<AppState>(message, now_ns, Picture::app),
            (Kind::State, Agent::Core) => self.state::<CoreState>(message, now_ns, Picture::core),
            (Kind::Outcome, _) => match message.parse::<Outcome>() {
                Ok(Outcome::Done { id, ok, reason }) => self.done(id, ok, &reason, now_ns),
                Ok(Outcome::Judged(effect)) => self.keep(effect),
                Err(_) => self.unusable += 1,
            },
            _ => {}
        }
    }

    fn state<T: serde::de::DeserializeOwned>(
        &mut self,
        message: &Message,
        now_ns: u64,
        take: impl Fn(&mut Picture, T, &mut Tracker, Stamps),
    ) {
        let stamps = Stamps::of(&message.header, self.config.wire_run, now_ns);
        if let Some(seen) = self.agents.get_mut(&message.header.agent.code()).filter(|_| !stamps.ours()) {
            if seen.foreign_stamps == 0 {
                let sent = message.header.sent_mono_ns;
                tracing::warn!(
                    agent = seen.name,
                    sent,
                    "a stamp that is not of this host's clock: the time of receipt stands"
                );
            }
            seen.foreign_stamps += 1;
        }
        match message.parse::<T>() {
            Ok(state) => take(&mut self.picture, state, &mut self.tracker, stamps),
            Err(_) => self.unusable += 1,
        }
    }

    /// Judges, decides, orders. Call it often.
    pub fn tick(&mut self, now_ns: u64) -> Vec<Outgoing> {
        let started = *self.started_ns.get_or_insert(now_ns);
        let mut out = Vec::new();
        self.picture.forget_silent(now_ns);
        self.overdue(now_ns, &mut out);
        let (done, undo) = self.tracker.poll(now_ns);
        for effect in done {
            self.finish(effect, now_ns);
        }
        for rollback in undo {
            let id = rollback.id;
            // going back to what was rests on no measurement, so that none can be too old for it
            match self.guard.check(rollback.previous, now_ns, 0) {
                Ok(approved) => {
                    let action = approved.into_action();
                    self.order(action.clone(), Purpose::Undo { effect: id, action }, 0, now_ns, &mut out);
                }
                Err(refusal) => {
                    tracing::warn!(%refusal, "a rollback was refused");
                    if let Some(effect) = self.tracker.rolled_back(id, false, now_ns) {
                        self.finish(effect, now_ns);
                    }
                }
            }
        }
        let due = now_ns.saturating_sub(self.decided_ns) >= self.config.decide_every_ns;
        // the first window is watched only, so that there is a before
        let warm = self.tracker.passed(started, self.config.policy.window_ns, now_ns);
        if self.config.act && due && warm {
            self.decided_ns = now_ns;
            self.decide(now_ns, &mut out);
        }
        out
    }

    fn decide(&mut self, now_ns: u64, out: &mut Vec<Outgoing>) {
        let world = self.picture.world();
        let policy = self.policy();
        let (tracker, pending) = (&self.tracker, &self.pending);
        let proposals = decide(&world, &policy, &self.memory, now_ns, |kind, target| {
            tracker.is_open(kind, target) || pending.values().any(|p| p.kind == kind && p.target == target)
        });
        for Proposal { action, expected, previous, why, oldest_ns } in proposals {
            let age_ns = oldest_ns.map_or(u64::MAX, |at| now_ns.saturating_sub(at));
            let kind = action.kind();
            let counts = self.counts.entry(kind).or_default();
            counts.proposed += 1;
            match self.guard.check(action, now_ns, age_ns) {
                Ok(approved) => {
                    counts.approved += 1;
                    tracing::info!(action = %approved.action().words(), %why, "ordered");
                    let action = approved.action().clone();
                    let taken = Taken { approved, expected, previous, why };
                    self.order(action, Purpose::Take(taken), age_ns, now_ns, out);
                }
                Err(refusal) => {
                    counts.refused += 1;
                    tracing::debug!(%refusal, "refused");
                }
            }
        }
    }

    /// The policy with what the goal asks for.
    fn policy(&self) -> super::decide::Policy {
        let mut policy = self.config.policy.clone();
        match self.goal.as_ref().map(|g| g.kind.as_str()) {
            Some("quality") => policy.headroom = 1.15,
            Some("fairness") => policy.greedy_above = 1.15,
            Some("stability") => policy.headroom = 2.0,
            _ => {}
        }
        policy
    }

    fn order(&mut self, action: Action, purpose: Purpose, inputs_age_ns: u64, now_ns: u64, out: &mut Vec<Outgoing>) {
        // A controller that begins anew must not give the numbers of its predecessor again: agents answer a known one from memory.
        self.next_order = (self.next_order + 1).max(now_ns);
        let id = self.next_order;
        let to = match action.kind() {
            ActionKind::Beam | ActionKind::Power | ActionKind::SliceQuota => Agent::Ran,
            ActionKind::RateLimit => Agent::Core,
            ActionKind::Resolution => Agent::App,
        };
        let (kind, target) = (action.kind(), action.target());
        match Message::json(Kind::Action, Agent::Controller, &Order { id, action, inputs_age_ns }) {
            Ok(message) => {
                self.pending.insert(id, Pending { purpose, kind, target, sent_ns: now_ns, overdue: false });
                out.push((to, message));
            }
            Err(error) => tracing::error!(%error, "an order could not be written"),
        }
    }

    /// What nobody answered in time has failed; what nobody answers at all is revoked.
    fn overdue(&mut self, now_ns: u64, out: &mut Vec<Outgoing>) {
        let age = |p: &Pending| now_ns.saturating_sub(p.sent_ns);
        let older = |all: &HashMap<u64, Pending>, than_ns: u64, overdue: bool| {
            let mut ids: Vec<u64> =
                all.iter().filter(|(_, p)| p.overdue == overdue && age(p) > than_ns).map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids
        };
        for id in older(&self.pending, self.config.answer_ns, false) {
            self.late(id, now_ns);
        }
        for id in older(&self.pending, self.config.answer_ns.saturating_mul(REVOKE_AFTER), true) {
            let Some(pending) = self.pending.get(&id) else { continue };
            let (Purpose::Take(taken) | Purpose::Revoke(taken)) = &pending.purpose else {
                self.pending.remove(&id);
                continue;
            };
            let taken = taken.clone();
            match self.guard.check(taken.previous.clone(), now_ns, 0) {
                Ok(approved) => {
                    tracing::warn!(action = %taken.approved.action().words(), "revoked: nobody answered");
                    self.pending.remove(&id);
                    self.order(approved.into_action(), Purpose::Revoke(taken), 0, now_ns, out);
                }
                // too often, most likely: the next look tries again
                Err(refusal) => tracing::debug!(%refusal, "not revoked yet"),
            }
        }
    }

    fn late(&mut self, id: u64, now_ns: u64) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        pending.overdue = true;
        match &pending.purpose {
            Purpose::Take(Taken { approved, .. }) => {
                let action = approved.action();
                tracing::warn!(action = %action.words(), "no answer in time");
                self.memory.failed(action.kind(), &action.target(), now_ns);
                self.counts.entry(action.kind()).or_default().refused += 1;
            }
            Purpose::Undo { effect, .. } => {
                let effect = *effect;
                if let Some(effect) = self.tracker.rolled_back(effect, false, now_ns) {
                    self.finish(effect, now_ns);
                }
            }
            Purpose::Revoke(_) => {}
        }
    }

    fn done(&mut self, id: u64, ok: bool, reason: &str, now_ns: u64) {
        let Some(pending) = self.pending.remove(&id) else { return };
        match pending.purpose {
            Purpose::Take(taken) if ok => {
                if pending.overdue {
                    tracing::info!(action = %taken.approved.action().words(), "in force late, judged from now on");
                    self.counts.entry(pending.kind).or_default().late += 1;
                }
                self.follow(taken, now_ns);
            }
            Purpose::Take(Taken { approved, previous, .. }) => {
                let action = approved.action();
                tracing::warn!(action = %action.words(), reason, "an order was not carried out");
                self.guard.assume(&previous);
                if !pending.overdue {
                    self.memory.failed(action.kind(), &action.target(), now_ns);
                    self.counts.entry(action.kind()).or_default().refused += 1;
                }
            }
            Purpose::Undo { effect, action } => {
                if ok {
                    self.picture.took(&action);
                }
                if let Some(effect) = self.tracker.rolled_back(effect, ok, now_ns) {
                    self.finish(effect, now_ns);
                }
            }
            Purpose::Revoke(taken) if ok => {
                self.picture.took(&taken.previous);
                let (kind, target) = (taken.approved.action().kind(), taken.approved.action().target());
                let started =
                    self.tracker.start(&taken.approved, taken.expected, Some(taken.previous), &taken.why, now_ns);
                if let Some(effect) = started.ok().and_then(|_| self.tracker.abandon(kind, &target, now_ns)) {
                    self.finish(effect, now_ns);
                }
            }
            // it may be in force: then it is judged like any other
            Purpose::Revoke(taken) => self.follow(taken, now_ns),
        }
    }

    /// An ordered action is in force: from now on it is judged.
    fn follow(&mut self, taken: Taken, now_ns: u64) {
        let Taken { approved, expected, previous, why } = taken;
        self.picture.took(approved.action());
        if let Err(busy) = self.tracker.start(&approved, expected, Some(previous), &why, now_ns) {
            tracing::warn!(%busy, "an action is not followed");
        }
    }

    fn finish(&mut self, effect: Effect, now_ns: u64) {
        self.counts.entry(effect.kind).or_default().judged(effect.verdict);
        if effect.verdict != Verdict::Effective {
            self.memory.failed(effect.kind, &effect.target, now_ns);
        }
        self.keep(effect);
    }

    fn keep(&mut self, effect: Effect) {
        tracing::info!(action = %effect.action, verdict = effect.verdict.name(), before = ?effect.before, after = ?effect.after, "judged");
        if self.judged.len() == SHOWN {
            self.judged.remove(0);
        }
        self.fresh.push(effect.clone());
        self.judged.push(effect);
    }

    /// Actions judged since the last call, for the record.
    pub fn judged_since(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.fresh)
    }

    /// What decisions rest on.
    #[must_use]
    pub fn world(&self) -> World {
        self.picture.world()
    }

    /// States a goal. Keywords choose what it changes; any other text is kept and shown.
    pub fn set_goal(&mut self, text: &str) -> Goal {
        let lower = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
        let kind = if has(&["fair", "equal", "starv"]) {
            "fairness"
        } else if has(&["quality", "resolution", "sharp", "throughput"]) {
            "quality"
        } else if has(&["stable", "calm", "safe", "stall"]) {
            "stability"
        } else {
            "noted"
        };
        let goal = Goal { text: text.chars().take(1000).collect(), kind: kind.to_owned() };
        self.goal = Some(goal.clone());
        goal
    }

    /// The state of everything.
    #[must_use]
    pub fn api(&self, now_ns: u64) -> ApiState {
        let mut state = ApiState {
            run: self.config.run.clone(),
            acting: self.config.act,
            mono_ns: now_ns,
            goal: self.goal.clone(),
            agents: self.agents.values().map(|s| s.info(now_ns)).collect(),
            actions: self.judged.clone(),
            ..ApiState::default()
        };
        state.counts = self.counts.iter().map(|(k, c)| (k.name().to_owned(), c.clone())).collect();
        let drops =
            [("subscriber", self.picture.refused()), ("series", self.tracker.refused()), ("message", self.unusable)];
        state.drops = drops.map(|(reason, n)| (reason.to_owned(), n)).into();
        self.picture.show(&mut state);
        state
    }
}

impl Seen {
    fn info(&self, now_ns: u64) -> AgentInfo {
        let silent_ns = now_ns.saturating_sub(self.at_ns);
        AgentInfo {
            agent: self.name.to_owned(),
            present: silent_ns < PRESENT_NS,
            silent_s: silent_ns as f64 * 1e-9,
            messages: self.messages,
            hellos: self.hellos,
            foreign_stamps: self.foreign_stamps,
        }
    }
}

#[cfg(test)]
mod tests;

//! The controller without its sockets: takes messages of agents, gives messages to agents, at times that are handed in.

mod orders;

use self::orders::{Pending, Purpose, Taken};
use super::config::HubConfig;
use super::decide::{Memory, Proposal, decide};
use super::picture::Picture;
use super::quotas::{Heard, Quotas};
use super::stamp::Stamps;
use super::state::{AgentInfo, ApiState, AppState, CoreState, Goal, InForce, KindCounts, Outcome, RanState};
use super::view::World;
use crate::effect::{Effect, Tracker, Verdict};
use crate::guard::{Action, ActionKind, Guard};
use crate::wire::{Agent, Kind, Message};
use std::collections::{BTreeMap, HashMap};

/// Judged actions that are shown.
const SHOWN: usize = 200;
/// An agent that was silent for longer is not present, ns.
const PRESENT_NS: u64 = 3_000_000_000;

/// A message and whom it is for.
pub type Outgoing = (Agent, Message);

/// The controller's mind.
pub struct Hub {
    config: HubConfig,
    picture: Picture,
    guard: Guard,
    tracker: Tracker,
    quotas: Quotas,
    /// A word for `ran`, which does not know what is in force.
    word: Option<InForce>,
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
        let quotas = Quotas::new(&config.slices, &mut guard);
        Self {
            picture: Picture::new(&config),
            guard,
            tracker: Tracker::new(),
            quotas,
            word: None,
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
            (Kind::State, Agent::Ran) => {
                self.state::<RanState>(message, now_ns, Picture::ran);
                self.quotas_heard();
            }
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

    fn quotas_heard(&mut self) {
        let ordered = self.pending.values().any(|p| p.kind == ActionKind::SliceQuota);
        match self.quotas.heard(self.picture.reported_quotas(), ordered, &mut self.guard) {
            Heard::Tell(word) => self.word = Some(word),
            Heard::TakenOver => self.picture.quotas_are(self.quotas.in_force()),
            Heard::Waiting => {}
        }
    }

    /// Judges, decides, orders. Call it often.
    pub fn tick(&mut self, now_ns: u64) -> Vec<Outgoing> {
        let started = *self.started_ns.get_or_insert(now_ns);
        let mut out = Vec::new();
        if let Some(word) = self.word.take() {
            match Message::json(Kind::InForce, Agent::Controller, &word) {
                Ok(message) => out.push((Agent::Ran, message)),
                Err(error) => tracing::error!(%error, "a word on what is in force could not be written"),
            }
        }
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
            if let Action::SliceQuota { sst, sd, .. } = &action {
                let first = self.quotas.unconfirmed_beside(*sst, *sd);
                if !first.is_empty() {
                    if !self.confirm(first, now_ns, out) {
                        // another way is taken meanwhile
                        self.memory.failed(action.kind(), &action.target(), now_ns);
                    }
                    continue;
                }
            }
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
        match self.goal() {
            Some("quality") => policy.headroom = 1.15,
            Some("fairness") => policy.greedy_above = 1.15,
            Some("stability") => policy.headroom = 2.0,
            _ => {}
        }
        policy
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

    /// What was made of the goal in force.
    #[must_use]
    pub fn goal(&self) -> Option<&str> {
        self.goal.as_ref().map(|g| g.kind.as_str())
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

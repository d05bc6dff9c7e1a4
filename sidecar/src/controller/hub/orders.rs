//! Orders on their way: from the guard to the agent, and what their answers, late answers, and silences mean.

use super::{Hub, Outgoing};
use crate::controller::state::Order;
use crate::effect::Expected;
use crate::guard::{Action, ActionKind, Approved};
use crate::wire::{Agent, Kind, Message};
use std::collections::HashMap;

/// An order that is still not answered after so many times the answer's time is revoked: what was in force before is ordered.
const REVOKE_AFTER: u64 = 5;

/// An action on its way, with all that its judgement needs.
#[derive(Clone)]
pub(super) struct Taken {
    pub(super) approved: Approved<Action>,
    pub(super) expected: Expected,
    pub(super) previous: Action,
    pub(super) why: String,
}

pub(super) enum Purpose {
    Take(Taken),
    Undo {
        effect: u64,
        action: Action,
    },
    /// Takes back an order that nobody answered, which may be in force or not.
    Revoke(Taken),
    /// Sets what is believed in force, so that it is. Nothing is to be seen of it, so it is not judged.
    Confirm(Action),
}

pub(super) struct Pending {
    pub(super) purpose: Purpose,
    pub(super) kind: ActionKind,
    pub(super) target: String,
    pub(super) sent_ns: u64,
    /// Not answered in time: counted as failed, and still waited for, since it may be in force.
    pub(super) overdue: bool,
}

impl Hub {
    /// Orders what is believed in force, so that sums over all slices are those at the gNB; `false` where it cannot be had now.
    pub(super) fn confirm(&mut self, quotas: Vec<Action>, now_ns: u64, out: &mut Vec<Outgoing>) -> bool {
        let mut possible = true;
        for action in quotas {
            let (kind, target) = (action.kind(), action.target());
            if self.memory.rests(kind, &target, now_ns, self.config.policy.rest_ns) {
                possible = false;
            } else if !self.pending.values().any(|p| p.kind == kind && p.target == target) {
                match self.guard.check(action.clone(), now_ns, 0) {
                    Ok(_) => self.order(action.clone(), Purpose::Confirm(action), 0, now_ns, out),
                    Err(refusal) => {
                        tracing::debug!(%refusal, "not confirmed");
                        possible = false;
                    }
                }
            }
        }
        possible
    }

    pub(super) fn order(
        &mut self,
        action: Action,
        purpose: Purpose,
        inputs_age_ns: u64,
        now_ns: u64,
        out: &mut Vec<Outgoing>,
    ) {
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
    pub(super) fn overdue(&mut self, now_ns: u64, out: &mut Vec<Outgoing>) {
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

    pub(super) fn late(&mut self, id: u64, now_ns: u64) {
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
            Purpose::Confirm(action) => self.memory.failed(action.kind(), &action.target(), now_ns),
            Purpose::Revoke(_) => {}
        }
    }

    pub(super) fn done(&mut self, id: u64, ok: bool, reason: &str, now_ns: u64) {
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
                    self.took(&action);
                }
                if let Some(effect) = self.tracker.rolled_back(effect, ok, now_ns) {
                    self.finish(effect, now_ns);
                }
            }
            Purpose::Revoke(taken) if ok => {
                self.took(&taken.previous);
                let (kind, target) = (taken.approved.action().kind(), taken.approved.action().target());
                let started =
                    self.tracker.start(&taken.approved, taken.expected, Some(taken.previous), &taken.why, now_ns);
                if let Some(effect) = started.ok().and_then(|_| self.tracker.abandon(kind, &target, now_ns)) {
                    self.finish(effect, now_ns);
                }
            }
            Purpose::Confirm(action) if ok => self.took(&action),
            Purpose::Confirm(action) => {
                tracing::warn!(action = %action.words(), reason, "what is in force could not be confirmed");
                self.memory.failed(action.kind(), &action.target(), now_ns);
            }
            // it may be in force: then it is judged like any other
            Purpose::Revoke(taken) => self.follow(taken, now_ns),
        }
    }

    pub(super) fn took(&mut self, action: &Action) {
        self.picture.took(action);
        self.quotas.took(action);
    }

    /// An ordered action is in force: from now on it is judged.
    pub(super) fn follow(&mut self, taken: Taken, now_ns: u64) {
        let Taken { approved, expected, previous, why } = taken;
        self.took(approved.action());
        if let Err(busy) = self.tracker.start(&approved, expected, Some(previous), &why, now_ns) {
            tracing::warn!(%busy, "an action is not followed");
        }
    }
}

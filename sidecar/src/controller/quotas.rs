//! The slices' shares in force, as the controller knows them: from `ran`, which speaks with the gNB, else from the configuration.

use super::config::Slice;
use super::state::{InForce, QuotaInForce};
use crate::guard::{Action, Guard};

/// What is in force.
#[derive(Debug, Clone)]
pub struct Quotas {
    in_force: Vec<QuotaInForce>,
}

/// What `ran`'s report means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It does not know: tell it.
    Tell(InForce),
    /// What it knows is taken over.
    TakenOver,
    /// An order is on its way: its answer says more than this report.
    Waiting,
}

impl Quotas {
    /// As configured, nothing of it confirmed. The guard lets no quota pass before `ran` has spoken.
    #[must_use]
    pub fn new(slices: &[Slice], guard: &mut Guard) -> Self {
        guard.forget_quotas();
        let quota = |s: &Slice| QuotaInForce { sst: s.sst, sd: s.sd, min: s.min, max: s.max, confirmed: false };
        Self { in_force: slices.iter().map(quota).collect() }
    }

    /// What is believed.
    #[must_use]
    pub fn in_force(&self) -> &[QuotaInForce] {
        &self.in_force
    }

    /// What `ran` reports; `ordered` says whether an order about a slice is not answered yet.
    pub fn heard(&mut self, reported: Option<&[QuotaInForce]>, ordered: bool, guard: &mut Guard) -> Heard {
        let heard = match reported {
            None => Heard::Tell(InForce { quotas: self.in_force.clone() }),
            Some(_) if ordered => return Heard::Waiting,
            Some(quotas) => {
                for q in quotas {
                    match self.in_force.iter_mut().find(|b| (b.sst, b.sd) == (q.sst, q.sd)) {
                        Some(believed) => *believed = *q,
                        None => self.in_force.push(*q),
                    }
                }
                Heard::TakenOver
            }
        };
        if !ordered {
            guard.quotas_are(self.in_force.iter().map(|q| (q.sst, q.sd, q.min)));
        }
        heard
    }

    /// An action is in force.
    pub fn took(&mut self, action: &Action) {
        let Action::SliceQuota { sst, sd, min, max } = action else { return };
        if let Some(q) = self.in_force.iter_mut().find(|q| (q.sst, q.sd) == (*sst, *sd)) {
            (q.min, q.max, q.confirmed) = (*min, *max, true);
        }
    }

    /// What must be set before this slice may get another share: every other slice that the gNB has not confirmed, as believed.
    #[must_use]
    pub fn unconfirmed_beside(&self, sst: u8, sd: Option<u32>) -> Vec<Action> {
        let others = self.in_force.iter().filter(|q| !q.confirmed && (q.sst, q.sd) != (sst, sd));
        others.map(|q| Action::SliceQuota { sst: q.sst, sd: q.sd, min: q.min, max: q.max }).collect()
    }
}

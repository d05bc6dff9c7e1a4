//! Actions of other threads on their way to `air`.

use super::{FastThread, GONE_NS};
use crate::guard::Action;
use crate::ran::shared::ActError;
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// An action of another thread on its way: the command's number, when it left, who waits.
pub(super) struct Acting {
    pub(super) seq: u64,
    sent_ns: u64,
    power_db: Option<f32>,
    done: oneshot::Sender<Result<(), ActError>>,
}

/// Powers ordered for others.
#[derive(Debug, Default)]
pub(super) struct Powers {
    /// Confirmed last.
    confirmed_db: f32,
    /// Numbers of those that were reported failed because `air` said nothing in time.
    expired: VecDeque<u64>,
}

#[cfg(test)]
impl Powers {
    /// With one confirmed.
    pub(super) fn confirmed(confirmed_db: f32) -> Self {
        Self { confirmed_db, ..Self::default() }
    }
}

/// Expired numbers that are remembered.
const EXPIRED: usize = 64;

impl FastThread {
    /// Tells who waits for the command `seq` what became of it.
    pub(super) fn acted(&mut self, seq: u64, result: Result<(), ActError>) {
        if let Some(acting) = self.acting.iter().position(|a| a.seq == seq).and_then(|at| self.acting.remove(at)) {
            if let (Some(db), Ok(())) = (acting.power_db, &result) {
                self.powers.confirmed_db = db;
            }
            // who asked may have gone
            let _gone = acting.done.send(result);
        } else if let Some(at) = self.powers.expired.iter().position(|s| *s == seq) {
            self.powers.expired.remove(at);
            if result.is_ok() {
                self.take_back_power();
            }
        }
    }

    /// Who is at the other end of the wire now answers nothing that was sent before: whether that came into force is not known.
    pub(super) fn lose_answers(&mut self) {
        let mut power = !self.powers.expired.is_empty();
        self.powers.expired.clear();
        for acting in self.acting.drain(..) {
            power |= acting.power_db.is_some();
            let _gone = acting.done.send(Err(ActError::Link("air began again before it answered".into())));
        }
        if power {
            self.take_back_power();
        }
    }

    /// Power is set to 0 dB after all that was ordered so far: none of it is in force any more.
    pub(super) fn forget_powers(&mut self) {
        self.powers = Powers::default();
        self.acting.iter_mut().for_each(|a| a.power_db = None);
    }

    /// A power came into force after it was reported failed: nobody judges it, so what was in force before is set again.
    fn take_back_power(&mut self) {
        self.drop("power in force too late, taken back");
        let action = Action::Power { db: self.powers.confirmed_db };
        match self.guard.check(action, crate::clock::mono_ns(), 0) {
            Ok(approved) => {
                if let Err(error) = self.link.act(&approved, 0) {
                    tracing::warn!(%error, "a power that came into force too late stays");
                }
            }
            Err(refusal) => tracing::warn!(%refusal, "a power that came into force too late stays"),
        }
    }

    /// Hands the actions of other threads to `air`; what it does not confirm in time counts as not done.
    pub(super) fn act_for_others(&mut self, now: u64) {
        while let Ok(job) = self.ends.actions.try_recv() {
            let silent = self.heard_ns == 0 || now.saturating_sub(self.heard_ns) > GONE_NS;
            // what is queued for an `air` that is away would come into force at a time that nobody knows
            let sent = if silent {
                Err(ActError::Silent(GONE_NS / 1_000_000))
            } else {
                match self.link.act(&job.action, 0) {
                    Ok(Some(seq)) => Ok(seq),
                    Ok(None) => Err(ActError::NotOurs),
                    Err(error) => Err(ActError::Link(error.to_string())),
                }
            };
            match sent {
                Ok(seq) => {
                    let power_db = match job.action.action() {
                        Action::Power { db } => Some(*db),
                        _ => None,
                    };
                    self.acting.push_back(Acting { seq, sent_ns: now, power_db, done: job.done });
                }
                Err(error) => {
                    self.drop("action not sent");
                    let _gone = job.done.send(Err(error));
                }
            }
        }
        while self.acting.front().is_some_and(|a| now.saturating_sub(a.sent_ns) > GONE_NS) {
            self.drop("action not confirmed");
            if let Some(acting) = self.acting.pop_front() {
                if acting.power_db.is_some() {
                    if self.powers.expired.len() == EXPIRED {
                        self.powers.expired.pop_front();
                    }
                    self.powers.expired.push_back(acting.seq);
                }
                let _gone = acting.done.send(Err(ActError::Silent(GONE_NS / 1_000_000)));
            }
        }
    }
}

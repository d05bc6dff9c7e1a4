//! Actions of other threads on their way to `air`.

use super::{FastThread, GONE_NS};
use crate::ran::shared::ActError;
use tokio::sync::oneshot;

/// An action of another thread on its way: the command's number, when it left, who waits.
pub(super) struct Acting {
    pub(super) seq: u64,
    sent_ns: u64,
    done: oneshot::Sender<Result<(), ActError>>,
}

impl FastThread {
    /// Tells who waits for the command `seq` what became of it.
    pub(super) fn acted(&mut self, seq: u64, result: Result<(), ActError>) {
        if let Some(acting) = self.acting.iter().position(|a| a.seq == seq).and_then(|at| self.acting.remove(at)) {
            // who asked may have gone
            let _gone = acting.done.send(result);
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
                Ok(seq) => self.acting.push_back(Acting { seq, sent_ns: now, done: job.done }),
                Err(error) => {
                    self.drop("action not sent");
                    let _gone = job.done.send(Err(error));
                }
            }
        }
        while self.acting.front().is_some_and(|a| now.saturating_sub(a.sent_ns) > GONE_NS) {
            self.drop("action not confirmed");
            if let Some(acting) = self.acting.pop_front() {
                let _gone = acting.done.send(Err(ActError::Silent(GONE_NS / 1_000_000)));
            }
        }
    }
}

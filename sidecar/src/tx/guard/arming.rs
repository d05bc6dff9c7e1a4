//! Arms and fires for who asks.

use super::core::{Core, Shared};
use super::ears::Ears;
use super::sender::Job;
use crate::tx::config::GuardConfig;
use crate::tx::messages::{Answer, ArmOrder, FireOrder, OnAir};
use crate::wire::clients::ClientId;
use governor::{ArmRequest, Band, Burst, Event, Heard, Purpose, Refusal, State};
use std::path::Path;
use std::sync::mpsc::Sender;

/// What the desk needs for it.
pub(super) struct Arming<'a> {
    pub(super) config: &'a GuardConfig,
    pub(super) serial: &'a str,
    pub(super) band: Band,
    pub(super) shared: &'a Shared,
    pub(super) ears: Option<&'a Ears>,
    pub(super) jobs: &'a Sender<Job>,
}

/// A refusal with its name, in words.
pub(super) struct No {
    pub(super) code: String,
    pub(super) reason: String,
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.name().to_owned(), reason: refusal.to_string() }
    }
}

/// Whether the stop file is there, or may be: what cannot be looked at counts as being there.
pub(super) fn is_there(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(e) if e.kind() == std::io::ErrorKind::NotFound)
}

fn no(code: &str, reason: impl ToString) -> No {
    No { code: code.to_owned(), reason: reason.to_string() }
}

impl Arming<'_> {
    fn may(&self) -> Result<(), No> {
        let file = &self.config.stop_file;
        if is_there(file) {
            return Err(no("stop_file", format!("the stop file is there: remove {} first", file.display())));
        }
        Ok(())
    }

    /// Not while the guard ends, a burst is on its way, or the radio is on its way to the safe state.
    fn is_open(core: &Core) -> Result<(), No> {
        let is_stopping = core.governor.state() == State::Safe && !core.radio_is_safe;
        match () {
            () if core.closing => Err(no("state", "the guard is ending")),
            () if core.on_air.is_some() => Err(no("state", "a burst is still on its way")),
            () if is_stopping => Err(no("state", "the radio is on its way to the safe state")),
            () => Ok(()),
        }
    }

    pub(super) fn arm(&self, order: &ArmOrder) -> Result<Answer, No> {
        self.may()?;
        // listening takes the desk's time: never while a burst needs its eye
        Self::is_open(&self.shared.core())?;
        let look_ns = self.shared.now_ns();
        let heard = match (order.jam, self.ears) {
            (None, _) => None,
            (Some(_), None) => return Err(Refusal::NotListened.into()),
            (Some(_), Some(ears)) if !ears.hears(self.band) => {
                return Err(no("not_listened", "the receiver is tuned to another frequency: set tx.listen.frequency"));
            }
            (Some(_), Some(ears)) => match ears.listen() {
                None => return Err(Refusal::NotListened.into()),
                Some(Err(e)) => return Err(no("not_listened", e)),
                Some(Ok(heard)) => Some(heard),
            },
        };
        let purpose = order.jam.map_or(Purpose::Own, |victim| {
            let cells = |h: &crate::tx::Heard| h.cells.iter().map(|c| c.pci).collect();
            Purpose::Jam { victim, heard: heard.as_ref().map(|h| Heard { at_ns: look_ns, cells: cells(h) }) }
        });
        let ask = ArmRequest {
            mode: self.config.mode,
            serial: self.serial.to_owned(),
            band: self.band,
            purpose,
            for_ns: order.for_ms.saturating_mul(1_000_000),
            phrase: order.phrase.clone(),
        };
        let nonce = (self.shared.clocks.nonce)().map_err(|e| no("nonce", format!("no random bits: {e}")))?;
        let now_ns = self.shared.now_ns();
        let mut core = self.shared.core();
        Self::is_open(&core)?;
        let armed = core.governor.arm(&ask, nonce, now_ns, (self.shared.clocks.wall)());
        let token = armed.inspect_err(|refusal| core.refused(refusal, now_ns))?;
        if core.log(&Event::Arm { ask }).is_none() {
            return Err(Refusal::NotLogged.into());
        }
        Ok(Answer::Armed { token, heard })
    }

    pub(super) fn fire(&self, order: &FireOrder, asker: ClientId) -> Result<Answer, No> {
        self.may()?;
        let burst = Burst {
            token: order.token,
            samples: order.samples,
            rate_hz: self.config.radio.rate_hz,
            band: self.band,
            gain_db: order.gain_db,
        };
        let now_ns = self.shared.now_ns();
        let mut core = self.shared.core();
        Self::is_open(&core)?;
        let fired = core.governor.fire(&burst, now_ns, (self.shared.clocks.wall)());
        let pending = fired.inspect_err(|refusal| core.refused(refusal, now_ns))?;
        let receipt = core.log(pending.event()).ok_or(Refusal::NotLogged)?;
        let Event::Fire { id, .. } = *pending.event() else { return Err(Refusal::NotLogged.into()) };
        let permit = pending.logged(&receipt)?;
        let job = Job { permit, id, samples: order.samples, gain_db: order.gain_db, wave: order.wave, asker };
        core.bursts += 1;
        core.on_air = Some(OnAir { id, samples: order.samples, sent: 0 });
        core.radio_is_safe = false;
        drop(core);
        self.jobs.send(job).map_err(|_| no("radio", "the radio is gone"))?;
        Ok(Answer::Fired { id })
    }
}

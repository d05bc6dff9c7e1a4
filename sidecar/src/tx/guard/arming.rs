//! Arms and fires for who asks.

use super::chain::Chain;
use super::core::{Core, Shared};
use super::ears::Ears;
use super::sender::{Job, Work};
use super::spread::Spread;
use super::tap::Tap;
use crate::tx::config::GuardConfig;
use crate::tx::messages::{Answer, ArmOrder, FireOrder, OnAir, Over, RelayOrder};
use crate::wire::clients::ClientId;
use governor::{ArmRequest, Band, Burst, Event, Heard, MAX_UNSENT_MS, Purpose, Refusal, State, Token};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// A link of a chain is no longer than what may be unsent, s.
const LINK_S: f64 = MAX_UNSENT_MS * 1e-3;

/// What the desk needs for it.
pub(super) struct Arming<'a> {
    pub(super) config: &'a GuardConfig,
    pub(super) serial: &'a str,
    pub(super) band: Band,
    pub(super) shared: &'a Shared,
    pub(super) ears: Option<&'a Ears>,
    pub(super) jobs: &'a Sender<Work>,
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

pub(super) fn no(code: &str, reason: impl ToString) -> No {
    No { code: code.to_owned(), reason: reason.to_string() }
}

impl Arming<'_> {
    fn may(&self) -> Result<(), No> {
        let file = &self.config.stop_file;
        if is_there(file) {
            return Err(no("stop_file", format!("the stop file is there: remove {} first", file.display())));
        }
        let now_ns = self.shared.now_ns();
        if self.shared.reference.is_locked(now_ns) == Some(false) {
            self.shared.core().refused(&Refusal::Reference, now_ns);
            return Err(Refusal::Reference.into());
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
        let cells = |h: &crate::tx::Heard| h.cells.iter().map(|c| c.pci).collect();
        let purpose = match order.jam {
            Some(_) if order.relay => return Err(no("purpose", "arm for jamming or for a chain, not for both")),
            Some(victim) => {
                Purpose::Jam { victim, heard: heard.as_ref().map(|h| Heard { at_ns: look_ns, cells: cells(h) }) }
            }
            None if order.relay => Purpose::Relay,
            None => Purpose::Own,
        };
        let ask = self.request(order, purpose);
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

    fn channels(&self) -> usize {
        self.config.radio.tx.as_ref().map_or(0, |tx| tx.channels.len())
    }

    fn request(&self, order: &ArmOrder, purpose: Purpose) -> ArmRequest {
        ArmRequest {
            mode: self.config.mode,
            serial: self.serial.to_owned(),
            band: self.band,
            purpose,
            for_ns: order.for_ms.saturating_mul(1_000_000),
            phrase: order.phrase.clone(),
        }
    }

    /// A chain.
    pub(super) fn relay(&self, order: &RelayOrder, asker: ClientId) -> Result<Answer, No> {
        self.may()?;
        let rate_hz = self.config.radio.rate_hz;
        let most = (LINK_S * rate_hz) as u64;
        let burst = Burst { token: order.token, samples: most, rate_hz, band: self.band, gain_db: order.gain_db };
        let now_ns = self.shared.now_ns();
        let mut core = self.shared.core();
        Self::is_open(&core)?;
        let factors = if order.coherent {
            core.factors(now_ns, order.gain_db).map_err(|stale| no(stale.name(), stale))?.to_vec()
        } else {
            Spread::on_all(self.channels())
        };
        let relayed = core.governor.relay(&burst, now_ns, (self.shared.clocks.wall)());
        let pending = relayed.inspect_err(|refusal| core.refused(refusal, now_ns))?;
        let receipt = core.log(pending.event()).ok_or(Refusal::NotLogged)?;
        let Event::Relay { id, .. } = *pending.event() else { return Err(Refusal::NotLogged.into()) };
        let permit = pending.logged(&receipt)?;
        let chain = Chain { permit, id, gain_db: order.gain_db, factors, asker, most };
        core.bursts += 1;
        core.on_air = Some(OnAir { id, samples: most, is_chain: true, sent: 0 });
        core.chain = Some((id, order.token));
        core.radio_is_safe = false;
        drop(core);
        self.jobs.send(Work::Chain(chain)).map_err(|_| no("radio", "the radio is gone"))?;
        Ok(Answer::Fired { id })
    }

    /// The token of the chain on air holds longer.
    pub(super) fn renew(&self, token: Token, order: &ArmOrder) -> Result<Answer, No> {
        self.may()?;
        let ask = self.request(order, Purpose::Relay);
        let now_ns = self.shared.now_ns();
        let mut core = self.shared.core();
        let renewed = core.governor.renew(token, &ask, now_ns, (self.shared.clocks.wall)());
        let event = renewed.inspect_err(|refusal| core.refused(refusal, now_ns))?;
        drop(core);
        // without the core: who waits for the disk with it in its hands holds up the samples
        if self.shared.log(&event).is_none() {
            return Err(Refusal::NotLogged.into());
        }
        Ok(Answer::Armed { token, heard: None })
    }

    pub(super) fn fire(&self, order: &FireOrder, asker: ClientId) -> Result<Answer, No> {
        self.burst(order, asker, None).map(|id| Answer::Fired { id })
    }

    /// Sends a burst on its way; `tap` hears it from its first sample on. Gives its number.
    pub(super) fn burst(&self, order: &FireOrder, asker: ClientId, tap: Option<Arc<Tap>>) -> Result<u64, No> {
        self.may()?;
        let channels = self.channels();
        match order.over {
            Over::Channel(n) if n >= channels => {
                let has = format!("channel {n} of the stream: it has {channels}, counted from 0 (tx.channels)");
                return Err(no("channel", has));
            }
            Over::Cancelling if channels < 2 => {
                return Err(no("channel", "on one channel nothing cancels: tx.channels wants two"));
            }
            _ => {}
        }
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
        let measured = || core.factors(now_ns, order.gain_db).map_err(|stale| no(stale.name(), stale));
        let factors = match order.over {
            Over::Channel(n) => Spread::on_one(channels, n),
            Over::InPhase => measured()?.to_vec(),
            Over::Cancelling => Spread::turned(measured()?),
        };
        let fired = core.governor.fire(&burst, now_ns, (self.shared.clocks.wall)());
        let pending = fired.inspect_err(|refusal| core.refused(refusal, now_ns))?;
        let receipt = core.log(pending.event()).ok_or(Refusal::NotLogged)?;
        let Event::Fire { id, .. } = *pending.event() else { return Err(Refusal::NotLogged.into()) };
        let permit = pending.logged(&receipt)?;
        let job =
            Job { permit, id, samples: order.samples, gain_db: order.gain_db, wave: order.wave, factors, tap, asker };
        core.bursts += 1;
        core.on_air = Some(OnAir { id, samples: order.samples, is_chain: false, sent: 0 });
        core.radio_is_safe = false;
        drop(core);
        self.jobs.send(Work::Burst(job)).map_err(|_| no("radio", "the radio is gone"))?;
        Ok(id)
    }
}

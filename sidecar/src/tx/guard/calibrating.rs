//! The transmit chains against each other: a burst of each in turns, each through the governor as any other burst.

use super::arming::{Arming, No, no};
use super::ears::Ears;
use super::tap::Tap;
use crate::tx::calibration::{Calibration, HoldsFor};
use crate::tx::messages::{CalibrateOrder, Ended, FireOrder, Over};
use crate::tx::wave::Wave;
use crate::wire::clients::ClientId;
use ran_bridge::chains::{ChainEstimate, ChainFault, Sounder, relate};
use std::sync::Arc;

/// After a burst what it was heard as is waited for so long, ns.
const HEARD_NS: u64 = 500_000_000;
/// Most bursts of each chain.
const MOST_ROUNDS: usize = 64;

/// A calibration under way.
pub(super) struct Calibrating {
    pub(super) asker: ClientId,
    order: CalibrateOrder,
    /// Channels of the transmit stream.
    channels: usize,
    sounder: Sounder,
    began_ns: u64,
    /// Whole ones, and the one that is filled.
    rounds: Vec<Vec<ChainEstimate>>,
    step: Step,
}

enum Step {
    /// The next burst is due.
    Due,
    /// A burst with this number is on its way.
    OnAir(u64, Arc<Tap>),
    /// It went out whole; what was heard of it is waited for until then, monotonic ns.
    Sent(Arc<Tap>, u64),
    /// It did not.
    Failed(No),
}

impl From<ChainFault> for No {
    fn from(fault: ChainFault) -> Self {
        no(fault.name(), fault)
    }
}

impl Calibrating {
    pub(super) fn new(order: &CalibrateOrder, asker: ClientId, arming: &Arming<'_>) -> Result<Self, No> {
        let radio = &arming.config.radio;
        let counts =
            (radio.tx.as_ref().map_or(0, |t| t.channels.len()), radio.rx.as_ref().map_or(0, |r| r.channels.len()));
        if order.receive >= counts.1 {
            let has = format!("receive channel {} of the stream: it has {}, counted from 0", order.receive, counts.1);
            return Err(no("channel", format!("{has} (tx.listen.channels)")));
        }
        if !(1..=MOST_ROUNDS).contains(&order.rounds) {
            return Err(no(
                "number",
                format!("{} bursts of each chain: 1 to {MOST_ROUNDS} are possible", order.rounds),
            ));
        }
        arming.shared.core().spoiled = None;
        if !arming.ears.is_some_and(|ears| ears.hears(arming.band)) {
            return Err(no(
                "calibration_frequency",
                "the receiver is tuned to another frequency: leave tx.listen.frequency out",
            ));
        }
        Ok(Self {
            asker,
            order: *order,
            channels: counts.0,
            sounder: Sounder::default(),
            began_ns: arming.shared.now_ns(),
            rounds: vec![Vec::new()],
            step: Step::Due,
        })
    }

    /// Whether this is the end of its burst; then it is nobody else's business.
    pub(super) fn ended(&mut self, ended: &Ended, now_ns: u64) -> bool {
        let Step::OnAir(id, tap) = &self.step else { return false };
        if *id != ended.id {
            return false;
        }
        self.step = match ended.why {
            Some(why) => Step::Failed(no("calibration_stopped", format!("its burst was stopped: {why:?}"))),
            None if ended.underflows > 0 => {
                Step::Failed(no("calibration_dry", "the radio ran dry within its burst: is the host busy? Try again"))
            }
            None => Step::Sent(Arc::clone(tap), now_ns + HEARD_NS),
        };
        true
    }

    /// Does what is due; gives the calibration, or why there is none.
    pub(super) fn turn(&mut self, arming: &Arming<'_>) -> Option<Result<Calibration, No>> {
        let now_ns = arming.shared.now_ns();
        match std::mem::replace(&mut self.step, Step::Due) {
            Step::Due => self.fire(arming).err().map(Err),
            Step::Failed(no) => Some(Err(no)),
            Step::Sent(tap, until_ns) => match tap.heard() {
                Some(samples) => self.take(&samples, arming).transpose(),
                None if now_ns > until_ns => self.take(&[], arming).transpose(),
                None => {
                    self.step = Step::Sent(tap, until_ns);
                    None
                }
            },
            step @ Step::OnAir(..) => {
                self.step = step;
                None
            }
        }
    }

    fn chain(&self) -> usize {
        self.rounds.last().map_or(0, Vec::len)
    }

    fn fire(&mut self, arming: &Arming<'_>) -> Result<(), No> {
        if let Some(why) = arming.shared.core().spoiled {
            return Err(no(why.name(), why));
        }
        let ears = arming.ears.ok_or_else(|| no("state", "there is no receiver"))?;
        let tap = Arc::new(self.tap(ears, arming.config.radio.rate_hz)?);
        ears.tap(Some(Arc::clone(&tap)));
        let order = FireOrder {
            token: self.order.token,
            samples: self.sounder.samples() as u64,
            gain_db: self.order.gain_db,
            wave: Wave::Sounding { amplitude: self.order.amplitude },
            over: Over::Channel(self.chain()),
        };
        let id = arming.burst(&order, self.asker, Some(Arc::clone(&tap)))?;
        self.step = Step::OnAir(id, tap);
        Ok(())
    }

    fn tap(&self, ears: &Ears, rate_hz: f64) -> Result<Tap, No> {
        let grid_ns = ears.heard_ns().ok_or_else(|| no("state", "nothing was received yet"))?;
        Ok(Tap::new(self.order.receive, rate_hz, self.sounder.samples(), grid_ns))
    }

    /// What was heard of a burst; the calibration where it was the last.
    fn take(&mut self, samples: &[num_complex::Complex32], arming: &Arming<'_>) -> Result<Option<Calibration>, No> {
        let estimate = self.sounder.estimate(self.chain(), samples, self.order.amplitude)?;
        self.rounds.last_mut().into_iter().for_each(|round| round.push(estimate));
        if self.chain() < self.channels {
            return Ok(None);
        }
        if self.rounds.len() < self.order.rounds {
            self.rounds.push(Vec::new());
            return Ok(None);
        }
        let chains = relate(&self.rounds)?;
        if let Some(why) = arming.shared.core().spoiled {
            return Err(no(why.name(), why));
        }
        let radio = &arming.config.radio;
        let holds_for = HoldsFor {
            serial: arming.serial.to_owned(),
            frequency_hz: radio.tx.as_ref().map_or(0.0, |t| t.frequency_hz),
            rate_hz: radio.rate_hz,
            transmit: radio.tx.as_ref().map(|t| t.channels.clone()).unwrap_or_default(),
            receive: radio.rx.as_ref().map_or(0, |r| r.channels[self.order.receive]),
            gain_db: self.order.gain_db,
        };
        let (wall, max_ns) = ((arming.shared.clocks.wall)(), arming.config.calibration_age_ns);
        Ok(Some(Calibration::new(holds_for, chains, wall, self.began_ns, max_ns)))
    }
}

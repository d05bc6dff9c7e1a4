//! The sender: the only thread that has the transmitter.

use super::chain::Chain;
use super::core::Shared;
use super::pace::Pace;
use super::spread::Spread;
use super::tap::Tap;
use crate::tx::calibration::Stale;
use crate::tx::messages::{Answer, Ended, OnAir};
use crate::tx::wave::{Source, Wave};
use crate::wire::clients::ClientId;
use crate::wire::local::LocalStream;
use governor::{Event, MAX_UNSENT_MS, Permit, Refusal, State, Stop};
use num_complex::Complex32;
use ran_bridge::radio::{RadioError, Transmit, TxEvent};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Samples are handed over in pieces of this length, s.
const PIECE_S: f64 = 0.5e-3;
/// The first sample goes out so long after it is asked for, ns: it must be at the radio before its time.
const LEAD_NS: u64 = 8_000_000;
/// While idle it looks this often whether it is to be safe.
const IDLE: Duration = Duration::from_millis(1);
/// Pause while there is no room below the bound of unsent samples.
const ROOM: Duration = Duration::from_micros(250);
/// The last sample is given so long to go out before the gain is lowered, ns.
const TAIL_NS: u64 = 1_000_000;
/// A driver that takes nothing for so long while there should be room is stuck, ns.
const STUCK_NS: u64 = 40_000_000;
/// The lowest gain is set again where it was not done, and so is what takes the radio off the air.
const TRIES: u32 = 2;

/// What is to be sent.
pub(super) enum Work {
    Burst(Job),
    Chain(Chain),
}

/// A burst with its permit.
pub(super) struct Job {
    pub(super) permit: Permit,
    pub(super) id: u64,
    pub(super) samples: u64,
    pub(super) gain_db: f64,
    pub(super) wave: Wave,
    /// What each channel of the stream has of the wave.
    pub(super) factors: Vec<Complex32>,
    /// Who wants to hear it from its first sample on.
    pub(super) tap: Option<Arc<Tap>>,
    pub(super) asker: ClientId,
}

pub(super) struct Sender {
    pub(super) tx: Box<dyn Transmit>,
    pub(super) rate_hz: f64,
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: Receiver<Work>,
    /// Who hands over the samples of a chain: its number, and the connection.
    pub(super) lines: Receiver<(u64, LocalStream)>,
    /// Samples of streams, as far as credit was given.
    pub(super) streamed: Receiver<Vec<Complex32>>,
    /// What came of them and is not handed over yet.
    pub(super) queue: VecDeque<Complex32>,
}

/// How a burst went.
#[derive(Default)]
pub(super) struct Went {
    pub(super) sent: u64,
    pub(super) underflows: u64,
    /// When its first sample went out: host time, radio time, ns.
    pub(super) first: Option<(u64, i64)>,
    /// Samples were handed over and their end was not.
    pub(super) is_open: bool,
}

impl Sender {
    /// Sends what comes until nobody can send more, or the radio cannot be brought to the safe state.
    pub(super) fn run(mut self) {
        let mut is_good = self.make_safe(false);
        while is_good {
            match self.jobs.recv_timeout(IDLE) {
                Ok(Work::Burst(job)) => is_good = self.burst(&job),
                Ok(Work::Chain(chain)) => is_good = self.chain(&chain),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let (state, is_safe) = {
                let core = self.shared.core();
                (core.governor.state(), core.radio_is_safe)
            };
            match state {
                State::Safe if !is_safe => is_good = self.make_safe(false),
                // so that the stream is there when the burst comes
                State::Armed if is_safe => self.ready(),
                _ => {}
            }
        }
        self.shared.core().stop(if is_good { Stop::Signal } else { Stop::DeviceError });
        if is_good {
            self.make_safe(false);
        }
    }

    fn ready(&mut self) {
        self.shared.core().radio_is_safe = false;
        if let Err(error) = self.open() {
            self.fault(&error);
        }
    }

    /// The stream, then the way to the air.
    pub(super) fn open(&mut self) -> Result<(), RadioError> {
        self.tx.open()?;
        self.shared.watched(|| self.tx.connect())
    }

    pub(super) fn fault(&self, error: &RadioError) {
        self.shared.core().stop(Stop::DeviceError);
        tracing::error!(%error, "the radio");
    }

    /// False where the radio did not follow to the safe state.
    fn burst(&mut self, job: &Job) -> bool {
        let mut went = Went::default();
        if let Err(error) = self.send(job, &mut went) {
            self.fault(&error);
        }
        self.finish(&job.permit, job.id, job.asker, job.samples, &went)
    }

    /// A burst or a chain is over: to the lowest gain, or to the safe state; its end is written down and told. `samples`: what it would have been.
    pub(super) fn finish(&mut self, permit: &Permit, id: u64, asker: ClientId, samples: u64, went: &Went) -> bool {
        if self.shared.core().governor.state() != State::Safe
            && let Err(error) = self.lower_gain()
        {
            self.fault(&error);
        }
        let stopped = self.shared.core().governor.state() == State::Safe;
        let is_good = !stopped || self.make_safe(went.is_open);
        let ended_ns = self.shared.now_ns();
        let mut core = self.shared.core();
        core.governor.ended(permit);
        (core.on_air, core.credit, core.chain) = (None, None, None);
        let (first_ns, first_radio_ns) = went.first.unzip();
        core.log(&Event::End { id, sent: went.sent, first_ns, first_radio_ns });
        let why = if went.sent == samples && !stopped { None } else { core.last_stop };
        let (sent, underflows) = (went.sent, went.underflows);
        let ended = Ended { id, samples, sent, underflows, why, began_ns: first_ns, ended_ns };
        core.ended(ended.clone());
        core.outbox.push((asker, Answer::Ended(ended)));
        is_good
    }

    fn send(&mut self, job: &Job, went: &mut Went) -> Result<(), RadioError> {
        self.shared.core().radio_is_safe = false;
        self.drop_streamed();
        self.open()?;
        while self.shared.watched(|| self.tx.event())?.is_some() {}
        let mut progress_ns = self.shared.now_ns();
        let piece_samples = ((PIECE_S * self.rate_hz) as usize).max(1);
        let bound = (MAX_UNSENT_MS * 1e-3 * self.rate_hz) as u64;
        let mut source = Source::new(job.wave, self.rate_hz);
        let mut given = 0;
        let mut piece = Vec::with_capacity(2 * piece_samples);
        let mut spread = Spread::new(&job.factors);
        let mut begun: Option<(Pace, i64)> = None;
        while went.sent < job.samples {
            if piece.is_empty() {
                let left = job.samples - went.sent;
                if !self.next_piece(job, &mut source, left, piece_samples, &mut piece, (&mut given, bound)) {
                    return Ok(());
                }
                if piece.is_empty() {
                    std::thread::sleep(ROOM);
                    continue;
                }
                if begun.is_none() {
                    if self.shared.core().governor.state() == State::Safe {
                        return Ok(());
                    }
                    begun = Some(self.begin(job)?);
                }
                let Some((pace, _)) = &begun else { return Ok(()) };
                // what a stream has handed over and is not written yet has the other half of the bound
                let elsewhere = if job.wave == Wave::Stream { bound / 2 } else { 0 };
                if !self.pass(&job.permit, &spread.over(&piece), pace, went.sent, elsewhere) {
                    return Ok(());
                }
                progress_ns = self.shared.now_ns();
            }
            let Some((pace, start_ns)) = &mut begun else { return Ok(()) };
            if self.shared.core().governor.state() == State::Safe {
                return Ok(());
            }
            let at_ns = (went.sent == 0).then_some(*start_ns);
            let ends = went.sent + piece.len() as u64 == job.samples;
            went.is_open = true;
            went.first.get_or_insert((pace.at_ns(0), *start_ns));
            let n = self.shared.watched(|| self.tx.write(&spread.over(&piece), at_ns, ends))?;
            piece.drain(..n.min(piece.len()));
            went.sent += n as u64;
            let now_ns = self.shared.now_ns();
            if n > 0 {
                progress_ns = now_ns;
            } else if now_ns - progress_ns > STUCK_NS {
                let why = "takes no samples".to_owned();
                return Err(RadioError::Driver { what: "the transmit stream", why });
            }
            self.count(job.id, Some(job.samples), went.sent, n as u64);
            pace.note(went.sent, self.shared.now_ns());
            self.events(pace, went)?;
        }
        went.is_open = false;
        begun.map_or(Ok(()), |(mut pace, _)| self.play_out(&mut pace, went))
    }

    /// Sets the gain and the time of the first sample. The device's time was read before the later of two looks at ours, so its
    /// samples go out no later than the pace counts them.
    fn begin(&mut self, job: &Job) -> Result<(Pace, i64), RadioError> {
        self.shared.core().gain_is_low = false;
        self.shared.watched(|| self.tx.set_gain_db(job.gain_db))?;
        let radio_ns = self.shared.watched(|| self.tx.time_ns())?;
        let now_ns = self.shared.now_ns();
        let earliest_ns = radio_ns + LEAD_NS as i64;
        let start_ns = job.tap.as_ref().map_or(earliest_ns, |tap| tap.begin(earliest_ns));
        let pace = Pace::new((now_ns + LEAD_NS).saturating_add_signed(start_ns - earliest_ns), self.rate_hz);
        Ok((pace, start_ns))
    }

    /// The next samples; false where it is over.
    fn next_piece(
        &mut self,
        job: &Job,
        source: &mut Source,
        left: u64,
        piece_samples: usize,
        piece: &mut Vec<Complex32>,
        (given, bound): (&mut u64, u64),
    ) -> bool {
        if job.wave != Wave::Stream {
            piece.resize(piece_samples.min(usize::try_from(left).unwrap_or(usize::MAX)), Complex32::ZERO);
            source.fill(piece);
            return true;
        }
        // half of the bound may wait here and on the way here, the other half in the radio
        let wanted = (bound / 2).min(left);
        let sent = job.samples - left;
        let mut core = self.shared.core();
        if *given < sent + wanted {
            let more = sent + wanted - *given;
            core.outbox.push((job.asker, Answer::Credit { id: job.id, samples: more }));
            core.credit = Some((job.asker, core.credit.map_or(0, |(_, left)| left) + more));
            *given = sent + wanted;
        }
        let over = core.governor.state() == State::Safe;
        drop(core);
        while let Ok(samples) = self.streamed.try_recv() {
            self.queue.extend(samples);
        }
        piece.extend(self.queue.drain(..self.queue.len().min(piece_samples)));
        !over
    }

    /// Waits until the governor lets the piece through, of which `written` samples went to the driver before and so many more wait elsewhere; false
    /// where it does not.
    pub(super) fn pass(
        &self,
        permit: &Permit,
        pieces: &[&[Complex32]],
        pace: &Pace,
        written: u64,
        elsewhere: u64,
    ) -> bool {
        loop {
            let now_ns = self.shared.now_ns();
            let unsent = pace.unsent(written, now_ns) + elsewhere;
            let mut core = self.shared.core();
            core.tick(now_ns);
            match core.governor.take(permit, pieces, unsent, now_ns) {
                Ok(()) => return true,
                Err(Refusal::Unsent) => {
                    drop(core);
                    std::thread::sleep(ROOM);
                }
                Err(refusal) => {
                    // a piece that breaks the rules has brought the governor to the safe state by itself
                    let by_itself = !matches!(refusal, Refusal::State(_));
                    core.note_stop(by_itself.then_some(Event::Stop { why: Stop::BadPiece }));
                    core.refused(&refusal, now_ns);
                    return false;
                }
            }
        }
    }

    /// Writes a piece whole: its first sample at `at_ns`, or right behind what was written before. False where it is over meanwhile.
    ///
    /// # Errors
    /// [`RadioError`]; a driver that takes nothing for 40 ms is stuck.
    pub(super) fn write_all(&mut self, pieces: &[&[Complex32]], at_ns: Option<i64>) -> Result<bool, RadioError> {
        let len = pieces.first().map_or(0, |p| p.len());
        let (mut done, mut progress_ns) = (0, self.shared.now_ns());
        while done < len {
            if self.shared.core().governor.state() == State::Safe {
                return Ok(false);
            }
            let rest: Vec<&[Complex32]> = pieces.iter().map(|p| &p[done..]).collect();
            let n = self.shared.watched(|| self.tx.write(&rest, at_ns.filter(|_| done == 0), false))?;
            done += n.min(len - done);
            let now_ns = self.shared.now_ns();
            if n > 0 {
                progress_ns = now_ns;
            } else if now_ns - progress_ns > STUCK_NS {
                return Err(RadioError::Driver { what: "the transmit stream", why: "takes no samples".to_owned() });
            }
        }
        Ok(true)
    }

    /// Counts `n` more samples of a burst of so many, or of a chain.
    pub(super) fn count(&self, id: u64, samples: Option<u64>, sent: u64, n: u64) {
        let mut core = self.shared.core();
        core.sent_samples += n;
        core.on_air =
            core.on_air.filter(|b| b.id == id).map(|b| OnAir { samples: samples.unwrap_or(b.samples), sent, ..b });
    }

    /// What the radio tells of by itself.
    fn events(&mut self, pace: &mut Pace, went: &mut Went) -> Result<(), RadioError> {
        while let Some(event) = self.shared.watched(|| self.tx.event())? {
            match event {
                TxEvent::BurstEnd => {}
                TxEvent::Underflow => {
                    went.underflows += 1;
                    self.shared.core().underflows += 1;
                    pace.ran_dry(self.shared.now_ns());
                }
                TxEvent::Late => {
                    return Err(RadioError::Driver {
                        what: "the burst",
                        why: "came after its time: nothing was sent".into(),
                    });
                }
                TxEvent::Other(why) => return Err(RadioError::Driver { what: "the burst", why }),
            }
        }
        Ok(())
    }

    /// Waits until the last sample is out.
    fn play_out(&mut self, pace: &mut Pace, went: &mut Went) -> Result<(), RadioError> {
        loop {
            self.events(pace, went)?;
            let is_over = self.shared.now_ns() >= pace.at_ns(went.sent) + TAIL_NS;
            if is_over || self.shared.core().governor.state() == State::Safe {
                return Ok(());
            }
            std::thread::sleep(ROOM);
        }
    }

    /// End of burst, lowest gain, off the air, stream closed; each step whatever became of the one before. Again on one that is safe it does no harm.
    /// False where the gain did not go down, or what is to take it off the air did not: then the radio is not safe, and nobody is told that it is.
    fn make_safe(&mut self, is_open: bool) -> bool {
        let mut errors = Vec::new();
        if is_open {
            errors
                .extend(self.shared.watched(|| self.tx.write(&Spread::nothing(self.tx.channels()), None, true)).err());
        }
        let is_low = (0..TRIES).any(|_| self.lower_gain().map_err(|e| errors.push(e)).is_ok());
        let is_off = (0..TRIES).any(|_| self.disconnect().map_err(|e| errors.push(e)).is_ok());
        self.shared.watched(|| self.tx.close());
        self.drop_streamed();
        {
            let mut core = self.shared.core();
            core.spoil(Stale::Reopened);
            if is_low && is_off {
                core.radio_is_safe();
            } else {
                core.flush();
            }
        }
        for error in errors {
            tracing::error!(%error, "on the way to the safe state");
        }
        is_low && is_off
    }

    fn disconnect(&mut self) -> Result<(), RadioError> {
        self.shared.watched(|| self.tx.disconnect())
    }

    fn lower_gain(&mut self) -> Result<(), RadioError> {
        self.shared.watched(|| self.tx.set_gain_db(self.tx.lowest_gain_db()))?;
        self.shared.core().gain_is_low = true;
        Ok(())
    }

    /// Samples of a burst that is over belong to no other.
    fn drop_streamed(&mut self) {
        while self.streamed.try_recv().is_ok() {}
        self.queue.clear();
    }
}

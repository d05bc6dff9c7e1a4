//! A chain: a downlink that is relayed, link after link, each at its time.
//!
//! Who relays hands over pieces with their place on the radio's time line. Pieces that follow each other go out as one *stretch*; a gap, a piece that
//! comes too late, or a radio that is about to run dry ends the stretch with an end of burst, and the next piece begins one at its own time. So no sample is
//! ever sent at another's time, whatever happens: it is sent in its place or not at all.

use super::pace::Pace;
use super::sender::{Sender, Went};
use super::spread::Spread;
use crate::tx::lane::Piece;
use crate::tx::messages::{Answer, ChainStatus};
use crate::wire::clients::ClientId;
use crate::wire::local::LocalStream;
use governor::{Permit, State, Stop};
use num_complex::Complex32;
use ran_bridge::radio::{RadioError, TxEvent};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::time::Duration;

/// Longest wait for who hands over the samples.
const LINE: Duration = Duration::from_millis(200);
/// Longest and shortest wait for the next piece, ns.
const LOOK_NS: u64 = 1_000_000;
const SHORT_LOOK_NS: u64 = 50_000;
/// A stretch whose samples are all out in less than this ends while there is time to say so, ns.
const DRY_NS: u64 = 300_000;
/// A stretch begins so long after it is handed over, at least, ns.
const LEAD_NS: i64 = 150_000;
/// Samples that are left out where a stretch follows the one before without a gap: an end of burst without samples is one zero to the driver, and a radio
/// may want a moment between two bursts.
const GAP: u64 = 16;
/// Who relays is told how it goes this often, ns.
const TELL_NS: u64 = 200_000_000;

impl Stretch {
    /// Whether its last sample may be out before one could say that it is the last.
    fn is_dry(&self, rate_hz: f64, now_ns: u64) -> bool {
        self.left_ns(rate_hz, now_ns) == 0
    }

    /// Time until then, ns.
    fn left_ns(&self, rate_hz: f64, now_ns: u64) -> u64 {
        (self.early_ns + (self.written as f64 / rate_hz * 1e9) as u64).saturating_sub(now_ns + DRY_NS)
    }
}

/// Where a chain is on the radio's time line.
#[derive(Default)]
struct Place {
    /// Samples that follow each other now.
    stretch: Option<Stretch>,
    /// Index before which no stretch begins: the end of the one before is on its way there.
    free: u64,
    /// Pieces from before this time of the radio are too late, ns: so many of them cost one look at its clock.
    over_ns: Option<i64>,
    /// What becomes of each channel's samples.
    spread: Spread,
}

/// A chain with its permit.
pub(super) struct Chain {
    pub(super) permit: Permit,
    pub(super) id: u64,
    pub(super) gain_db: f64,
    /// One a channel.
    pub(super) factors: Vec<Complex32>,
    pub(super) asker: ClientId,
    /// Most samples of a link.
    pub(super) most: u64,
}

/// Samples that follow each other.
struct Stretch {
    /// Index of the sample that comes next.
    next: u64,
    written: u64,
    /// Its samples go out no later than this counts.
    pace: Pace,
    /// Host time at which its first sample goes out, at the earliest, ns.
    early_ns: u64,
    /// How far the host's clock was ahead of the radio's when it began, by what was received; see [`super::ears::Ahead`].
    ahead_ns: Option<i64>,
}

impl Sender {
    /// False where the radio did not follow to the safe state.
    pub(super) fn chain(&mut self, chain: &Chain) -> bool {
        let mut status = ChainStatus { id: chain.id, ..ChainStatus::default() };
        let mut went = Went::default();
        if let Err(error) = self.relay(chain, &mut went, &mut status) {
            self.fault(&error);
        }
        self.shared.core().outbox.push((chain.asker, Answer::Chain(status)));
        self.finish(&chain.permit, chain.id, chain.asker, went.sent, &went)
    }

    fn relay(&mut self, chain: &Chain, went: &mut Went, status: &mut ChainStatus) -> Result<(), RadioError> {
        self.shared.core().radio_is_safe = false;
        self.open()?;
        while self.shared.watched(|| self.tx.event())?.is_some() {}
        let Ok((id, mut line)) = self.lines.recv_timeout(LINE) else {
            self.shared.core().stop(Stop::PipeClosed);
            return Ok(());
        };
        if id != chain.id {
            self.shared.core().stop(Stop::BadPiece);
            return Ok(());
        }
        self.shared.core().gain_is_low = false;
        self.shared.watched(|| self.tx.set_gain_db(chain.gain_db))?;
        let mut place = Place { spread: Spread::new(&chain.factors), ..Place::default() };
        let mut told_ns = self.shared.now_ns();
        while self.shared.core().governor.state() != State::Safe {
            let mut fds = [PollFd::from_borrowed_fd(line.fd(), PollFlags::IN)];
            let dry_ns = place.stretch.as_ref().map_or(LOOK_NS, |s| s.left_ns(self.rate_hz, self.shared.now_ns()));
            let tv_nsec = dry_ns.clamp(SHORT_LOOK_NS, LOOK_NS).cast_signed();
            let _ = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec }));
            if !self.links(&mut line, chain, &mut place, went, status)? {
                return Ok(());
            }
            self.keep(&mut place, went, status)?;
            let now_ns = self.shared.now_ns();
            if now_ns - told_ns >= TELL_NS {
                told_ns = now_ns;
                self.shared.core().outbox.push((chain.asker, Answer::Chain(*status)));
            }
        }
        Ok(())
    }

    /// Sends the pieces that have come; false where the chain is over.
    fn links(
        &mut self,
        line: &mut LocalStream,
        chain: &Chain,
        place: &mut Place,
        went: &mut Went,
        status: &mut ChainStatus,
    ) -> Result<bool, RadioError> {
        let ended = line.turn().is_err();
        while let Some(frame) = line.next_frame() {
            let piece = frame.and_then(|(header, payload)| Piece::read(header, payload));
            let is_good = |p: &Piece| p.channels == self.tx.channels() && !p.is_empty() && p.len() as u64 <= chain.most;
            let Some(piece) = piece.ok().filter(is_good) else {
                self.shared.core().stop(Stop::BadPiece);
                return Ok(false);
            };
            if !self.link(&piece, chain, place, went, status)? {
                return Ok(false);
            }
        }
        if ended {
            self.shared.core().stop(Stop::PipeClosed);
        }
        Ok(!ended)
    }

    /// Sends one piece; false where the chain is over.
    fn link(
        &mut self,
        piece: &Piece,
        chain: &Chain,
        place: &mut Place,
        went: &mut Went,
        status: &mut ChainStatus,
    ) -> Result<bool, RadioError> {
        let now_ns = self.shared.now_ns();
        if place.stretch.as_ref().is_some_and(|s| s.next != piece.first || s.is_dry(self.rate_hz, now_ns)) {
            self.end_stretch(place, went)?;
        }
        let Place { stretch, free, over_ns, spread } = place;
        let begins = stretch.is_none();
        let skip = if begins { free.saturating_sub(piece.first).min(piece.len() as u64) } else { 0 };
        let (first, n) = (piece.first + skip, piece.len() as u64 - skip);
        let at_ns = piece.time_ns + (skip as f64 / self.rate_hz * 1e9).round() as i64;
        status.late += skip;
        if n == 0 {
            return Ok(true);
        }
        if begins {
            if over_ns.is_some_and(|over_ns| at_ns < over_ns) {
                status.late += n;
                return Ok(true);
            }
            let asked_ns = self.shared.now_ns();
            let radio_ns = self.shared.watched(|| self.tx.time_ns())?;
            let lead_ns = at_ns.saturating_sub(radio_ns);
            if lead_ns < LEAD_NS {
                *over_ns = Some(radio_ns.saturating_add(LEAD_NS));
                status.late += n;
                return Ok(true);
            }
            let origin_ns = self.shared.now_ns().saturating_add_signed(lead_ns);
            *stretch = Some(Stretch {
                next: first,
                written: 0,
                pace: Pace::new(origin_ns, self.rate_hz),
                early_ns: asked_ns.saturating_add_signed(lead_ns),
                ahead_ns: self.shared.ahead.ns(),
            });
            status.stretches += 1;
        }
        let Some(s) = stretch else { return Ok(true) };
        let samples: Vec<&[Complex32]> = piece.each().map(|c| &c[skip as usize..]).collect();
        let channels = spread.each(&samples);
        if !self.pass(&chain.permit, &channels, &s.pace, s.written, 0) {
            return Ok(false);
        }
        went.is_open = true;
        went.first.get_or_insert((s.pace.at_ns(0), at_ns));
        if !self.write_all(&channels, begins.then_some(at_ns))? {
            return Ok(false);
        }
        (s.written, s.next) = (s.written + n, s.next + n);
        s.pace.note(s.written, self.shared.now_ns());
        (went.sent, status.sent) = (went.sent + n, status.sent + n);
        self.count(chain.id, None, went.sent, n);
        Ok(true)
    }

    /// Follows the radio's clock, hears what the radio tells, and ends a stretch in time.
    fn keep(&mut self, place: &mut Place, went: &mut Went, status: &mut ChainStatus) -> Result<(), RadioError> {
        let mut is_off = false;
        while let Some(event) = self.shared.watched(|| self.tx.event())? {
            match event {
                TxEvent::BurstEnd => {}
                TxEvent::Underflow => {
                    went.underflows += 1;
                    status.underflows += 1;
                    self.shared.core().underflows += 1;
                    is_off = true;
                }
                // nothing of it was sent; what is written next begins anew
                TxEvent::Late => is_off = true,
                TxEvent::Other(why) => return Err(RadioError::Driver { what: "the chain", why }),
            }
        }
        if let Some(s) = &mut place.stretch {
            if let (Some(then), Some(now)) = (s.ahead_ns, self.shared.ahead.ns()) {
                s.pace.shift(now - then);
                s.early_ns = s.early_ns.saturating_add_signed(now - then);
                s.ahead_ns = Some(now);
            }
            is_off |= s.is_dry(self.rate_hz, self.shared.now_ns());
        }
        if is_off { self.end_stretch(place, went) } else { Ok(()) }
    }

    /// What comes next begins at its own time.
    fn end_stretch(&mut self, place: &mut Place, went: &mut Went) -> Result<(), RadioError> {
        if let Some(s) = place.stretch.take() {
            place.free = s.next + GAP;
            let nothing = vec![&[][..]; self.tx.channels()];
            self.shared.watched(|| self.tx.write(&nothing, None, true))?;
            went.is_open = false;
        }
        Ok(())
    }
}

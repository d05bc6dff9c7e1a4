//! A found cell in steady state: each SS/PBCH block and CSI-RS is demodulated where it must lie, nothing is searched.
//!
//! The tracker says which samples it wants next ([`CellTracker::wanted`]) and takes exactly these ([`CellTracker::take`]), so that what it
//! gives does not depend on how a stream is cut.
//!
//! **Timing** is a loop of second order on the mean delay: position and drift, one correction a block. **Offset** is a loop of first order, on the
//! phase from symbol to symbol of a block, and, where the carrier frequency is known, on the phase from one symbol of a tracking reference
//! signal to another of the same slot: 285 µs apart it tells the offset 4 times finer than a block, and 52 resource blocks more.

use num_complex::Complex32;

use super::{ChannelEstimate, CsiRs, CsiRsEstimator, CsiRsReport, DelayProfile};
use crate::nr::{Cell, CellPbch, NrError, Numerology, SsbCase, SsbReport, SsbTracker, TrackerConfig};

/// A CSI-RS that comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// Where it lies in its slot.
    pub rs: CsiRs,
    /// Slots from one to the next.
    pub period_slots: u32,
    /// Slot of the first, counted from frame 0.
    pub offset_slots: u32,
}

impl Occasion {
    /// The tracking reference signal that an srsRAN gNB sends in `prbs` resource blocks unless told otherwise: symbols 4 and 8 of two slots
    /// every 20 ms, at a subcarrier that the PCI chooses.
    #[must_use]
    pub fn srsran_tracking(pci: u16, prbs: u16, slots_per_ms: u32) -> Vec<Self> {
        let at = |offset_slots, symbol| Self {
            rs: CsiRs::tracking(pci, symbol, (pci % 4) as u8, prbs),
            period_slots: 20 * slots_per_ms,
            offset_slots,
        };
        vec![at(12, 4), at(12, 8), at(13, 4), at(13, 8)]
    }
}

/// Where a cell's blocks lie in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timetable {
    /// First CP sample of one block.
    pub sample: u64,
    /// Its index.
    pub index: u8,
    /// It lies in the second half of its frame.
    pub half_frame: bool,
    /// Its system frame number, where known: CSI-RS whose period is longer than a frame need it.
    pub sfn: Option<u16>,
}

/// What a tracker has to know.
#[derive(Debug, Clone, PartialEq)]
pub struct CellTrackerConfig {
    /// The cell as the search found it.
    pub cell: Cell,
    /// Sample rate in Hz.
    pub rate_hz: f64,
    /// Carrier frequency, where known.
    pub center_hz: Option<f64>,
    /// Half frames (5 ms) from one burst of blocks to the next: 1, 2, 4, 8, 16 or 32.
    pub ssb_half_frames: u32,
    /// CSI-RS to follow.
    pub occasions: Vec<Occasion>,
    /// A MIB is decoded in one of so many blocks; 0 never.
    pub mib_every: u32,
    /// Blocks without a signal after which the cell is lost.
    pub lost_after: u32,
}

/// Samples that the tracker wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// First sample.
    pub start: u64,
    /// How many.
    pub len: usize,
}

/// What samples gave.
#[derive(Debug)]
pub enum Observation<'a> {
    /// A block.
    Ssb(&'a SsbReport),
    /// A CSI-RS: its number among the occasions, its slot counted from frame 0, its first sample.
    CsiRs {
        /// Number among [`CellTrackerConfig::occasions`].
        occasion: usize,
        /// Slot counted from frame 0.
        slot: u64,
        /// First CP sample of its symbol.
        sample: u64,
        /// What it gave.
        report: &'a CsiRsReport,
    },
    /// A place without a block, samples that are no finite numbers, or a CSI-RS all of whose samples are zero.
    Nothing,
    /// [`CellTrackerConfig::lost_after`] places without a block: the cell has to be searched again.
    Lost,
}

/// Gains of the timing loop: position, and drift for each block.
const TIMING: (f64, f64) = (0.25, 0.02);
/// Gain of the offset loop for a tracking reference signal.
const CFO: f64 = 0.3;

/// The delay profile is learned from so many occasions, first twice in a row, then once in so many.
const LEARN: (u64, u64) = (8, 512);

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Ssb,
    CsiRs(usize),
}

struct Follow {
    occasion: Occasion,
    estimator: CsiRsEstimator,
    report: CsiRsReport,
    /// Slot of the next.
    slot: u64,
    /// Occasions with a signal.
    taken: u64,
}

/// Follows one cell. Nothing is allocated after the first round of occasions, but where the delay profile is learned, and where blocks have
/// to be added up for a MIB (64 bytes a differing codeword, when it is first needed).
pub struct CellTracker {
    config: CellTrackerConfig,
    numerology: Numerology,
    ssb: SsbTracker,
    pbch: CellPbch,
    report: SsbReport,
    follows: Vec<Follow>,
    /// Samples from the start of a half frame to the block.
    in_half_frame: usize,
    /// Half frame of the next block, counted from frame 0.
    half_frame: u64,
    /// Half frame at which `origin` is given.
    origin_half_frame: u64,
    /// Start of that half frame in samples of the caller's stream, and how much later each half frame comes than nominal.
    origin: f64,
    drift: f64,
    delay_s: Option<f64>,
    cfo_hz: f64,
    blocks: u64,
    silent: u32,
    /// Channel, sample and slot of the last one-port CSI-RS.
    last: Option<(u64, u64, usize)>,
    last_h: Vec<Complex32>,
    profile: DelayProfile,
}

impl CellTracker {
    /// A tracker of the cell, one of whose blocks lies at `at`.
    ///
    /// # Errors
    /// [`NrError::Rate`], [`NrError::OutOfBand`], [`NrError::Range`].
    pub fn new(config: CellTrackerConfig, at: Timetable) -> Result<Self, NrError> {
        let cell = config.cell;
        let numerology = Numerology::new(config.rate_hz, cell.scs_hz)?;
        let case = SsbCase::of(cell.scs_hz, config.center_hz);
        let in_half_frame = case.start_samples(at.index, &numerology);
        let half_frame = 2 * u64::from(at.sfn.unwrap_or(0)) + u64::from(at.half_frame);
        let follows = config
            .occasions
            .iter()
            .map(|&occasion| {
                let estimator = CsiRsEstimator::new(numerology, occasion.rs)?;
                Ok(Follow { occasion, estimator, report: CsiRsReport::default(), slot: 0, taken: 0 })
            })
            .collect::<Result<Vec<_>, NrError>>()?;
        let mut tracker = Self {
            ssb: SsbTracker::new(TrackerConfig::of(&cell, config.rate_hz))?,
            pbch: CellPbch::new(),
            report: SsbReport::default(),
            follows,
            in_half_frame,
            half_frame,
            origin_half_frame: half_frame,
            origin: at.sample as f64 - in_half_frame as f64,
            drift: 0.0,
            delay_s: None,
            cfo_hz: cell.cfo_hz,
            blocks: 0,
            silent: 0,
            last: None,
            last_h: Vec::new(),
            profile: DelayProfile::default(),
            numerology,
            config,
        };
        tracker.begin(at.sample);
        Ok(tracker)
    }

    /// What it follows.
    #[must_use]
    pub const fn config(&self) -> &CellTrackerConfig {
        &self.config
    }

    /// Carrier frequency offset as now believed, in Hz.
    #[must_use]
    pub const fn cfo_hz(&self) -> f64 {
        self.cfo_hz
    }

    /// How much slower the sender's clock runs than ours, in parts per million.
    #[must_use]
    pub fn drift_ppm(&self) -> f64 {
        self.drift / (0.005 * self.config.rate_hz) * 1e6
    }

    /// Goes on from sample `from`: what lies before is left out. Also back in time, but not before frame 0.
    pub fn begin(&mut self, from: u64) {
        let period = u64::from(self.config.ssb_half_frames.max(1));
        while self.half_frame >= period && self.half_frame_start(self.half_frame - period) >= from as f64 {
            self.half_frame -= period;
        }
        while self.ssb_start() < from as f64 - 0.5 {
            self.next_block();
        }
        let slots = self.slots_per_half_frame();
        for i in 0..self.follows.len() {
            let Occasion { period_slots, offset_slots, .. } = self.follows[i].occasion;
            let (period, offset) = (u64::from(period_slots.max(1)), u64::from(offset_slots));
            // from 16 frames before the next block on
            let least = (self.half_frame.saturating_sub(2 * 16)) * slots;
            let mut slot = least / period * period + offset % period;
            while slot < least || self.csi_start(slot, &self.follows[i].occasion.rs) < from as f64 - 0.5 {
                slot += period;
            }
            self.follows[i].slot = slot;
        }
    }

    /// The samples wanted next.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let (next, start) = self.next();
        let len = match next {
            Next::Ssb => self.ssb.samples(),
            Next::CsiRs(i) => self.follows[i].estimator.samples() + self.numerology.fft() / 128,
        };
        Wanted { start: start.round().max(0.0) as u64, len }
    }

    /// Takes the samples that were wanted.
    ///
    /// # Errors
    /// [`NrError::TooShort`]; the next occasion is wanted then.
    pub fn take(&mut self, iq: &[Complex32]) -> Result<Observation<'_>, NrError> {
        let (next, start) = self.next();
        let at = start.round().max(0.0) as u64;
        match next {
            Next::Ssb => self.take_ssb(at, iq),
            Next::CsiRs(i) => self.take_csi_rs(i, at, iq),
        }
    }

    fn next(&self) -> (Next, f64) {
        let mut best = (Next::Ssb, self.ssb_start());
        for (i, follow) in self.follows.iter().enumerate() {
            let start = self.csi_start(follow.slot, &follow.occasion.rs);
            if start < best.1 {
                best = (Next::CsiRs(i), start);
            }
        }
        best
    }

    fn slots_per_half_frame(&self) -> u64 {
        if self.numerology.scs_hz() > 20e3 { 10 } else { 5 }
    }

    /// Start of a half frame counted from frame 0, in samples.
    fn half_frame_start(&self, half_frame: u64) -> f64 {
        let since = half_frame as f64 - self.origin_half_frame as f64;
        self.origin + since * (0.005 * self.config.rate_hz + self.drift)
    }

    fn ssb_start(&self) -> f64 {
        self.half_frame_start(self.half_frame) + self.in_half_frame as f64
    }

    fn csi_start(&self, slot: u64, rs: &CsiRs) -> f64 {
        let slots = self.slots_per_half_frame();
        let within = (slot % slots) as usize * self.numerology.slot() + self.symbol_start(slot, rs);
        self.half_frame_start(slot / slots) + within as f64
    }

    fn symbol_start(&self, slot: u64, rs: &CsiRs) -> usize {
        self.numerology.symbol_start((slot % 20) as usize, rs.symbol.into())
    }

    fn next_block(&mut self) {
        self.half_frame += u64::from(self.config.ssb_half_frames.max(1));
    }

    fn take_ssb(&mut self, at: u64, iq: &[Complex32]) -> Result<Observation<'_>, NrError> {
        let (expected, half_frame) = (self.ssb_start(), self.half_frame);
        self.next_block();
        self.ssb.set_cfo_hz(self.cfo_hz);
        let taken = self.ssb.process_into(at, iq, &mut self.report);
        match taken {
            Ok(()) => {}
            Err(NrError::NoSignal | NrError::NotFinite { .. }) => return Ok(self.nothing()),
            Err(other) => return Err(other),
        }
        if !self.report.is_block() {
            return Ok(self.nothing());
        }
        self.silent = 0;
        self.blocks += 1;
        self.follow_timing(half_frame, expected, at);
        self.cfo_hz = self.ssb.cfo_hz();
        let every = u64::from(self.config.mib_every);
        if every > 0 && (self.blocks - 1).is_multiple_of(every) {
            self.pbch.read(&mut self.ssb, half_frame as i64, &mut self.report);
        }
        Ok(Observation::Ssb(&self.report))
    }

    fn nothing(&mut self) -> Observation<'_> {
        self.silent += 1;
        if self.silent >= self.config.lost_after.max(1) { Observation::Lost } else { Observation::Nothing }
    }

    /// The block came `late` samples after it was expected: half frames are counted from it on, with part of it believed.
    fn follow_timing(&mut self, half_frame: u64, expected: f64, at: u64) {
        let seen_s = f64::from(self.report.h.delay_s);
        if !seen_s.is_finite() {
            return;
        }
        let wanted_s = *self.delay_s.get_or_insert(seen_s + (at as f64 - expected) / self.config.rate_hz);
        let late = at as f64 + (seen_s - wanted_s) * self.config.rate_hz - expected;
        let reach = self.numerology.cp() as f64 / 4.0;
        let late = late.clamp(-reach, reach);
        self.origin = self.half_frame_start(half_frame) + TIMING.0 * late;
        self.origin_half_frame = half_frame;
        self.drift += TIMING.1 * late / f64::from(self.config.ssb_half_frames.max(1));
    }

    fn take_csi_rs(&mut self, i: usize, at: u64, iq: &[Complex32]) -> Result<Observation<'_>, NrError> {
        let cfo_hz = self.cfo_hz;
        let follow = &mut self.follows[i];
        let slot = follow.slot;
        follow.slot += u64::from(follow.occasion.period_slots.max(1));
        let per_frame = 2 * if self.numerology.scs_hz() > 20e3 { 10 } else { 5 };
        match follow.estimator.estimate_ports_into(iq, (slot % per_frame) as u16, cfo_hz, &mut follow.report) {
            Ok(()) => {}
            Err(NrError::NoSignal | NrError::NotFinite { .. }) => return Ok(Observation::Nothing),
            Err(other) => return Err(other),
        }
        if self.follows[i].occasion.rs.row.ports() == 1 {
            self.follow_offset(i, slot, at);
        }
        self.learn(i);
        Ok(Observation::CsiRs { occasion: i, slot, sample: at, report: &self.follows[i].report })
    }

    /// Lets the fit learn the delays of the channel.
    fn learn(&mut self, i: usize) {
        let follow = &mut self.follows[i];
        if !follow.report.sinr_db.is_some_and(|db| db > 0.0) {
            return;
        }
        follow.taken += 1;
        let (first, every) = LEARN;
        let early = follow.taken <= 2 * first;
        // what is learned from are the last occasions before
        if early || follow.taken.is_multiple_of(every) || every - follow.taken % every < first {
            follow.estimator.remember(&follow.report, &mut self.profile);
        }
        if follow.taken.is_multiple_of(if early { first } else { every }) {
            follow.estimator.learn();
        }
    }

    /// Offset from the phase between two symbols of one slot.
    //= TS 38.211 §5.4: each symbol is turned by exp(−j2πf0 (t_start + N_CP T_c)) where the transmitter compensates
    fn follow_offset(&mut self, i: usize, slot: u64, at: u64) {
        let follow = &self.follows[i];
        let Some(estimate) = follow.report.ports.first() else { return };
        let symbol = usize::from(follow.occasion.rs.symbol);
        let known = self.config.center_hz.filter(|_| follow.report.sinr_db.is_some_and(|db| db > 0.0));
        if let (Some(center_hz), Some((last_at, last_slot, last_symbol))) = (known, self.last)
            && last_slot == slot
            && last_symbol < symbol
            && self.last_h.len() == estimate.h.len()
        {
            let turn: Complex32 = estimate.h.iter().zip(&self.last_h).map(|(a, b)| a * b.conj()).sum();
            let n = &self.numerology;
            let slot_in_frame = (slot % 20) as usize;
            let useful = |l| n.symbol_start(slot_in_frame, l) + n.cp_of(slot_in_frame, l);
            let apart_s = (useful(symbol) - useful(last_symbol)) as f64 / self.config.rate_hz;
            let compensated = self.config.cell.symbol_phase_rad != 0.0;
            let sent = if compensated { -(center_hz * apart_s).fract() } else { 0.0 };
            // the window's phase reference is its first sample, and these are apart by whole samples
            let windows_s = (at - last_at) as f64 / self.config.rate_hz;
            let turns = f64::from(turn.arg()) / std::f64::consts::TAU - sent - self.cfo_hz * windows_s;
            let off_hz = (turns - turns.round()) / windows_s;
            if off_hz.is_finite() {
                self.cfo_hz += CFO * off_hz;
            }
        }
        self.last_h.clone_from(&estimate.h);
        self.last = Some((at, slot, symbol));
    }

    /// Runs over `iq`, whose first sample is `first` of the caller's stream, until it wants samples beyond; `false`: the cell is lost.
    ///
    /// # Errors
    /// As [`CellTracker::take`].
    pub fn run(
        &mut self,
        iq: &[Complex32],
        first: u64,
        mut see: impl FnMut(&Observation<'_>),
    ) -> Result<bool, NrError> {
        loop {
            let Wanted { start, len } = self.wanted();
            let from = start.checked_sub(first).and_then(|n| usize::try_from(n).ok());
            let Some(from) = from else {
                self.begin(first);
                continue;
            };
            let Some(piece) = iq.get(from..from + len) else { return Ok(true) };
            let seen = self.take(piece)?;
            see(&seen);
            if matches!(seen, Observation::Lost) {
                return Ok(false);
            }
        }
    }

    /// The estimate of the first port of an occasion, and its estimator.
    pub fn last_estimate(&mut self, occasion: usize) -> Option<(&ChannelEstimate, &mut CsiRsEstimator)> {
        self.follows.get_mut(occasion).and_then(|f| f.report.ports.first().map(|p| (p, &mut f.estimator)))
    }
}

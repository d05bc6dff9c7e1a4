//! A terminal's receiver: finds the cell, keeps its timing, measures SINR.
use super::frame_number::FrameNumbers;
use super::search;
use crate::config::CellConfig;
use crate::gnb::{DMRS_SYMBOLS, dmrs_symbol};
use crate::measure::Power;
use crate::phy::{self, Numerology, Ofdm, ssb};
use num_complex::Complex32;
use std::sync::Arc;

/// SSB SINR below which an SSB counts as missed.
const SSB_FLOOR_DB: f64 = -6.0;
/// Misses in a row after which the cell is lost.
const MISSES: u32 = 10;
/// Samples to either side where the PSS is looked for while in sync.
const REACH: usize = 8;
/// The same where it is only measured how far it has moved.
const FAR: usize = 64;
/// A PSS of which less than this is there, against the best one so far, was cut and does not tell where it lies.
const WHOLE: f32 = 0.8;

/// What one block of samples told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// Measured on PDSCH DMRS.
    pub sinr_db: Option<f64>,
    /// Measured on PSS and SSS.
    pub ssb_sinr_db: Option<f64>,
    /// How far a good SS/PBCH block lay from where the first one says, in samples.
    pub moved_samples: Option<i64>,
    /// Absolute slot of the measurement, once the frame number was read.
    pub absolute_slot: Option<u64>,
}

struct Lock {
    /// First sample of slot `slot` (own count; may begin before the buffer by a few samples).
    at: u64,
    /// Slot counter; slot 0 is one with an SSB.
    slot: u64,
    /// Absolute number of slot 0, once read.
    absolute0: Option<u64>,
    misses: u32,
    drift: i32,
}

/// The receiver.
pub struct Receiver {
    cell: CellConfig,
    n: Numerology,
    ofdm: Ofdm,
    pss: Vec<Complex32>,
    sss: [f32; 127],
    frame_numbers: Arc<FrameNumbers>,
    buffer: Vec<Complex32>,
    /// Own count of the first sample in `buffer`.
    base: u64,
    lock: Option<Lock>,
    /// First sample of the slot that was found first, own count, and the largest share of a PSS in its energy.
    anchor: Option<(u64, f32)>,
    grids: Vec<Vec<Complex32>>,
}

impl Receiver {
    /// A receiver for `cell`; `None` where its sizes do not fit.
    #[must_use]
    pub fn new(cell: &CellConfig, frame_numbers: Arc<FrameNumbers>) -> Option<Self> {
        let n = cell.numerology()?;
        Some(Self {
            cell: cell.clone(),
            n,
            ofdm: Ofdm::new(n, cell.carrier_hz),
            pss: search::pss_waveform(cell, n),
            sss: phy::sss(cell.pci),
            frame_numbers,
            buffer: Vec::with_capacity(n.slot * (cell.ssb_period_ms as usize + 4)),
            base: 0,
            lock: None,
            anchor: None,
            grids: vec![vec![Complex32::default(); n.subcarriers()]; 4],
        })
    }

    /// Whether it holds the cell.
    #[must_use]
    pub const fn in_sync(&self) -> bool {
        self.lock.is_some()
    }

    /// Own sample count at which an (aligned) downlink slot begins, while in sync.
    #[must_use]
    pub fn slot_start(&self) -> Option<u64> {
        self.lock.as_ref().map(|l| l.at)
    }

    /// Takes the next samples; measurements of the slots they complete.
    pub fn push(&mut self, samples: &[Complex32]) -> Heard {
        self.buffer.extend_from_slice(samples);
        if self.lock.is_none() {
            self.search();
        }
        let mut heard = Heard::default();
        while let Some(lock) = &self.lock {
            let end = lock.at + (self.n.slot + REACH) as u64;
            if self.base + (self.buffer.len() as u64) < end {
                break;
            }
            self.slot(&mut heard);
        }
        self.trim();
        heard
    }

    /// Drops what no later slot needs.
    fn trim(&mut self) {
        let keep_from = match &self.lock {
            Some(lock) => lock.at.saturating_sub(REACH as u64),
            None => {
                let keep = self.n.slot * (self.cell.ssb_period_ms as usize + 2);
                (self.base + self.buffer.len() as u64).saturating_sub(keep as u64)
            }
        };
        let drop = keep_from.saturating_sub(self.base).min(self.buffer.len() as u64) as usize;
        // Moving the rest costs more than keeping a few ms more.
        if drop >= 4 * self.n.slot {
            self.buffer.drain(..drop);
            self.base += drop as u64;
        }
    }

    fn search(&mut self) {
        let need = self.n.slot * (self.cell.ssb_period_ms as usize + 1);
        if self.buffer.len() < need {
            return;
        }
        let Some(peak) = search::find_pss(&self.buffer, &self.pss) else {
            // Look again when half a period is new.
            let drop = self.n.slot * (self.cell.ssb_period_ms as usize / 2);
            self.buffer.drain(..drop);
            self.base += drop as u64;
            return;
        };
        let l = ssb::FIRST_SYMBOL;
        let into_slot = (self.n.symbol_start(l) + self.n.cp(l)) as u64;
        let at = self.base + peak as u64;
        // A slot that began before our first sample is taken up at the next SSB.
        let period = (self.n.slot * self.cell.ssb_period_ms as usize) as u64;
        let at = if at >= self.base + into_slot { at - into_slot } else { at + period - into_slot };
        self.lock = Some(Lock { at, slot: 0, absolute0: None, misses: 0, drift: 0 });
    }

    /// Handles the slot at the lock and moves to the next.
    fn slot(&mut self, heard: &mut Heard) {
        let Some(lock) = &self.lock else { return };
        let (slot, offset) = (lock.slot, lock.at.checked_sub(self.base).map(|o| o as usize));
        if let Some(offset) = offset {
            // The SSB is in slot 0 of a frame, so the slot in the frame is known without the frame number.
            let in_frame = slot % 10;
            if slot.is_multiple_of(u64::from(self.cell.ssb_period_ms)) {
                self.ssb(offset, heard);
            } else if in_frame == 3 || in_frame == 8 {
                self.data(offset, in_frame as u32, heard);
            }
        }
        if let Some(lock) = &mut self.lock {
            if heard.sinr_db.is_some() || heard.ssb_sinr_db.is_some() {
                heard.absolute_slot = lock.absolute0.map(|a| (a + slot) % 10_240);
            }
            lock.slot += 1;
            lock.at += self.n.slot as u64;
        }
    }

    fn symbol(&mut self, offset: usize, l: usize, into: usize) {
        // A little early, inside the cyclic prefix: late paths and early peaks both stay in the window.
        let early = self.n.cp_short / 4;
        let at = offset + self.n.symbol_start(l) + self.n.cp(l) - early;
        self.ofdm.demodulate(&self.buffer[at..], l, early, &mut self.grids[into]);
    }

    fn data(&mut self, offset: usize, in_frame: u32, heard: &mut Heard) {
        let mut power = Power::default();
        let mut h: Vec<Vec<Complex32>> = Vec::with_capacity(3);
        for l in DMRS_SYMBOLS {
            self.symbol(offset, l, 0);
            let sent = dmrs_symbol(&self.cell, in_frame, l);
            // Per data element: DMRS is sent 3 dB above it.
            h.push(self.grids[0].iter().zip(&sent).step_by(2).map(|(y, x)| y * x.conj() / 2.0).collect());
        }
        h.windows(2).for_each(|w| power.add(&w[0], &w[1]));
        // The estimate's noise is half of a data element's: the DMRS has twice its power.
        heard.sinr_db = power.sinr_db().map(|db| db - 3.0103);
    }

    fn ssb(&mut self, offset: usize, heard: &mut Heard) {
        let first = ssb::FIRST_SYMBOL;
        let expected = offset + self.n.symbol_start(first) + self.n.cp(first);
        let (found, _) = search::refine(&self.buffer, &self.pss, expected, REACH);
        for l in 0..4 {
            self.symbol(offset, first + l, l);
        }
        let start = self.cell.ssb_start().unwrap_or(0);
        let sync = start + ssb::SYNC_START;
        let pss = phy::pss(self.cell.pci % 3);
        let divide = |grid: &[Complex32], seq: &[f32; 127]| -> Vec<Complex32> {
            grid[sync..].iter().zip(seq).map(|(y, x)| y * *x).collect()
        };
        let mut power = Power::default();
        power.add(&divide(&self.grids[0], &pss), &divide(&self.grids[2], &self.sss));
        heard.ssb_sinr_db = power.sinr_db();
        let good = heard.ssb_sinr_db.is_some_and(|db| db >= SSB_FLOOR_DB);
        if good {
            let (far, share) = search::refine(&self.buffer, &self.pss, expected, FAR);
            heard.moved_samples = self.moved(far.saturating_add(offset).saturating_sub(expected), share);
        }
        let number = if good && self.lock.as_ref().is_some_and(|l| l.absolute0.is_none()) {
            self.frame_number(start)
        } else {
            None
        };
        let Some(lock) = &mut self.lock else { return };
        if let Some(sfn) = number {
            lock.absolute0 = Some((u64::from(sfn) * 10 + 10_240 - lock.slot % 10_240) % 10_240);
        }
        if good {
            lock.misses = 0;
            // Follow the strongest path slowly: one sample after three SSBs that agree on the direction.
            let direction = (found as i64 - expected as i64).signum() as i32;
            lock.drift = if direction == 0 || direction * lock.drift < 0 { direction } else { lock.drift + direction };
            if lock.drift.abs() >= 3 {
                lock.at = lock.at.saturating_add_signed(i64::from(direction));
                lock.drift = 0;
            }
        } else {
            lock.misses += 1;
            if lock.misses >= MISSES {
                self.lock = None;
                self.base += self.buffer.len() as u64;
                self.buffer.clear();
            }
        }
    }

    /// How far a slot that begins `offset` samples into the buffer lies from the slots of the one found first.
    fn moved(&mut self, offset: usize, share: f32) -> Option<i64> {
        let at = self.base + offset as u64;
        let slot = self.n.slot as i64;
        let (first, most) = self.anchor.get_or_insert((at, share));
        *most = most.max(share);
        if share < WHOLE * *most {
            return None;
        }
        let past = (i64::try_from(at).ok()? - i64::try_from(*first).ok()?).rem_euclid(slot);
        Some(if past > slot / 2 { past - slot } else { past })
    }

    /// Frame number from the PBCH in the grids of an SSB.
    fn frame_number(&self, start: usize) -> Option<u16> {
        let v = usize::from(self.cell.pci % 4);
        let mut dmrs = phy::pbch_dmrs(self.cell.pci, 0, false).into_iter();
        let mut symbols = Vec::with_capacity(432);
        for l in 1..4 {
            let grid = &self.grids[l][start..start + ssb::WIDTH];
            for k in ssb::pbch_subcarriers(l).filter(|k| k / 4 * 4 == *k) {
                let h = grid[k + v] * dmrs.next().unwrap_or_default().conj();
                symbols.extend((0..4).filter(|i| *i != v).map(|i| grid[k + i] * h.conj()));
            }
        }
        self.frame_numbers.read(&symbols)
    }
}

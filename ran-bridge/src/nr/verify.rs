//! From a PSS peak to a cell: SSS, DMRS, timing, frequency.

use std::sync::LazyLock;

use num_complex::{Complex32, Complex64};
use rustfft::FftPlanner;

use super::combine::Combiner;
use super::correlator::LOW_FFT;
use super::offset::{InSymbol, resolve};
use super::pilots::{BlockEstimator, BlockFit, first_path_s};
use super::polar::N;
use super::sync_signals::every_sss;
use super::tracker::EXPLAINED_MIN;
use super::{
    Cell, NrError, Numerology, SSB_SUBCARRIERS, SYNC_FIRST, SYNC_LEN, SearchConfig, SsbCase, SsbGrid, SsbReport,
    SsbTracker, SymbolDemodulator, TrackerConfig, pss,
};
use crate::csi::DelayFit;

/// A PSS peak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub n2: u8,
    /// First useful sample of the PSS symbol at the low rate, modulo 20 ms.
    pub place: usize,
    pub metric: f32,
    pub ssb_offset_hz: f64,
    pub cfo_hz: f64,
}

/// Blocks looked at for one candidate.
const MOST_BLOCKS: usize = 8;

/// Below this share of signal in signal and noise (−13.8 dB) a candidate is taken for noise.
const SHARE_MIN: f32 = 0.04;

pub(crate) struct Verifier<'a> {
    config: &'a SearchConfig,
    numerology: Numerology,
    demod: Option<SymbolDemodulator>,
    ssb_offset_hz: f64,
    fit: &'static DelayFit,
    planner: FftPlanner<f32>,
}

/// The fit of a PSS alone.
fn sync_fit() -> &'static DelayFit {
    static FIT: LazyLock<DelayFit> = LazyLock::new(|| {
        let rows: Vec<i32> = (0..SYNC_LEN as i32).map(|n| n - 64).collect();
        DelayFit::new(&rows, &[1.0; SYNC_LEN])
    });
    &FIT
}

/// Places whose fits explain no more than this together, about what they do of noise, hold no block.
const EMPTY_MAX: f32 = 0.07;

/// Means over the blocks of one candidate.
#[derive(Clone, Default)]
struct Means {
    /// Blocks in them, and the place of the first.
    blocks: usize,
    first: usize,
    explained: f32,
    /// Offset from inside the symbols.
    inside: InSymbol,
    /// Phase step from symbol to symbol.
    phase: Complex64,
    power: f32,
    noise: f32,
    first_path_s: f32,
}

impl Means {
    fn add(&mut self, start: usize, fit: &BlockFit, lean: [(f32, f32); 2], scs_hz: f64) {
        if self.blocks == 0 {
            self.first = start;
        }
        self.blocks += 1;
        self.inside.add(lean, fit.noise_var, fit.power);
        self.explained += fit.explained;
        self.phase += Complex64::cis(f64::from(fit.symbol_phase)) * f64::from(fit.power);
        self.power += fit.power;
        self.noise += fit.noise_var;
        self.first_path_s += first_path_s(&fit.h, scs_hz) * fit.explained;
    }

    /// From sums to means; none without a signal.
    fn over(mut self) -> Option<Self> {
        let count = self.blocks.max(1) as f32;
        self.first_path_s /= if self.explained > 0.0 { self.explained } else { 1.0 };
        self.explained /= count;
        self.power /= count;
        self.noise /= count;
        (self.power > 0.0).then_some(self)
    }
}

/// Means over all places looked at, and over those that hold a block.
struct Looked {
    all: Means,
    /// A block may come every 40, 80 or 160 ms only: then most places 20 ms apart are empty, and no part of its power.
    held: Means,
}

impl<'a> Verifier<'a> {
    pub fn new(numerology: Numerology, config: &'a SearchConfig, planner: FftPlanner<f32>) -> Self {
        Self { config, numerology, demod: None, ssb_offset_hz: 0.0, fit: sync_fit(), planner }
    }

    /// The cell behind `candidate`, if there is one.
    pub fn verify(&mut self, iq: &[Complex32], candidate: &Candidate) -> Result<Option<Cell>, NrError> {
        self.tune(candidate.ssb_offset_hz)?;
        let useful = candidate.place * (self.numerology.fft() / LOW_FFT);
        let mut first = useful as i64 - self.numerology.cp() as i64;
        let mut cfo_hz = candidate.cfo_hz;
        let Some(pci) = self.identity(iq, &self.starts(iq, first), candidate, cfo_hz)? else { return Ok(None) };
        let mut estimator = BlockEstimator::new(pci)?;
        // each round: frequency from inside the symbols, timing from the first path
        for _ in 0..2 {
            let starts = self.starts(iq, first);
            let Some(Looked { all, held: here }) = self.means(iq, &starts, cfo_hz, &mut estimator)? else {
                return Ok(None);
            };
            if all.explained < EXPLAINED_MIN {
                return Ok(None);
            }
            // beyond an eighth of a subcarrier the estimate is not linear any more
            let reach = self.numerology.scs_hz() / 8.0;
            cfo_hz += here.inside.offset_hz(self.numerology.scs_hz()).clamp(-reach, reach);
            first += (f64::from(here.first_path_s) * self.numerology.rate_hz()).round() as i64;
        }
        let starts = self.starts(iq, first);
        let Some(Looked { all, held }) = self.means(iq, &starts, cfo_hz, &mut estimator)? else { return Ok(None) };
        let share = all.power / (all.power + all.noise);
        if all.explained < EXPLAINED_MIN || share < SHARE_MIN {
            return Ok(None);
        }
        let mut cell = self.cell(pci, cfo_hz, &held);
        cell.mib_crc_ok = self.has_mib(iq, &starts, &cell)?;
        // a few tones, as a random access preamble has them, look like one block: only a MIB or several blocks make a cell
        let enough = cell.mib_crc_ok || (starts.len() >= 3 && share >= 2.0 * SHARE_MIN);
        Ok(enough.then_some(cell))
    }

    /// Measures a cell that was found in few blocks again, with every block 20 ms apart in `iq`; `anew` even if there are no more.
    pub fn refine(&mut self, iq: &[Complex32], cell: Cell, anew: bool) -> Result<Cell, NrError> {
        self.tune(cell.ssb_offset_hz)?;
        let starts = self.starts(iq, cell.sample as i64);
        if !anew && starts.len() <= cell.blocks as usize {
            return Ok(cell);
        }
        let mut estimator = BlockEstimator::new(cell.pci)?;
        let Some(Looked { held, .. }) = self.means(iq, &starts, cell.cfo_hz, &mut estimator)? else { return Ok(cell) };
        let measured = self.cell(cell.pci, cell.cfo_hz, &held);
        Ok(Cell { mib_crc_ok: cell.mib_crc_ok, ..measured })
    }

    fn tune(&mut self, ssb_offset_hz: f64) -> Result<(), NrError> {
        if ssb_offset_hz != self.ssb_offset_hz || self.demod.is_none() {
            let planner = &mut self.planner;
            self.demod =
                Some(SymbolDemodulator::with_planner(self.numerology, ssb_offset_hz, SSB_SUBCARRIERS, planner)?);
            self.ssb_offset_hz = ssb_offset_hz;
        }
        Ok(())
    }

    fn has_mib(&self, iq: &[Complex32], starts: &[usize], cell: &Cell) -> Result<bool, NrError> {
        let mut tracker = SsbTracker::new(TrackerConfig::of(cell, self.numerology.rate_hz()))?;
        let mut report = SsbReport::default();
        let mut combiner = Combiner::new();
        let mut coded = [0f32; N];
        let half_frame = 0.005 * self.numerology.rate_hz();
        for &start in starts {
            match tracker.process_known(start as u64, &iq[start..], cell.cfo_hz, &mut report) {
                Ok(()) if tracker.decode_mib(&mut report).is_some() => return Ok(true),
                Ok(()) => {
                    tracker.gathered(&mut coded);
                    let half_frames = ((start as f64 - cell.sample as f64) / half_frame).round() as i64;
                    combiner.push(half_frames, &coded);
                    if combiner.decode(tracker.decoder(), half_frames, report.half_frame, None).is_some() {
                        return Ok(true);
                    }
                }
                Err(NrError::NoSignal) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(false)
    }

    /// First samples of the blocks 20 ms apart that lie inside `iq`.
    fn starts(&self, iq: &[Complex32], first: i64) -> Vec<usize> {
        let period = (0.020 * self.numerology.rate_hz()).round() as i64;
        let last = iq.len() as i64 - 4 * self.numerology.symbol() as i64;
        (0..MOST_BLOCKS as i64 + 1)
            .map(|n| first + n * period)
            .filter(|&s| s >= 0 && s <= last)
            .take(MOST_BLOCKS)
            .map(|s| s as usize)
            .collect()
    }

    /// PCI from the SSS, with the channel the PSS gives, powers added over the blocks.
    fn identity(
        &mut self,
        iq: &[Complex32],
        starts: &[usize],
        candidate: &Candidate,
        cfo_hz: f64,
    ) -> Result<Option<u16>, NrError> {
        if starts.is_empty() {
            return Ok(None);
        }
        let Some(demod) = &mut self.demod else { return Ok(None) };
        let fit = self.fit;
        let reference = pss(candidate.n2)?;
        let zero = Complex32::new(0.0, 0.0);
        let mut scores = vec![0f32; 336];
        let mut grid = SsbGrid::zero();
        for &start in starts {
            demod.demodulate_block(&iq[start..], cfo_hz, &mut grid)?;
            let mut sums = vec![zero; fit.taps()];
            for (n, d) in reference.iter().enumerate() {
                fit.project(n, grid.re[0][SYNC_FIRST + n] * d, &mut sums);
            }
            let mut taps = vec![zero; fit.taps()];
            fit.solve(fit.level(1.0), &sums, &mut taps);
            let mut h = [zero; SYNC_LEN];
            fit.evaluate(&taps, &mut h);
            let products: Vec<Complex32> =
                grid.re[2][SYNC_FIRST..SYNC_FIRST + SYNC_LEN].iter().zip(&h).map(|(y, h)| y * h.conj()).collect();
            let norm: f32 = products.iter().map(Complex32::norm_sqr).sum::<f32>().max(f32::MIN_POSITIVE);
            for (n1, score) in (0u16..).zip(&mut scores) {
                let d = &every_sss()[usize::from(3 * n1 + u16::from(candidate.n2))];
                *score += products.iter().zip(d).map(|(p, d)| p * d).sum::<Complex32>().norm_sqr() / norm;
            }
        }
        let best = (0u16..).zip(&scores).max_by(|a, b| a.1.total_cmp(b.1));
        Ok(best.map(|(n1, _)| 3 * n1 + u16::from(candidate.n2)))
    }

    fn means(
        &mut self,
        iq: &[Complex32],
        starts: &[usize],
        cfo_hz: f64,
        estimator: &mut BlockEstimator,
    ) -> Result<Option<Looked>, NrError> {
        let Some(demod) = &mut self.demod else { return Ok(None) };
        let mut grid = SsbGrid::zero();
        let mut fit = BlockFit::zero();
        let mut by_time = SsbGrid::zero();
        let scs_hz = self.numerology.scs_hz();
        let (mut all, mut held) = (Means::default(), Means::default());
        for &start in starts {
            demod.demodulate_block(&iq[start..], cfo_hz, &mut grid)?;
            match estimator.fit(&grid, None, &mut fit) {
                Ok(()) => {}
                Err(NrError::NoSignal) => continue,
                Err(other) => return Err(other),
            }
            demod.demodulate_block_by_time(&iq[start..], cfo_hz, &mut by_time)?;
            let lean = estimator.lean(&by_time, &fit);
            all.add(start, &fit, lean, scs_hz);
            if fit.explained >= EXPLAINED_MIN {
                held.add(start, &fit, lean, scs_hz);
            }
        }
        // a place without any signal is empty, too
        all.blocks = starts.len();
        all.first = starts.first().copied().unwrap_or(0);
        let empty = all.blocks - held.blocks;
        // Where the places left out tell something together they are weak blocks, and to leave them out would flatter the cell.
        if held.blocks == 0 || (all.explained - held.explained) > EMPTY_MAX * empty as f32 {
            held = all.clone();
        }
        Ok(all.over().zip(held.over()).map(|(all, held)| Looked { all, held }))
    }

    fn cell(&self, pci: u16, coarse_hz: f64, means: &Means) -> Cell {
        let (symbol_phase_rad, extra_hz) =
            resolve(means.phase.arg(), &means.inside, self.config.center_hz, &self.numerology);
        let snr = means.power / means.noise.max(f32::MIN_POSITIVE);
        Cell {
            pci,
            ssb_offset_hz: self.ssb_offset_hz,
            scs_hz: self.numerology.scs_hz(),
            sample: means.first as u64,
            snr_db: 10.0 * snr.max(1e-9).log10(),
            cfo_hz: coarse_hz + extra_hz,
            symbol_phase_rad,
            l_max: SsbCase::of(self.numerology.scs_hz(), self.config.center_hz).l_max(self.config.center_hz),
            rsrp_dbfs: 10.0 * (means.power / self.numerology.fft() as f32).max(1e-20).log10(),
            blocks: means.blocks as u32,
            explained: means.explained,
            mib_crc_ok: false,
        }
    }
}

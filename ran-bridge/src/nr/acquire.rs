//! Cell search.

use num_complex::Complex32;

use rustfft::FftPlanner;

use super::cancel::Canceller;
use super::correlator::Correlator;
use super::raster::{all_offsets_hz, ssb_offsets_hz};
use super::scan::{METRIC_MIN, Scan};
use super::verify::{Candidate, Verifier};
use super::{NrError, Numerology, SSB_SUBCARRIERS, SsbTracker, TrackerConfig};

/// What to search for.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchConfig {
    /// Subcarrier spacing of the block, 15 000 or 30 000 Hz.
    pub scs_hz: f64,
    /// Carrier frequency of 0 Hz of the samples. It gives the synchronisation raster and the phase compensation of each symbol.
    pub center_hz: Option<f64>,
    /// Centre of the block above the carrier centre, where known; else it is searched for.
    pub ssb_offset_hz: Option<f64>,
    /// Largest carrier frequency offset looked for, in Hz (at most half a subcarrier spacing is useful).
    pub max_cfo_hz: f64,
    /// At most this much of the samples is used to acquire, in s.
    pub acquire_s: f64,
    /// At most this many cells are given.
    pub max_cells: usize,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self { scs_hz: 15e3, center_hz: None, ssb_offset_hz: None, max_cfo_hz: 5e3, acquire_s: 0.16, max_cells: 8 }
    }
}

/// A cell that was found.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Cell {
    /// Physical cell identity.
    pub pci: u16,
    /// Centre of the block (its subcarrier 120) above the carrier centre, in Hz.
    pub ssb_offset_hz: f64,
    /// Subcarrier spacing, in Hz.
    pub scs_hz: f64,
    /// First CP sample of the PSS symbol of the first block used to acquire.
    pub sample: u64,
    /// Signal to noise per resource element in dB, over the blocks used.
    pub snr_db: f32,
    /// Carrier frequency offset in Hz; > 0 when the signal lies above nominal.
    pub cfo_hz: f64,
    /// Phase step from symbol to symbol at zero offset, in rad. A transmitter that follows TS 38.211 §5.4 turns each symbol so that its
    /// own carrier frequency has phase zero at its start; seen from the baseband this is a constant step.
    pub symbol_phase_rad: f64,
    /// Most blocks in a half frame at this carrier frequency: 4 or 8.
    pub l_max: u8,
    /// Blocks used to acquire.
    pub blocks: u32,
    /// Power of a resource element in dB relative to full scale: the mean of |x|² = 1 is 0 dBFS, whatever the sample rate.
    #[serde(default)]
    pub rsrp_dbfs: f32,
    /// A MIB was decoded in one of these blocks. Without, a cell needs three blocks.
    pub mib_crc_ok: bool,
    /// Mean share of the known resource elements' energy that the channel explained, 0…1.
    pub explained: f32,
}

/// Finds the cells in `iq`.
///
/// First the synchronisation raster around `center_hz` (or the given offset) in the first 25 ms, then in everything up to `acquire_s`
/// with the PSS powers of frames 20 ms apart added; if that finds nothing and no offset was given, every 15 kHz.
///
/// # Errors
/// [`NrError::Rate`], [`NrError::OutOfBand`], [`NrError::TooShort`] for less than one block, [`NrError::NotFinite`].
pub fn search(iq: &[Complex32], rate_hz: f64, config: &SearchConfig) -> Result<Vec<Cell>, NrError> {
    let numerology = Numerology::new(rate_hz, config.scs_hz)?;
    let needed = 4 * numerology.symbol();
    if iq.len() < needed {
        return Err(NrError::TooShort { got: iq.len(), needed });
    }
    let longest = ((config.acquire_s.clamp(0.005, 10.0) * rate_hz) as usize).max(needed).min(iq.len());
    let iq = &iq[..longest];
    if let Some(index) = iq.iter().position(|v| !v.is_finite()) {
        return Err(NrError::NotFinite { index });
    }
    let width_hz = SSB_SUBCARRIERS as f64 * config.scs_hz;
    let raster = match (config.ssb_offset_hz, config.center_hz) {
        (Some(offset), _) => vec![offset],
        (None, Some(center)) => ssb_offsets_hz(center, rate_hz, width_hz),
        (None, None) => Vec::new(),
    };
    if let Some(offset_hz) = config.ssb_offset_hz
        && (offset_hz.is_nan() || offset_hz.abs() + width_hz / 2.0 > rate_hz / 2.0)
    {
        return Err(NrError::OutOfBand { offset_hz, width_hz, rate_hz });
    }
    let short = ((0.025 * rate_hz) as usize).min(iq.len());
    let steps = cfo_steps(config);
    let everywhere = if config.ssb_offset_hz.is_none() { all_offsets_hz(rate_hz, width_hz) } else { Vec::new() };
    let mut stages = vec![(short, &raster, steps.as_slice())];
    if iq.len() > short {
        stages.push((iq.len(), &raster, steps.as_slice()));
    }
    stages.push((short, &everywhere, &[0.0]));
    let mut search = Search::new(numerology, config)?;
    for (len, offsets, steps) in stages {
        let cells = search.stage(&iq[..len], offsets, steps)?;
        if !cells.is_empty() {
            return search.measure(iq, cells);
        }
    }
    Ok(Vec::new())
}

/// Frequency hypotheses that cover the reach at most 3/8 of a subcarrier apart: at worst 0.5 dB are lost.
fn cfo_steps(config: &SearchConfig) -> Vec<f64> {
    let reach = config.max_cfo_hz.abs().min(2.0 * config.scs_hz);
    let widest = config.scs_hz * 3.0 / 8.0;
    let count = (2.0 * reach / widest).ceil().max(1.0);
    let step = 2.0 * reach / count;
    (0..count as usize).map(|n| (n as f64 + 0.5) * step - reach).collect()
}

/// Candidates looked at in a stage.
const MOST_CANDIDATES: usize = 48;
/// Turns in which several cells are measured.
const TURNS: usize = 3;
/// Blocks of a cell are looked for so far apart, s.
const PERIOD_S: f64 = 0.020;

struct Search<'a> {
    config: &'a SearchConfig,
    numerology: Numerology,
    correlator: Correlator,
    verifier: Verifier<'a>,
    canceller: Canceller,
}

impl<'a> Search<'a> {
    fn new(numerology: Numerology, config: &'a SearchConfig) -> Result<Self, NrError> {
        let mut planner = FftPlanner::new();
        Ok(Self {
            config,
            numerology,
            correlator: Correlator::with_planner(numerology, &mut planner)?,
            canceller: Canceller::new(numerology, &mut planner),
            verifier: Verifier::new(numerology, config, planner),
        })
    }

    /// Cells one by one, the likeliest first; each is taken out of the samples before the next is looked for.
    fn stage(&mut self, iq: &[Complex32], offsets: &[f64], steps: &[f64]) -> Result<Vec<Cell>, NrError> {
        let mut scan = Scan::new(&self.numerology, &self.correlator, iq.len());
        let all: Vec<usize> = (0..scan.pieces).collect();
        let mut candidates = scan.candidates(&mut self.correlator, iq, &all, offsets, steps, None);
        let mut cells: Vec<Cell> = Vec::new();
        let mut residual: Option<Vec<Complex32>> = None;
        for _ in 0..MOST_CANDIDATES {
            let best = (0..candidates.len()).max_by(|&a, &b| candidates[a].metric.total_cmp(&candidates[b].metric));
            let Some(best) = best else { break };
            let candidate = candidates.swap_remove(best);
            let now = residual.as_deref().unwrap_or(iq);
            let Some(cell) = self.verifier.verify(now, &candidate)? else { continue };
            let width_hz = SSB_SUBCARRIERS as f64 * self.config.scs_hz;
            let known = |c: &Cell| c.pci == cell.pci && (c.ssb_offset_hz - cell.ssb_offset_hz).abs() < width_hz;
            if !cells.iter().any(known) {
                // what a cell leaves when it is taken out is no noise: a second one has to be read
                if !cells.is_empty() && !cell.mib_crc_ok {
                    continue;
                }
                cells.push(cell);
            }
            if cells.len() >= self.config.max_cells {
                break;
            }
            let residual = residual.get_or_insert_with(|| iq.to_vec());
            let places = self.take_out(residual, &cell)?;
            let near = |c: &Candidate| {
                (c.ssb_offset_hz - cell.ssb_offset_hz).abs() < width_hz && places.iter().any(|p| scan.near(*p, c.place))
            };
            candidates.retain(|c| !near(c));
            let close: Vec<f64> =
                offsets.iter().copied().filter(|o| (o - cell.ssb_offset_hz).abs() < 0.75 * width_hz).collect();
            for place in places.iter().take(1) {
                let pieces = scan.pieces_near(*place);
                let found =
                    scan.candidates(&mut self.correlator, residual, &pieces, &close, steps, Some(scan.window(*place)));
                candidates.extend(found);
                // a cell with the same PSS at the same time lost part of it
                candidates.extend((0..3).map(|n2| Candidate { n2, place: *place, metric: METRIC_MIN, ..candidate }));
            }
        }
        cells.sort_by(|a, b| b.rsrp_dbfs.total_cmp(&a.rsrp_dbfs));
        Ok(cells)
    }

    /// Measures cells that were found in few blocks in all. Several are measured in turns, each with the others taken out: cells at the
    /// same time may share their PSS or DMRS places, and then each first takes part of the other for its own.
    fn measure(&mut self, iq: &[Complex32], mut cells: Vec<Cell>) -> Result<Vec<Cell>, NrError> {
        if let [cell] = cells.as_mut_slice() {
            *cell = self.verifier.refine(iq, *cell, false)?;
            return Ok(cells);
        }
        let mut residual = iq.to_vec();
        let mut parts: Vec<Vec<Complex32>> = vec![Vec::new(); cells.len()];
        for _ in 0..TURNS {
            for (cell, part) in cells.iter_mut().zip(&mut parts) {
                residual.iter_mut().zip(&*part).for_each(|(r, p)| *r += p);
                part.clone_from(&residual);
                *cell = self.verifier.refine(&residual, *cell, true)?;
                self.take_out(&mut residual, cell)?;
                part.iter_mut().zip(&residual).for_each(|(p, r)| *p -= r);
            }
        }
        cells.sort_by(|a, b| b.rsrp_dbfs.total_cmp(&a.rsrp_dbfs));
        Ok(cells)
    }

    /// Takes the blocks of `cell` that lie 20 ms apart out of `iq`; gives their places at the low rate.
    fn take_out(&mut self, iq: &mut [Complex32], cell: &Cell) -> Result<Vec<usize>, NrError> {
        let mut tracker = SsbTracker::new(TrackerConfig::of(cell, self.numerology.rate_hz()))?;
        let period = (PERIOD_S * self.numerology.rate_hz()).round() as usize;
        let first = cell.sample as usize % period;
        let last = iq.len().saturating_sub(4 * self.numerology.symbol());
        let mut places = Vec::new();
        for start in (first..=last).step_by(period.max(1)) {
            if self.canceller.subtract(iq, start, cell.cfo_hz, &mut tracker)? {
                places.push((start + self.numerology.cp()) / self.correlator.decimation());
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_steps_cover_the_reach() {
        assert_eq!(cfo_steps(&SearchConfig::default()), [-2500.0, 2500.0]);
        assert_eq!(cfo_steps(&SearchConfig { max_cfo_hz: 0.0, ..SearchConfig::default() }), [0.0]);
    }
}

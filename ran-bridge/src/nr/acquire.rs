//! Cell search.

use num_complex::Complex32;

use super::correlator::{Correlator, HOP, LOW_FFT};
use super::raster::{all_offsets_hz, ssb_offsets_hz};
use super::verify::{Candidate, Verifier};
use super::{NrError, Numerology, SSB_SUBCARRIERS};

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
    stages.push((short, &everywhere, &steps[..1]));
    let mut search = Search::new(numerology, config)?;
    for (len, offsets, steps) in stages {
        let cells = search.stage(&iq[..len], offsets, steps)?;
        if !cells.is_empty() {
            // found in few blocks, measured in all
            let mut verifier = Verifier::new(numerology, config)?;
            return cells.into_iter().map(|cell| verifier.refine(iq, cell)).collect();
        }
    }
    Ok(Vec::new())
}

/// Frequency hypotheses a quarter subcarrier apart, 0 first: at worst 0.2 dB are lost between two.
fn cfo_steps(config: &SearchConfig) -> Vec<f64> {
    let step = config.scs_hz / 4.0;
    let reach = config.max_cfo_hz.abs().min(2.0 * config.scs_hz);
    let count = ((reach - step / 2.0) / step).ceil().max(0.0) as i32;
    std::iter::once(0.0).chain((1..=count).flat_map(|n| [f64::from(n) * step, f64::from(n) * -step])).collect()
}

struct Search<'a> {
    config: &'a SearchConfig,
    numerology: Numerology,
    correlator: Correlator,
}

impl<'a> Search<'a> {
    fn new(numerology: Numerology, config: &'a SearchConfig) -> Result<Self, NrError> {
        Ok(Self { config, numerology, correlator: Correlator::new(numerology)? })
    }

    fn stage(&mut self, iq: &[Complex32], offsets: &[f64], steps: &[f64]) -> Result<Vec<Cell>, NrError> {
        let mut candidates = self.candidates(iq, offsets, steps);
        candidates.sort_by(|a, b| b.metric.total_cmp(&a.metric));
        let mut cells: Vec<Cell> = Vec::new();
        let mut verifier = Verifier::new(self.numerology, self.config)?;
        // a cell 8 dB under the strongest is hidden by it
        let least = candidates.first().map_or(0.0, |c| 0.15 * c.metric);
        for candidate in candidates.iter().take(48).filter(|c| c.metric >= least) {
            let Some(cell) = verifier.verify(iq, candidate)? else { continue };
            // the same block seen through a neighbouring hypothesis is the same cell
            let width_hz = SSB_SUBCARRIERS as f64 * self.config.scs_hz;
            let known = |c: &&mut Cell| c.pci == cell.pci && (c.ssb_offset_hz - cell.ssb_offset_hz).abs() < width_hz;
            match cells.iter_mut().find(known) {
                Some(other) if cell.explained > other.explained + 0.05 => *other = cell,
                Some(_) => {}
                None => cells.push(cell),
            }
            if cells.len() >= self.config.max_cells {
                break;
            }
        }
        cells.sort_by(|a, b| b.snr_db.total_cmp(&a.snr_db));
        Ok(cells)
    }

    fn candidates(&mut self, iq: &[Complex32], offsets: &[f64], steps: &[f64]) -> Vec<Candidate> {
        let period = (0.020 * self.numerology.scs_hz() * LOW_FFT as f64).round() as usize;
        let pieces = self.correlator.pieces(iq.len());
        let spectra: Vec<Vec<Complex32>> = (0..pieces)
            .map(|piece| {
                let mut out = Vec::new();
                self.correlator.spectrum(iq, piece, &mut out);
                out
            })
            .collect();
        let places = (iq.len() / self.correlator.decimation()).saturating_sub(LOW_FFT).min(pieces * HOP);
        let mut found = Vec::new();
        let mut folded = [vec![0f32; period], vec![0f32; period], vec![0f32; period]];
        let (mut energy, mut metric) = ([0f32; HOP], [0f32; HOP]);
        for &offset in offsets {
            for &cfo in steps {
                folded.iter_mut().for_each(|f| f.fill(0.0));
                for (piece, spectrum) in spectra.iter().enumerate() {
                    self.correlator.tune(spectrum, offset + cfo, &mut energy);
                    let floor = 1e-5 * energy.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
                    for (n2, fold) in (0u8..).zip(&mut folded) {
                        self.correlator.metric(n2, &energy, floor, &mut metric);
                        let first = piece * HOP;
                        for (n, m) in metric.iter().enumerate().take(places.saturating_sub(first)) {
                            fold[(first + n) % period] += m;
                        }
                    }
                }
                for (n2, fold) in (0u8..).zip(&mut folded) {
                    let repeats = |place: usize| (places.saturating_sub(place)).div_ceil(period).max(1) as f32;
                    fold.iter_mut().enumerate().for_each(|(i, v)| *v /= repeats(i));
                    peaks(fold, 4, |place, metric| {
                        found.push(Candidate {
                            n2,
                            place,
                            metric: metric * repeats(place).sqrt(),
                            ssb_offset_hz: offset,
                            cfo_hz: cfo,
                        });
                    });
                }
            }
        }
        found
    }
}

/// The `count` highest peaks at least half a symbol apart.
fn peaks(values: &mut [f32], count: usize, mut take: impl FnMut(usize, f32)) {
    for _ in 0..count {
        let Some((place, &value)) = values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { return };
        if value < 0.04 {
            return;
        }
        take(place, value);
        let (from, to) = (place.saturating_sub(LOW_FFT / 2), (place + LOW_FFT / 2).min(values.len()));
        values[from..to].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_steps_cover_the_reach() {
        let steps = cfo_steps(&SearchConfig::default());
        assert_eq!(steps, [0.0, 3750.0, -3750.0]);
    }
}

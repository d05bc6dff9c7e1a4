//! Weights by sub-band, one OFDM symbol at a time.

use super::change::{PrbRange, SubBands};
use super::error::{FrontEndError, check_weights};
use super::kernel::{multiply, multiply_add};
use num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::ops::Range;
use std::sync::Arc;

/// Most sub-bands: each resource block its own.
const MAX_BANDS: usize = 275;

/// A set of weights by sub-band, ready to be applied: for each symbol `Y_m[k] = Σ_p W_{m,p}[k]·X_p[k]` on the useful part's
/// DFT, and the cyclic prefix is copied anew from the end of the result.
///
/// That is the transmitter's own precoding: the useful part of a symbol is periodic for whoever cuts it out within
/// the prefix, so weights by subcarrier are a circular multiplication there, and no sample of another symbol takes part.
pub(super) struct SubBandPrecoder {
    antennas: usize,
    ports: usize,
    fft: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// Bins of the DFT and whose weights they get.
    runs: Vec<(Range<usize>, usize)>,
    /// Bands × M × P, with the 1/N of the inverse DFT.
    weights: Vec<Complex32>,
}

/// What one symbol needs while it is worked on.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// P spectra.
    spectra: Vec<Complex32>,
    /// One antenna's spectrum.
    mixed: Vec<Complex32>,
    fft: Vec<Complex32>,
}

impl SubBandPrecoder {
    /// For symbols of `fft` samples without prefix.
    pub(super) fn new(
        bands: &SubBands,
        (antennas, ports): (usize, usize),
        fft: usize,
        planner: &mut FftPlanner<f32>,
    ) -> Result<Self, FrontEndError> {
        let runs = runs(bands, fft)?;
        let mut weights = Vec::with_capacity(bands.bands.len() * antennas * ports);
        for band in &bands.bands {
            check_weights(&band.weights, antennas, ports)?;
            weights.extend(band.weights.iter().map(|w| w / fft as f32));
        }
        let (forward, inverse) = (planner.plan_fft_forward(fft), planner.plan_fft_inverse(fft));
        Ok(Self { antennas, ports, fft, forward, inverse, runs, weights })
    }

    /// Makes room in `scratch` where there is too little.
    pub(super) fn reserve(&self, scratch: &mut Scratch) {
        let grow = |v: &mut Vec<Complex32>, n: usize| v.resize(v.len().max(n), Complex32::ZERO);
        grow(&mut scratch.spectra, self.ports * self.fft);
        grow(&mut scratch.mixed, self.fft);
        let plans = [&self.forward, &self.inverse];
        grow(&mut scratch.fft, plans.iter().map(|p| p.get_outofplace_scratch_len()).max().unwrap_or(0));
    }

    /// Precodes one symbol.
    ///
    /// # Shapes
    /// `x`: P × (prefix + N) samples, destroyed; `y`: M × (prefix + N), overwritten. `scratch`: as [`SubBandPrecoder::reserve`] leaves it.
    pub(super) fn symbol(&self, x: &mut [Vec<Complex32>], y: &mut [Vec<Complex32>], cp: usize, scratch: &mut Scratch) {
        let n = self.fft;
        let Scratch { spectra, mixed, fft } = scratch;
        let mixed = &mut mixed[..n];
        for (x, spectrum) in x.iter_mut().zip(spectra.chunks_exact_mut(n)) {
            self.forward.process_outofplace_with_scratch(&mut x[cp..cp + n], spectrum, fft);
        }
        for (m, y) in y.iter_mut().enumerate().take(self.antennas) {
            for (bins, band) in &self.runs {
                let weights = &self.weights[(band * self.antennas + m) * self.ports..][..self.ports];
                for (p, (w, spectrum)) in weights.iter().zip(spectra.chunks_exact(n)).enumerate() {
                    let (to, from) = (&mut mixed[bins.clone()], &spectrum[bins.clone()]);
                    if p == 0 { multiply(to, from, *w) } else { multiply_add(to, from, *w) }
                }
            }
            self.inverse.process_outofplace_with_scratch(mixed, &mut y[cp..cp + n], fft);
            y.copy_within(n..n + cp, 0);
        }
    }
}

/// Which bins get the weights of which band; together all `fft` bins, each once.
fn runs(bands: &SubBands, fft: usize) -> Result<Vec<(Range<usize>, usize)>, FrontEndError> {
    let half = fft as i32 / 2;
    if bands.bands.is_empty() || bands.bands.len() > MAX_BANDS {
        return Err(FrontEndError::Band("give 1 to 275 sub-bands"));
    }
    if usize::from(bands.carrier_prbs) * 12 > fft {
        return Err(FrontEndError::Band("the carrier is wider than the sampled band"));
    }
    let mut edges = Vec::with_capacity(bands.bands.len() + 1);
    edges.push(-half);
    let mut before = None;
    for band in &bands.bands {
        let range = PrbRange {
            scs_hz: bands.scs_hz,
            carrier_prbs: bands.carrier_prbs,
            first_prb: band.first_prb,
            prbs: band.prbs,
        };
        if !range.fits() {
            return Err(FrontEndError::Band("a sub-band has no resource block or reaches beyond the carrier"));
        }
        let (first, end) = range.subcarriers();
        if let Some(before) = before {
            if first < before {
                return Err(FrontEndError::Band("sub-bands must ascend and not overlap"));
            }
            // as far from the last subcarrier below as from the first one above; the lower band gets the one in the middle
            edges.push((before + first - 1).div_euclid(2) + 1);
        }
        before = Some(end);
    }
    edges.push(fft as i32 - half);
    let mut runs = Vec::with_capacity(edges.len());
    for (band, edge) in edges.windows(2).enumerate() {
        let (from, to) = (edge[0], edge[1]);
        let bin = |k: i32| k.rem_euclid(fft as i32) as usize;
        if from < 0 {
            let to = to.min(0);
            runs.push((bin(from)..bin(from) + (to - from) as usize, band));
        }
        if to > 0 {
            runs.push((from.max(0) as usize..to as usize, band));
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::super::change::SubBand;
    use super::*;

    fn bands(list: &[(u16, u16)]) -> SubBands {
        let bands = list.iter().map(|&(first_prb, prbs)| SubBand { first_prb, prbs, weights: vec![Complex32::ONE] });
        SubBands { scs_hz: 15_000, carrier_prbs: 10, bands: bands.collect() }
    }

    #[test]
    fn every_bin_once_and_the_nearest_band() {
        // 10 blocks in 256 bins: subcarriers -60 … 59. Bands: -60 … -37, 0 … 23, 24 … 47
        let runs = runs(&bands(&[(0, 2), (5, 2), (7, 2)]), 256).unwrap();
        let mut of = [usize::MAX; 256];
        for (bins, band) in runs {
            for k in bins {
                assert_eq!(of[k], usize::MAX);
                of[k] = band;
            }
        }
        let at = |k: i32| of[k.rem_euclid(256) as usize];
        // -37 and 0 are as far from -19 as from -18: the middle of -36 … -1 lies between them
        assert_eq!((at(-128), at(-37), at(-19), at(-18)), (0, 0, 0, 1));
        assert_eq!((at(-1), at(0), at(23), at(24), at(47), at(127)), (1, 1, 1, 2, 2, 2));
    }

    #[test]
    fn refuses_what_is_no_list_of_bands() {
        for list in [&[][..], &[(0, 0)], &[(9, 2)], &[(2, 3), (4, 1)], &[(4, 1), (2, 1)]] {
            assert!(matches!(runs(&bands(list), 256), Err(FrontEndError::Band(_))), "{list:?}");
        }
        assert!(runs(&bands(&[(0, 10)]), 64).is_err());
    }
}

//! Finds the cell's PSS in a stretch of samples by FFT correlation.
use crate::config::CellConfig;
use crate::phy::{self, Numerology, Ofdm, ssb};
use num_complex::Complex32;
use rustfft::FftPlanner;

/// Peak over mean of the correlation's power below which there is no cell.
const THRESHOLD: f32 = 18.0;
const BLOCK: usize = 4096;

/// The PSS without its cyclic prefix, as a unit-energy waveform at the SSB's place in the carrier.
#[must_use]
pub fn pss_waveform(cell: &CellConfig, n: Numerology) -> Vec<Complex32> {
    let mut ofdm = Ofdm::new(n, cell.carrier_hz);
    let mut re = vec![Complex32::default(); n.subcarriers()];
    let start = cell.ssb_start().unwrap_or(0) + ssb::SYNC_START;
    for (i, value) in phy::pss(cell.pci % 3).into_iter().enumerate() {
        re[start + i] = value.into();
    }
    let l = ssb::FIRST_SYMBOL;
    let mut out = vec![Complex32::default(); n.cp(l) + n.fft];
    ofdm.modulate(&re, l, 1.0, &mut out);
    out.drain(..n.cp(l));
    let energy: f32 = out.iter().map(Complex32::norm_sqr).sum();
    out.iter_mut().for_each(|v| *v /= energy.sqrt());
    out
}

/// First sample of the PSS's useful part within `samples`, where one stands out.
#[must_use]
pub fn find_pss(samples: &[Complex32], pss: &[Complex32]) -> Option<usize> {
    let mut planner = FftPlanner::new();
    let (forward, inverse) = (planner.plan_fft_forward(BLOCK), planner.plan_fft_inverse(BLOCK));
    let mut reference = vec![Complex32::default(); BLOCK];
    reference[..pss.len()].copy_from_slice(pss);
    forward.process(&mut reference);
    let valid = BLOCK - pss.len() + 1;
    let last = samples.len().checked_sub(pss.len())?;
    let (mut best, mut sum, mut work) = ((0.0f32, 0usize), 0.0f64, vec![Complex32::default(); BLOCK]);
    for start in (0..=last).step_by(valid) {
        let take = BLOCK.min(samples.len() - start);
        work.fill(Complex32::default());
        work[..take].copy_from_slice(&samples[start..start + take]);
        forward.process(&mut work);
        work.iter_mut().zip(&reference).for_each(|(w, r)| *w *= r.conj());
        inverse.process(&mut work);
        for (i, value) in work.iter().take(valid.min(last - start + 1)).enumerate() {
            let power = value.norm_sqr();
            sum += f64::from(power);
            if power > best.0 {
                best = (power, start + i);
            }
        }
    }
    let mean = (sum / (last + 1) as f64) as f32;
    (mean > 0.0 && best.0 > THRESHOLD * mean).then_some(best.1)
}

/// The strongest place within ± `reach` of `expected`, and the PSS's share of the energy there, 0 to 1: less where a part of it is missing.
#[must_use]
pub fn refine(samples: &[Complex32], pss: &[Complex32], expected: usize, reach: usize) -> (usize, f32) {
    let power = |at: usize| {
        let window = samples.get(at..at + pss.len())?;
        Some(window.iter().zip(pss).map(|(s, p)| s * p.conj()).sum::<Complex32>().norm_sqr())
    };
    let energy = |at: usize| samples[at..at + pss.len()].iter().map(Complex32::norm_sqr).sum::<f32>();
    (expected.saturating_sub(reach)..=expected + reach)
        .filter_map(|at| Some((at, power(at)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or((expected, 0.0), |(at, power)| (at, power / energy(at).max(f32::MIN_POSITIVE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pss_that_is_cut_has_less_of_its_energy() {
        let cell = CellConfig { rate_hz: 3_840_000, prb: 20, ssb_offset_sc: 0, ..CellConfig::default() };
        let pss = pss_waveform(&cell, cell.numerology().unwrap());
        let mut samples = vec![Complex32::default(); 1000];
        samples[300..300 + pss.len()].copy_from_slice(&pss);
        let (at, share) = refine(&samples, &pss, 290, 64);
        assert!(at == 300 && (share - 1.0).abs() < 1e-5, "{at} {share}");
        samples[300..300 + pss.len() / 2].fill(Complex32::default());
        let (_, share) = refine(&samples, &pss, 300, 8);
        assert!(share < 0.6, "{share}");
        assert_eq!(refine(&[Complex32::default(); 10], &pss, 3, 2), (3, 0.0));
    }
}

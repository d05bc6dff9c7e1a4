//! Carrier frequency offset of a cell: from inside the symbols, where nothing is ambiguous, and from symbol to symbol, where it is finer but
//! a constant of the transmitter hides it.
//!
//! **Inside a symbol.** With offset error e the useful part is r(τ) = h s(τ) e^{j2πeτ} + w, τ from its middle, |τ| ≤ T/2. Its phase in the
//! middle is free, for the transmitter may turn each symbol (TS 38.211 §5.4). The log-likelihood's slope at e = 0 over the known
//! resource elements is 2·2πT/ν · S with S = Im Σ (hX)* Y′, where Y′ is the symbol weighted with τ/T before its FFT; its curvature is
//! −2(2π)²⟨τ²⟩/ν · Σ|h|² with ⟨τ²⟩ = T²/12. One Newton step with the expected curvature, sums over symbols and blocks:
//!
//! ê = 12/(2πT) · Σ S/ν / Σ |h|²/ν,  var ê = 1 / (2 (2π)² T²/12 · Σ |h|²/ν).
//!
//! ν is what disturbs Y′: noise, and resource elements that are not known. One that lies m subcarriers away leaks with (T/2πm)², over
//! all m ≠ 0 with ⟨τ²⟩, as strong as its own power. PBCH data surround the DMRS, so ν = noise + power there; the PSS has 56 empty
//! subcarriers beside it and the SSS eight or nine (TS 38.211 Table 7.4.3.1-1): at most a hundredth.
//!
//! **From symbol to symbol** the phase turns by 2π f T_s + ψ, T_s with the prefix. ψ is −2π f0 T_s for a transmitter that follows §5.4
//! with carrier frequency f0 (each symbol's carrier phase is zero at its useful start), and 0 for one that does without. Both give
//! an offset, ψ/2πT_s apart (728 Hz at 1842.5 MHz); only the first estimate can tell which is right. At low SNR it cannot, and then
//! the standard has it: maximum a posteriori with [`ODDS`].

use super::Numerology;
use super::pilots::wrap;

/// How much more likely a transmitter is taken to follow TS 38.211 §5.4 than not, before anything is seen.
const ODDS: f64 = 1e3;
/// Unknown resource elements' part in what disturbs PSS and SSS, and the DMRS.
const LEAKAGE: [f32; 2] = [0.01, 1.0];

/// Sums over blocks of the estimate from inside the symbols.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InSymbol {
    /// Σ S/ν
    slope: f64,
    /// Σ |h|²/ν
    energy: f64,
}

impl InSymbol {
    /// Adds a block: S and Σ|h|² over PSS and SSS and over the DMRS, noise variance and mean |h|² per resource element.
    pub fn add(&mut self, lean: [(f32, f32); 2], noise_var: f32, power: f32) {
        for ((slope, energy), leakage) in lean.into_iter().zip(LEAKAGE) {
            let disturbance = f64::from(noise_var + leakage * power).max(f64::from(f32::MIN_POSITIVE));
            self.slope += f64::from(slope) / disturbance;
            self.energy += f64::from(energy) / disturbance;
        }
    }

    /// Offset left in the blocks, in Hz.
    pub fn offset_hz(&self, scs_hz: f64) -> f64 {
        if self.energy > 0.0 { 12.0 * scs_hz / std::f64::consts::TAU * self.slope / self.energy } else { 0.0 }
    }

    /// Variance of [`InSymbol::offset_hz`], in Hz².
    pub fn variance_hz2(&self, scs_hz: f64) -> f64 {
        6.0 * (scs_hz / std::f64::consts::TAU).powi(2) / self.energy.max(f64::MIN_POSITIVE)
    }
}

/// Phase step from symbol to symbol of a transmitter whose carrier frequency is `center_hz`, in rad.
//= TS 38.211 §5.4: each symbol is turned by exp(−j2πf0 (t_start + N_CP T_c))
pub(crate) fn compensation_rad(center_hz: f64, numerology: &Numerology) -> f64 {
    let cycles = center_hz * numerology.symbol() as f64 / numerology.rate_hz();
    f64::from(wrap((-cycles.fract() * std::f64::consts::TAU) as f32))
}

/// Which constant step the transmitter has, in rad, and the offset left, in Hz: from the step `seen_rad` and the estimate `inside`, both
/// with the same frequency taken out. Without a carrier frequency the step is taken as it is and `inside` is the offset.
pub(crate) fn resolve(seen_rad: f64, inside: &InSymbol, center_hz: Option<f64>, numerology: &Numerology) -> (f64, f64) {
    let inside_hz = inside.offset_hz(numerology.scs_hz());
    let symbol_s = numerology.symbol() as f64 / numerology.rate_hz();
    // of the offsets a whole turn a symbol apart (14 kHz) the one nearest to what the inside tells
    let left_hz = |step_rad: f64| {
        let turned = seen_rad - step_rad - std::f64::consts::TAU * inside_hz * symbol_s;
        inside_hz + f64::from(wrap(turned as f32)) / (std::f64::consts::TAU * symbol_s)
    };
    let Some(center_hz) = center_hz else {
        let step = wrap((seen_rad - std::f64::consts::TAU * inside_hz * symbol_s) as f32);
        return (f64::from(step), inside_hz);
    };
    let step_rad = compensation_rad(center_hz, numerology);
    let (standard_hz, plain_hz) = (left_hz(step_rad), left_hz(0.0));
    let log_ratio = ((plain_hz - inside_hz).powi(2) - (standard_hz - inside_hz).powi(2))
        / (2.0 * inside.variance_hz2(numerology.scs_hz()));
    if log_ratio + ODDS.ln() >= 0.0 { (step_rad, standard_hz) } else { (0.0, plain_hz) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compensation_by_hand() {
        // 1842.5 MHz · 2192/30.72 MHz = 131 470.0521 cycles: −0.0521 cycles = −0.3272 rad
        let n = Numerology::new(11.52e6, 15e3).unwrap();
        assert!((compensation_rad(1842.5e6, &n) + 0.3272).abs() < 1e-3);
    }
}

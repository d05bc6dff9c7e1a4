//! The uplink signal of a UE: a known sequence in resource blocks of its own, and how the gNB measures it.
use crate::measure::Power;
use crate::phy::{self, Numerology, Ofdm};
use num_complex::Complex32;

/// UEs with resource blocks of their own on the narrowest carrier.
pub const MAX_UES: usize = 8;
const PRB_EACH: usize = 2;
/// Symbols with the sequence, far enough apart to tell noise from signal.
const SYMBOLS: [usize; 4] = [2, 5, 8, 11];

/// First subcarrier of UE `ue`: two blocks each, one between neighbours, one at the edge.
fn first_subcarrier(ue: usize) -> usize {
    12 * (1 + (PRB_EACH + 1) * (ue % MAX_UES))
}

fn sequence(pci: u16, ue: usize) -> Vec<Complex32> {
    phy::qpsk(&phy::gold((u32::from(pci) << 8) | (ue as u32 + 1), 24 * PRB_EACH))
}

/// The uplink slot of UE `ue`, level `rms_dbfs` over the symbols it uses.
#[must_use]
pub fn waveform(n: Numerology, pci: u16, ue: usize, rms_dbfs: f32) -> Vec<Complex32> {
    let mut ofdm = Ofdm::new(n, 0.0);
    let mut re = vec![Complex32::default(); n.subcarriers()];
    let start = first_subcarrier(ue);
    re[start..start + 12 * PRB_EACH].copy_from_slice(&sequence(pci, ue));
    let amplitude = 10f32.powf(rms_dbfs / 20.0) / (12.0 * PRB_EACH as f32).sqrt();
    let mut out = vec![Complex32::default(); n.slot];
    for l in SYMBOLS {
        let at = n.symbol_start(l);
        ofdm.modulate(&re, l, amplitude, &mut out[at..at + n.cp(l) + n.fft]);
    }
    out
}

/// Measures uplinks at the gNB.
pub struct UplinkMeter {
    ofdm: Ofdm,
    sequences: Vec<Vec<Complex32>>,
    grids: Vec<Vec<Complex32>>,
}

impl UplinkMeter {
    /// For `ues` UEs of cell `pci`.
    #[must_use]
    pub fn new(n: Numerology, pci: u16, ues: usize) -> Self {
        Self {
            ofdm: Ofdm::new(n, 0.0),
            sequences: (0..ues).map(|u| sequence(pci, u)).collect(),
            grids: vec![vec![Complex32::default(); n.subcarriers()]; SYMBOLS.len()],
        }
    }

    /// SNR per UE from one uplink slot, and by how many samples its slot comes after the gNB's; `None` where there is nothing.
    ///
    /// A delay of d samples turns subcarrier k by exp(−2πi·k·d/N), N the FFT's length: from one subcarrier to the next by −2π·d/N.
    pub fn measure(&mut self, slot: &[Complex32]) -> Vec<Option<(f64, f64)>> {
        let n = *self.ofdm.numerology();
        let early = n.cp_short / 2;
        for (grid, l) in self.grids.iter_mut().zip(SYMBOLS) {
            let at = n.symbol_start(l) + n.cp(l) - early;
            self.ofdm.demodulate(&slot[at..], l, early, grid);
        }
        let divided = |grid: &[Complex32], u: usize, s: &[Complex32]| -> Vec<Complex32> {
            grid[first_subcarrier(u)..].iter().zip(s).map(|(y, x)| y * x.conj()).collect()
        };
        self.sequences
            .iter()
            .enumerate()
            .map(|(u, s)| {
                let h: Vec<_> = self.grids.iter().map(|g| divided(g, u, s)).collect();
                let mut power = Power::default();
                h.windows(2).for_each(|w| power.add(&w[0], &w[1]));
                let turn: Complex32 = h.iter().flat_map(|h| h.windows(2)).map(|w| w[1] * w[0].conj()).sum();
                let delay = -f64::from(turn.arg()) / std::f64::consts::TAU * n.fft as f64;
                power.sinr_db().map(|snr_db| (snr_db, delay))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, Normal};

    #[test]
    fn each_ue_is_seen_at_its_own_snr() {
        let n = Numerology::new(7_680_000, 25).unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let noise = Normal::new(0.0f32, 0.002).unwrap();
        let mut slot: Vec<Complex32> =
            (0..n.slot).map(|_| Complex32::new(noise.sample(&mut rng), noise.sample(&mut rng))).collect();
        for (u, scale) in [(0usize, 1.0f32), (2, 0.1)] {
            for (s, w) in slot.iter_mut().zip(waveform(n, 1, u, -20.0)) {
                *s += w * scale;
            }
        }
        let measured = UplinkMeter::new(n, 1, 3).measure(&slot);
        let snr: Vec<_> = measured.iter().map(|m| m.map(|m| m.0)).collect();
        // -20 dBFS in 24 of 512 subcarriers against -51 dBFS over all: 31 + 13.3 dB, and 20 dB less for the other.
        assert!((snr[0].unwrap() - 44.3).abs() < 3.0, "{snr:?}");
        assert!((snr[2].unwrap() - 24.3).abs() < 3.0, "{snr:?}");
        assert!(snr[1].unwrap() < 3.0, "{snr:?}");
        assert!(measured[0].unwrap().1.abs() < 0.05, "{measured:?}");
        assert_eq!(UplinkMeter::new(n, 1, 1).measure(&vec![Complex32::default(); n.slot]), [None]);
        // three samples late, and two early
        for (shift, want) in [(3_i64, 3.0), (-2, -2.0)] {
            let mut late = slot.clone();
            late.rotate_right(shift.rem_euclid(n.slot as i64) as usize);
            let delay = UplinkMeter::new(n, 1, 1).measure(&late)[0].unwrap().1;
            assert!((delay - want).abs() < 0.05, "{delay} of {want}");
        }
    }
}

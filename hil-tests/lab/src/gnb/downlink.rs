//! The downlink waveform, slot by slot, from cached OFDM symbols.
use crate::config::{CellConfig, Filling};
use crate::phy::{self, Broadcast, Numerology, Ofdm, SYMBOLS, ssb};
use num_complex::Complex32;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// DMRS symbols of the PDSCH: type A, position 2, two additional positions.
//= TS 38.211 Table 7.4.1.1.2-3, l_d = 14, pos2
pub const DMRS_SYMBOLS: [usize; 3] = [2, 7, 11];

/// Generates the downlink of one cell.
pub struct Downlink {
    cell: CellConfig,
    numerology: Numerology,
    ofdm: Ofdm,
    amplitude: f32,
    ssb_start: usize,
    sfn0: u16,
    cache: Vec<Vec<Complex32>>,
    work: Vec<Complex32>,
}

impl Downlink {
    /// Prepares one cycle of slots. `sfn0` is the frame of slot 0, `seed` draws the PDSCH data.
    ///
    /// `None` where the cell's sizes do not fit; [`CellConfig::problem`] says why.
    #[must_use]
    pub fn new(cell: &CellConfig, sfn0: u16, seed: u64) -> Option<Self> {
        let numerology = cell.numerology()?;
        let mut ofdm = Ofdm::new(numerology, cell.carrier_hz);
        // K subcarriers of unit power give K·amplitude² of mean sample power.
        let amplitude = 10f32.powf(cell.rms_dbfs / 20.0) / (numerology.subcarriers() as f32).sqrt();
        let work = vec![Complex32::default(); numerology.subcarriers()];
        let cache = (0..10 * cell.cycle_frames as u64)
            .map(|slot| filled_slot(cell, &mut ofdm, amplitude, slot, seed))
            .collect();
        let ssb_start = cell.ssb_start()?;
        Some(Self { cell: cell.clone(), numerology, ofdm, amplitude, ssb_start, sfn0, cache, work })
    }

    /// Sizes in samples.
    #[must_use]
    pub const fn numerology(&self) -> &Numerology {
        &self.numerology
    }

    /// Frame number of slot 0.
    #[must_use]
    pub const fn sfn0(&self) -> u16 {
        self.sfn0
    }

    /// Absolute slot number (frame · 10 + slot) of slot `k` of this stream.
    #[must_use]
    pub const fn absolute(&self, k: u64) -> u64 {
        (self.sfn0 as u64 * 10 + k) % 10_240
    }

    /// Writes slot `k` of the stream into `out` (`numerology().slot` samples).
    pub fn slot(&mut self, k: u64, out: &mut [Complex32]) {
        let absolute = self.absolute(k);
        let cached = &self.cache[(absolute % self.cache.len() as u64) as usize];
        out.copy_from_slice(cached);
        if self.cell.has_ssb(absolute) {
            self.ssb((absolute / 10) as u16, out);
        }
    }

    fn ssb(&mut self, sfn: u16, out: &mut [Complex32]) {
        let broadcast = Broadcast { mib: self.cell.mib(), sfn, half_frame: false };
        let grid = ssb::grid(&broadcast, self.cell.pci, 0);
        for (i, symbol) in grid.iter().enumerate() {
            let l = ssb::FIRST_SYMBOL + i;
            self.work.fill(Complex32::default());
            self.work[self.ssb_start..self.ssb_start + ssb::WIDTH].copy_from_slice(symbol);
            let start = self.numerology.symbol_start(l);
            let end = start + self.numerology.cp(l) + self.numerology.fft;
            self.ofdm.modulate(&self.work, l, self.amplitude, &mut out[start..end]);
            out[start..end].iter_mut().for_each(quantise);
        }
    }
}

/// The gNB's own samples are 16 bit integers over 32 767, clipped below full scale.
fn quantise(sample: &mut Complex32) {
    let round = |v: f32| (v.clamp(-0.98, 0.98) * 32_767.0).round() / 32_767.0;
    *sample = Complex32::new(round(sample.re), round(sample.im));
}

/// One slot without its SSB: control symbols, PDSCH with DMRS, CSI-RS where due; a slot with an SSB holds nothing else.
fn filled_slot(cell: &CellConfig, ofdm: &mut Ofdm, amplitude: f32, slot: u64, seed: u64) -> Vec<Complex32> {
    let n = *ofdm.numerology();
    let mut out = vec![Complex32::default(); n.slot];
    if cell.has_ssb(slot) {
        return out;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(slot);
    for l in 0..SYMBOLS {
        let re = symbol_grid(cell, slot, l, &mut rng);
        let start = n.symbol_start(l);
        ofdm.modulate(&re, l, amplitude, &mut out[start..start + n.cp(l) + n.fft]);
    }
    out.iter_mut().for_each(quantise);
    out
}

/// Resource elements of symbol `l` of absolute slot `slot`.
fn symbol_grid(cell: &CellConfig, slot: u64, l: usize, rng: &mut ChaCha8Rng) -> Vec<Complex32> {
    let (prb, in_frame) = (cell.prb, (slot % 10) as u32);
    if DMRS_SYMBOLS.contains(&l) {
        return dmrs_symbol(cell, in_frame, l);
    }
    // Symbols 0 and 1 stand for the control region: QPSK. Coded bits are as good as random ones, so none are coded here.
    let per_symbol = if l < 2 || cell.filling == Filling::Qpsk { 2 } else { 4 };
    let scrambling = phy::gold(u32::from(cell.pci) | (0x4601 << 15), 12 * prb * per_symbol);
    let bits: Vec<u8> = scrambling.iter().map(|s| s ^ u8::from(rng.random::<bool>())).collect();
    let mut re = if per_symbol == 2 { phy::qpsk(&bits) } else { phy::qam16(&bits) };
    if cell.has_csi_rs(slot) && cell.csi_rs_symbols.contains(&l) {
        let sequence = phy::csi_rs(cell.pci, in_frame, l as u32, prb);
        for (m, value) in sequence.into_iter().enumerate() {
            re[12 * (m / 3) + cell.csi_rs_k0 + 4 * (m % 3)] = value;
        }
    }
    re
}

/// A DMRS symbol as transmitted: two groups without data, so the used half has twice the power.
//= TS 38.211 §7.4.1.1.2, TS 38.214 Table 4.1-1
#[must_use]
pub fn dmrs_symbol(cell: &CellConfig, slot_in_frame: u32, l: usize) -> Vec<Complex32> {
    let mut re = vec![Complex32::default(); 12 * cell.prb];
    for (m, value) in phy::pdsch_dmrs(cell.pci, slot_in_frame, l as u32, cell.prb).into_iter().enumerate() {
        re[2 * m] = value * std::f32::consts::SQRT_2;
    }
    re
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_and_bounds() {
        let mut dl = Downlink::new(&CellConfig::default(), 0, 1).unwrap();
        let mut out = vec![Complex32::default(); 7680];
        for k in 1..10 {
            dl.slot(k, &mut out);
            let power: f32 = out.iter().map(Complex32::norm_sqr).sum::<f32>() / 7680.0;
            let dbfs = 10.0 * power.log10();
            assert!((-15.0..=-12.0).contains(&dbfs), "slot {k}: {dbfs} dBFS");
            assert!(out.iter().all(|v| v.re.abs() < 1.0 && v.im.abs() < 1.0));
        }
    }

    #[test]
    fn same_seed_same_waveform_and_frames_differ_only_in_the_ssb() {
        let cell = CellConfig::default();
        let (mut a, mut b) = (Downlink::new(&cell, 7, 5).unwrap(), Downlink::new(&cell, 7, 5).unwrap());
        let mut slots = [vec![Complex32::default(); 7680], vec![Complex32::default(); 7680]];
        for k in [0, 3, 11] {
            a.slot(k, &mut slots[0]);
            b.slot(k, &mut slots[1]);
            assert_eq!(slots[0], slots[1]);
        }
        a.slot(3, &mut slots[0]);
        a.slot(43, &mut slots[1]);
        assert_eq!(slots[0], slots[1]);
        a.slot(0, &mut slots[0]);
        a.slot(40, &mut slots[1]);
        assert_ne!(slots[0], slots[1]);
    }

    /// Demodulates an SSB from the waveform with a second path: plain correlation against the grid of each frame number.
    #[test]
    fn the_broadcast_in_the_waveform_is_that_of_its_frame() {
        let cell = CellConfig::default();
        let mut dl = Downlink::new(&cell, 1020, 9).unwrap();
        let mut out = vec![Complex32::default(); 7680];
        let mut ofdm = Ofdm::new(*dl.numerology(), cell.carrier_hz);
        for (k, sfn) in [(0u64, 1020u16), (40, 0)] {
            dl.slot(k, &mut out);
            let mut re = vec![Complex32::default(); 300];
            let mut bits = Vec::new();
            for l in 1..4 {
                let start = dl.numerology().symbol_start(2 + l) + 36;
                ofdm.demodulate(&out[start..], 2 + l, 0, &mut re);
                for sc in ssb::pbch_subcarriers(l).filter(|sc| sc % 4 != 1) {
                    bits.push(u8::from(re[sc].re < 0.0));
                    bits.push(u8::from(re[sc].im < 0.0));
                }
            }
            let coded: [u8; 864] = bits.try_into().unwrap();
            let read = phy::invert(&coded, cell.pci, 0).unwrap();
            assert_eq!((read.sfn, read.mib), (sfn, cell.mib()));
        }
    }
}

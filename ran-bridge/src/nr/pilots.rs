//! Everything known in an SS/PBCH block, fitted at once: PSS, SSS and PBCH DMRS.

use std::f32::consts::SQRT_2;
use std::sync::{Arc, OnceLock};

use num_complex::Complex32;

use super::{
    DMRS_LEN, NrError, SSB_SUBCARRIERS, SSB_SYMBOLS, SYNC_FIRST, SYNC_LEN, SsbGrid, dmrs_positions, pbch_dmrs, pss, sss,
};
use crate::csi::DelayFit;

const ZERO: Complex32 = Complex32::new(0.0, 0.0);
/// A stronger PSS is believed from so many standard deviations on.
const BOOST_SIGMA: f32 = 5.0;
/// Known resource elements of a block.
const KNOWN: usize = 2 * SYNC_LEN + DMRS_LEN;

/// What the fit of one block gives.
#[derive(Debug, Clone)]
pub(crate) struct BlockFit {
    /// DMRS index of §7.4.1.4.1.
    pub i_bar: u8,
    /// Phase step from one symbol to the next, in rad, −π…π.
    pub symbol_phase: f32,
    /// Channel on the 240 subcarriers at the first sample of the block.
    pub h: [Complex32; SSB_SUBCARRIERS],
    /// Noise variance per resource element.
    pub noise_var: f32,
    /// Mean variance of `h`.
    pub error_var: f32,
    /// Mean |h|² less `error_var`.
    pub power: f32,
    /// Power of a resource element from Σ Re z* h over the known ones, less the noise that the fit passes.
    pub coherent: f32,
    /// Share of the energy of the known resource elements that the fit explains, 0…1. Noise alone: about 0.04.
    pub explained: f32,
    /// Amplitude of the PSS over that of the SSS: 1 or √2.
    pub pss_gain: f32,
}

impl BlockFit {
    pub const fn zero() -> Self {
        Self {
            i_bar: 0,
            symbol_phase: 0.0,
            h: [ZERO; SSB_SUBCARRIERS],
            noise_var: 0.0,
            error_var: 0.0,
            power: 0.0,
            coherent: 0.0,
            explained: 0.0,
            pss_gain: 1.0,
        }
    }
}

/// The fit for the pilots of cell `pci`: there are four, by where the DMRS lie; each is made once.
fn block_fit(pci: u16) -> Arc<DelayFit> {
    static FITS: [OnceLock<Arc<DelayFit>>; 4] = [const { OnceLock::new() }; 4];
    let make = || {
        let mut pilots = vec![0f32; SSB_SUBCARRIERS];
        pilots[SYNC_FIRST..SYNC_FIRST + SYNC_LEN].fill(2.0);
        dmrs_positions(pci).iter().for_each(|&(_, k)| pilots[k] += 1.0);
        let rows: Vec<i32> = (0..SSB_SUBCARRIERS as i32).map(|k| k - 120).collect();
        Arc::new(DelayFit::new(&rows, &pilots))
    };
    Arc::clone(FITS[usize::from(pci % 4)].get_or_init(make))
}

/// Fits the blocks of one cell.
pub(crate) struct BlockEstimator {
    pss: [f32; SYNC_LEN],
    sss: [f32; SYNC_LEN],
    positions: Vec<(usize, usize)>,
    dmrs: Vec<Vec<Complex32>>,
    fit: Arc<DelayFit>,
    /// Received over sent: PSS, SSS, DMRS.
    z: [Vec<Complex32>; 3],
    sums: [Vec<Complex32>; SSB_SYMBOLS],
    solved: Vec<Complex32>,
    total: Vec<Complex32>,
}

impl BlockEstimator {
    pub fn new(pci: u16) -> Result<Self, NrError> {
        let positions = dmrs_positions(pci);
        let fit = block_fit(pci);
        let taps = fit.taps();
        Ok(Self {
            sss: sss(pci)?,
            pss: pss((pci % 3) as u8)?,
            positions,
            dmrs: (0..8).map(|i| pbch_dmrs(pci, i)).collect::<Result<_, _>>()?,
            fit,
            z: [vec![ZERO; SYNC_LEN], vec![ZERO; SYNC_LEN], vec![ZERO; DMRS_LEN]],
            sums: std::array::from_fn(|_| vec![ZERO; taps]),
            solved: vec![ZERO; taps],
            total: vec![ZERO; taps],
        })
    }

    /// Fits `grid`. The phase step from symbol to symbol is found too unless it is given. Channel and powers are those of SSS and DMRS: a PSS
    /// that is sent stronger is brought down to them.
    //= TS 38.215 §5.1.1 and §5.1.5: SS-RSRP and SS-SINR are of SSS and PBCH DMRS
    pub fn fit(&mut self, grid: &SsbGrid, phase: Option<f32>, out: &mut BlockFit) -> Result<(), NrError> {
        self.divide_sync(grid);
        out.pss_gain = self.pss_gain();
        self.z[0].iter_mut().for_each(|z| *z /= out.pss_gain);
        // of the noise in the known resource elements: what the PSS has less of when it is brought down
        let noise_part = 1.0 - (1.0 - out.pss_gain.powi(-2)) * SYNC_LEN as f32 / KNOWN as f32;
        out.i_bar = self.dmrs_index(grid);
        for ((z, &(l, k)), r) in self.z[2].iter_mut().zip(&self.positions).zip(&self.dmrs[usize::from(out.i_bar)]) {
            *z = grid.re[l][k] * r.conj();
        }
        let energy: f32 = self.z.iter().flatten().map(Complex32::norm_sqr).sum();
        if !energy.is_finite() {
            return Err(NrError::NotFinite { index: 0 });
        }
        if energy <= f32::MIN_POSITIVE {
            return Err(NrError::NoSignal);
        }
        self.project();
        let mut level = self.fit.level(self.rough_snr());
        for _ in 0..2 {
            out.symbol_phase = phase.unwrap_or_else(|| self.phase(level));
            self.solve(level, out);
            let left = self.residual(out);
            let fitted = self.fitted_energy(&out.h);
            out.explained = 1.0 - left / energy;
            out.noise_var = left / ((KNOWN as f32 - self.fit.freedom(level)) * noise_part).max(1.0);
            out.error_var = out.noise_var * self.fit.error_gain(level) * noise_part;
            // 2 Re z* h = |z|² + |h|² − |z − h|²
            let passed = out.noise_var * self.fit.freedom(level) * noise_part;
            out.coherent = ((energy + fitted - left) / 2.0 - passed) / KNOWN as f32;
            let mean = out.h.iter().map(Complex32::norm_sqr).sum::<f32>() / SSB_SUBCARRIERS as f32;
            out.power = (mean - out.error_var).max(0.0);
            let better = self.fit.level(out.power / out.noise_var.max(1e-9 * energy / KNOWN as f32));
            if better == level {
                break;
            }
            level = better;
        }
        Ok(())
    }

    /// How the known resource elements of `by_time` ([`super::SymbolDemodulator::demodulate_block_by_time`]) lean against the channel of
    /// `fit`: Im Σ (h X)* y′ and Σ |h|², first over PSS and SSS, then over the DMRS.
    pub fn lean(&self, by_time: &SsbGrid, fit: &BlockFit) -> [(f32, f32); 2] {
        let turns: [Complex32; SSB_SYMBOLS] = std::array::from_fn(|l| Complex32::cis(fit.symbol_phase * l as f32));
        let mut out = [(0.0, 0.0); 2];
        let mut add = |class: usize, l: usize, k: usize, sent: Complex32| {
            let h = fit.h[k] * sent;
            out[class].0 += ((h * turns[l]).conj() * by_time.re[l][k]).im;
            out[class].1 += h.norm_sqr();
        };
        for n in 0..SYNC_LEN {
            add(0, 0, SYNC_FIRST + n, (self.pss[n] * fit.pss_gain).into());
            add(0, 2, SYNC_FIRST + n, self.sss[n].into());
        }
        for (&(l, k), r) in self.positions.iter().zip(&self.dmrs[usize::from(fit.i_bar)]) {
            add(1, l, k, *r);
        }
        out
    }

    /// What a block of `fit` is received as without noise. PBCH data only where their bits are given.
    ///
    /// # Shapes
    /// `data`: places and values of the PBCH data.
    pub fn expected(&self, fit: &BlockFit, data: impl Iterator<Item = ((usize, usize), Complex32)>, out: &mut SsbGrid) {
        out.re.iter_mut().for_each(|row| row.fill(ZERO));
        let turns: [Complex32; SSB_SYMBOLS] = std::array::from_fn(|l| Complex32::cis(fit.symbol_phase * l as f32));
        let mut put = |l: usize, k: usize, sent: Complex32| out.re[l][k] = fit.h[k] * turns[l] * sent;
        for n in 0..SYNC_LEN {
            put(0, SYNC_FIRST + n, (self.pss[n] * fit.pss_gain).into());
            put(2, SYNC_FIRST + n, self.sss[n].into());
        }
        for (&(l, k), r) in self.positions.iter().zip(&self.dmrs[usize::from(fit.i_bar)]) {
            put(l, k, *r);
        }
        data.for_each(|((l, k), value)| put(l, k, value));
    }

    fn divide_sync(&mut self, grid: &SsbGrid) {
        let range = SYNC_FIRST..SYNC_FIRST + SYNC_LEN;
        for ((z, y), d) in self.z[0].iter_mut().zip(&grid.re[0][range.clone()]).zip(&self.pss) {
            *z = y * d;
        }
        for ((z, y), d) in self.z[1].iter_mut().zip(&grid.re[2][range]).zip(&self.sss) {
            *z = y * d;
        }
    }

    /// Amplitude of the PSS over that of the SSS: 1 or √2.
    ///
    /// Products of neighbouring subcarriers add up to the power of a signal whatever its delay, without its noise: those of the PSS are twice
    /// those of the SSS where it is sent 3 dB stronger. Believed only where it stands out from the noise by [`BOOST_SIGMA`], and not
    /// where the SSS is far noisier: there another cell shares the PSS.
    //= TS 38.213 §4.1: the ratio of PSS EPRE to SSS EPRE is 0 dB or 3 dB
    fn pss_gain(&self) -> f32 {
        let pairs = (SYNC_LEN - 1) as f32;
        let measure = |z: &[Complex32]| {
            let signal = z.windows(2).map(|w| w[1] * w[0].conj()).sum::<Complex32>().norm() / pairs;
            let all = z.iter().map(Complex32::norm_sqr).sum::<f32>() / SYNC_LEN as f32;
            (signal, (all - signal).max(0.0))
        };
        let ((pss, pss_noise), (sss, sss_noise)) = (measure(&self.z[0]), measure(&self.z[1]));
        let (ratio, noise) = (pss / sss, sss_noise / sss);
        // variance of the sum over its mean squared, in the direction of the sum, for each of both: (2/s + 1/s²) / 2 / pairs
        let sigma = ((2.0 * noise + noise * noise) / pairs).sqrt();
        let alike = sss_noise <= 3.0 * pss_noise + 0.02 * sss;
        let boosted = (SQRT_2..2.0 * SQRT_2).contains(&ratio) && ratio - 1.0 > BOOST_SIGMA * sigma;
        if boosted && alike { SQRT_2 } else { 1.0 }
    }

    /// The DMRS sequence that fits best: symbols 1 and 3 added in phase, summed over six pilots at a time, powers added.
    fn dmrs_index(&self, grid: &SsbGrid) -> u8 {
        let turn: Complex32 = self.z[0].iter().zip(&self.z[1]).map(|(a, b)| a * b.conj()).sum();
        let turn = turn / turn.norm().max(f32::MIN_POSITIVE);
        let (first, third) = (&self.positions[..60], &self.positions[84..]);
        let mut best = (-1.0, 0u8);
        for (i, r) in (0u8..).zip(&self.dmrs) {
            let mut score = 0.0;
            for block in (0..60).step_by(6) {
                let mut sum = ZERO;
                for m in block..block + 6 {
                    sum += grid.re[1][first[m].1] * r[m].conj() + grid.re[3][third[m].1] * r[84 + m].conj() * turn;
                }
                score += sum.norm_sqr();
            }
            if score > best.0 {
                best = (score, i);
            }
        }
        best.1
    }

    fn project(&mut self) {
        self.sums.iter_mut().for_each(|s| s.fill(ZERO));
        for n in 0..SYNC_LEN {
            self.fit.project(SYNC_FIRST + n, self.z[0][n], &mut self.sums[0]);
            self.fit.project(SYNC_FIRST + n, self.z[1][n], &mut self.sums[2]);
        }
        for (z, &(l, k)) in self.z[2].iter().zip(&self.positions) {
            self.fit.project(k, *z, &mut self.sums[l]);
        }
    }

    fn rough_snr(&self) -> f32 {
        let common: Complex32 = self.z[0].iter().zip(&self.z[1]).map(|(a, b)| a * b.conj()).sum();
        let both: f32 = self.z[..2].iter().flatten().map(Complex32::norm_sqr).sum();
        let (signal, all) = (common.norm() / SYNC_LEN as f32, both / (2 * SYNC_LEN) as f32);
        signal / (all - signal).max(1e-6 * all).max(f32::MIN_POSITIVE)
    }

    /// The phase step that puts most energy into the fit.
    fn phase(&mut self, level: usize) -> f32 {
        let mut c = [ZERO; SSB_SYMBOLS];
        for later in 1..SSB_SYMBOLS {
            self.fit.solve(level, &self.sums[later], &mut self.solved);
            for earlier in 0..later {
                c[later - earlier] +=
                    self.sums[earlier].iter().zip(&self.solved).map(|(a, b)| a.conj() * b).sum::<Complex32>();
            }
        }
        // value, slope and curvature of Re Σ_d c_d e^{−jdθ}
        let at = |theta: f32| {
            let (step, mut w) = (Complex32::cis(-theta), Complex32::new(1.0, 0.0));
            let mut out = (0.0, 0.0, 0.0);
            for (d, c) in c.iter().enumerate().skip(1) {
                w *= step;
                let (v, d) = (c * w, d as f32);
                out = (out.0 + v.re, out.1 + d * v.im, out.2 - d * d * v.re);
            }
            out
        };
        let mut best = (f32::NEG_INFINITY, 0.0);
        for i in 0..32 {
            let theta = (i as f32 - 16.0) * std::f32::consts::PI / 16.0;
            let value = at(theta).0;
            if value > best.0 {
                best = (value, theta);
            }
        }
        let mut theta = best.1;
        for _ in 0..4 {
            let (_, slope, curvature) = at(theta);
            if curvature < 0.0 {
                theta += (-slope / curvature).clamp(-0.1, 0.1);
            }
        }
        wrap(theta)
    }

    fn solve(&mut self, level: usize, out: &mut BlockFit) {
        let mut turn = Complex32::new(1.0, 0.0);
        let step = Complex32::cis(-out.symbol_phase);
        self.total.fill(ZERO);
        for sums in &self.sums {
            self.total.iter_mut().zip(sums).for_each(|(t, s)| *t += s * turn);
            turn *= step;
        }
        self.fit.solve(level, &self.total, &mut self.solved);
        self.fit.evaluate(&self.solved, &mut out.h);
    }

    /// Σ |h|² over the known resource elements.
    fn fitted_energy(&self, h: &[Complex32; SSB_SUBCARRIERS]) -> f32 {
        let sync: f32 = h[SYNC_FIRST..SYNC_FIRST + SYNC_LEN].iter().map(Complex32::norm_sqr).sum();
        2.0 * sync + self.positions.iter().map(|&(_, k)| h[k].norm_sqr()).sum::<f32>()
    }

    fn residual(&self, fit: &BlockFit) -> f32 {
        let turns: [Complex32; SSB_SYMBOLS] = std::array::from_fn(|l| Complex32::cis(fit.symbol_phase * l as f32));
        let sync = &fit.h[SYNC_FIRST..SYNC_FIRST + SYNC_LEN];
        let left = |z: &[Complex32], turn: Complex32| -> f32 {
            z.iter().zip(sync).map(|(z, h)| (z - h * turn).norm_sqr()).sum()
        };
        let dmrs: f32 =
            self.z[2].iter().zip(&self.positions).map(|(z, &(l, k))| (z - fit.h[k] * turns[l]).norm_sqr()).sum();
        left(&self.z[0], turns[0]) + left(&self.z[1], turns[2]) + dmrs
    }
}

/// An angle brought into −π…π.
pub(crate) fn wrap(angle: f32) -> f32 {
    let turns = angle / std::f32::consts::TAU;
    (turns - turns.round()) * std::f32::consts::TAU
}

/// Delay of the first path: the earliest peak of the delay profile within 6 dB of the strongest, in s.
pub(crate) fn first_path_s(h: &[Complex32], scs_hz: f64) -> f32 {
    let n = h.len() as f32;
    let step = 1.0 / (12.0 * n);
    let (from, count) = (-0.012f32, (0.05 / step) as usize);
    let windowed: Vec<Complex32> = h
        .iter()
        .enumerate()
        .map(|(k, v)| v * (0.5 - 0.5 * (std::f32::consts::TAU * (k as f32 + 0.5) / n).cos()))
        .collect();
    let profile: Vec<f32> = (0..count)
        .map(|i| {
            let delay = from + i as f32 * step;
            let turn = Complex32::cis(std::f32::consts::TAU * delay);
            windowed.iter().rev().fold(ZERO, |sum, v| sum * turn + v).norm_sqr()
        })
        .collect();
    let most = profile.iter().copied().fold(0.0, f32::max);
    let peak = profile.windows(3).position(|w| w[1] >= 0.25 * most && w[1] >= w[0] && w[1] > w[2]);
    let Some(i) = peak else { return 0.0 };
    let (a, b, c) = (profile[i], profile[i + 1], profile[i + 2]);
    let curve = a - 2.0 * b + c;
    let fine = if curve < 0.0 { 0.5 * (a - c) / curve } else { 0.0 };
    ((f64::from(from) + f64::from(step) * (i as f64 + 1.0 + f64::from(fine))) / scs_hz) as f32
}

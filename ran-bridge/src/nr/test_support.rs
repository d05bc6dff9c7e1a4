//! A transmitter for tests: PBCH encoder and SS/PBCH block.

use num_complex::Complex32;
use rand::{Rng, SeedableRng};
use rustfft::FftPlanner;

use super::polar::{INFO_POSITIONS, K, N, crc_interleaver, sub_block_position};
use super::{
    Gold, Numerology, SSB_SUBCARRIERS, SSB_SYMBOLS, crc24c, dmrs_positions, pbch_dmrs, pbch_positions, pss, sss,
};

pub(crate) struct Block {
    pub pci: u16,
    pub index: u8,
    pub half_frame: bool,
    pub sfn: u16,
    pub l_max: u8,
}

impl Block {
    fn i_bar(&self) -> u8 {
        if self.l_max == 4 { self.index + 4 * u8::from(self.half_frame) } else { self.index }
    }

    /// The 864 coded and scrambled bits, step by step as TS 38.212 §7.1 has it. k_SSB 6, CORESET#0 6, not barred.
    pub fn bits(&self) -> Vec<u8> {
        let bit = |v: u16, n: u16| (v >> n & 1) as u8;
        let mut a: Vec<u8> = vec![0];
        a.extend((4..10).rev().map(|n| bit(self.sfn, n)));
        a.extend([0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0]);
        a.extend((0..4).rev().map(|n| bit(self.sfn, n)));
        a.extend([u8::from(self.half_frame), 0, 0, 0]);
        assert_eq!(a.len(), 32);
        // §7.1.1, Table 7.1.1-1
        let g = [
            16, 23, 18, 17, 8, 30, 10, 6, 24, 7, 0, 5, 3, 2, 1, 4, 9, 11, 12, 13, 14, 15, 19, 20, 21, 22, 25, 26, 27,
            28, 29, 31,
        ];
        let mut mixed = vec![0u8; 32];
        let (mut j_sfn, mut j_ssb, mut j_other) = (0, 11, 14);
        for (i, &v) in a.iter().enumerate() {
            let j = if (1..7).contains(&i) || (24..28).contains(&i) {
                j_sfn += 1;
                j_sfn - 1
            } else if i == 28 {
                10
            } else if i > 28 {
                j_ssb += 1;
                j_ssb - 1
            } else {
                j_other += 1;
                j_other - 1
            };
            mixed[g[j]] = v;
        }
        // §7.1.2
        let phase = usize::from(self.sfn >> 1 & 3);
        let c: Vec<u8> = Gold::new(self.pci.into()).take(200).collect();
        let mut j = 0;
        for (i, v) in mixed.iter_mut().enumerate() {
            if ![0, 24, 6].contains(&i) {
                *v ^= c[j + phase * 29];
                j += 1;
            }
        }
        let crc = crc24c(mixed.iter().copied());
        mixed.extend((0..24).rev().map(|n| (crc >> n & 1) as u8));
        assert_eq!(mixed.len(), K);
        // §5.3.1: interleave, place, multiply by the ninth Kronecker power of [1 0; 1 1]
        let mut u = [0u8; N];
        for (place, from) in INFO_POSITIONS.iter().zip(crc_interleaver()) {
            u[usize::from(*place)] = mixed[usize::from(from)];
        }
        let d: Vec<u8> = (0..N).map(|j| (0..N).filter(|i| i & j == j).fold(0, |x, i| x ^ u[i])).collect();
        let y: Vec<u8> = (0..N).map(|n| d[sub_block_position(n)]).collect();
        let nu = usize::from(self.index % self.l_max);
        let scramble: Vec<u8> = Gold::new(self.pci.into()).skip(nu * 864).take(864).collect();
        (0..864).map(|k| y[k % N] ^ scramble[k]).collect()
    }

    /// Four symbols at `offset_hz` (a multiple of the spacing), unit power a resource element with a unitary FFT.
    pub fn samples(&self, numerology: &Numerology, offset_hz: f64) -> Vec<Complex32> {
        let zero = Complex32::new(0.0, 0.0);
        let mut grid = vec![vec![zero; SSB_SUBCARRIERS]; SSB_SYMBOLS];
        for n in 0..127 {
            grid[0][56 + n] = pss((self.pci % 3) as u8).unwrap()[n].into();
            grid[2][56 + n] = sss(self.pci).unwrap()[n].into();
        }
        for ((l, k), r) in dmrs_positions(self.pci).into_iter().zip(pbch_dmrs(self.pci, self.i_bar()).unwrap()) {
            grid[l][k] = r;
        }
        let level = |b: u8| (1.0 - 2.0 * f32::from(b)) * std::f32::consts::FRAC_1_SQRT_2;
        for ((l, k), b) in pbch_positions(self.pci).into_iter().zip(self.bits().chunks(2)) {
            grid[l][k] = Complex32::new(level(b[0]), level(b[1]));
        }
        let (n, cp) = (numerology.fft(), numerology.cp());
        let inverse = FftPlanner::new().plan_fft_inverse(n);
        let shift = (offset_hz / numerology.scs_hz()).round() as i64;
        let mut out = Vec::new();
        for row in grid {
            let mut bins = vec![zero; n];
            for (k, v) in (0i64..).zip(row) {
                bins[(k - 120 + shift).rem_euclid(n as i64) as usize] = v / (n as f32).sqrt();
            }
            inverse.process(&mut bins);
            out.extend_from_slice(&bins[n - cp..]);
            out.extend_from_slice(&bins);
        }
        out
    }
}

/// Complex normal noise of variance `variance`.
pub(crate) fn noise(len: usize, variance: f32, seed: u64) -> Vec<Complex32> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = move || ((rng.next_u32() >> 8) as f32 + 0.5) / 16_777_216.0;
    (0..len)
        .map(|_| {
            let radius = (-variance * uniform().ln()).sqrt();
            Complex32::cis(std::f32::consts::TAU * uniform()) * radius
        })
        .collect()
}

//! Cosines and sines of many angles at once.

use std::f64::consts::PI;

/// Cosines and sines of angles in turns (below 2^50), to 1e-9: Taylor sums of half the angle, which lies in ±π/2, then doubled. Without a branch,
/// so that several are computed at once.
#[inline(always)]
pub fn cos_sin<const N: usize>(turns: &[f64; N]) -> ([f64; N], [f64; N]) {
    /// Added and taken off again it rounds to a whole number: 1.5·2^52.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let (mut cosines, mut sines) = ([0.0; N], [0.0; N]);
    for ((turns, cosine), sine) in turns.iter().zip(&mut cosines).zip(&mut sines) {
        let half = PI * (turns - ((turns + ROUND) - ROUND));
        let x = half * half;
        // 1/n! for n = 2 … 14; what is left out is below x^15/15! = 7e-10
        let c = 1.0
            - x * (1.0 / 2.0
                - x * (1.0 / 24.0
                    - x * (1.0 / 720.0
                        - x * (1.0 / 40_320.0
                            - x * (1.0 / 3_628_800.0 - x * (1.0 / 479_001_600.0 - x / 87_178_291_200.0))))));
        let s = half
            * (1.0
                - x * (1.0 / 6.0
                    - x * (1.0 / 120.0
                        - x * (1.0 / 5_040.0
                            - x * (1.0 / 362_880.0 - x * (1.0 / 39_916_800.0 - x / 6_227_020_800.0))))));
        *cosine = c * c - s * s;
        *sine = 2.0 * s * c;
    }
    (cosines, sines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn cosines_and_sines_of_any_turns() {
        for k in -400..400 {
            let turns = std::array::from_fn::<f64, 8, _>(|i| f64::from(k) * 0.01234 * 10f64.powi(i as i32));
            let (cosines, sines) = cos_sin(&turns);
            for i in 0..8 {
                let (s, c) = (TAU * turns[i].fract()).sin_cos();
                assert!((cosines[i] - c).abs() < 2e-9 && (sines[i] - s).abs() < 2e-9, "{}", turns[i]);
            }
        }
    }
}

//! What is done row by row: normalisation and softmax.

use super::product::widest;

/// As [`crate::nn::LayerNorm`].
const EPSILON: f32 = 1e-5;

/// (x − mean) / √(variance + 1e-5) · weight + bias of each row.
pub(crate) fn normalise(x: &[f32], weight: &[f32], bias: &[f32], out: &mut Vec<f32>) {
    out.resize(x.len(), 0.0);
    widest(
        #[inline(always)]
        || {
            let width = weight.len().max(1);
            for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                let Moments { mean, by } = Moments::of(row);
                let all = out.iter_mut().zip(row).zip(weight.iter().zip(bias));
                all.for_each(|((out, x), (w, b))| *out = (x - mean) * by * w + b);
            }
        },
    );
}

/// What a row is standardised with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) mean: f32,
    /// 1 / √(variance + 1e-5).
    pub(crate) by: f32,
}

impl Moments {
    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    pub(crate) fn of(row: &[f32]) -> Self {
        let width = row.len() as f32;
        let mean = sum(row, |x| x) / width;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / width;
        Self { mean, by: 1.0 / (variance + EPSILON).sqrt() }
    }
}

/// In sixteen parts, so that the compiler may take them side by side.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (whole, rest) = values.as_chunks::<16>();
    let mut parts = [0.0; 16];
    for values in whole {
        parts.iter_mut().zip(values).for_each(|(part, v)| *part += of(*v));
    }
    parts.iter_mut().zip(rest).for_each(|(part, v)| *part += of(*v));
    parts.iter().sum()
}

/// Softmax of the first `columns` of each row, in place; what is behind them becomes 0.
///
/// # Shapes
/// Rows of `columns` numbers, one every `stride`, which is a multiple of 16: so that they are taken sixteen at a time, whatever their number.
pub(crate) fn softmax(rows: &mut [f32], columns: usize, stride: usize) {
    widest(
        #[inline(always)]
        || {
            for row in rows.chunks_exact_mut(stride.max(16)) {
                let (row, _) = row.as_chunks_mut::<16>();
                let mut tops = [f32::NEG_INFINITY; 16];
                for (k, values) in row.iter_mut().enumerate() {
                    for (i, v) in values.iter_mut().enumerate() {
                        *v = if 16 * k + i < columns { *v } else { f32::NEG_INFINITY };
                    }
                    tops.iter_mut().zip(&*values).for_each(|(top, v)| *top = if *v > *top { *v } else { *top });
                }
                let top = halved(tops, |a, b| if a > b { a } else { b });
                let mut sums = [0.0; 16];
                for values in row.iter_mut() {
                    values.iter_mut().for_each(|v| *v = exp(*v - top));
                    sums.iter_mut().zip(&*values).for_each(|(sum, v)| *sum += v);
                }
                let by = 1.0 / halved(sums, |a, b| a + b);
                row.iter_mut().flatten().for_each(|v| *v *= by);
            }
        },
    );
}

/// Sixteen numbers to one, eight and eight, four and four, and so on.
#[inline(always)]
fn halved(mut all: [f32; 16], of: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            all[i] = of(all[i], all[i + half]);
        }
    }
    all[0]
}

/// eˣ for x ≤ 0, within 2e-7 relative; 0 below −87.
///
/// x = n ln 2 + r with |r| ≤ ln 2 / 2, ln 2 in two parts so that r keeps its digits; eʳ by its series up to r⁷/7!, whose rest is below 6e-9; 2ⁿ by the
/// exponent's bits. No branch, so that the compiler may take several side by side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "n is -126 to 0")]
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LN2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let clipped = if x < -87.0 { -87.0 } else { x };
    let n = (clipped * std::f32::consts::LOG2_E).round_ties_even();
    let r = clipped - n * LN2.0 - n * LN2.1;
    let series = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let e = series.iter().fold(0.0, |sum, c| sum * r + c);
    let two = f32::from_bits(((n as i32 + 127) as u32) << 23);
    if x < -87.0 { 0.0 } else { e * two }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_one() {
        for k in 0..87_000 {
            let x = -(k as f32) * 1e-3;
            let wanted = f64::from(x).exp();
            let off = (f64::from(exp(x)) / wanted - 1.0).abs();
            assert!(off < 2e-7, "{x}: {off}");
        }
        assert_eq!((exp(0.0), exp(-200.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn by_hand() {
        let mut row = [7.0; 32];
        (row[0], row[1]) = (0.0, 3_f32.ln());
        softmax(&mut row, 2, 32);
        assert!((row[0] - 0.25).abs() < 1e-6 && (row[1] - 0.75).abs() < 1e-6);
        assert_eq!(row[2..], [0.0; 30]);
        // seventeen that are the same, in two rows
        let mut rows = [-3.0; 64];
        softmax(&mut rows, 17, 32);
        for row in rows.chunks(32) {
            assert!(row[..17].iter().all(|v| (v - 1.0 / 17.0).abs() < 1e-7) && row[17..] == [0.0; 15], "{row:?}");
        }
        let mut out = Vec::new();
        // mean 2, variance 1
        normalise(&[1.0, 3.0], &[2.0, 2.0], &[0.5, 0.5], &mut out);
        assert!((out[0] + 1.5).abs() < 1e-4 && (out[1] - 2.5).abs() < 1e-4, "{out:?}");
    }
}

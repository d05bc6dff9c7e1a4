//! What is done row by row: normalisation and softmax.

/// As [`crate::nn::LayerNorm`].
const EPSILON: f32 = 1e-5;

/// (x − mean) / √(variance + 1e-5) · weight + bias of each row.
pub(crate) fn normalise(x: &[f32], weight: &[f32], bias: &[f32], out: &mut Vec<f32>) {
    out.clear();
    for row in x.chunks_exact(weight.len().max(1)) {
        let Moments { mean, by } = Moments::of(row);
        out.extend(row.iter().zip(weight).zip(bias).map(|((x, w), b)| (x - mean) * by * w + b));
    }
}

/// What a row is standardised with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) mean: f32,
    /// 1 / √(variance + 1e-5).
    pub(crate) by: f32,
}

impl Moments {
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    pub(crate) fn of(row: &[f32]) -> Self {
        let width = row.len() as f32;
        let mean = sum(row.iter().copied()) / width;
        let variance = sum(row.iter().map(|x| (x - mean) * (x - mean))) / width;
        Self { mean, by: 1.0 / (variance + EPSILON).sqrt() }
    }
}

/// In sixteen parts, so that the compiler may take them side by side.
fn sum(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let mut parts = [0.0; 16];
    values.enumerate().for_each(|(i, v)| parts[i % 16] += v);
    parts.iter().sum()
}

/// Softmax in place.
pub(crate) fn softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|v| *v = exp(*v - top));
    let by = 1.0 / row.iter().sum::<f32>();
    row.iter_mut().for_each(|v| *v *= by);
}

/// eˣ for x ≤ 0, within 2e-7 relative; 0 below −87.
///
/// x = n ln 2 + r with |r| ≤ ln 2 / 2, ln 2 in two parts so that r keeps its digits; eʳ by its series up to r⁷/7!, whose rest is below 6e-9; 2ⁿ by the
/// exponent's bits. No branch, so that the compiler may take several side by side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "n is -126 to 0")]
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
        let mut row = [0.0, 3_f32.ln()];
        softmax(&mut row);
        assert!((row[0] - 0.25).abs() < 1e-6 && (row[1] - 0.75).abs() < 1e-6);
        let mut out = Vec::new();
        // mean 2, variance 1
        normalise(&[1.0, 3.0], &[2.0, 2.0], &[0.5, 0.5], &mut out);
        assert!((out[0] + 1.5).abs() < 1e-4 && (out[1] - 2.5).abs() < 1e-4, "{out:?}");
    }
}

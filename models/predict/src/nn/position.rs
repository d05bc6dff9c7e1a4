//! Position encoding.

/// The sinusoids of "Attention is all you need" §3.5 at positions `from..from + count`.
///
/// # Shapes
/// `[count, width]` row-major: even columns sine, odd columns cosine of position / 10000^(2⌊c/2⌋/width).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "positions and widths are small")]
pub fn sinusoid(from: usize, count: usize, width: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(count * width);
    for position in from..from + count {
        for column in 0..width {
            let angle = position as f32 / 10_000_f32.powf((column / 2 * 2) as f32 / width as f32);
            out.push(if column % 2 == 0 { angle.sin() } else { angle.cos() });
        }
    }
    out
}

//! Complex vectors.

use num_complex::Complex32;

/// `aᵀb`, without a conjugate; what is beyond the shorter is not counted.
#[must_use]
pub fn dot(a: &[Complex32], b: &[Complex32]) -> Complex32 {
    a.iter().zip(b).fold(Complex32::ZERO, |s, (x, y)| s + x * y)
}

/// Euclidean norm.
#[must_use]
pub fn norm(a: &[Complex32]) -> f32 {
    a.iter().map(Complex32::norm_sqr).sum::<f32>().sqrt()
}

/// Scales a vector so that ‖w‖² is `power`; a vector that is 0 or not finite becomes the first antenna alone.
pub fn scale_to_power(w: &mut [Complex32], power: f32) {
    let n = norm(w);
    if n.is_finite() && n > 1e-20 {
        // a hair below, so that rounding does not lift it above
        let factor = power.max(0.0).sqrt() * (1.0 - 1e-6) / n;
        w.iter_mut().for_each(|x| *x *= factor);
    } else {
        w.fill(Complex32::ZERO);
        if let Some(first) = w.first_mut() {
            *first = Complex32::new(power.max(0.0).sqrt(), 0.0);
        }
    }
}

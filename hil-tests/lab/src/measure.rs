//! SINR from known resource elements seen in two symbols.
use num_complex::Complex32;

/// Signal and noise power per resource element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Power {
    /// Σ of |Σ h1 h2*|, the part both symbols share.
    signal: f64,
    total: f64,
}

impl Power {
    /// Adds a pair of symbols: `a` and `b` are received elements divided by what was sent there.
    ///
    /// The channel is common to both (but for one phase), noise is not: E[h1 h2*] = |h|², E[|h|² + n] is the mean power.
    pub fn add(&mut self, a: &[Complex32], b: &[Complex32]) {
        let mut cross = Complex32::default();
        let mut total = 0.0;
        for (x, y) in a.iter().zip(b) {
            cross += x * y.conj();
            total += 0.5 * (x.norm_sqr() + y.norm_sqr());
        }
        self.signal += f64::from(cross.norm());
        self.total += f64::from(total);
    }

    /// Signal to interference and noise; `None` where nothing was received or nothing finite.
    #[must_use]
    pub fn sinr_db(&self) -> Option<f64> {
        if !(self.total > 0.0 && self.total.is_finite()) {
            return None;
        }
        let noise = (self.total - self.signal).max(1e-5 * self.total);
        Some((10.0 * (self.signal.max(1e-4 * self.total) / noise).log10()).clamp(-30.0, 45.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Normal};

    #[test]
    fn finds_the_noise_it_was_given() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for want_db in [-6.0f64, 0.0, 10.0, 25.0] {
            let sigma = (10f64.powf(-want_db / 10.0) / 2.0).sqrt() as f32;
            let normal = Normal::new(0.0, sigma).unwrap();
            let mut power = Power::default();
            let turn = Complex32::from_polar(1.0, 0.7);
            for _ in 0..40 {
                let mut noisy = |h: Complex32| h + Complex32::new(normal.sample(&mut rng), normal.sample(&mut rng));
                let a: Vec<_> = (0..150).map(|k| noisy(Complex32::from_polar(1.0, 0.05 * k as f32))).collect();
                let b: Vec<_> = (0..150).map(|k| noisy(Complex32::from_polar(1.0, 0.05 * k as f32) * turn)).collect();
                power.add(&a, &b);
            }
            let got_db = power.sinr_db().unwrap();
            assert!((got_db - want_db).abs() < 0.5, "{want_db} dB measured as {got_db}");
        }
        assert_eq!(Power::default().sinr_db(), None);
    }
}

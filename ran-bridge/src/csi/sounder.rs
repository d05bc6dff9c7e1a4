//! The antenna channel from scalar channels seen through a known unitary.

use num_complex::Complex32;

use super::ChannelEstimate;

/// What can be wrong with a sounding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SounderError {
    /// The matrix is not square.
    #[error("{len} entries make no square matrix: give the M×M unitary row by row")]
    NotSquare {
        /// Number of entries given.
        len: usize,
    },
    /// The matrix is not unitary.
    #[error("the sounding matrix is not unitary (error {error}): normalise its columns and make them orthogonal")]
    NotUnitary {
        /// Largest deviation of UᴴU from I, times 1e6.
        error: u32,
    },
    /// No such column.
    #[error("column {column} of a sounding with {antennas} antennas does not exist")]
    Column {
        /// The column given.
        column: u16,
        /// Number of antennas.
        antennas: usize,
    },
    /// The estimate covers other subcarriers than the columns before it.
    #[error("the estimate covers {got} subcarriers, earlier columns {before}: reset the sounder when the plan changes")]
    Subcarriers {
        /// Subcarriers of this estimate.
        got: usize,
        /// Subcarriers of the earlier ones.
        before: usize,
    },
}

/// Collects one estimate a column of the unitary and solves for the channel of each antenna.
///
/// With column u of U as antenna weights the receiver sees g = hᵀu. With all M columns gᵀ = hᵀU, so hᵀ = gᵀUᴴ.
#[derive(Debug, Clone)]
pub struct Sounder {
    antennas: usize,
    /// Row-major `[antenna][column]`.
    unitary: Vec<Complex32>,
    columns: Vec<Option<ChannelEstimate>>,
}

/// The channel of every antenna on every subcarrier.
#[derive(Debug, Clone, PartialEq)]
pub struct AntennaChannel {
    /// Offsets of the subcarriers from the carrier centre.
    pub subcarriers: Vec<i32>,
    /// `[subcarrier][antenna]`, row-major.
    pub h: Vec<Complex32>,
    /// Mean noise variance per resource element over the columns.
    pub noise_var: f32,
}

impl Sounder {
    /// A sounder with the unitary `u`, row-major (row = antenna, column = occasion).
    ///
    /// # Errors
    /// [`SounderError::NotSquare`], [`SounderError::NotUnitary`] (tolerance 1e-3).
    pub fn new(u: Vec<Complex32>) -> Result<Self, SounderError> {
        let antennas = u.len().isqrt();
        if antennas == 0 || antennas * antennas != u.len() {
            return Err(SounderError::NotSquare { len: u.len() });
        }
        let mut worst = 0f32;
        for a in 0..antennas {
            for b in 0..antennas {
                let dot: Complex32 = (0..antennas).map(|m| u[m * antennas + a].conj() * u[m * antennas + b]).sum();
                let error = (dot - if a == b { 1.0 } else { 0.0 }).norm();
                worst = if error.is_nan() { f32::INFINITY } else { worst.max(error) };
            }
        }
        if worst > 1e-3 {
            return Err(SounderError::NotUnitary { error: (worst * 1e6) as u32 });
        }
        Ok(Self { antennas, unitary: u, columns: vec![None; antennas] })
    }

    /// The normalised DFT matrix for `antennas` antennas, row-major: every weight has the same magnitude.
    #[must_use]
    pub fn dft(antennas: usize) -> Vec<Complex32> {
        let scale = 1.0 / (antennas as f32).sqrt();
        (0..antennas * antennas)
            .map(|i| {
                let turns = (i / antennas * (i % antennas) % antennas) as f32 / antennas as f32;
                Complex32::cis(-std::f32::consts::TAU * turns) * scale
            })
            .collect()
    }

    /// Column `column` of the unitary: the weights to send with.
    ///
    /// # Shapes
    /// `[M]`.
    #[must_use]
    pub fn weights(&self, column: usize) -> Vec<Complex32> {
        (0..self.antennas).map(|m| self.unitary[m * self.antennas + column % self.antennas]).collect()
    }

    /// Takes the estimate made while column `column` was on the antennas. A column that comes again replaces the older.
    ///
    /// # Errors
    /// [`SounderError::Column`], [`SounderError::Subcarriers`].
    pub fn push(&mut self, column: u16, estimate: &ChannelEstimate) -> Result<(), SounderError> {
        let got = estimate.h.len();
        if let Some(before) = self.columns.iter().flatten().map(|e| e.h.len()).find(|&len| len != got) {
            return Err(SounderError::Subcarriers { got, before });
        }
        let slot = self
            .columns
            .get_mut(usize::from(column))
            .ok_or(SounderError::Column { column, antennas: self.antennas })?;
        match slot {
            Some(old) => old.clone_from(estimate),
            None => *slot = Some(estimate.clone()),
        }
        Ok(())
    }

    /// Takes a single value for the whole band.
    ///
    /// # Errors
    /// As [`Sounder::push`].
    pub fn push_scalar(&mut self, column: u16, h: Complex32, noise_var: f32) -> Result<(), SounderError> {
        let estimate = ChannelEstimate { subcarriers: vec![0], h: vec![h], noise_var, ..ChannelEstimate::default() };
        self.push(column, &estimate)
    }

    /// Forgets all columns.
    pub fn reset(&mut self) {
        self.columns.iter_mut().for_each(|c| *c = None);
    }

    /// The channel, once every column has been seen.
    #[must_use]
    pub fn channel(&self) -> Option<AntennaChannel> {
        let columns: Vec<&ChannelEstimate> = self.columns.iter().map(Option::as_ref).collect::<Option<_>>()?;
        let first = columns.first()?;
        let m = self.antennas;
        let mut h = Vec::with_capacity(first.h.len() * m);
        for k in 0..first.h.len() {
            for antenna in 0..m {
                h.push(columns.iter().enumerate().map(|(c, e)| e.h[k] * self.unitary[antenna * m + c].conj()).sum());
            }
        }
        let noise_var = columns.iter().map(|e| e.noise_var).sum::<f32>() / m as f32;
        Some(AntennaChannel { subcarriers: first.subcarriers.clone(), h, noise_var })
    }
}

impl AntennaChannel {
    /// One vector for the whole band: the dominant direction of the channel over the subcarriers (power iteration), with its mean power.
    ///
    /// For a flat channel it is the channel itself, up to a common phase.
    ///
    /// # Shapes
    /// `[M]`; empty if there is nothing.
    #[must_use]
    pub fn wideband(&self, antennas: usize) -> Vec<Complex32> {
        let rows = self.h.chunks_exact(antennas.max(1));
        let Some(strongest) = rows.clone().max_by(|a, b| power(a).total_cmp(&power(b))) else { return Vec::new() };
        let mut direction = strongest.to_vec();
        let mut gain = 0.0;
        for _ in 0..16 {
            let norm = power(&direction).sqrt();
            if !(norm > 0.0 && norm.is_finite()) {
                return vec![Complex32::new(0.0, 0.0); antennas];
            }
            direction.iter_mut().for_each(|v| *v /= norm);
            let mut next = vec![Complex32::new(0.0, 0.0); antennas];
            for row in rows.clone() {
                let seen: Complex32 = row.iter().zip(&direction).map(|(h, d)| h * d.conj()).sum();
                next.iter_mut().zip(row).for_each(|(n, h)| *n += h * seen.conj());
            }
            gain = power(&next).sqrt() / rows.len() as f32;
            direction = next;
        }
        let norm = power(&direction).sqrt();
        if !(norm > 0.0 && norm.is_finite()) {
            return vec![Complex32::new(0.0, 0.0); antennas];
        }
        direction.iter().map(|v| v / norm * gain.sqrt()).collect()
    }
}

fn power(v: &[Complex32]) -> f32 {
    v.iter().map(Complex32::norm_sqr).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_channel_back() {
        let h: Vec<Complex32> =
            [(1.0, 0.0), (0.0, -2.0), (0.5, 0.5), (-1.0, 1.0)].map(|(a, b)| Complex32::new(a, b)).to_vec();
        let mut sounder = Sounder::new(Sounder::dft(4)).unwrap();
        for column in 0..4u16 {
            assert!(sounder.channel().is_none());
            let g: Complex32 = sounder.weights(column.into()).iter().zip(&h).map(|(u, h)| u * h).sum();
            sounder.push_scalar(column, g, 0.01).unwrap();
        }
        let channel = sounder.channel().unwrap();
        assert!(channel.h.iter().zip(&h).all(|(a, b)| (a - b).norm() < 1e-5));
        let wide = channel.wideband(4);
        let dot: Complex32 = wide.iter().zip(&h).map(|(a, b)| a * b.conj()).sum();
        assert!((dot.norm() - power(&h)).abs() < 1e-3, "{dot}");
    }

    #[test]
    fn refuses_what_is_no_unitary() {
        assert!(Sounder::new(vec![Complex32::new(1.0, 0.0); 4]).is_err());
        assert!(Sounder::new(vec![Complex32::new(1.0, 0.0); 3]).is_err());
        assert!(Sounder::new(vec![Complex32::new(f32::NAN, 0.0); 1]).is_err());
        let mut sounder = Sounder::new(Sounder::dft(2)).unwrap();
        assert!(sounder.push_scalar(2, Complex32::new(1.0, 0.0), 0.0).is_err());
    }
}

//! The channels of a stream: each has its samples, or the one wave that is for all of them, times its own factor.

use num_complex::Complex32;

/// Gives what every channel sends of a piece.
#[derive(Default)]
pub(super) struct Spread {
    factors: Vec<Complex32>,
    /// What is neither the piece itself nor silence, channel by channel.
    scaled: Vec<Vec<Complex32>>,
    silence: Vec<Complex32>,
}

impl Spread {
    /// One factor a channel.
    pub(super) fn new(factors: &[Complex32]) -> Self {
        Self { factors: factors.to_vec(), scaled: vec![Vec::new(); factors.len()], silence: Vec::new() }
    }

    /// The factors of a wave on one channel: the others are silent.
    pub(super) fn on_one(channels: usize, channel: usize) -> Vec<Complex32> {
        (0..channels).map(|c| if c == channel { Complex32::ONE } else { Complex32::ZERO }).collect()
    }

    /// These factors, by which all arrive alike, each turned so that together they arrive as nothing: the roots of unity add up to zero.
    pub(super) fn turned(alike: &[Complex32]) -> Vec<Complex32> {
        let turn = |k: usize| Complex32::cis(k as f32 * std::f32::consts::TAU / alike.len() as f32);
        alike.iter().enumerate().map(|(k, f)| f * turn(k)).collect()
    }

    /// The factors of a chain that takes its samples as they are.
    pub(super) fn on_all(channels: usize) -> Vec<Complex32> {
        vec![Complex32::ONE; channels]
    }

    /// Of one slice a channel, each times the channel's factor. A factor of 1 leaves the samples as they are.
    pub(super) fn each<'a>(&'a mut self, pieces: &[&'a [Complex32]]) -> Vec<&'a [Complex32]> {
        for ((factor, piece), to) in self.factors.iter().zip(pieces).zip(&mut self.scaled) {
            to.clear();
            if *factor != Complex32::ONE {
                to.extend(piece.iter().map(|z| z * factor));
            }
        }
        let scaled = &self.scaled;
        let of =
            |(c, piece): (usize, &&'a [Complex32])| if self.factors[c] == Complex32::ONE { *piece } else { &scaled[c] };
        pieces.iter().enumerate().map(of).collect()
    }

    /// One slice a channel. A factor of 1 leaves the samples as they are.
    pub(super) fn over<'a>(&'a mut self, piece: &'a [Complex32]) -> Vec<&'a [Complex32]> {
        if self.silence.len() < piece.len() {
            self.silence.resize(piece.len(), Complex32::ZERO);
        }
        for (factor, to) in self.factors.iter().zip(&mut self.scaled) {
            to.clear();
            if *factor != Complex32::ONE && *factor != Complex32::ZERO {
                to.extend(piece.iter().map(|z| z * factor));
            }
        }
        let of = |(factor, scaled): (&Complex32, &'a Vec<Complex32>)| match *factor {
            Complex32::ONE => piece,
            Complex32::ZERO => &self.silence[..piece.len()],
            _ => scaled,
        };
        self.factors.iter().zip(&self.scaled).map(of).collect()
    }

    /// No samples: for the end of a burst.
    pub(super) fn nothing(channels: usize) -> Vec<&'static [Complex32]> {
        vec![&[]; channels]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_channel_has_the_wave() {
        let piece = [Complex32::new(0.3, 0.4); 3];
        let mut spread = Spread::new(&Spread::on_one(3, 1));
        assert_eq!(spread.over(&piece), [&[Complex32::ZERO; 3][..], &piece, &[Complex32::ZERO; 3]]);
        assert_eq!(spread.over(&piece[..1]), [&[Complex32::ZERO][..], &piece[..1], &[Complex32::ZERO]]);
        assert_eq!(Spread::nothing(2), [&[][..], &[]]);
    }

    #[test]
    fn what_arrives_alike_cancels_once_it_is_turned() {
        for ways in [
            vec![Complex32::new(0.3, 0.4), Complex32::I],
            vec![Complex32::ONE, Complex32::I, Complex32::new(0.5, -0.5)],
        ] {
            let alike: Vec<Complex32> = ways.iter().map(|h| 0.5 / h).collect();
            let turned = Spread::turned(&alike);
            let sum: Complex32 = turned.iter().zip(&ways).map(|(f, h)| f * h).sum();
            assert!(sum.norm() < 1e-6, "{sum}");
            assert!(turned.iter().zip(&alike).all(|(t, a)| (t.norm() - a.norm()).abs() < 1e-6));
        }
    }

    #[test]
    fn each_channel_has_its_factor() {
        let piece = [Complex32::ONE, Complex32::I];
        let mut spread = Spread::new(&[Complex32::ONE, Complex32::I / 2.0]);
        for _ in 0..2 {
            assert_eq!(spread.over(&piece), [&piece[..], &[Complex32::I / 2.0, Complex32::from(-0.5)]]);
            let other = [Complex32::from(4.0)];
            assert_eq!(spread.each(&[&piece[1..], &other]), [&piece[1..], &[Complex32::new(0.0, 2.0)]]);
        }
    }
}

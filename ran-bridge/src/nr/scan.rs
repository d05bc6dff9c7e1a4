//! PSS peaks over a grid of block offsets and frequency steps.

use num_complex::Complex32;

use super::Numerology;
use super::correlator::{Correlator, HOP, LOW_FFT};
use super::verify::Candidate;

/// Below this share of PSS a place is no candidate.
pub(crate) const METRIC_MIN: f32 = 0.04;
/// Peaks kept of one offset, step and sequence.
const PEAKS: usize = 4;
/// Values whose largest is kept beside them, so that a peak is found without looking at all.
const GROUP: usize = LOW_FFT / 2;
/// Symbols before and after a block whose correlation the block reaches into, and its four.
const REACH: (usize, usize) = (2, 5);

/// The PSS powers of a recording, folded over 20 ms.
pub(crate) struct Scan {
    /// Pieces of the recording.
    pub pieces: usize,
    /// Low-rate samples of 20 ms.
    period: usize,
    /// Places where a PSS symbol fits.
    places: usize,
    folded: [Vec<f32>; 3],
    maxima: Vec<f32>,
}

impl Scan {
    pub fn new(numerology: &Numerology, correlator: &Correlator, samples: usize) -> Self {
        let pieces = correlator.pieces(samples);
        let period = (0.020 * numerology.scs_hz() * LOW_FFT as f64).round() as usize;
        let places = (samples / correlator.decimation()).saturating_sub(LOW_FFT).min(pieces * HOP);
        let len = period.min(places);
        Self {
            pieces,
            period,
            places,
            folded: [vec![0.0; len], vec![0.0; len], vec![0.0; len]],
            maxima: vec![0.0; len.div_ceil(GROUP)],
        }
    }

    /// Whether place `b` lies under the block at place `a`, both modulo 20 ms.
    pub fn near(&self, a: usize, b: usize) -> bool {
        let window = self.window(a);
        let b = b % self.period;
        window.contains(&b)
            || window.contains(&(b + self.period))
            || (b >= self.period && window.contains(&(b - self.period)))
    }

    /// Places under the block at `place`, modulo 20 ms.
    pub fn window(&self, place: usize) -> std::ops::Range<usize> {
        let place = place % self.period;
        place.saturating_sub(REACH.0 * LOW_FFT)..place + REACH.1 * LOW_FFT
    }

    /// Pieces that hold places under the block at `place`, in every period.
    pub fn pieces_near(&self, place: usize) -> Vec<usize> {
        let window = self.window(place);
        (0..self.pieces)
            .filter(|piece| {
                let (from, to) = (piece * HOP, (piece + 1) * HOP);
                (0..self.places.div_ceil(self.period)).any(|n| {
                    let shift = n * self.period;
                    window.start + shift < to && from < window.end + shift
                })
            })
            .collect()
    }

    /// The highest peaks of each offset, step and sequence in `pieces` of `iq`, only those at places `within`.
    pub fn candidates(
        &mut self,
        correlator: &mut Correlator,
        iq: &[Complex32],
        pieces: &[usize],
        offsets: &[f64],
        steps: &[f64],
        within: Option<std::ops::Range<usize>>,
    ) -> Vec<Candidate> {
        let spectra: Vec<(usize, Vec<Complex32>)> = pieces
            .iter()
            .map(|&piece| {
                let mut out = Vec::new();
                correlator.spectrum(iq, piece, &mut out);
                (piece, out)
            })
            .collect();
        let mut found = Vec::new();
        let len = self.folded[0].len();
        let within = within.map_or(0..len, |w| w.start.min(len)..w.end.min(len));
        let mut inverse = vec![[0f32; HOP]; spectra.len()];
        let mut metric = [0f32; HOP];
        for &offset in offsets {
            for ((_, spectrum), inverse) in spectra.iter().zip(&mut inverse) {
                correlator.tune(spectrum, offset);
                correlator.inverse_energy(inverse);
            }
            for &cfo in steps {
                self.folded.iter_mut().for_each(|f| f.fill(0.0));
                for ((piece, spectrum), inverse) in spectra.iter().zip(&inverse) {
                    correlator.tune(spectrum, offset + cfo);
                    for (n2, fold) in (0u8..).zip(&mut self.folded) {
                        correlator.metric(n2, inverse, &mut metric);
                        let first = piece * HOP;
                        let count = self.places.saturating_sub(first).min(HOP);
                        add_around(&metric[..count], first % self.period, fold);
                    }
                }
                for (n2, fold) in (0u8..).zip(&mut self.folded) {
                    let repeats =
                        |place: usize| (self.places.saturating_sub(place)).div_ceil(self.period).max(1) as f32;
                    if self.places > self.period {
                        fold.iter_mut().enumerate().for_each(|(i, v)| *v /= repeats(i));
                    }
                    peaks(&mut fold[within.clone()], &mut self.maxima, |place, metric| {
                        let place = place + within.start;
                        found.push(Candidate {
                            n2,
                            place,
                            metric: metric * repeats(place).sqrt(),
                            ssb_offset_hz: offset,
                            cfo_hz: cfo,
                        });
                    });
                }
            }
        }
        found
    }
}

/// Adds `values` to the circle `fold` from `first` on.
fn add_around(values: &[f32], first: usize, fold: &mut [f32]) {
    let first = first.min(fold.len());
    let (a, b) = values.split_at(values.len().min(fold.len() - first));
    fold[first..].iter_mut().zip(a).for_each(|(f, v)| *f += v);
    fold.iter_mut().zip(b).for_each(|(f, v)| *f += v);
}

fn largest(values: &[f32]) -> f32 {
    // eight at a time, and no care for values that are no numbers: there are none
    let mut most = [0f32; 8];
    let eights = values.chunks_exact(8);
    let rest = eights.remainder();
    for eight in eights {
        most.iter_mut().zip(eight).for_each(|(m, v)| *m = if v > m { *v } else { *m });
    }
    most.iter().chain(rest).copied().fold(0.0, f32::max)
}

/// The highest peaks at least half a symbol apart; `values` are spent.
fn peaks(values: &mut [f32], maxima: &mut [f32], mut take: impl FnMut(usize, f32)) {
    let groups = values.len().div_ceil(GROUP);
    let maxima = &mut maxima[..groups];
    maxima.iter_mut().zip(values.chunks(GROUP)).for_each(|(m, group)| *m = largest(group));
    for _ in 0..PEAKS {
        let Some((group, &value)) = maxima.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { return };
        if value < METRIC_MIN {
            return;
        }
        let first = group * GROUP;
        let Some(place) = values[first..].iter().position(|v| *v >= value).map(|n| n + first) else { return };
        take(place, value);
        let (from, to) = (place.saturating_sub(GROUP), (place + GROUP).min(values.len()));
        values[from..to].fill(0.0);
        for group in from / GROUP..to.div_ceil(GROUP) {
            maxima[group] = largest(&values[group * GROUP..((group + 1) * GROUP).min(values.len())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_come_in_order_and_apart() {
        let mut values = vec![0.05f32; 1000];
        values[3] = 0.5;
        values[40] = 0.45;
        values[500] = 0.9;
        values[999] = 0.3;
        let mut maxima = vec![0.0; 16];
        let mut got = Vec::new();
        peaks(&mut values, &mut maxima, |place, value| got.push((place, value)));
        assert_eq!(got[..3], [(500, 0.9), (3, 0.5), (999, 0.3)]);
        assert!((got[3].1 - 0.05).abs() < 1e-6);
    }

    #[test]
    fn a_circle_wraps() {
        let mut fold = vec![0.0f32; 5];
        add_around(&[1.0, 2.0, 3.0], 3, &mut fold);
        assert_eq!(fold, [3.0, 0.0, 0.0, 1.0, 2.0]);
    }
}

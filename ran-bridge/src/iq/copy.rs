//! From a source to a sink.

use super::stream::{Next, Sink, Source, StreamError, same_rate};
use num_complex::Complex32;

/// Samples that are read at once.
const BLOCK: usize = 16_384;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Copied {
    /// Samples that the sink took.
    pub samples: u64,
    /// Samples that were lost on their way to the source, within what was copied.
    pub lost: u64,
    /// Samples that were not finite and are zeros.
    pub nonfinite: u64,
    /// Index of the first sample at the source.
    pub first: Option<u64>,
}

/// Copies until the source ends, until `samples` of the index have passed (lost ones count: it is a time), or until `go_on` says no, which is asked
/// at least every 100 ms. The sink is not finished.
///
/// # Errors
/// [`StreamError::Rate`] before the first sample; what either side says.
pub fn copy(
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    samples: Option<u64>,
    go_on: &mut dyn FnMut(&Copied) -> bool,
) -> Result<Copied, StreamError> {
    same_rate(source.rate_hz(), sink.rate_hz())?;
    let mut done = Copied::default();
    let mut block = vec![Complex32::ZERO; BLOCK];
    while go_on(&done) {
        let left = samples.map_or(u64::MAX, |all| all - done.samples - done.lost);
        if left == 0 {
            break;
        }
        let room = BLOCK.min(usize::try_from(left).unwrap_or(BLOCK));
        let got = match source.read(&mut block[..room])? {
            Next::Samples(got) => got,
            Next::Nothing => continue,
            Next::End => break,
        };
        // what was lost before the first sample is no part of it
        let lost = if done.first.is_some() { got.lost } else { 0 };
        done.first.get_or_insert(got.first);
        done.lost += lost.min(left);
        // a gap may reach beyond the end
        let len = got.len.min(usize::try_from(left.saturating_sub(lost)).unwrap_or(usize::MAX));
        done.nonfinite += got.nonfinite;
        let mut at = 0;
        while at < len {
            let n = sink.write(got.first + at as u64, &block[at..len])?;
            at += n;
            done.samples += n as u64;
            if at < len && !go_on(&done) {
                return Ok(done);
            }
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::super::{Recording, Stretch};
    use super::*;

    /// Gives what it is told to give: samples lost, samples.
    struct Told(Vec<(u64, usize)>, u64);

    impl Source for Told {
        fn rate_hz(&self) -> f64 {
            1e6
        }

        fn read(&mut self, samples: &mut [Complex32]) -> Result<Next, StreamError> {
            let Some((lost, all)) = self.0.first_mut() else { return Ok(Next::End) };
            let len = samples.len().min(*all);
            let got = Stretch { len, first: self.1 + *lost, lost: *lost, nonfinite: 1 };
            self.1 = got.first + len as u64;
            (0..len).for_each(|i| samples[i] = Complex32::new((got.first + i as u64) as f32, 0.0));
            (*lost, *all) = (0, *all - len);
            if *all == 0 {
                self.0.remove(0);
            }
            Ok(Next::Samples(got))
        }
    }

    fn into_memory(told: Vec<(u64, usize)>, samples: Option<u64>) -> (Copied, Recording) {
        let mut to = Recording::empty(1e6, None, "");
        let done = copy(&mut Told(told, 0), &mut to, samples, &mut |_| true).unwrap();
        (done, to)
    }

    #[test]
    fn what_is_lost_counts_as_time_and_is_no_sample() {
        let (done, to) = into_memory(vec![(7, 10), (5, 20)], Some(40));
        // 7 to 17, and 22 to 42
        assert_eq!(done, Copied { samples: 30, lost: 5, nonfinite: 2, first: Some(7) });
        assert_eq!(
            (to.samples.len(), to.lost, to.samples[9].re, to.samples[12].re, to.samples[15].re),
            (35, 5, 16.0, 0.0, 22.0)
        );
        let (done, to) = into_memory(vec![(7, 10), (5, 20)], Some(18));
        assert_eq!((done.samples, done.lost, to.samples.len(), to.samples[17].re), (13, 5, 18, 24.0));
        // the end lies within what is lost
        let (done, to) = into_memory(vec![(0, 10), (5, 20)], Some(12));
        assert_eq!((done.samples, done.lost, to.samples.len()), (10, 2, 10));
        assert_eq!(into_memory(vec![(0, 10)], Some(0)).0, Copied::default());
        // more than is read at once
        let (done, to) = into_memory(vec![(0, 50_000)], None);
        assert_eq!((done.samples, done.nonfinite, to.samples[49_999].re), (50_000, 4, 49_999.0));
    }

    #[test]
    fn whoever_says_no_ends_it() {
        let mut to = Recording::empty(1e6, None, "");
        let done = copy(&mut Told(vec![(0, 50_000)], 0), &mut to, None, &mut |d| d.samples == 0).unwrap();
        assert_eq!(done.samples, 16_384);
        let mut to = Recording::empty(2e6, None, "");
        let refused = copy(&mut Told(vec![(0, 9)], 0), &mut to, None, &mut |_| true).unwrap_err();
        assert!(refused.to_string().starts_with("samples come at 1000000 Hz and are to go at 2000000 Hz"), "{refused}");
    }
}

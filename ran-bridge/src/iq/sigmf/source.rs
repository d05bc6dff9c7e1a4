//! A recording as a stream, read block by block.

use super::meta::{Capture, Datatype, Meta};
use super::{SigmfError, hashed, hex, io, paths};
use crate::iq::stream::{Next, Source, StreamError, Stretch};
use crate::iq::zero_nonfinite;
use num_complex::Complex32;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

/// A recording that is being read. Its index is that of `core:global_index`, from 0 where it gives none; between two captures it may go on by more
/// than the samples between them: the difference is lost.
#[derive(Debug)]
pub struct SigmfSource {
    path: PathBuf,
    data: BufReader<File>,
    datatype: Datatype,
    rate_hz: f64,
    frequency_hz: Option<f64>,
    description: String,
    pieces: Vec<Piece>,
    /// Number of the piece that is being read.
    piece: usize,
    /// Samples in the file, and how many of them are read.
    len: u64,
    at: u64,
    /// Index of the next sample if nothing is lost before it.
    next: u64,
    /// It begins again after its end; what its indices are then more than those of the file.
    repeats: bool,
    again: u64,
    raw: Vec<u8>,
}

/// From here on in the file samples have these indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    at: u64,
    first: u64,
}

impl SigmfSource {
    /// Opens a recording, given its `.sigmf-meta`, its `.sigmf-data`, or the name without either. A SHA-512 that the metadata gives is checked.
    ///
    /// # Errors
    /// [`SigmfError`].
    pub fn open(path: &Path) -> Result<Self, SigmfError> {
        let (meta_path, path) = paths(path);
        let text = std::fs::read(&meta_path).map_err(io(&meta_path))?;
        let meta: Meta = serde_json::from_slice(&text)
            .map_err(|e| SigmfError::Meta { path: meta_path.clone(), reason: e.to_string() })?;
        let datatype = match meta.global.datatype.as_str() {
            "cf32_le" => Datatype::Cf32Le,
            "ci16_le" => Datatype::Ci16Le,
            other => return Err(SigmfError::Datatype { path: meta_path, datatype: other.to_owned() }),
        };
        if let Some(channels) = meta.global.num_channels.filter(|n| *n != 1) {
            return Err(SigmfError::Channels { path: meta_path, channels });
        }
        let rate_hz = match meta.global.sample_rate {
            Some(rate) if rate.is_finite() && rate > 0.0 => rate,
            _ => return Err(SigmfError::Rate { path: meta_path }),
        };
        let mut data = File::open(&path).map_err(io(&path))?;
        let bytes = data.metadata().map_err(io(&path))?.len();
        if !bytes.is_multiple_of(datatype.bytes() as u64) {
            return Err(SigmfError::Truncated { path, bytes });
        }
        let len = bytes / datatype.bytes() as u64;
        let pieces = pieces(&meta.captures, len).map_err(|reason| SigmfError::Captures { path: meta_path, reason })?;
        if let Some(want) = &meta.global.sha512 {
            let hash = hashed(&mut data).map_err(io(&path))?;
            if !want.eq_ignore_ascii_case(&hex(hash)) {
                return Err(SigmfError::Checksum { path });
            }
            data.rewind().map_err(io(&path))?;
        }
        Ok(Self {
            data: BufReader::new(data),
            datatype,
            rate_hz,
            frequency_hz: meta.captures.first().and_then(|c| c.frequency),
            description: meta.global.description.unwrap_or_default(),
            next: pieces[0].first,
            pieces,
            piece: 0,
            len,
            at: 0,
            repeats: false,
            again: 0,
            raw: Vec::new(),
            path,
        })
    }

    /// The same over and over without an end; its index goes on.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.repeats = self.len > 0;
        self
    }

    /// Samples in it, without those that are lost.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.len
    }

    /// How they are stored.
    #[must_use]
    pub const fn datatype(&self) -> Datatype {
        self.datatype
    }

    /// What it is, in words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// As [`Source::read`], which it is.
    ///
    /// # Errors
    /// [`SigmfError::Truncated`] where the file has become shorter meanwhile.
    pub fn next_block(&mut self, samples: &mut [Complex32]) -> Result<Next, SigmfError> {
        if self.at == self.len && self.repeats {
            self.data.rewind().map_err(io(&self.path))?;
            (self.at, self.piece, self.again) = (0, 0, self.next - self.pieces[0].first);
        }
        while self.pieces.get(self.piece + 1).is_some_and(|p| p.at <= self.at) {
            self.piece += 1;
        }
        if self.at == self.len {
            return Ok(Next::End);
        }
        let until = self.pieces.get(self.piece + 1).map_or(self.len, |p| p.at);
        let len = samples.len().min(usize::try_from(until - self.at).unwrap_or(usize::MAX));
        if len == 0 {
            return Ok(Next::Nothing);
        }
        let nonfinite = self.fill(&mut samples[..len])?;
        let piece = self.pieces[self.piece];
        let first = self.again + piece.first + (self.at - piece.at);
        let lost = first - self.next;
        self.at += len as u64;
        self.next = first + len as u64;
        Ok(Next::Samples(Stretch { len, first, lost, nonfinite }))
    }

    /// Fills `to` from the file; gives how many were not finite.
    fn fill(&mut self, to: &mut [Complex32]) -> Result<u64, SigmfError> {
        let is_read = match self.datatype {
            Datatype::Cf32Le => self.data.read_exact(bytemuck::cast_slice_mut(to)),
            Datatype::Ci16Le => {
                self.raw.resize(to.len() * 4, 0);
                self.data.read_exact(&mut self.raw)
            }
        };
        is_read.map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => {
                let bytes = self.data.get_ref().metadata().map_or(0, |m| m.len());
                SigmfError::Truncated { path: self.path.clone(), bytes }
            }
            _ => SigmfError::Io { path: self.path.clone(), source },
        })?;
        if self.datatype == Datatype::Cf32Le {
            return Ok(zero_nonfinite(to));
        }
        let part = |b: [u8; 2]| f32::from(i16::from_le_bytes(b)) / 32_768.0;
        for (z, b) in to.iter_mut().zip(self.raw.as_chunks::<4>().0) {
            *z = Complex32::new(part([b[0], b[1]]), part([b[2], b[3]]));
        }
        Ok(0)
    }
}

impl Source for SigmfSource {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn frequency_hz(&self) -> Option<f64> {
        self.frequency_hz
    }

    fn read(&mut self, samples: &mut [Complex32]) -> Result<Next, StreamError> {
        Ok(self.next_block(samples)?)
    }
}

/// Where the indices of `len` samples lie by these captures.
fn pieces(captures: &[Capture], len: u64) -> Result<Vec<Piece>, String> {
    //= SigMF 1.2, captures: `core:sample_start` ascends; `core:global_index` is the index of that sample in the original stream
    let base =
        captures.first().map_or(Some(0), |c| c.global_index.unwrap_or(c.sample_start).checked_sub(c.sample_start));
    let first = base.ok_or_else(|| "its first capture begins before sample 0".to_owned())?;
    let mut all = vec![Piece { at: 0, first }];
    let mut latest = 0;
    for (i, capture) in captures.iter().enumerate() {
        let at = capture.sample_start;
        let before = all[all.len() - 1];
        if at < latest || at > len {
            return Err(format!("capture {i} begins at sample {at}, not between {latest} and {len}"));
        }
        latest = at;
        let goes_on = before.first.checked_add(at - before.at);
        let first = capture.global_index.or(goes_on);
        let Some((first, goes_on)) = first.zip(goes_on).filter(|(first, goes_on)| first >= goes_on) else {
            return Err(format!("capture {i} goes back: an index comes twice"));
        };
        if first > goes_on {
            all.push(Piece { at, first });
        }
    }
    let last = all[all.len() - 1];
    let end = last.first.checked_add(len - last.at);
    end.map(|_| all).ok_or_else(|| "its indices do not fit in 64 bits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(sample_start: u64, global_index: Option<u64>) -> Capture {
        Capture { sample_start, frequency: None, global_index }
    }

    #[test]
    fn captures_say_where_samples_belong() {
        let of =
            |captures: &[Capture]| pieces(captures, 100).map(|p| p.iter().map(|p| (p.at, p.first)).collect::<Vec<_>>());
        assert_eq!(of(&[]), Ok(vec![(0, 0)]));
        assert_eq!(of(&[capture(0, Some(7))]), Ok(vec![(0, 7)]));
        assert_eq!(of(&[capture(10, Some(17))]), Ok(vec![(0, 7)]));
        // another frequency, without a gap
        assert_eq!(of(&[capture(0, None), capture(50, None), capture(60, Some(60))]), Ok(vec![(0, 0)]));
        assert_eq!(
            of(&[capture(0, Some(7)), capture(50, Some(60)), capture(50, Some(61))]),
            Ok(vec![(0, 7), (50, 60), (50, 61)])
        );
        for (wrong, why) in [
            (vec![capture(10, Some(9))], "before sample 0"),
            (vec![capture(0, None), capture(50, Some(49))], "capture 1 goes back"),
            (vec![capture(50, None), capture(40, None)], "not between 50 and 100"),
            (vec![capture(101, None)], "not between 0 and 100"),
            (vec![capture(0, Some(u64::MAX - 50))], "64 bits"),
        ] {
            let said = of(&wrong).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_captures_are_refused_or_go_forward(
            captures in proptest::collection::vec((0_u64..120, proptest::option::of(proptest::prelude::any::<u64>())), 0..6),
        ) {
            let captures: Vec<_> = captures.into_iter().map(|(at, first)| capture(at, first)).collect();
            if let Ok(all) = pieces(&captures, 100) {
                for pair in all.windows(2) {
                    proptest::prop_assert!(pair[1].at >= pair[0].at && pair[1].first - pair[0].first > pair[1].at - pair[0].at);
                }
            }
        }
    }
}

//! Reads a log, whatever state it is in.

use super::error::RecordError;
use super::frame::{FILE_HEADER_BYTES, FORMAT_VERSION, MAGIC, PREFIX_BYTES, announced, decode, resync};
use super::row::Row;
use std::path::{Path, PathBuf};

/// What stands at a place of a log.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// A row.
    Row(Row),
    /// Bytes that are no good frame, in the middle of the log. Reading goes on behind them, at the next frame whose
    /// checksum is good.
    Corrupt {
        /// Where the damage begins.
        offset: u64,
        /// How far it reaches.
        bytes: u64,
    },
    /// The last frame was being written when the process ended. Nothing that was complete is missing.
    Torn {
        /// Where the incomplete frame begins.
        offset: u64,
        /// What there is of it.
        bytes: u64,
    },
}

/// Iterates over the findings of a log.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    bytes: Vec<u8>,
    at: usize,
}

impl LogReader {
    /// Opens a log. A file shorter than its header is an empty log (the process was killed while it made it).
    ///
    /// # Errors
    /// [`RecordError::Io`], or [`RecordError::NotALog`] when the first bytes are not those of a log of this version.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let bytes = std::fs::read(path).map_err(|e| RecordError::io("read", path, &e))?;
        Self::from_bytes(path, bytes)
    }

    /// As [`LogReader::open`] for bytes already read.
    ///
    /// # Errors
    /// [`RecordError::NotALog`].
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, RecordError> {
        let refuse = |reason: String| RecordError::NotALog { path: path.to_path_buf(), reason };
        let head = bytes.len().min(4);
        if bytes[..head] != MAGIC[..head] {
            return Err(refuse("it does not begin with SCLG".into()));
        }
        if let Some(version) = bytes.get(4..FILE_HEADER_BYTES).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
            && version != FORMAT_VERSION
        {
            return Err(refuse(format!("its format is {version}, this build reads {FORMAT_VERSION}")));
        }
        Ok(Self { path: path.to_path_buf(), bytes, at: FILE_HEADER_BYTES })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rows alone; damage is passed over.
    pub fn rows(self) -> impl Iterator<Item = Row> {
        self.filter_map(|f| if let Finding::Row(row) = f { Some(row) } else { None })
    }
}

impl Iterator for LogReader {
    type Item = Finding;

    fn next(&mut self) -> Option<Finding> {
        let at = self.at;
        if at >= self.bytes.len() {
            return None;
        }
        if let Some(json) = decode(&self.bytes, at) {
            self.at = at + PREFIX_BYTES + json.len();
            if let Some(row) = Row::parse(json) {
                return Some(Finding::Row(row));
            }
            return Some(Finding::Corrupt { offset: at as u64, bytes: (self.at - at) as u64 });
        }
        if let Some(next) = resync(&self.bytes, at + 1) {
            self.at = next;
            return Some(Finding::Corrupt { offset: at as u64, bytes: (next - at) as u64 });
        }
        let left = self.bytes.len() - at;
        self.at = self.bytes.len();
        let (offset, bytes) = (at as u64, left as u64);
        // Whole but wrong is damage; too short for what it announces is a torn tail.
        let whole = left >= PREFIX_BYTES && announced(&self.bytes, at).is_none_or(|len| len + PREFIX_BYTES <= left);
        Some(if whole { Finding::Corrupt { offset, bytes } } else { Finding::Torn { offset, bytes } })
    }
}

/// The logs in a run folder with the process that wrote each (`ran.2.sclog` is the second of `ran`), in order of name.
///
/// # Errors
/// [`RecordError::Io`] when the folder cannot be read.
pub fn logs(run_dir: &Path) -> Result<Vec<(String, PathBuf)>, RecordError> {
    let entries = std::fs::read_dir(run_dir).map_err(|e| RecordError::io("list", run_dir, &e))?;
    let mut found: Vec<(String, u32, PathBuf)> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "sclog"))
        .filter_map(|p| {
            let stem = p.file_stem()?.to_str()?.to_owned();
            let (process, nth) = match stem.rsplit_once('.') {
                Some((process, n)) => (process.to_owned(), n.parse().unwrap_or(1)),
                None => (stem, 1),
            };
            Some((process, nth, p))
        })
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(process, _, path)| (process, path)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::frame::{encode, file_header};
    use super::*;
    use proptest::prelude::*;

    fn log(rows: u64) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = file_header().to_vec();
        let mut starts = Vec::new();
        for n in 0..rows {
            starts.push(bytes.len());
            assert!(encode(&mut bytes, "t", n, format!(r#"{{"n":{n},"s":"{{\"table\":\"x"}}"#).as_bytes()));
        }
        (bytes, starts)
    }

    fn read(bytes: Vec<u8>) -> Vec<Finding> {
        LogReader::from_bytes(Path::new("x"), bytes).unwrap().collect()
    }

    fn rows(found: &[Finding]) -> Vec<u64> {
        found.iter().filter_map(|f| if let Finding::Row(r) = f { Some(r.mono_ns) } else { None }).collect()
    }

    #[test]
    fn cut_anywhere_every_complete_row_is_read() {
        let (bytes, mut starts) = log(5);
        starts.push(bytes.len());
        for cut in 0..=bytes.len() {
            let found = read(bytes[..cut].to_vec());
            let complete = starts.iter().skip(1).filter(|end| **end <= cut).count() as u64;
            assert_eq!(rows(&found), (0..complete).collect::<Vec<_>>(), "cut at {cut}");
            let torn = found.iter().any(|f| matches!(f, Finding::Torn { .. }));
            assert_eq!(torn, cut > FILE_HEADER_BYTES && !starts.contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn damage_is_named_by_its_offset_and_the_rows_around_it_are_read() {
        let (bytes, starts) = log(5);
        for hit in starts[2]..starts[3] {
            let mut bad = bytes.clone();
            bad[hit] ^= 0x40;
            let found = read(bad);
            assert_eq!(rows(&found), [0, 1, 3, 4], "byte {hit}");
            let damage: Vec<_> = found.iter().filter(|f| !matches!(f, Finding::Row(_))).collect();
            assert_eq!(
                damage,
                [&Finding::Corrupt { offset: starts[2] as u64, bytes: (starts[3] - starts[2]) as u64 }],
                "byte {hit}"
            );
        }
    }

    #[test]
    fn another_format_and_another_file_are_refused() {
        let mut bytes = log(1).0;
        bytes[4] = 9;
        assert!(matches!(LogReader::from_bytes(Path::new("x"), bytes), Err(RecordError::NotALog { .. })));
        let text = b"not a log at all".to_vec();
        assert!(matches!(LogReader::from_bytes(Path::new("x"), text), Err(RecordError::NotALog { .. })));
        assert!(read(Vec::new()).is_empty());
    }

    proptest! {
        #[test]
        fn foreign_bytes_are_read_to_their_end(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (mut bytes, _) = log(2);
            bytes.extend_from_slice(&tail);
            let found = read(bytes);
            prop_assert_eq!(rows(&found)[..2].to_vec(), vec![0, 1]);
        }
    }
}

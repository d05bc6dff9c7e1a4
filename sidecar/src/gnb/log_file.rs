//! A log that does not grow without end: where it is full it becomes `NAME.1`, in place of the one before, and begins anew with a line.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// An append-only file of bounded length, and its predecessor.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    max_bytes: u64,
}

impl LogFile {
    /// Goes on with what is there.
    pub(super) fn open(path: PathBuf, max_bytes: u64) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file, bytes, max_bytes })
    }

    /// Appends; a line is in one file wherever one ends in these bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes + bytes.len() as u64 <= self.max_bytes {
            return self.append(bytes);
        }
        let line_end = bytes.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
        let (last, rest) = bytes.split_at(line_end);
        self.append(last)?;
        // what cannot be put away goes on
        let turned = self.turn();
        self.append(rest)?;
        turned
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn turn(&mut self) -> io::Result<()> {
        let mut before = self.path.clone().into_os_string();
        before.push(".1");
        std::fs::rename(&self.path, before)?;
        self.file = File::options().create(true).append(true).open(&self.path)?;
        self.bytes = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_at_most_and_no_line_is_torn() {
        let dir = tempfile::tempdir().unwrap();
        let (path, before) = (dir.path().join("gnb.log"), dir.path().join("gnb.log.1"));
        let read = |p: &PathBuf| std::fs::read_to_string(p).unwrap();
        let mut log = LogFile::open(path.clone(), 20).unwrap();
        log.write(b"one\ntwo\nthr").unwrap();
        assert!(!before.exists());
        log.write(b"ee\nfour\nfive\n").unwrap();
        assert_eq!((read(&before).as_str(), read(&path).as_str()), ("one\ntwo\nthree\n", "four\nfive\n"));
        // one that is opened again goes on, and is as long
        let mut log = LogFile::open(path.clone(), 20).unwrap();
        log.write(b"six\nseven\neight\n").unwrap();
        assert_eq!((read(&before).as_str(), read(&path).as_str()), ("four\nfive\nsix\n", "seven\neight\n"));
        // what has no line end is not kept waiting for one
        for _ in 0..50 {
            log.write(b"no line end ").unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() <= 20);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

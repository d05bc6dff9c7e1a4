//! The chained log on disk.

use super::error::TxError;
use governor::{Chain, Disk, verify};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Longest log that is read, bytes: a year of a burst a second stays below.
const MAX_BYTES: u64 = 16 << 30;

/// An append-only file; each line is on disk when its write comes back.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    path: PathBuf,
}

impl LogFile {
    /// Opens or begins it, checks every line, and gives where its chain stands.
    ///
    /// # Errors
    /// [`TxError::File`], [`TxError::Log`].
    pub fn open(path: &Path) -> Result<(Self, Chain), TxError> {
        let fail = |source| TxError::File { path: path.to_path_buf(), source };
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(fail)?;
        file.try_lock().map_err(|e| fail(io::Error::other(format!("another tx-guard writes it: {e}"))))?;
        let chain = Self::verify(path)?;
        file.sync_all().map_err(fail)?;
        if let Some(folder) = path.parent() {
            // the file's name is on disk, too
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder).and_then(|f| f.sync_all()).map_err(fail)?;
        }
        Ok((Self { file, path: path.to_path_buf() }, chain))
    }

    /// Checks a log and gives where its chain stands.
    ///
    /// # Errors
    /// [`TxError::File`], [`TxError::Log`].
    pub fn verify(path: &Path) -> Result<Chain, TxError> {
        let fail = |source| TxError::File { path: path.to_path_buf(), source };
        if std::fs::metadata(path).map_err(fail)?.len() > MAX_BYTES {
            return Err(fail(io::Error::other("longer than 16 GiB")));
        }
        let bytes = std::fs::read(path).map_err(fail)?;
        verify(&bytes).map_err(|fault| TxError::Log { path: path.to_path_buf(), fault })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Disk for LogFile {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

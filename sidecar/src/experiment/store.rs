//! Where runs are kept: whole ones, and how far an unfinished one is.

use super::ExperimentError;
use predict::sha256_hex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Digits of a key in a file's name.
const KEY: usize = 12;

/// A folder of runs. A name carries the hash of all that the run depends on, so that a run of another plan or of other data is another file.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// In this folder, which is made.
    pub fn open(folder: PathBuf) -> Result<Self, ExperimentError> {
        std::fs::create_dir_all(&folder).map_err(|e| ExperimentError::file(&folder, e))?;
        Ok(Self { folder })
    }

    /// The file of a run of this name that depends on these things.
    pub fn path(&self, name: &str, depends_on: &impl Serialize) -> PathBuf {
        let text = serde_json::to_vec(depends_on).unwrap_or_default();
        let key = sha256_hex(&text);
        self.folder.join(format!("{name}-{}.json", &key[..KEY]))
    }

    /// What is in a file; `None` where there is none.
    pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ExperimentError> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| ExperimentError::damaged(path, e)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(ExperimentError::file(path, e)),
        }
    }

    /// Replaces a file as a whole: whoever is killed while writing leaves the old one.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ExperimentError> {
        let beside = path.with_extension("tmp");
        std::fs::write(&beside, bytes)
            .and_then(|()| std::fs::File::open(&beside)?.sync_all())
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(|e| ExperimentError::file(path, e))
    }

    /// As [`Store::write`], of what is written as JSON.
    pub fn write_json(path: &Path, what: &impl Serialize) -> Result<(), ExperimentError> {
        let text = serde_json::to_vec_pretty(what).map_err(|e| ExperimentError::damaged(path, e))?;
        Self::write(path, &text)
    }
}

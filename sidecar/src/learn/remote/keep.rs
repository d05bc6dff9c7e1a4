//! Files of a training process: replaced as a whole, so that a kill leaves the old one or the new one.

use crate::learn::LearnError;
use std::io::ErrorKind;
use std::path::Path;

/// Writes beside and renames.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), LearnError> {
    let beside = path.with_extension("tmp");
    std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path)).map_err(|e| LearnError::file(path, e))
}

/// What is there; `None` where there is nothing.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, LearnError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(LearnError::file(path, e)),
    }
}

/// Makes a folder.
pub(super) fn folder(path: &Path) -> Result<(), LearnError> {
    std::fs::create_dir_all(path).map_err(|e| LearnError::file(path, e))
}

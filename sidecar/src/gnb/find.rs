//! Where a running `sidecar gnb` listens.

use crate::record::{RecordError, list};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Name of the control socket in the run folder.
pub const SOCKET: &str = "gnb.sock";

/// Why none is found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// None listens.
    #[error("no run under {root} has a gNB that is run by `sidecar gnb`")]
    None {
        /// Where was looked.
        root: PathBuf,
    },
    /// Several do.
    #[error("{count} gNBs are run: {names}")]
    Several {
        /// How many.
        count: usize,
        /// Their run folders.
        names: String,
    },
    /// The runs cannot be listed.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The socket of a run.
#[must_use]
pub fn socket_in(run_dir: &Path) -> PathBuf {
    run_dir.join(SOCKET)
}

/// The socket of the one gNB that runs under `root`.
///
/// # Errors
/// [`FindError`] where none or several do.
pub fn find(root: &Path) -> Result<PathBuf, FindError> {
    let runs: Vec<PathBuf> =
        list(root)?.into_iter().map(|r| r.dir).filter(|d| UnixStream::connect(socket_in(d)).is_ok()).collect();
    match runs.as_slice() {
        [] => Err(FindError::None { root: root.to_path_buf() }),
        [one] => Ok(socket_in(one)),
        several => {
            let names: Vec<String> = several.iter().map(|d| d.display().to_string()).collect();
            Err(FindError::Several { count: several.len(), names: names.join(", ") })
        }
    }
}

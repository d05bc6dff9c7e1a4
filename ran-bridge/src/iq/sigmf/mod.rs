//! SigMF recordings: as streams, and whole in memory.

mod error;
mod meta;
mod recording;
mod sink;
mod source;

pub use error::SigmfError;
pub use meta::Datatype;
pub use recording::{Recording, read, write};
pub use sink::{SigmfSink, describe};
pub use source::SigmfSource;

use sha2::{Digest, Sha512};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Paths of metadata and samples, given either or the name without an ending. A dot elsewhere in the name belongs to it.
fn paths(path: &Path) -> (PathBuf, PathBuf) {
    let is_ours = path.extension().is_some_and(|e| e == "sigmf-meta" || e == "sigmf-data");
    let name = if is_ours { path.with_extension("") } else { path.to_owned() };
    let with = |ending: &str| {
        let mut name = name.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    (with(".sigmf-meta"), with(".sigmf-data"))
}

/// For `map_err`: which file it was.
fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SigmfError {
    let path = path.to_owned();
    move |source| SigmfError::Io { path, source }
}

/// Hash of what is left of a file.
fn hashed(file: &mut File) -> std::io::Result<Sha512> {
    let (mut hash, mut piece) = (Sha512::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hash),
            n => hash.update(&piece[..n]),
        }
    }
}

/// A finished hash as SigMF writes it.
fn hex(hash: Sha512) -> String {
    hash.finalize().iter().fold(String::with_capacity(128), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

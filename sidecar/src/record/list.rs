//! The runs under a root.

use super::error::RecordError;
use super::manifest::{Manifest, Status};
use std::path::{Path, PathBuf};

/// A run in the list. One whose manifest cannot be read is listed too: nothing recorded is lost from sight.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The folder's name.
    pub run: String,
    /// The folder.
    pub dir: PathBuf,
    /// The manifest, or why it cannot be read.
    pub manifest: Result<Manifest, RecordError>,
    /// Bytes of the files in the folder (not of folders in it).
    pub bytes: u64,
}

impl Listed {
    /// The status as printed.
    #[must_use]
    pub fn status(&self) -> &'static str {
        self.manifest.as_ref().map_or("unreadable", |m| m.status_now().name())
    }

    /// Whether it was cut off.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.manifest.as_ref().is_ok_and(|m| m.status_now() == Status::Interrupted)
    }
}

/// Every run under `root`, oldest first. No such folder is an empty list.
///
/// # Errors
/// [`RecordError::Io`] when the folder is there and cannot be read.
pub fn list(root: &Path) -> Result<Vec<Listed>, RecordError> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(RecordError::io("list", root, &e)),
    };
    let mut runs: Vec<Listed> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|dir| dir.join("manifest.json").is_file() || super::reader::logs(dir).is_ok_and(|l| !l.is_empty()))
        .map(|dir| Listed {
            run: dir.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            manifest: Manifest::read(&dir),
            bytes: bytes_in(&dir),
            dir,
        })
        .collect();
    runs.sort_by(|a, b| a.run.cmp(&b.run));
    Ok(runs)
}

/// The folder of the run that `wanted` names: a path, a folder's name, any unambiguous part of it, or `last`.
///
/// # Errors
/// [`RecordError::NoSuchRun`], [`RecordError::Ambiguous`], or as [`list`].
pub fn find(root: &Path, wanted: &str) -> Result<PathBuf, RecordError> {
    let as_path = Path::new(wanted);
    if as_path.join("manifest.json").is_file() {
        return Ok(as_path.to_path_buf());
    }
    let runs = list(root)?;
    if let Some(run) = runs.iter().find(|r| r.run == wanted) {
        return Ok(run.dir.clone());
    }
    let none = || RecordError::NoSuchRun { wanted: wanted.into(), root: root.to_path_buf() };
    if wanted == "last" {
        return runs.last().map(|r| r.dir.clone()).ok_or_else(none);
    }
    let fits: Vec<&Listed> = runs.iter().filter(|r| r.run.contains(wanted)).collect();
    match fits.as_slice() {
        [] => Err(none()),
        [one] => Ok(one.dir.clone()),
        [first, ..] => {
            Err(RecordError::Ambiguous { wanted: wanted.into(), count: fits.len(), first: first.run.clone() })
        }
    }
}

fn bytes_in(dir: &Path) -> u64 {
    std::fs::read_dir(dir).map_or(0, |entries| {
        entries.filter_map(|e| e.ok()?.metadata().ok()).filter(std::fs::Metadata::is_file).map(|m| m.len()).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::super::folder::{RunFolder, Start};
    use super::*;

    #[test]
    fn runs_are_found_by_part_and_broken_ones_are_listed() {
        let root = tempfile::tempdir().unwrap();
        assert!(list(&root.path().join("none")).unwrap().is_empty());
        let start = Start { wall_s: 1e9, ..Start::default() };
        let a = RunFolder::create(root.path(), "first", &start).unwrap();
        let b = RunFolder::create(root.path(), "second", &Start { wall_s: 2e9, ..start }).unwrap();
        std::fs::write(b.dir().join("manifest.json"), "{").unwrap();
        let runs = list(root.path()).unwrap();
        assert_eq!(runs.iter().map(Listed::status).collect::<Vec<_>>(), ["running", "unreadable"]);
        assert_eq!(find(root.path(), "first").unwrap(), a.dir());
        assert_eq!(find(root.path(), "last").unwrap(), b.dir());
        assert!(matches!(find(root.path(), "-"), Err(RecordError::Ambiguous { count: 2, .. })));
        assert!(matches!(find(root.path(), "third"), Err(RecordError::NoSuchRun { .. })));
    }
}

//! Files of a training process: replaced as a whole, so that a kill leaves the old one or the new one.

use super::LearnError;
use crate::wire::Agent;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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

/// What was learned in a run of the loop, kept beside the run's logs: a process that is started again goes on from there.
#[derive(Debug)]
pub(crate) struct Kept {
    path: Option<PathBuf>,
    every_ns: u64,
    saved_ns: Option<u64>,
}

impl Kept {
    /// Beside the log of this process; nowhere where nothing is recorded. `every_ns` = 0 keeps nothing.
    pub(crate) fn beside(log: &Path, agent: Agent, every_ns: u64) -> Self {
        let run = log.parent().filter(|run| run.join("manifest.json").is_file() && every_ns > 0);
        Self { path: run.map(|run| run.join(format!("learn-{}.state", agent.name()))), every_ns, saved_ns: None }
    }

    /// Hands over what is there; `true` where it was taken. What cannot be taken is said, and stays until it is replaced.
    pub(crate) fn resume(&self, take: impl FnOnce(&[u8]) -> Result<(), LearnError>) -> bool {
        let Some(path) = &self.path else { return false };
        let result = read(path).and_then(|bytes| bytes.map_or(Ok(false), |bytes| take(&bytes).map(|()| true)));
        result.unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "what was learned before is lost: the built-in weights serve");
            false
        })
    }

    /// Saves, where it is time; `None` from `state` = not now.
    pub(crate) fn save(&mut self, now_ns: u64, state: impl FnOnce() -> Result<Option<Vec<u8>>, LearnError>) {
        let due = self.saved_ns.is_none_or(|at| now_ns.saturating_sub(at) >= self.every_ns);
        let Some(path) = self.path.as_ref().filter(|_| due) else { return };
        match state().and_then(|bytes| bytes.map_or(Ok(false), |bytes| replace(path, &bytes).map(|()| true))) {
            Ok(false) => {}
            Ok(true) => self.saved_ns = Some(now_ns),
            Err(error) => {
                self.saved_ns = Some(now_ns);
                tracing::warn!(%error, "what is learned is not kept");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_beside_the_run_and_only_so_often() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("ran.sclog");
        let mut nowhere = Kept::beside(&log, Agent::Ran, 10);
        nowhere.save(0, || panic!("there is no run"));
        assert!(!nowhere.resume(|_| panic!("there is nothing")));
        std::fs::write(dir.path().join("manifest.json"), "{}").unwrap();
        let mut kept = Kept::beside(&log, Agent::Ran, 10);
        assert!(!kept.resume(|_| panic!("there is nothing")));
        kept.save(5, || Ok(None));
        kept.save(6, || Ok(Some(vec![1])));
        kept.save(15, || panic!("not yet"));
        kept.save(16, || Ok(Some(vec![2])));
        let again = Kept::beside(&log, Agent::Ran, 10);
        assert!(again.resume(|bytes| {
            assert_eq!(bytes, [2]);
            Ok(())
        }));
        assert!(!again.resume(|_| Err(LearnError::Message("damaged".into()))));
        Kept::beside(&log, Agent::Ran, 0).save(0, || panic!("it is off"));
    }
}

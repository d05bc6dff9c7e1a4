//! The run that a process takes part in: the one it is told to join, or one of its own.

use super::args::Args;
use super::error::CliError;
use crate::config::Config;
use crate::record::{Manifest, RunFolder, Start};
use std::path::{Path, PathBuf};

/// A run, joined or owned.
pub(super) struct Joined {
    dir: PathBuf,
    run_id: u64,
    own: Option<RunFolder>,
}

impl Joined {
    /// Joins `--run-dir`, or starts a run named after the process.
    pub(super) fn new(args: &Args, config: &Config, process: &str) -> Result<Self, CliError> {
        if let Some(dir) = &args.run_dir {
            let run_id = Manifest::read(dir)?.run_id;
            return Ok(Self { dir: dir.clone(), run_id, own: None });
        }
        let start = Start::now(config.run.seed, Some(config.to_yaml()?));
        let own = RunFolder::create(&config.run.root, process, &start)?;
        tracing::info!(run = %own.dir().display(), "started a run");
        Ok(Self { dir: own.dir().to_path_buf(), run_id: own.run_id(), own: Some(own) })
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Number of the run in wire headers.
    pub(super) const fn run_id(&self) -> u64 {
        self.run_id
    }

    /// Closes a run of one's own with how it went; one that was joined is its owner's to close.
    pub(super) fn close<T>(self, went: Result<T, CliError>) -> Result<T, CliError> {
        if let Some(own) = self.own {
            own.close(went.as_ref().err().map(ToString::to_string).as_deref())?;
        }
        went
    }
}

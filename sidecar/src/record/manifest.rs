//! `manifest.json`: who, when, with what, and how it ended.

use super::error::RecordError;
use super::owner::Owner;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its owner lives and has not closed it.
    Running,
    /// Closed in order.
    Done,
    /// Closed with a reason.
    Failed,
    /// Never closed, and its owner is gone. Never written: it is what `running` means once the owner is gone.
    Interrupted,
}

impl Status {
    /// As it is printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The clock that every `mono_ns` of the run is read from. Times of different domains are never subtracted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockDomain {
    /// Always `CLOCK_MONOTONIC`.
    pub clock: String,
    /// Which boot of which host.
    pub boot_id: String,
}

/// A process that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessEntry {
    /// `air`, `ran`, …
    pub name: String,
    /// Its pid.
    pub pid: u32,
    /// When it was started, host-monotonic ns.
    pub mono_ns: u64,
}

/// The manifest of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of manifest and logs.
    pub format: u32,
    /// The folder's name.
    pub run: String,
    /// Number of the run in wire headers.
    pub run_id: u64,
    /// What the run was called.
    pub name: String,
    /// Version of the binary that made it.
    pub sidecar_version: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The command line.
    pub argv: Vec<String>,
    /// SHA-256 of `config.yaml`, hex; `None` where the run has no configuration.
    pub config_sha256: Option<String>,
    /// The clock of all rows.
    pub clock: ClockDomain,
    /// Start, host-monotonic ns.
    pub start_mono_ns: u64,
    /// Start by the wall clock, a label.
    pub start_utc: String,
    /// End, host-monotonic ns.
    pub end_mono_ns: Option<u64>,
    /// End by the wall clock, a label.
    pub end_utc: Option<String>,
    /// As last written; ask [`Manifest::status_now`].
    pub status: Status,
    /// Why it failed.
    pub reason: Option<String>,
    /// The process that opened the run and will close it.
    pub owner: Owner,
    /// Processes that took part, restarts included.
    pub processes: Vec<ProcessEntry>,
}

impl Manifest {
    /// Reads the manifest of a run folder.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::Manifest`].
    pub fn read(run_dir: &Path) -> Result<Self, RecordError> {
        let path = run_dir.join("manifest.json");
        let bytes = std::fs::read(&path).map_err(|e| RecordError::io("read", &path, &e))?;
        serde_json::from_slice(&bytes).map_err(|e| RecordError::Manifest { path, reason: e.to_string() })
    }

    /// Writes it so that a reader sees the old or the new one, never a half.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::DiskFull`].
    pub fn write(&self, run_dir: &Path) -> Result<(), RecordError> {
        let path = run_dir.join("manifest.json");
        let part = run_dir.join("manifest.json.part");
        let text = serde_json::to_vec_pretty(self)
            .map_err(|e| RecordError::Manifest { path: path.clone(), reason: e.to_string() })?;
        std::fs::write(&part, text).map_err(|e| RecordError::io("write", &part, &e))?;
        std::fs::rename(&part, &path).map_err(|e| RecordError::io("rename", &path, &e))
    }

    /// The status, with a run whose owner is gone as [`Status::Interrupted`].
    #[must_use]
    pub fn status_now(&self) -> Status {
        if self.status == Status::Running && !self.owner.alive() { Status::Interrupted } else { self.status }
    }

    /// Length of the run, s; `None` where it was never closed.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        self.end_mono_ns.map(|end| end.saturating_sub(self.start_mono_ns) as f64 * 1e-9)
    }
}

//! Why a demo could not be shown.

use std::path::PathBuf;

/// Why a demo could not be shown; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The lab's program is not beside ours.
    #[error("the lab is not at {0}: build it with `cargo build -p lab`, or say where it is with --lab")]
    NoLab(PathBuf),
    /// Something of the system failed.
    #[error("cannot {doing}: {reason}")]
    System {
        /// What was tried.
        doing: String,
        /// The system's words.
        reason: String,
    },
    /// No port is free.
    #[error("cannot find a free port: {0}")]
    Ports(#[from] std::io::Error),
    /// The processes could not be kept running.
    #[error(transparent)]
    Up(#[from] crate::up::UpError),
    /// Radio time stands still.
    #[error("radio time stands at {radio_s:.1} s since {wall_s:.0} s: look into {logs}/*.log")]
    Stuck {
        /// Radio time reached.
        radio_s: f64,
        /// Wall time since it last moved.
        wall_s: f64,
        /// Folder of the logs.
        logs: String,
    },
    /// Stopped by a person.
    #[error("stopped")]
    Stopped,
}

impl DemoError {
    pub(super) fn system(doing: impl Into<String>, reason: impl ToString) -> Self {
        Self::System { doing: doing.into(), reason: reason.to_string() }
    }
}

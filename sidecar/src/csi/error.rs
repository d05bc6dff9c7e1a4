//! What can go wrong.

/// Errors of `sidecar csi`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsiError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] ran_bridge::iq::SigmfError),
    /// The recording cannot be worked on.
    #[error(transparent)]
    Signal(#[from] ran_bridge::nr::NrError),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    /// The output cannot be put as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The plot cannot be drawn.
    #[error("cannot draw the plot: {0}")]
    Plot(String),
    /// A log, dump or metrics file cannot be read or is not what it should be.
    #[error("{}: {}", .0.display(), .1)]
    Source(std::path::PathBuf, String),
    /// No such CSI-RS.
    #[error("--csi-rs {0}: rows 1, 2, 3 and 4 are known; the period is not 0 and above the offset")]
    CsiRs(String),
    /// The study needs a recording with a clean cell in it.
    #[error(
        "the recording has no cell with {needed} or more blocks at 20 dB or better: a study needs a clean one as its truth"
    )]
    NoTruth {
        /// Blocks needed.
        needed: usize,
    },
}

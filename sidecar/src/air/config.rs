//! What the process is told, and why it may not start.

use ran_bridge::air::{AirConfig, AirError, AirStats};
use std::path::PathBuf;
use std::sync::Arc;

/// Configuration of the process.
#[derive(Debug, Clone)]
pub struct AirProcessConfig {
    /// The data plane.
    pub air: AirConfig,
    /// Address the control socket is bound to, `ipc://PATH`; `None` = nobody controls it.
    pub control: Option<String>,
    /// Run the messages belong to.
    pub run: u64,
    /// CPU the data-plane thread is pinned to; `None` = wherever the scheduler puts it.
    pub cpu: Option<usize>,
    /// Where the holder of the connections listens; `None` = this process has its own.
    pub door: Option<PathBuf>,
    /// Counters, shared with whoever shows them.
    pub stats: Arc<AirStats>,
}

impl AirProcessConfig {
    /// A process without pin, with counters of its own.
    #[must_use]
    pub fn new(air: AirConfig, control: Option<String>) -> Self {
        Self { air, control, run: 0, cpu: None, door: None, stats: Arc::new(AirStats::default()) }
    }
}

/// Why the process ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum AirProcessError {
    /// The data plane cannot start.
    #[error(transparent)]
    Air(#[from] AirError),
    /// The control address cannot be bound.
    #[error("cannot bind the control socket {address}: {source}")]
    Control {
        /// As configured.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The connections cannot be had.
    #[error("cannot get the connections from their holder: {0}")]
    Door(std::io::Error),
    /// The record cannot be opened.
    #[error("cannot record: {0}")]
    Record(String),
    /// The thread cannot be started or pinned.
    #[error("cannot start the data-plane thread: {0}")]
    Thread(String),
}

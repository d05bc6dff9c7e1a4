//! What the client tells its reader.

use super::dialect::Dialect;
use super::gap::Gap;
use super::parse::Message;
use serde::Serialize;

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Metrics in.
    Metrics,
    /// Commands out.
    Commands,
}

/// An event of the client. `mono_ns` = host-monotonic time of arrival.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum GnbEvent {
    /// A connection stands.
    Up {
        /// Which.
        link: LinkKind,
        /// When.
        mono_ns: u64,
    },
    /// A connection was lost or refused; the client tries again.
    Down {
        /// Which.
        link: LinkKind,
        /// Why.
        reason: String,
        /// Time to the next attempt, ms.
        retry_ms: u64,
        /// When.
        mono_ns: u64,
    },
    /// A report.
    Report {
        /// What it says.
        message: Box<Message>,
        /// When it came.
        mono_ns: u64,
    },
    /// The release was told by its fields.
    Dialect {
        /// Which.
        dialect: Dialect,
    },
    /// Reports are missing.
    Gap {
        /// Where.
        gap: Gap,
        /// When it was found.
        mono_ns: u64,
    },
    /// Nothing came for the silence limit; the connection stays.
    Silent {
        /// How long, ms.
        silent_ms: u64,
        /// What it may mean.
        hint: &'static str,
        /// When.
        mono_ns: u64,
    },
    /// Reports come again after a silence.
    Resumed {
        /// When.
        mono_ns: u64,
    },
    /// The gNB does not give metrics.
    SubscribeRefused {
        /// The gNB's words.
        error: String,
        /// What to do.
        hint: &'static str,
    },
}

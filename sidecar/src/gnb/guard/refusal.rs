//! Why a command is not written.

use ran_bridge::gnb::console::NotTaken;
use serde::Serialize;

/// A refused command; each says what would have passed.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Nothing is configured for this command.
    #[error("`{name}` is not allowed: set `gnb_console.{key}` in the configuration of `sidecar gnb`")]
    NotAllowed {
        /// The command.
        name: &'static str,
        /// The key that allows it.
        key: &'static str,
    },
    /// Outside its range.
    #[error("{name} {value} {unit} is outside {min} to {max} {unit}")]
    Range {
        /// The command.
        name: &'static str,
        /// As asked.
        value: f64,
        /// Lowest.
        min: f64,
        /// Highest.
        max: f64,
        /// Unit of all three.
        unit: &'static str,
    },
    /// Too far from what is, or may be, in force.
    #[error("{name} would move by {step} {unit} at once, at most {max} {unit} passes: go in steps")]
    Step {
        /// The command.
        name: &'static str,
        /// As asked.
        step: f64,
        /// Allowed.
        max: f64,
        /// Unit of both.
        unit: &'static str,
    },
    /// Too soon after the one before.
    #[error("{name} comes too soon after the one before: wait {wait_s:.1} s")]
    TooSoon {
        /// The command.
        name: &'static str,
        /// Until the next may pass.
        wait_s: f64,
    },
    /// Not a cell for handovers.
    #[error("PCI {pci} is no target for handovers, {allowed:?} are")]
    Target {
        /// As asked.
        pci: u32,
        /// As configured.
        allowed: Vec<u32>,
    },
    /// Not a level to be set.
    #[error("log level {level} may not be set, {allowed:?} may")]
    Level {
        /// As asked.
        level: &'static str,
        /// As configured.
        allowed: Vec<&'static str>,
    },
    /// More ports than a gNB has.
    #[error("more than {max} ports and sectors were named")]
    TooManyPlaces {
        /// Counted at most.
        max: usize,
    },
    /// Whether a table is shown is not known since a command was not confirmed.
    #[error("it is not known whether the table is shown: a command before was not confirmed")]
    TableUnknown,
    /// The console takes no command now.
    #[error("{reason}")]
    NotTaken {
        /// Why.
        reason: String,
        /// As a word.
        code: &'static str,
    },
    /// The gNB is being stopped, or has ended.
    #[error("the gNB is being stopped")]
    Stopping,
}

impl Refusal {
    /// The name in counters and labels.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "not_allowed",
            Self::Range { .. } => "range",
            Self::Step { .. } => "step",
            Self::TooSoon { .. } => "too_soon",
            Self::Target { .. } => "target",
            Self::Level { .. } => "level",
            Self::TooManyPlaces { .. } => "too_many_places",
            Self::TableUnknown => "table_unknown",
            Self::NotTaken { code, .. } => code,
            Self::Stopping => "stopping",
        }
    }

    /// Every name, for counters that begin at 0.
    pub const NAMES: [&'static str; 12] = [
        "not_allowed",
        "range",
        "step",
        "too_soon",
        "target",
        "level",
        "too_many_places",
        "table_unknown",
        "console_silent",
        "busy",
        "console_broken",
        "stopping",
    ];
}

impl From<NotTaken> for Refusal {
    fn from(e: NotTaken) -> Self {
        let code = match e {
            NotTaken::Unproven => "console_silent",
            NotTaken::Busy => "busy",
            NotTaken::Broken => "console_broken",
        };
        Self::NotTaken { reason: e.to_string(), code }
    }
}

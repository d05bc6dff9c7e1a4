//! What must end a burst.

use governor::{Feeder, Stop};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// SIGTERM to the guard.
    Sigterm,
    /// SIGINT to the guard.
    Sigint,
    /// SIGKILL of the guard.
    KillGuard,
    /// SIGKILL of who hands over the samples, in the place of `air`.
    KillSource,
    /// It aborts, as after a panic.
    AbortSource,
    /// SIGKILL of who feeds the dead-man, in the place of `ran`.
    KillLoop,
    /// It stands still with its connection open.
    HangLoop,
    /// The policy ends.
    PolicyEnd,
    /// The token ends.
    TokenEnd,
    /// `POST /stop`.
    Http,
    /// `sidecar tx stop`.
    CommandLine,
    /// `touch` of the stop file.
    StopFile,
    /// The driver refuses a write.
    DeviceError,
    /// The radio is gone.
    Vanished,
    /// A write does not come back.
    HungWrite,
    /// The receiver hears too much.
    Overload,
    /// The radio's clock loses its reference.
    Reference,
}

impl Trigger {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::Sigterm,
        Self::Sigint,
        Self::KillGuard,
        Self::KillSource,
        Self::AbortSource,
        Self::KillLoop,
        Self::HangLoop,
        Self::PolicyEnd,
        Self::TokenEnd,
        Self::Http,
        Self::CommandLine,
        Self::StopFile,
        Self::DeviceError,
        Self::Vanished,
        Self::HungWrite,
        Self::Overload,
        Self::Reference,
    ];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sigterm => "SIGTERM of tx-guard",
            Self::Sigint => "SIGINT of tx-guard",
            Self::KillGuard => "SIGKILL of tx-guard",
            Self::KillSource => "SIGKILL of who hands over samples",
            Self::AbortSource => "abort of who hands over samples",
            Self::KillLoop => "SIGKILL of the loop that feeds",
            Self::HangLoop => "the loop hangs (dead-man)",
            Self::PolicyEnd => "the policy ends",
            Self::TokenEnd => "the token ends",
            Self::Http => "POST /stop",
            Self::CommandLine => "sidecar tx stop",
            Self::StopFile => "the stop file",
            Self::DeviceError => "the driver fails",
            Self::Vanished => "the radio vanishes",
            Self::HungWrite => "a write hangs",
            Self::Overload => "the receiver is overloaded",
            Self::Reference => "the reference is lost",
        }
    }

    /// Why the guard must say that it stopped; `None` where it cannot say anything any more.
    #[must_use]
    pub const fn expected(self) -> Option<Stop> {
        match self {
            Self::KillGuard => None,
            Self::Sigterm | Self::Sigint => Some(Stop::Signal),
            Self::KillSource | Self::AbortSource | Self::KillLoop => Some(Stop::PipeClosed),
            Self::HangLoop => Some(Stop::DeadMan(Feeder::Loop)),
            Self::PolicyEnd => Some(Stop::PolicyEnded),
            Self::TokenEnd => Some(Stop::TokenExpired),
            Self::Http | Self::CommandLine | Self::StopFile => Some(Stop::Asked),
            Self::DeviceError | Self::Vanished => Some(Stop::DeviceError),
            Self::HungWrite => Some(Stop::HungWrite),
            Self::Overload => Some(Stop::Overload),
            Self::Reference => Some(Stop::Reference),
        }
    }

    /// Whether the guard can still lower the gain. Where not, nothing but the end of what is queued makes the radio silent.
    #[must_use]
    pub const fn reaches_the_radio(self) -> bool {
        !matches!(self, Self::KillGuard | Self::Vanished | Self::HungWrite)
    }

    /// Longest time until the last sample, ms: 100, on top of the dead-man's 200, and of the 50 between two readings of the sensor.
    #[must_use]
    pub const fn bar_ms(self) -> f64 {
        match self {
            Self::HangLoop => 300.0,
            Self::Reference => 150.0,
            _ => 100.0,
        }
    }
}

//! What goes wrong with a radio.

/// Why a radio does not do what it should.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RadioError {
    /// No such device, or somebody else has it.
    #[error(
        "no radio at {args:?}: {why}. `sidecar radio list` shows what is there; a USRP belongs to one process at a time"
    )]
    Open {
        /// As it was asked for.
        args: String,
        /// The driver's words.
        why: String,
    },
    /// Not what the device can do.
    #[error("{what} {asked} is not possible: the device has {has}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What there is.
        has: String,
    },
    /// It took the setting and has another one.
    #[error("{what} was set to {asked} and is {is}: the device does not follow")]
    NotSet {
        /// Which setting.
        what: &'static str,
        /// What was asked for.
        asked: f64,
        /// What it reads.
        is: f64,
    },
    /// The driver says no.
    #[error("{what}: {why}")]
    Driver {
        /// Which call.
        what: &'static str,
        /// The driver's words.
        why: String,
    },
    /// The stream is gone: the device was unplugged or its link is down.
    #[error("the radio is gone: {0}")]
    Gone(String),
    /// Device arguments that are no `key=value, key=value`.
    #[error("device arguments {0:?}: write key=value, separated by commas, as driver=uhd,type=x300")]
    Args(String),
}

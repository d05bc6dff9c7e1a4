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
    /// No channel is named, or one twice.
    #[error("{what} {asked:?}: name at least one, and each once, as [0, 1]")]
    Channels {
        /// Which.
        what: &'static str,
        /// As they were asked for.
        asked: Vec<usize>,
    },
    /// Samples that do not fit a stream's channels.
    #[error(
        "the stream has {channels} channels and wants one slice for each, all of one length: there are {lens:?} samples"
    )]
    Slices {
        /// Of the stream.
        channels: usize,
        /// Lengths of the slices.
        lens: Vec<usize>,
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
    /// The same of a setting that is no number.
    #[error("{what} was set to {asked:?} and reads {is:?}: the device does not follow")]
    NotSaid {
        /// Which setting.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What it reads.
        is: String,
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

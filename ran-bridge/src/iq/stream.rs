//! What a sample stream is, whatever is behind it: a wire of the ZMQ radio, a recording, a radio's receiver.
//!
//! | | begins with index | what is lost is told | ends |
//! | --- | --- | --- | --- |
//! | [`super::SigmfSource`] | the recording's own | by its captures | with the file |
//! | [`super::WireSource`] | 0 with its connection | for a message that is not taken; else a wire cannot know | never: a peer that leaves is [`StreamError::Gone`] |
//! | [`crate::radio::RadioSource`] | 0 with its first sample | by the device's time | never |
//!
//! A transmitter is no [`Sink`] that anybody may open: samples for an antenna go through `tx-guard`.

use super::{AddressError, MessageFault, SigmfError, zmtp::ProtocolFault};
use crate::radio::RadioError;
use num_complex::Complex32;

/// Longest wait within one [`Source::read`] or [`Sink::write`], ns.
pub const WAIT_NS: u64 = 100_000_000;
/// What two rates may differ and are the same, relative.
const RATE_TOLERANCE: f64 = 1e-6;

/// Samples that a source gave, in order and without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// How many.
    pub len: usize,
    /// Index of the first one: that after the stretch before, and on by what was lost.
    pub first: u64,
    /// Samples lost just before it.
    pub lost: u64,
    /// How many of them were not finite; they are zeros.
    pub nonfinite: u64,
}

/// What a source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Samples.
    Samples(Stretch),
    /// None came within the wait.
    Nothing,
    /// There are no more.
    End,
}

/// Where samples come from: one channel, full scale 1, all of them finite.
pub trait Source {
    /// Samples a second; for a wire what it was opened with.
    fn rate_hz(&self) -> f64;

    /// Centre frequency; `None` = nobody knows.
    fn frequency_hz(&self) -> Option<f64> {
        None
    }

    /// Reads what there is to the front of `samples`, waiting 100 ms at most.
    ///
    /// # Errors
    /// [`StreamError`]. After [`StreamError::Message`] it goes on, and what the message had is lost before the next stretch. Any other is the end
    /// of this source; opened again it is another stream, whose index begins again.
    fn read(&mut self, samples: &mut [Complex32]) -> Result<Next, StreamError>;
}

/// Where samples go: one channel. Their values are not looked at: whoever reads them finds what is not finite.
pub trait Sink {
    /// Samples a second.
    fn rate_hz(&self) -> f64;

    /// Hands over samples, of which the first has this index. The first call says where the stream begins; later, what lies between the last
    /// sample and this one is lost. Waits 100 ms at most and gives how many it took; 0 = none yet. What was taken may wait inside, and moves on with each
    /// call, be it without a sample.
    ///
    /// # Errors
    /// [`StreamError::Backwards`], or why it is over.
    fn write(&mut self, first: u64, samples: &[Complex32]) -> Result<usize, StreamError>;

    /// Brings to its end what was handed over, waiting 2 s at most. Nothing can be written after it.
    ///
    /// # Errors
    /// Why something of it is not where it should be.
    fn finish(&mut self) -> Result<(), StreamError>;
}

/// Why samples do not come or go.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Two that do not fit.
    #[error("samples come at {source_hz} Hz and are to go at {sink_hz} Hz: name the rate they have, or convert them")]
    Rate {
        /// Of the source.
        source_hz: f64,
        /// Of the sink.
        sink_hz: f64,
    },
    /// The other side is not there any more.
    #[error("the other side is gone: {0}")]
    Gone(String),
    /// A message that breaks the rules of the ZMQ radio.
    #[error(transparent)]
    Message(#[from] MessageFault),
    /// It does not speak as a ZMQ radio does.
    #[error(transparent)]
    Protocol(#[from] ProtocolFault),
    /// An index that was there already.
    #[error("sample {first} is written where sample {next} is next: an index does not go back")]
    Backwards {
        /// As written.
        first: u64,
        /// What would have been next.
        next: u64,
    },
    /// Nobody took them.
    #[error("{samples} samples were not asked for before the end: is there a receiver?")]
    Unsent {
        /// How many.
        samples: usize,
    },
    /// No address of a wire.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// An address that cannot be had.
    #[error("{address}: {source}")]
    Bind {
        /// Which.
        address: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// A recording that cannot be read or written.
    #[error(transparent)]
    Recording(#[from] SigmfError),
    /// The radio.
    #[error(transparent)]
    Radio(RadioError),
}

impl From<RadioError> for StreamError {
    fn from(e: RadioError) -> Self {
        match e {
            RadioError::Gone(why) => Self::Gone(why),
            e => Self::Radio(e),
        }
    }
}

/// Whether samples of one rate may go where another is expected.
///
/// # Errors
/// [`StreamError::Rate`].
pub fn same_rate(source_hz: f64, sink_hz: f64) -> Result<(), StreamError> {
    if (source_hz - sink_hz).abs() <= RATE_TOLERANCE * sink_hz {
        Ok(())
    } else {
        Err(StreamError::Rate { source_hz, sink_hz })
    }
}

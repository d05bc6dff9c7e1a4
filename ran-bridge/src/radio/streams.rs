//! What the rest of the project knows of a radio.

use super::error::RadioError;
use num_complex::Complex32;

/// What a transmitter tells of by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxEvent {
    /// A burst's last sample has gone out.
    BurstEnd,
    /// Samples came too late within a burst: the antenna was silent.
    Underflow,
    /// A burst came after its time: nothing of it was sent.
    Late,
    /// Another thing, in the driver's words.
    Other(String),
}

/// Gain to its minimum from outside, while a write hangs.
pub trait Lifeline: Send + Sync {
    /// Sets the lowest gain.
    ///
    /// # Errors
    /// The driver's.
    fn drop_gain(&self) -> Result<(), RadioError>;
}

/// A transmit channel. Nothing is sent but by [`Transmit::write`].
pub trait Transmit: Send {
    /// Makes the stream ready; again on one that is has no effect.
    ///
    /// # Errors
    /// The driver's.
    fn open(&mut self) -> Result<(), RadioError>;

    /// The lowest gain, dB.
    fn lowest_gain_db(&self) -> f64;

    /// Sets the gain, dB, and reads it back.
    ///
    /// # Errors
    /// [`RadioError::NotSet`] where it reads more than was asked for, beyond half a step.
    fn set_gain_db(&mut self, gain_db: f64) -> Result<(), RadioError>;

    /// The device's time, ns.
    ///
    /// # Errors
    /// The driver's.
    fn time_ns(&self) -> Result<i64, RadioError>;

    /// Hands over samples: the first goes out at `at_ns` of the device's time, or as soon as it can; `ends`: the burst ends with the last.
    /// Waits 10 ms at most where the driver keeps its word. Gives how many it took; 0 = none yet.
    ///
    /// # Errors
    /// [`RadioError::Gone`], or the driver's.
    fn write(&mut self, samples: &[Complex32], at_ns: Option<i64>, ends: bool) -> Result<usize, RadioError>;

    /// What it tells of by itself, without waiting; `None` = nothing.
    ///
    /// # Errors
    /// [`RadioError::Gone`], or the driver's.
    fn event(&mut self) -> Result<Option<TxEvent>, RadioError>;

    /// Closes the stream; again on one that is closed has no effect. What is queued in the device plays out.
    fn close(&mut self);

    /// See [`Lifeline`].
    fn lifeline(&self) -> Box<dyn Lifeline>;
}

/// A stretch of received samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Samples.
    pub len: usize,
    /// The device's time at the first one, ns.
    pub time_ns: i64,
    /// Index of the first one at the stream's rate, from the stream's first sample on, lost ones counted.
    pub first: u64,
    /// Samples lost just before it.
    pub lost: u64,
}

/// A receive channel.
pub trait Receive: Send {
    /// Reads what there is, waiting 100 ms at most; `None` = nothing came.
    ///
    /// # Errors
    /// [`RadioError::Gone`], or the driver's.
    fn read(&mut self, samples: &mut [Complex32]) -> Result<Option<Block>, RadioError>;
}

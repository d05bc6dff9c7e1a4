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

/// The transmitter made silent from outside, while a write hangs.
pub trait Lifeline: Send + Sync {
    /// Sets the lowest gain of every channel, whatever became of the one before.
    ///
    /// # Errors
    /// The driver's.
    fn drop_gain(&self) -> Result<(), RadioError>;

    /// As [`Transmit::disconnect`].
    ///
    /// # Errors
    /// The driver's.
    fn disconnect(&self) -> Result<(), RadioError>;
}

/// The transmit channels of one stream. Nothing is sent but by [`Transmit::write`].
pub trait Transmit: Send {
    /// Channels of the stream; 1 or more.
    fn channels(&self) -> usize;

    /// Makes the stream ready; again on one that is has no effect.
    ///
    /// # Errors
    /// The driver's.
    fn open(&mut self) -> Result<(), RadioError>;

    /// Connects it to the air: connector, then switch, as they are while something may be sent. Again on one that is connected, or on one that
    /// nothing disconnects, it has no effect.
    ///
    /// # Errors
    /// The driver's, or [`RadioError::NotSaid`].
    fn connect(&mut self) -> Result<(), RadioError>;

    /// Takes it off the air: connector of each channel, then switch, as they are in the safe state, whatever became of the one before. Nothing is done
    /// where nothing is configured for it.
    ///
    /// # Errors
    /// The first that fails; [`RadioError::NotSaid`] where something reads otherwise than it was set.
    fn disconnect(&mut self) -> Result<(), RadioError>;

    /// The lowest gain of each channel, dB.
    fn lowest_gain_db(&self) -> f64;

    /// Sets the gain of every channel, dB, and reads each back. A channel that fails does not keep the others from being set.
    ///
    /// # Errors
    /// The first channel's that fails; [`RadioError::NotSet`] where it reads more than was asked for, or less by more than a step.
    fn set_gain_db(&mut self, gain_db: f64) -> Result<(), RadioError>;

    /// The device's time, ns.
    ///
    /// # Errors
    /// The driver's.
    fn time_ns(&self) -> Result<i64, RadioError>;

    /// Hands over samples: the first goes out at `at_ns` of the device's time, or as soon as it can; `ends`: the burst ends with the last.
    /// Waits 10 ms at most where the driver keeps its word. Gives how many it took of each channel; 0 = none yet.
    ///
    /// # Shapes
    /// `samples`: one slice a channel, all of one length; empty ones with `ends` end the burst.
    ///
    /// # Errors
    /// [`RadioError::Slices`], [`RadioError::Gone`], or the driver's.
    fn write(&mut self, samples: &[&[Complex32]], at_ns: Option<i64>, ends: bool) -> Result<usize, RadioError>;

    /// What it tells of by itself, without waiting; `None` = nothing. What happens to all channels at once is told once.
    ///
    /// # Errors
    /// [`RadioError::Gone`], or the driver's.
    fn event(&mut self) -> Result<Option<TxEvent>, RadioError>;

    /// Closes the stream; again on one that is closed has no effect. What is queued in the device plays out.
    fn close(&mut self);

    /// See [`Lifeline`].
    fn lifeline(&self) -> Box<dyn Lifeline>;
}

/// Whether the device's clock follows its reference. A handle of its own: reading it may take the driver long.
pub trait Reference: Send {
    /// Asks the device.
    ///
    /// # Errors
    /// The driver's.
    fn is_locked(&mut self) -> Result<bool, RadioError>;
}

/// A stretch of received samples, the same of each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Samples of each channel.
    pub len: usize,
    /// The device's time at the first one, ns.
    pub time_ns: i64,
    /// Index of the first one at the stream's rate, from the stream's first sample on, lost ones counted.
    pub first: u64,
    /// Samples lost just before it.
    pub lost: u64,
}

/// The receive channels of one stream. Samples of one index were taken at one time.
pub trait Receive: Send {
    /// Channels of the stream; 1 or more.
    fn channels(&self) -> usize;

    /// Samples of each channel that come at once, 1 or more: to read fewer brings none of them earlier.
    fn packet(&self) -> usize;

    /// Reads what there is, waiting 100 ms at most; `None` = nothing came.
    ///
    /// # Shapes
    /// `samples`: one slice a channel, all of one length.
    ///
    /// # Errors
    /// [`RadioError::Slices`], [`RadioError::Gone`], or the driver's.
    fn read(&mut self, samples: &mut [&mut [Complex32]]) -> Result<Option<Block>, RadioError>;

    /// The lowest gain of each channel, to spare its input.
    ///
    /// # Errors
    /// The first channel's that fails; [`RadioError::NotSet`] where it does not follow.
    fn lower_gain(&mut self) -> Result<(), RadioError>;
}

/// Whether there is one slice a channel, all of one length.
///
/// # Errors
/// [`RadioError::Slices`].
pub fn fit(channels: usize, lens: impl Iterator<Item = usize> + Clone) -> Result<(), RadioError> {
    let first = lens.clone().next();
    let is_good = lens.clone().count() == channels && lens.clone().all(|n| Some(n) == first);
    if is_good { Ok(()) } else { Err(RadioError::Slices { channels, lens: lens.collect() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_fit_channels() {
        let lens = |lens: &[usize], channels| fit(channels, lens.iter().copied());
        assert_eq!((lens(&[5], 1), lens(&[5, 5], 2), lens(&[0, 0], 2)), (Ok(()), Ok(()), Ok(())));
        for (bad, channels) in [(&[][..], 1), (&[5][..], 2), (&[5, 4][..], 2), (&[5, 5][..], 1)] {
            assert_eq!(lens(bad, channels), Err(RadioError::Slices { channels, lens: bad.to_vec() }));
        }
    }
}

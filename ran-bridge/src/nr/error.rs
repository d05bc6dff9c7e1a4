//! What can be wrong with a request to the NR signal code.

/// Errors of the NR signal code. Each says what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NrError {
    /// The sample rate gives no usable FFT.
    #[error(
        "sample rate {rate_hz} Hz with {scs_hz} Hz subcarrier spacing gives no FFT that is a multiple of 128 (≥ 256): resample to a multiple of {step_hz} Hz"
    )]
    Rate {
        /// The rate asked for, in Hz.
        rate_hz: f64,
        /// The subcarrier spacing, in Hz.
        scs_hz: f64,
        /// What the rate has to be a multiple of, in Hz.
        step_hz: f64,
    },
    /// The band asked for lies outside what the sample rate carries.
    #[error(
        "a block of {width_hz} Hz at offset {offset_hz} Hz lies outside the sampled band of {rate_hz} Hz: choose another offset"
    )]
    OutOfBand {
        /// Offset of the block's centre from the carrier centre, in Hz.
        offset_hz: f64,
        /// Width of the block, in Hz.
        width_hz: f64,
        /// Sample rate, in Hz.
        rate_hz: f64,
    },
    /// There are too few samples.
    #[error("{got} samples, {needed} are needed: hand in a longer piece")]
    TooShort {
        /// How many came.
        got: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The samples contain NaN or infinity.
    #[error("sample {index} is not a finite number: drop this piece")]
    NotFinite {
        /// First sample that is not finite, counted from the piece's start.
        index: usize,
    },
    /// A number is outside what the standard allows.
    #[error("{what} = {value} is out of range {range}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: i64,
        /// The range allowed.
        range: &'static str,
    },
    /// Nothing to estimate from: the piece holds no energy.
    #[error("the piece holds no signal: nothing can be estimated from zeros")]
    NoSignal,
}

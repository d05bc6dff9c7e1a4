//! Why a setting of the front end is refused, and the checks that several settings share.

use super::timeline::{MAX_SAMPLE, Occasions, ProtectedSlots};
use num_complex::Complex32;

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FrontEndError {
    /// Wrong number of weights.
    #[error("{got} weights, {want} (antennas × ports) are needed")]
    Length {
        /// As given.
        got: usize,
        /// As needed.
        want: usize,
    },
    /// NaN or infinite.
    #[error("weights, power and noise must be finite numbers")]
    NotFinite,
    /// More than unit power.
    #[error("weights have power {power}, at most 1 for each port keeps the antennas within full scale")]
    TooStrong {
        /// Largest squared norm of a port's column.
        power: f32,
    },
    /// Above full scale.
    #[error("{what} of {db} dB: at most 0 dB is possible")]
    AboveFullScale {
        /// Which.
        what: &'static str,
        /// As given.
        db: f32,
    },
    /// A slot, period or length of 0, or out of range.
    #[error("{0}")]
    Grid(&'static str),
    /// A ramp that is shorter than a cyclic prefix.
    #[error("a ramp of {ramp_samples} samples: at least one cyclic prefix, {cp_samples} samples, and at most one slot")]
    Ramp {
        /// As given.
        ramp_samples: u64,
        /// As needed.
        cp_samples: u64,
    },
    /// No symbol grid at this rate and slot.
    #[error(
        "a subcarrier spacing of {scs_hz} Hz does not go with {rate_hz} samples/s and slots of {slot_samples} samples: {reason}"
    )]
    Numerology {
        /// As given.
        scs_hz: u32,
        /// Of the streams.
        rate_hz: f64,
        /// Of the slot grid.
        slot_samples: u32,
        /// Which of them.
        reason: &'static str,
    },
    /// Sub-bands or a noise band that do not fit the carrier.
    #[error("{0}")]
    Band(&'static str),
    /// Channels that leave no direction for noise, or are none.
    #[error("{0}")]
    Channels(&'static str),
    /// This front end has no streams of its own.
    #[error("{0} need a front end that makes streams of its own")]
    NoStreams(&'static str),
    /// Two changes of the same quantity at once.
    #[error("{0} is set twice in one batch")]
    Twice(&'static str),
    /// Too many changes wait for their sample.
    #[error("{waiting} changes wait for their sample already, at most {most} can")]
    Busy {
        /// Waiting.
        waiting: usize,
        /// Possible.
        most: usize,
    },
}

pub(super) fn check_weights(weights: &[Complex32], antennas: usize, ports: usize) -> Result<(), FrontEndError> {
    let want = antennas * ports;
    if weights.len() != want || want == 0 {
        return Err(FrontEndError::Length { got: weights.len(), want });
    }
    if !weights.iter().all(|w| w.re.is_finite() && w.im.is_finite()) {
        return Err(FrontEndError::NotFinite);
    }
    for port in 0..ports {
        let power: f32 = weights.iter().skip(port).step_by(ports).map(num_complex::Complex::norm_sqr).sum();
        if power > 1.0 + 1e-3 {
            return Err(FrontEndError::TooStrong { power });
        }
    }
    Ok(())
}

pub(super) fn check_db(what: &'static str, db: f32) -> Result<(), FrontEndError> {
    if !db.is_finite() {
        return Err(FrontEndError::NotFinite);
    }
    if db > 0.0 { Err(FrontEndError::AboveFullScale { what, db }) } else { Ok(()) }
}

pub(super) fn check_slots(slots: &ProtectedSlots) -> Result<(), FrontEndError> {
    if slots.slot_samples == 0 {
        return Err(FrontEndError::Grid("a slot has at least one sample"));
    }
    if slots.boundary > MAX_SAMPLE {
        return Err(FrontEndError::Grid("the slot boundary is beyond 2^48 samples"));
    }
    if slots.spans.iter().any(|s| s.period == 0 || s.offset >= s.period || s.slots == 0 || s.slots > s.period) {
        return Err(FrontEndError::Grid(
            "protected slots need a period ≥ 1, an offset below it, and 1 to period slots from there on",
        ));
    }
    Ok(())
}

pub(super) fn check_occasions(occasions: &Occasions) -> Result<(), FrontEndError> {
    if occasions.first > MAX_SAMPLE || occasions.period > MAX_SAMPLE {
        return Err(FrontEndError::Grid("sounding occasions start or repeat beyond 2^48 samples"));
    }
    if occasions.period == 0 || occasions.len == 0 || occasions.len > occasions.period {
        return Err(FrontEndError::Grid("sounding occasions need a period ≥ 1 and 1 ≤ length ≤ period"));
    }
    Ok(())
}

/// Checks a ramp against the cyclic prefix of a slot of 14 symbols.
///
/// # Errors
/// [`FrontEndError::Ramp`] below one cyclic prefix or above one slot.
pub fn check_ramp(slot_samples: u32, ramp_samples: u32) -> Result<(), FrontEndError> {
    //= TS 38.211 §5.3.1: N_CP = 144 κ 2^−μ of the 30720 κ 2^−μ of a slot (15 and 30 kHz alike)
    let cp_samples = (u64::from(slot_samples) * 144).div_ceil(30_720);
    let ramp_samples = u64::from(ramp_samples);
    if ramp_samples < cp_samples || ramp_samples > u64::from(slot_samples) {
        return Err(FrontEndError::Ramp { ramp_samples, cp_samples });
    }
    Ok(())
}

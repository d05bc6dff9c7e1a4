//! What a device says it can do, and whether something lies within.

use super::error::RadioError;
use serde::Serialize;

/// From one value to another, by steps where `step` is above 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span {
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
    /// Step; 0 = any value.
    pub step: f64,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelLimits {
    /// Centre frequencies, Hz.
    pub frequency_hz: Vec<Span>,
    /// Sample rates, Hz.
    pub rate_hz: Vec<Span>,
    /// The whole gain, dB.
    pub gain_db: Span,
    /// Elements of the gain, dB.
    pub gain_elements_db: Vec<(String, Span)>,
    /// Connectors.
    pub antennas: Vec<String>,
    /// Sensors of the channel with what they say.
    pub sensors: Vec<(String, String)>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceLimits {
    /// Driver.
    pub driver: String,
    /// Hardware.
    pub hardware: String,
    /// Serial number; empty where it has none.
    pub serial: String,
    /// Everything else it tells of itself.
    pub info: Vec<(String, String)>,
    /// Reference clocks.
    pub clock_sources: Vec<String>,
    /// Time sources.
    pub time_sources: Vec<String>,
    /// Whether it has a time of its own.
    pub has_time: bool,
    /// Sensors with what they say.
    pub sensors: Vec<(String, String)>,
    /// Transmit channels.
    pub tx: Vec<ChannelLimits>,
    /// Receive channels.
    pub rx: Vec<ChannelLimits>,
}

impl Span {
    fn has(&self, x: f64) -> bool {
        x >= self.low * (1.0 - 1e-9) - 1e-9 && x <= self.high * (1.0 + 1e-9) + 1e-9
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            s if s.low == s.high => write!(f, "{}", s.low),
            s if s.step > 0.0 => write!(f, "{} to {} by {}", s.low, s.high, s.step),
            s => write!(f, "{} to {}", s.low, s.high),
        }
    }
}

fn list<T: ToString>(all: &[T]) -> String {
    let words: Vec<String> = all.iter().map(T::to_string).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// A number in one of the ranges.
pub(super) fn within(what: &'static str, x: f64, spans: &[Span]) -> Result<(), RadioError> {
    if x.is_finite() && spans.iter().any(|s| s.has(x)) {
        return Ok(());
    }
    Err(RadioError::Setting { what, asked: x.to_string(), has: list(spans) })
}

/// A word of the list; `None` always is.
pub(super) fn one_of(what: &'static str, word: Option<&str>, all: &[String]) -> Result<(), RadioError> {
    match word {
        Some(word) if !all.iter().any(|w| w == word) => {
            Err(RadioError::Setting { what, asked: word.to_owned(), has: list(all) })
        }
        _ => Ok(()),
    }
}

impl DeviceLimits {
    /// The channel with this number.
    ///
    /// # Errors
    /// [`RadioError::Setting`].
    pub fn channel(&self, transmits: bool, channel: usize) -> Result<&ChannelLimits, RadioError> {
        let (all, what) = if transmits { (&self.tx, "transmit channel") } else { (&self.rx, "receive channel") };
        let fault = || RadioError::Setting { what, asked: channel.to_string(), has: format!("{} of them", all.len()) };
        all.get(channel).ok_or_else(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_has_is_told_with_the_refusal() {
        let gains = [Span { low: 0.0, high: 31.5, step: 0.5 }];
        assert!(within("the gain, dB,", 31.5, &gains).is_ok());
        let fault = within("the gain, dB,", 32.0, &gains).unwrap_err();
        assert_eq!(fault.to_string(), "the gain, dB, 32 is not possible: the device has 0 to 31.5 by 0.5");
        assert!(within("the gain, dB,", f64::NAN, &gains).is_err() && within("x", 0.0, &[]).is_err());
        let antennas = ["TX/RX".to_owned(), "CAL".to_owned()];
        assert!(one_of("antenna", None, &antennas).is_ok() && one_of("antenna", Some("CAL"), &antennas).is_ok());
        assert!(one_of("antenna", Some("RX2"), &antennas).unwrap_err().to_string().ends_with("TX/RX, CAL"));
    }
}

//! What a device says it can do, and whether something lies within.

use super::config::RadioConfig;
use super::error::RadioError;
use super::profile::Profile;
use serde::Serialize;

/// What a rate may differ from what was asked for, relative.
pub(super) const RATE_TOLERANCE: f64 = 1e-9;

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

impl DeviceLimits {
    /// Whether everything that is asked for is something the device has.
    ///
    /// # Errors
    /// [`RadioError::Setting`]: what, and what there is.
    pub fn check(&self, config: &RadioConfig) -> Result<(), RadioError> {
        one_of("clock source", config.clock_source.as_deref(), &self.clock_sources)?;
        one_of("time source", config.time_source.as_deref(), &self.time_sources)?;
        let profile = Profile::of(&config.args);
        if let Some(nearest) = profile.nearest_rate_hz(&profile.complete(config.args.clone()), config.rate_hz)
            && (nearest - config.rate_hz).abs() > RATE_TOLERANCE * config.rate_hz
        {
            let (asked, has) = (config.rate_hz.to_string(), format!("its master clock by whole numbers, as {nearest}"));
            return Err(RadioError::Setting { what: "the sample rate, Hz,", asked, has });
        }
        let each = [
            config.tx.as_ref().map(|t| (true, t.channel, t.frequency_hz, &t.antenna, None)),
            config.rx.as_ref().map(|r| (false, r.channel, r.frequency_hz, &r.antenna, Some(r.gain_db))),
        ];
        for (transmits, channel, frequency_hz, antenna, gain_db) in each.into_iter().flatten() {
            let has = self.channel(transmits, channel)?;
            within("the sample rate, Hz,", config.rate_hz, &has.rate_hz)?;
            within("the frequency, Hz,", frequency_hz, &has.frequency_hz)?;
            one_of("antenna", antenna.as_deref(), &has.antennas)?;
            if let Some(gain_db) = gain_db {
                within("the receive gain, dB,", gain_db, &[has.gain_db])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DeviceArgs, RxConfig, TxConfig};
    use super::*;

    fn x310() -> DeviceLimits {
        let span = |low, high, step| Span { low, high, step };
        let channel = ChannelLimits {
            frequency_hz: vec![span(10e6, 6e9, 0.0)],
            rate_hz: vec![span(184.32e6 / 512.0, 184.32e6, 0.0)],
            gain_db: span(0.0, 31.5, 0.5),
            gain_elements_db: Vec::new(),
            antennas: vec!["TX/RX".into(), "RX2".into()],
            sensors: Vec::new(),
        };
        DeviceLimits {
            driver: "uhd".into(),
            hardware: "X310".into(),
            serial: "1".into(),
            info: Vec::new(),
            clock_sources: vec!["internal".into(), "external".into()],
            time_sources: vec!["none".into()],
            has_time: true,
            sensors: Vec::new(),
            tx: vec![channel.clone(); 2],
            rx: vec![channel; 2],
        }
    }

    #[test]
    fn each_value_is_looked_at() {
        let good = RadioConfig {
            args: DeviceArgs::parse("driver=uhd,type=x300").unwrap(),
            rate_hz: 23.04e6,
            clock_source: Some("external".into()),
            time_source: None,
            tx: Some(TxConfig { channel: 1, frequency_hz: 3.5e9, antenna: Some("TX/RX".into()) }),
            rx: Some(RxConfig { channel: 0, frequency_hz: 3.5e9, antenna: Some("RX2".into()), gain_db: 31.5 }),
        };
        assert_eq!(x310().check(&good), Ok(()));
        let fault = |change: &dyn Fn(&mut RadioConfig)| {
            let mut bad = good.clone();
            change(&mut bad);
            let fault = x310().check(&bad).unwrap_err();
            let RadioError::Setting { what, has, .. } = fault else { panic!("{fault}") };
            (what, has)
        };
        assert_eq!(fault(&|c| c.clock_source = Some("gpsdo".into())), ("clock source", "internal, external".into()));
        assert_eq!(fault(&|c| c.time_source = Some("gps".into())).0, "time source");
        // 184.32 MHz by 9: UHD would take 20 MS/s and run at this
        assert_eq!(fault(&|c| c.rate_hz = 20e6).1, "its master clock by whole numbers, as 20480000");
        assert_eq!(fault(&|c| c.tx.as_mut().unwrap().channel = 2), ("transmit channel", "2 of them".into()));
        assert_eq!(fault(&|c| c.tx.as_mut().unwrap().frequency_hz = 6.1e9).0, "the frequency, Hz,");
        assert_eq!(fault(&|c| c.rx.as_mut().unwrap().frequency_hz = f64::NAN).0, "the frequency, Hz,");
        assert_eq!(fault(&|c| c.rx.as_mut().unwrap().antenna = Some("CAL".into())).1, "TX/RX, RX2");
        assert_eq!(fault(&|c| c.rx.as_mut().unwrap().gain_db = 32.0).1, "0 to 31.5 by 0.5");
    }

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

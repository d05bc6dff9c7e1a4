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

impl ChannelLimits {
    /// The range of an element of the gain.
    ///
    /// # Errors
    /// [`RadioError::Setting`].
    pub fn gain_element(&self, name: &str) -> Result<Span, RadioError> {
        let names: Vec<&str> = self.gain_elements_db.iter().map(|(n, _)| n.as_str()).collect();
        let found = self.gain_elements_db.iter().find(|(n, _)| n == name).map(|(_, span)| *span);
        let fault = || RadioError::Setting { what: "gain element", asked: name.to_owned(), has: list(&names) };
        found.ok_or_else(fault)
    }
}

impl DeviceLimits {
    /// The channels of a stream, what is set for each looked at.
    fn each(
        &self,
        transmits: bool,
        channels: &[usize],
        rate_hz: f64,
        frequency_hz: f64,
        antenna: Option<&str>,
    ) -> Result<Vec<&ChannelLimits>, RadioError> {
        let what = if transmits { "transmit channels" } else { "receive channels" };
        let is_twice = (1..channels.len()).any(|i| channels[..i].contains(&channels[i]));
        if channels.is_empty() || is_twice {
            return Err(RadioError::Channels { what, asked: channels.to_vec() });
        }
        let look = |channel: &usize| {
            let has = self.channel(transmits, *channel)?;
            within("the sample rate, Hz,", rate_hz, &has.rate_hz)?;
            within("the frequency, Hz,", frequency_hz, &has.frequency_hz)?;
            one_of("antenna", antenna, &has.antennas)?;
            Ok(has)
        };
        channels.iter().map(look).collect()
    }

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
        if let Some(tx) = &config.tx {
            let all = self.each(true, &tx.channels, config.rate_hz, tx.frequency_hz, tx.antenna.as_deref())?;
            all.iter().try_for_each(|c| one_of("the safe antenna", tx.safe.antenna.as_deref(), &c.antennas))?;
            if let Some(asked) =
                tx.safe.antenna.clone().filter(|a| tx.antenna.as_ref().is_none_or(|on_air| on_air == a))
            {
                let has = "to have another one on air, by name".to_owned();
                return Err(RadioError::Setting { what: "the safe antenna", asked, has });
            }
            // one gain for all of them, and one lowest
            let first = all[0].gain_db;
            if let Some(other) = all.iter().map(|c| c.gain_db).find(|g| *g != first) {
                let (asked, has) = (format!("{:?}", tx.channels), format!("gains of {first} dB and of {other} dB"));
                return Err(RadioError::Setting { what: "one transmit gain for the channels", asked, has });
            }
        }
        if let Some(rx) = &config.rx {
            for has in self.each(false, &rx.channels, config.rate_hz, rx.frequency_hz, rx.antenna.as_deref())? {
                within("the receive gain, dB,", rx.gain_db, &[has.gain_db])?;
                for (name, gain_db) in &rx.gain_elements_db {
                    within("the receive gain's element, dB,", *gain_db, &[has.gain_element(name)?])?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DeviceArgs, RxConfig, SafeOutput, TxConfig};
    use super::*;

    fn x310() -> DeviceLimits {
        let span = |low, high, step| Span { low, high, step };
        let channel = ChannelLimits {
            frequency_hz: vec![span(10e6, 6e9, 0.0)],
            rate_hz: vec![span(184.32e6 / 512.0, 184.32e6, 0.0)],
            gain_db: span(0.0, 31.5, 0.5),
            gain_elements_db: vec![("PGA0".into(), span(0.0, 31.5, 0.5))],
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
            tx: Some(TxConfig {
                channels: vec![1, 0],
                frequency_hz: 3.5e9,
                antenna: Some("TX/RX".into()),
                safe: SafeOutput { antenna: Some("RX2".into()), switch: None },
            }),
            rx: Some(RxConfig {
                channels: vec![0],
                frequency_hz: 3.5e9,
                antenna: Some("RX2".into()),
                gain_db: 31.5,
                gain_elements_db: vec![("PGA0".into(), 12.5)],
            }),
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
        let channels =
            |all: &'static [usize]| move |c: &mut RadioConfig| c.tx.as_mut().unwrap().channels = all.to_vec();
        assert_eq!(fault(&channels(&[0, 2])), ("transmit channel", "2 of them".into()));
        assert_eq!(fault(&|c| c.tx.as_mut().unwrap().frequency_hz = 6.1e9).0, "the frequency, Hz,");
        assert_eq!(fault(&|c| c.rx.as_mut().unwrap().frequency_hz = f64::NAN).0, "the frequency, Hz,");
        assert_eq!(fault(&|c| c.rx.as_mut().unwrap().antenna = Some("CAL".into())).1, "TX/RX, RX2");
        let safe = |c: &mut RadioConfig| c.tx.as_mut().unwrap().safe.antenna = Some("CAL".into());
        assert_eq!(fault(&safe), ("the safe antenna", "TX/RX, RX2".into()));
        for on_air in [None, Some("RX2".to_owned())] {
            let alike = |c: &mut RadioConfig| c.tx.as_mut().unwrap().antenna.clone_from(&on_air);
            assert_eq!(fault(&alike).1, "to have another one on air, by name");
        }
        assert_eq!(fault(&|c| c.rx.as_mut().unwrap().gain_db = 32.0).1, "0 to 31.5 by 0.5");
        let element = |name: &'static str, db| {
            move |c: &mut RadioConfig| c.rx.as_mut().unwrap().gain_elements_db[0] = (name.into(), db)
        };
        assert_eq!(fault(&element("PGA0", -1.0)), ("the receive gain's element, dB,", "0 to 31.5 by 0.5".into()));
        assert_eq!(fault(&element("LNA", 1.0)), ("gain element", "PGA0".into()));
        for bad in [&[][..], &[0, 0], &[1, 0, 1]] {
            let mut config = good.clone();
            config.tx.as_mut().unwrap().channels = bad.to_vec();
            let fault = x310().check(&config).unwrap_err();
            assert_eq!(fault, RadioError::Channels { what: "transmit channels", asked: bad.to_vec() });
            config = good.clone();
            config.rx.as_mut().unwrap().channels = bad.to_vec();
            let fault = x310().check(&config).unwrap_err();
            assert_eq!(fault, RadioError::Channels { what: "receive channels", asked: bad.to_vec() });
        }
    }

    #[test]
    fn channels_with_other_gains_share_none() {
        let mut has = x310();
        has.tx[1].gain_db.low = -5.0;
        let tx =
            Some(TxConfig { channels: vec![0, 1], frequency_hz: 3.5e9, antenna: None, safe: SafeOutput::default() });
        let args = DeviceArgs::parse("driver=uhd,type=x300").unwrap();
        let mut config = RadioConfig { args, rate_hz: 23.04e6, clock_source: None, time_source: None, tx, rx: None };
        let fault = has.check(&config).unwrap_err().to_string();
        assert!(fault.ends_with("gains of 0 to 31.5 by 0.5 dB and of -5 to 31.5 by 0.5 dB"), "{fault}");
        config.tx.as_mut().unwrap().channels = vec![1];
        assert_eq!(has.check(&config), Ok(()));
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

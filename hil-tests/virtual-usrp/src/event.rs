//! What the box writes into `events.jsonl`, one JSON object a line. Instants are CLOCK_MONOTONIC in ns.
use serde::Deserialize;

/// One line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// When it happened, by the sample clock where it is about samples.
    pub t_ns: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// The box began.
    Start {
        /// The radio's serial number.
        serial: String,
        /// Depth of each channel's transmit FIFO.
        fifo_ms: u64,
        /// When the device's time was 0.
        start_ns: i64,
    },
    /// A host opened the radio.
    Open {
        /// Its process.
        pid: i64,
    },
    /// The host closed the radio or is gone.
    Close {
        /// Its process.
        pid: i64,
    },
    /// The link to a host changed.
    State {
        /// What it is now.
        link: LinkState,
    },
    /// The host changed a setting.
    Set(Set),
    /// An oscillator was tuned and came to rest at this phase (`--lo-phase random`).
    Lo {
        /// Which way.
        direction: Direction,
        /// Channel.
        channel: usize,
        /// Phase, degrees: a transmitted sample is turned by it, a received one back.
        deg: f64,
    },
    /// A burst lacked samples; `t_ns` is the instant of the first missing one.
    Underflow {
        /// Transmit channel.
        channel: usize,
    },
    /// A timed burst came too late and is dropped up to its end.
    Late {
        /// Transmit channel.
        channel: usize,
        /// When its first sample was due.
        due_ns: i64,
        /// By how much it was late.
        by_ns: i64,
    },
    /// Received samples were lost because the host did not take them.
    Overflow {
        /// Bit c: receive channel c.
        channels: u32,
    },
    /// A burst ended with its END_BURST; `t_ns` is the end of its last sample.
    Eob {
        /// Transmit channel.
        channel: usize,
    },
    /// A command of the control socket.
    Fault {
        /// The line.
        command: String,
    },
    /// A stretch of transmission, written when it ends.
    Radiated(Radiated),
}

/// Whether a host holds the radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// A host holds it.
    Open,
    /// Nobody does.
    Free,
    /// It answers nobody.
    Vanished,
}

/// Transmit or receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Transmit.
    Tx,
    /// Receive.
    Rx,
}

/// A setting that the host changed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Set {
    /// `gain`, `frequency`, `rf`, `bb`, `rate`, `bandwidth`, `antenna`, `master_clock_rate`, `clock_source`, `time_source`, `time`,
    /// `time_at_pps`, `gpio`, `clock_source_out`, `time_source_out`.
    pub setting: String,
    /// What the radio made of it.
    pub value: serde_json::Value,
    /// What the host asked for, for settings of a channel.
    #[serde(default)]
    pub asked: Option<serde_json::Value>,
    /// For settings of a channel.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// For settings of a channel.
    #[serde(default)]
    pub channel: Option<usize>,
    /// False where the radio accepted it and did not do it (`stuck-gain`, `stuck-antenna`).
    #[serde(default)]
    pub done: Option<bool>,
    /// For `gpio`: `OUT`, `DDR`, `CTRL` or an ATR.
    #[serde(default)]
    pub attribute: Option<String>,
}

/// A stretch of transmission with the same settings and without a gap.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Radiated {
    /// Transmit channel.
    pub channel: usize,
    /// The first sample's instant.
    pub from_ns: i64,
    /// The end of the last sample.
    pub until_ns: i64,
    /// The instant of the last sample that is not zero.
    pub last_nonzero_ns: Option<i64>,
    /// Samples in it.
    pub samples: u64,
    /// Of these, not zero.
    pub nonzero: u64,
    /// Index of its first sample in `txC.cf32`.
    pub offset: u64,
    /// Sample rate.
    pub rate_hz: f64,
    /// Centre frequency.
    pub frequency_hz: f64,
    /// Gain setting.
    pub gain_db: f64,
    /// `TX/RX`, or `CAL`, where nothing reaches the connector.
    pub antenna: String,
    /// The largest magnitude, before gain; 1 is full scale.
    pub peak: f64,
    /// Why it ended.
    pub end: StretchEnd,
}

/// Why a stretch of transmission ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StretchEnd {
    /// With its END_BURST.
    Eob,
    /// For want of samples.
    Underflow,
    /// A setting changed; what follows is the next stretch.
    Change,
    /// The box was told to quit.
    Quit,
}

/// A transmit channel at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct OnAir {
    /// Within a burst.
    pub on: bool,
    /// Samples that were not zero, since the box began.
    pub radiated: u64,
    /// The instant of the last of them, CLOCK_MONOTONIC.
    pub last_nonzero_ns: Option<i64>,
    /// Samples in the FIFO.
    pub queued: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Entry {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn the_lines_of_the_box_are_read() {
        let late = read(r#"{"t_ns":7,"what":"late","channel":1,"due_ns":3,"by_ns":4}"#);
        assert_eq!(late, Entry { t_ns: 7, event: Event::Late { channel: 1, due_ns: 3, by_ns: 4 } });
        let state = read(r#"{"t_ns":7,"what":"state","link":"vanished"}"#);
        assert_eq!(state.event, Event::State { link: LinkState::Vanished });
        let gain = r#"{"t_ns":1,"what":"set","setting":"gain","value":31.5,"asked":40,"direction":"tx","channel":0,"done":true}"#;
        assert!(matches!(read(gain).event, Event::Set(Set { value, channel: Some(0), .. }) if value == 31.5));
        let stretch = r#"{"t_ns":9,"what":"radiated","channel":0,"from_ns":5,"until_ns":9,"last_nonzero_ns":null,"samples":2,"nonzero":0,
            "offset":0,"rate_hz":5e8,"frequency_hz":1e9,"gain_db":0,"antenna":"TX/RX","peak":0,"end":"eob"}"#;
        assert!(matches!(
            read(stretch).event,
            Event::Radiated(Radiated { last_nonzero_ns: None, end: StretchEnd::Eob, .. })
        ));
    }

    #[test]
    fn an_event_that_nobody_knows_is_an_error() {
        assert!(serde_json::from_str::<Entry>(r#"{"t_ns":7,"what":"explosion"}"#).is_err());
    }
}

//! How it stands with what transmits, in one word and in one line: the same on every screen.

use super::messages::GuardStatus;
use governor::{Feeder, State, Stop};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No radio that transmits is configured: nobody is asked.
    #[default]
    NotConfigured,
    /// The guard does not say: nothing is known.
    NotObserved,
    /// Nothing is sent: lowest gain, stream closed.
    Safe,
    /// On the way to the safe state, or not there yet.
    Stopping,
    /// A token is out.
    Armed,
    /// A burst is approved and not over.
    OnAir,
}

impl Standing {
    /// As it is written in records and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::NotObserved => "not_observed",
            Self::Safe => "safe",
            Self::Stopping => "stopping",
            Self::Armed => "armed",
            Self::OnAir => "on_air",
        }
    }
}

impl GuardStatus {
    /// In one word.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match (self.state, self.on_air) {
            (_, Some(_)) | (State::OnAir, None) => Standing::OnAir,
            (State::Armed, None) => Standing::Armed,
            (State::Safe, None) if self.radio_is_safe => Standing::Safe,
            (State::Safe, None) => Standing::Stopping,
        }
    }

    /// In one line.
    #[must_use]
    pub fn headline(&self) -> String {
        let place = format!("{} at {}", format!("{:?}", self.mode).to_lowercase(), self.band);
        match (self.standing(), self.on_air) {
            (_, Some(b)) if b.is_chain => {
                format!("ON AIR chain {}, {} samples so far, {place}", b.id, b.sent)
            }
            (_, Some(b)) => {
                let percent = 100.0 * b.sent as f64 / b.samples.max(1) as f64;
                format!("ON AIR burst {}, {} of {} samples ({percent:.0} %), {place}", b.id, b.sent, b.samples)
            }
            (Standing::OnAir, None) => format!("ON AIR, {place}"),
            (Standing::Armed, _) => {
                format!("ARMED, {:.1} s left, {place}", self.armed_ms.unwrap_or(0) as f64 * 1e-3)
            }
            (Standing::Safe, _) => "transmitter safe: lowest gain, stream closed".to_owned(),
            _ => "transmitter on the way to the safe state".to_owned(),
        }
    }
}

/// Why a burst was stopped, as one word.
#[must_use]
pub const fn why(stop: Stop) -> &'static str {
    match stop {
        Stop::Asked => "asked",
        Stop::Signal => "signal",
        Stop::PolicyEnded => "policy_ended",
        Stop::TokenExpired => "token_expired",
        Stop::DeadMan(Feeder::Loop) => "dead_man_loop",
        Stop::DeadMan(Feeder::Monitor) => "dead_man_monitor",
        Stop::DeviceError => "device_error",
        Stop::HungWrite => "hung_write",
        Stop::PipeClosed => "pipe_closed",
        Stop::LogError => "log_error",
        Stop::BadPiece => "bad_piece",
        Stop::Overload => "overload",
        Stop::Reference => "reference",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::OnAir;
    use crate::tx::fixtures::status;

    #[test]
    fn a_burst_that_is_not_over_is_on_air_whatever_else_is_said() {
        let mut s = status(1);
        assert_eq!(
            (s.standing(), s.headline().as_str()),
            (Standing::Safe, "transmitter safe: lowest gain, stream closed")
        );
        (s.state, s.armed_ms, s.radio_is_safe) = (State::Armed, Some(4_250), false);
        assert_eq!(s.standing(), Standing::Armed);
        assert_eq!(s.headline(), "ARMED, 4.2 s left, conducted at 3495 to 3505 MHz");
        (s.state, s.on_air) = (State::OnAir, Some(OnAir { id: 3, samples: 20_000, is_chain: false, sent: 12_345 }));
        let line = "ON AIR burst 3, 12345 of 20000 samples (62 %), conducted at 3495 to 3505 MHz";
        assert_eq!((s.standing(), s.headline().as_str()), (Standing::OnAir, line));
        // stopped, and still on its way out
        s.state = State::Safe;
        assert_eq!(s.standing(), Standing::OnAir);
        s.on_air = None;
        assert_eq!(s.standing(), Standing::Stopping);
        // of no samples there is no part
        s.on_air = Some(OnAir { id: 1, samples: 0, is_chain: false, sent: 0 });
        assert!(s.headline().contains("(0 %)"));
    }

    #[test]
    fn names_are_those_in_json() {
        use Standing::{Armed, NotConfigured, NotObserved, OnAir, Safe, Stopping};
        for s in [NotConfigured, NotObserved, Safe, Stopping, Armed, OnAir] {
            assert_eq!(serde_json::to_value(s).unwrap(), s.name());
        }
        assert_eq!(serde_json::to_value(Stop::PipeClosed).unwrap(), why(Stop::PipeClosed));
    }
}

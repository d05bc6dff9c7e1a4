//! What the page and the API show of a radio that transmits: its guard's own words, or that nothing is known.

use crate::tx::{GuardStatus, Sight, Standing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the guard is, and what else stops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransmitterConfig {
    /// `ipc://` path of its socket.
    pub control: String,
    /// Ways to stop it from outside, for people: a command each.
    pub stop_by: Vec<String>,
}

/// The radio that transmits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TransmitterState {
    /// How it stands.
    pub state: Standing,
    /// The same in a line, for a banner.
    pub headline: String,
    /// Since the guard was asked last, s; `None` where it was not asked yet.
    pub asked_s: Option<f64>,
    /// The guard's own words; `None` where they are not observed.
    pub guard: Option<GuardStatus>,
    /// Ways to stop it beside `POST /api/transmitter/stop`: a command each.
    pub stop_by: Vec<String>,
}

impl TransmitterState {
    /// What is known at `now_ns`, host-monotonic, from the last look; `None` where nobody has looked yet.
    #[must_use]
    pub fn of(config: &TransmitterConfig, sight: Option<&Sight>, now_ns: u64) -> Self {
        let stop_by = config.stop_by.clone();
        let Some(sight) = sight else {
            let headline = "transmitter NOT OBSERVED: its guard was not asked yet".to_owned();
            return Self { state: Standing::NotObserved, headline, stop_by, ..Self::default() };
        };
        let fresh = sight.at(now_ns);
        Self {
            state: fresh.standing(),
            headline: fresh.headline(),
            asked_s: Some(now_ns.saturating_sub(sight.at_ns) as f64 * 1e-9),
            guard: fresh.said.ok().map(|s| *s),
            stop_by,
        }
    }

    /// What is left of it for who hears nothing of the controller any more.
    #[must_use]
    pub fn lost(self) -> Self {
        if self.state == Standing::NotConfigured {
            return self;
        }
        let headline = "transmitter NOT OBSERVED: the controller does not answer".to_owned();
        Self { state: Standing::NotObserved, headline, guard: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::NoWord;
    use crate::tx::OnAir;
    use crate::tx::fixtures::{sight, status};

    const S: u64 = 1_000_000_000;

    fn config() -> TransmitterConfig {
        TransmitterConfig { control: "ipc:///nowhere".into(), stop_by: vec!["sidecar tx stop".into()] }
    }

    #[test]
    fn nothing_that_is_not_known_is_called_safe() {
        assert_eq!(TransmitterState::default().state, Standing::NotConfigured);
        assert_eq!(TransmitterState::of(&config(), None, S).state, Standing::NotObserved);
        let away = Sight { at_ns: S, said: Err(NoWord { is_away: true, why: "nobody listens".into() }) };
        let shown = TransmitterState::of(&config(), Some(&away), S);
        assert_eq!((shown.state, shown.guard), (Standing::NotObserved, None));
        assert_eq!(shown.headline, "transmitter NOT OBSERVED: nobody listens");
        // safe two seconds ago is not safe now
        let shown = TransmitterState::of(&config(), Some(&sight(S, status(1))), 3 * S);
        assert_eq!((shown.state, shown.asked_s, shown.guard), (Standing::NotObserved, Some(2.0), None));
        assert_eq!(shown.stop_by, ["sidecar tx stop"]);
        // nor is it for who lost the controller
        let shown = TransmitterState::of(&config(), Some(&sight(S, status(1))), S).lost();
        assert_eq!((shown.state, shown.guard), (Standing::NotObserved, None));
        assert_eq!(TransmitterState::default().lost(), TransmitterState::default());
    }

    #[test]
    fn what_the_guard_says_is_shown_as_it_says_it() {
        let mut s = status(1);
        s.on_air = Some(OnAir { id: 3, samples: 4, is_chain: false, sent: 1 });
        let shown = TransmitterState::of(&config(), Some(&sight(S, s.clone())), S + S / 10);
        assert_eq!((shown.state, shown.asked_s, shown.guard.as_ref()), (Standing::OnAir, Some(0.1), Some(&s)));
        assert!(shown.headline.starts_with("ON AIR burst 3, 1 of 4 samples (25 %)"), "{}", shown.headline);
        let json = serde_json::to_value(shown).unwrap();
        assert_eq!((&json["state"], &json["guard"]["on_air"]["id"]), (&"on_air".into(), &3.into()));
    }
}

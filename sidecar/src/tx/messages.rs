//! What is said to the guard and by it: JSON in [`crate::wire::Kind::Command`] and [`crate::wire::Kind::Status`], samples of a stream in
//! [`crate::wire::Kind::Snippet`].

use super::wave::Wave;
use governor::{Band, Feeder, Mode, State, Stop, Token};
use ran_bridge::nr::Cell;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What somebody asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// How it stands.
    Status,
    /// A token.
    Arm(ArmOrder),
    /// One burst.
    Fire(FireOrder),
    /// The safe state. Answered once the radio is there.
    Stop,
    /// The control loop is alive. Who said so once and closes its connection while a burst is on air ends it.
    Feed {
        /// When it last showed that, monotonic ns of this host; `None` = now.
        #[serde(default)]
        alive_ns: Option<u64>,
    },
}

/// What a token is wanted for. Radio, band and mode are the guard's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmOrder {
    /// How long, ms; at most 60 000.
    pub for_ms: u64,
    /// Friendly jamming of this cell; `None` = own purposes. The guard listens first.
    #[serde(default)]
    pub jam: Option<u16>,
    /// What the policy wants typed before anything goes into the air.
    #[serde(default)]
    pub phrase: String,
}

/// One burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FireOrder {
    /// From arming.
    pub token: Token,
    /// So many samples and not one more.
    pub samples: u64,
    /// Gain setting, dB.
    pub gain_db: f64,
    /// What is sent.
    pub wave: Wave,
}

/// What the guard answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// To [`Ask::Status`].
    Status(Box<GuardStatus>),
    /// To [`Ask::Arm`].
    Armed {
        /// The right to fire.
        token: Token,
        /// What was heard before, where that was needed.
        heard: Option<Heard>,
    },
    /// To [`Ask::Fire`]: it is on air from here on.
    Fired {
        /// Its number.
        id: u64,
    },
    /// Afterwards, to who fired.
    Ended(Ended),
    /// For a stream: so many samples more may be handed over.
    Credit {
        /// Of which burst.
        id: u64,
        /// Samples.
        samples: u64,
    },
    /// To [`Ask::Stop`]: the radio is in the safe state.
    Stopped {
        /// Whether anything was armed or on air.
        was: State,
        /// How long it took, ns.
        took_ns: u64,
    },
}

/// What became of a burst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its number.
    pub id: u64,
    /// Samples that were approved.
    pub samples: u64,
    /// Samples that went to the driver.
    pub sent: u64,
    /// Times the radio ran dry within it.
    pub underflows: u64,
    /// Why it ended early; `None` = it went out whole.
    pub why: Option<Stop>,
}

/// What was heard before arming.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Cells.
    pub cells: Vec<Cell>,
    /// How long it listened, ms.
    pub for_ms: f64,
}

/// A burst on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnAir {
    /// Its number.
    pub id: u64,
    /// Samples that were approved.
    pub samples: u64,
    /// Samples handed to the driver.
    pub sent: u64,
}

/// What the receiver says.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Reception {
    /// Samples so far.
    pub samples: u64,
    /// Samples that were lost.
    pub lost: u64,
    /// Largest magnitude of the last block, dB relative to full scale; `None` = nothing came yet, or all of it was zero.
    pub peak_dbfs: Option<f32>,
}

/// How the guard stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardStatus {
    /// Safe, armed or on air.
    pub state: State,
    /// Whether the radio is in the safe state: lowest gain, stream closed.
    pub radio_is_safe: bool,
    /// Its process.
    pub pid: u32,
    /// The radio's hardware and serial number.
    pub radio: String,
    /// What it can send into.
    pub band: Band,
    /// Samples a second.
    pub rate_hz: f64,
    /// Where that goes.
    pub mode: Mode,
    /// SHA-256 of the policy; `None` = nothing may be sent.
    pub policy: Option<String>,
    /// Who answers for it and whom to call, or why there is none.
    pub who: String,
    /// End of the policy.
    pub until: Option<String>,
    /// Time the token has left, ms.
    pub armed_ms: Option<u64>,
    /// The burst on air.
    pub on_air: Option<OnAir>,
    /// Milliseconds since the dead-man was fed, by whom.
    pub fed_ms: BTreeMap<String, Option<u64>>,
    /// The last stop.
    pub last_stop: Option<Stop>,
    /// Safe states reached from another.
    pub stops: u64,
    /// Bursts approved.
    pub bursts: u64,
    /// Samples that went to the driver.
    pub sent_samples: u64,
    /// Times the radio ran dry within a burst.
    pub underflows: u64,
    /// Refusals by name.
    pub refusals: BTreeMap<String, u64>,
    /// The receiver.
    pub reception: Reception,
    /// Lines of the log.
    pub log_lines: u64,
    /// Hash of its last line: keep a copy elsewhere.
    pub log_head: String,
}

/// The two that feed the dead-man, by the names they have in metrics.
pub(super) const FEEDERS: [(Feeder, &str); 2] = [(Feeder::Loop, "loop"), (Feeder::Monitor, "monitor")];

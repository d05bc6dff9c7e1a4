//! What is said to the guard and by it: JSON in [`crate::wire::Kind::Command`] and [`crate::wire::Kind::Status`], samples of a stream in
//! [`crate::wire::Kind::Snippet`].

use super::calibration::CalibrationReport;
use super::schema;
use super::wave::Wave;
use governor::{Band, Feeder, Mode, State, Stop, Token};
use ran_bridge::nr::Cell;
use schemars::JsonSchema;
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
    /// A chain of bursts. Its samples come by the second socket, see `lane.rs`.
    Relay(RelayOrder),
    /// The token of the chain on air is to hold longer.
    Renew {
        /// It.
        token: Token,
        /// As for arming.
        order: ArmOrder,
    },
    /// The transmit chains against each other: a burst of each in turns.
    Calibrate(CalibrateOrder),
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
    /// For a chain, and nothing else.
    #[serde(default)]
    pub relay: bool,
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
    /// From which channels.
    #[serde(default)]
    pub over: Over,
}

/// The channels that a wave goes out on. Those that take a calibration are refused where it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// One of the stream: index among `tx.channels`, from 0. The others send zeros.
    Channel(usize),
    /// All, each with its factor of the calibration: they arrive in phase and at one level where that was measured.
    InPhase,
    /// All, each with its factor and turned against the others: they arrive at one level and add up to nothing where that was measured, and not
    /// elsewhere. Two channels at least.
    Cancelling,
}

impl Default for Over {
    fn default() -> Self {
        Self::Channel(0)
    }
}

/// A calibration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrateOrder {
    /// From arming for own purposes; it has to outlast the bursts.
    pub token: Token,
    /// Gain setting of every chain, dB: the factors hold for this one only.
    pub gain_db: f64,
    /// Which of `tx.listen.channels` listens, from 0.
    pub receive: usize,
    /// Of the bursts, relative to full scale.
    pub amplitude: f32,
    /// Bursts of each chain, 1 to 64.
    pub rounds: usize,
}

/// A chain of bursts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayOrder {
    /// From arming for a chain.
    pub token: Token,
    /// Gain setting, dB.
    pub gain_db: f64,
    /// Each channel's samples times its factor of the calibration, from the first to the last: what goes out on all of them at once arrives in phase
    /// and at one level where that was measured. Refused where the calibration does not hold.
    #[serde(default)]
    pub coherent: bool,
}

/// How a chain goes, in samples of each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChainStatus {
    /// Its number.
    pub id: u64,
    /// Handed to the driver, each in its place.
    pub sent: u64,
    /// Came after their time and were not sent.
    pub late: u64,
    /// Times the radio ran dry.
    pub underflows: u64,
    /// Stretches without a gap.
    pub stretches: u64,
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
    /// To [`Ask::Calibrate`].
    Calibrated(Box<CalibrationReport>),
    /// Now and then, to who relays.
    Chain(ChainStatus),
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    #[schemars(schema_with = "schema::stop_or_none")]
    pub why: Option<Stop>,
    /// When its first sample went out, monotonic ns of the host; `None` = none did.
    pub began_ns: Option<u64>,
    /// When it was over, monotonic ns of the host: the last sample out, the gain down.
    pub ended_ns: u64,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnAir {
    /// Its number.
    pub id: u64,
    /// Samples that were approved; of a chain those of a link.
    pub samples: u64,
    /// A chain: it goes on as long as its samples come.
    #[serde(default)]
    pub is_chain: bool,
    /// Samples of each channel handed to the driver.
    pub sent: u64,
}

/// What the receiver says.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Reception {
    /// Samples of each channel so far.
    pub samples: u64,
    /// Samples of each channel that were lost.
    pub lost: u64,
    /// Largest magnitude of the last block in any channel, dB relative to full scale; `None` = nothing came yet, or all of it was zero.
    pub peak_dbfs: Option<f32>,
    /// Its gain is at its lowest since an overload.
    #[serde(default)]
    pub is_lowered: bool,
}

/// How the guard stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuardStatus {
    /// Safe, armed or on air.
    #[schemars(schema_with = "schema::state")]
    pub state: State,
    /// Whether the radio is in the safe state: lowest gain, stream closed.
    pub radio_is_safe: bool,
    /// Its process.
    pub pid: u32,
    /// The radio's hardware and serial number.
    pub radio: String,
    /// What it can send into.
    #[schemars(schema_with = "schema::band")]
    pub band: Band,
    /// Samples a second.
    pub rate_hz: f64,
    /// Channels of its transmit stream.
    pub transmit_channels: usize,
    /// Channels of its receive stream.
    pub receive_channels: usize,
    /// Where that goes.
    #[schemars(schema_with = "schema::mode")]
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
    /// The bursts that ended last, newest last, 16 at most.
    #[serde(default)]
    pub recent: Vec<Ended>,
    /// The last stop.
    #[schemars(schema_with = "schema::stop_or_none")]
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
    /// Whether the radio's clock follows its reference; `None` = nobody looks.
    #[serde(default)]
    pub reference: Option<bool>,
    /// The last calibration, whether it still holds or not; absent = none since the guard began.
    #[serde(default)]
    pub calibration: Option<CalibrationReport>,
    /// Lines of the log.
    pub log_lines: u64,
    /// Hash of its last line: keep a copy elsewhere.
    pub log_head: String,
}

/// Bursts that ended and are still told.
pub(super) const RECENT: usize = 16;

/// The two that feed the dead-man, by the names they have in metrics.
pub(super) const FEEDERS: [(Feeder, &str); 2] = [(Feeder::Loop, "loop"), (Feeder::Monitor, "monitor")];

//! What is asked over the control socket, and answered: JSON in messages of the wire format. A request is a `Command`, its answer a `Status`, an
//! `Outcome`, or a `Refuse` with the guard's reason.

use ran_bridge::gnb::console::{ConsoleCommand, SessionState, Table, Verdict};
use serde::{Deserialize, Serialize};

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// How things stand; nothing is said to the gNB.
    Status,
    /// A command to the console.
    Command {
        /// Which.
        command: ConsoleCommand,
    },
    /// Shows a table of metrics, or none.
    Table {
        /// Which.
        show: Option<Table>,
    },
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of the command in this process's record.
    pub seq: u64,
    /// What was written; empty where nothing had to be.
    pub text: String,
    /// What became of it.
    pub verdict: Verdict,
    /// The gNB's words.
    pub words: String,
    /// From writing to knowing, s.
    pub waited_s: f64,
}

/// What may be in force of a number that was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueStatus {
    /// The command that sets it.
    pub name: String,
    /// Port or sector.
    pub place: u8,
    /// Lowest, in the command's unit.
    pub least: f64,
    /// Highest; the same where it is known.
    pub most: f64,
}

/// A count by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Of what.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The gNB's process.
    pub pid: u32,
    /// Since it was started, s.
    pub running_s: f64,
    /// The console.
    pub console: SessionState,
    /// It was told to end.
    pub is_stopping: bool,
    /// Whether the kernel ends it when `sidecar gnb` dies; absent where that is not known yet.
    pub is_tied: Option<bool>,
    /// What was set since the start.
    pub values: Vec<ValueStatus>,
    /// Outcomes so far.
    pub outcomes: Vec<Count>,
    /// Refusals so far.
    pub refusals: Vec<Count>,
    /// Output of the gNB that ours did not take, bytes; it stands in `gnb.log`.
    pub dropped_bytes: u64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To the others.
    Outcome(Outcome),
}

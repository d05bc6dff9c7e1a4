//! Rows of the record.

use serde::Serialize;

/// Table `gnb_command`: what was asked of the console, by whom, and what became of it. One that was written has a row when it is, one when
/// its outcome is known, and a third where an answer came late.
#[derive(Debug, Clone, Serialize)]
pub struct CommandRow<'a> {
    /// Number of the request.
    pub seq: u64,
    /// `written`, `done`, `refused`, `partly`, `not_known`, `unconfirmed`, or `late_` and one of these; `refused_by_guard`.
    pub what: &'a str,
    /// The command as it is written.
    pub text: &'a str,
    /// The gNB's words, or the guard's.
    pub words: &'a str,
    /// From writing to knowing.
    pub waited_s: Option<f64>,
    /// User who asked.
    pub uid: Option<u32>,
    /// Process that asked.
    pub pid: Option<i32>,
    /// Its name.
    pub program: Option<&'a str>,
}

/// Table `gnb_state`: the gNB's life.
#[derive(Debug, Clone, Serialize)]
pub struct StateRow<'a> {
    /// `started`, `console_ready`, `not_tied`, `stopping`, `killed`, `ended`.
    pub state: &'a str,
    /// More.
    pub detail: &'a str,
}

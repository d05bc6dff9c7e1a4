//! What one agent does that the others do not.

use super::Board;
use crate::guard::{Action, ActionKind};
use crate::wire::Agent;
use prometheus::IntCounterVec;
use serde::Serialize;

/// The part of an agent that differs: what it hears, what it reports, what an order does.
pub trait Role: Send {
    /// Who it is.
    const AGENT: Agent;
    /// The one kind of action it can do.
    const KIND: ActionKind;
    /// Table of the record for its orders.
    const ORDERS: &'static str;
    /// What holds while the controller is away, in words.
    const AWAY: &'static str;
    /// What its neighbours say.
    type Heard: Send;
    /// Its report to the controller.
    type State: Serialize;

    /// What it tells the controller at the start.
    fn hello(&self) -> serde_json::Value;

    /// Its counter of orders, by `result`.
    fn orders(&self) -> &IntCounterVec;

    /// Takes what a neighbour said.
    fn hear(&mut self, heard: Self::Heard);

    /// Carries out what passed the guard; the error is the reason, in words.
    fn carry_out(&mut self, action: Action) -> impl Future<Output = Result<(), String>> + Send;

    /// Looks around before a report and gives back when what it will report was measured, host-monotonic ns.
    fn look(&mut self) -> impl Future<Output = u64> + Send;

    /// The report, with the learner's forecasts.
    fn state(&self, mono_ns: u64, board: Board) -> Self::State;
}

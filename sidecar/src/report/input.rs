//! What a report is made of.

use crate::controller::state::ApiState;
use crate::demo::{Achieved, OwnBurst, WorldLog};
use crate::effect::Effect;

/// Two runs of the same lab, and what the controller said at the end of the second.
#[derive(Debug, Clone)]
pub struct ReportInput<'a> {
    /// Heading.
    pub title: String,
    /// Seed of both runs.
    pub seed: u64,
    /// Radio time compared, s.
    pub radio_s: f64,
    /// Radio seconds per wall second, without and with.
    pub speed: [f64; 2],
    /// The lines that say what was achieved.
    pub lines: Vec<String>,
    /// The lab's log of the run without the loop.
    pub without: &'a WorldLog,
    /// The lab's log of the run with it.
    pub with: &'a WorldLog,
    /// The comparison.
    pub achieved: &'a Achieved,
    /// The controller's last state.
    pub state: &'a ApiState,
    /// The judged actions.
    pub effects: &'a [Effect],
    /// Own transmissions, without and with.
    pub bursts: [&'a [OwnBurst]; 2],
}

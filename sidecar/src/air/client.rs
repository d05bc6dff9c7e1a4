//! Asks a running `air`, for tools: one command, one answer.

use super::control::Refusal;
use crate::clock::mono_ns;
use crate::wire::local::{LocalStream, path_of};
use crate::wire::{Agent, Kind, Message, WireError};
use ran_bridge::air::{Command, Event, FaultOrder, FaultState, Status};
use std::collections::VecDeque;
use std::time::Duration;

/// Longest wait for an answer.
const PATIENCE_NS: u64 = 2_000_000_000;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(1);
/// Most events that are kept for somebody to wait for; then the oldest is dropped.
const KEPT: usize = 64;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The address is no `ipc://` path.
    #[error("{0} is no address of a control socket: write ipc:// and a path")]
    Address(String),
    /// Nobody listens.
    #[error("no air listens at {address}: {source}")]
    Away {
        /// As configured.
        address: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// It does not answer.
    #[error("air at {0} does not answer within 2 s")]
    Silent(String),
    /// It ended or closed the connection.
    #[error("air at {0} closed the connection")]
    Closed(String),
    /// It does not follow the command.
    #[error("air refuses: {0}")]
    Refused(String),
    /// Its answer is not what it should be.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// A connection to a running `air`.
#[derive(Debug)]
pub struct AirClient {
    address: String,
    stream: LocalStream,
    seq: u64,
    /// What became of faults and captures, told while something else was awaited.
    kept: VecDeque<Event>,
}

impl AirClient {
    /// Connects.
    ///
    /// # Errors
    /// [`AskError::Address`], [`AskError::Away`].
    pub fn connect(address: &str) -> Result<Self, AskError> {
        let path = path_of(address).ok_or_else(|| AskError::Address(address.to_owned()))?;
        let stream =
            LocalStream::connect(path).map_err(|source| AskError::Away { address: address.to_owned(), source })?;
        Ok(Self { address: address.to_owned(), stream, seq: 0, kept: VecDeque::new() })
    }

    /// Sends a command and gives what `air` answers to it: `Applied`, `Status`, `Fault` or `Capture`. What `air` tells meanwhile of other
    /// faults and captures is kept for [`AirClient::wait`].
    ///
    /// # Errors
    /// [`AskError`]; [`AskError::Refused`] with `air`'s reason.
    pub fn ask(&mut self, command: &Command) -> Result<Event, AskError> {
        self.seq += 1;
        let mut ask = Message::json(Kind::Command, Agent::Other, command)?;
        ask.header.seq = self.seq;
        if !self.stream.send(&ask.header.encode(), &ask.payload).unwrap_or(false) {
            return Err(AskError::Closed(self.address.clone()));
        }
        let seq = self.seq;
        self.wait(PATIENCE_NS, |event| answers(command, seq, event))?
            .ok_or_else(|| AskError::Silent(self.address.clone()))
    }

    /// The next event that fits within a time, also one that came before; `None` where none came.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn wait(&mut self, patience_ns: u64, fits: impl Fn(&Event) -> bool) -> Result<Option<Event>, AskError> {
        if let Some(at) = self.kept.iter().position(&fits) {
            return Ok(self.kept.remove(at));
        }
        let until = mono_ns() + patience_ns;
        while mono_ns() < until {
            let ended = self.stream.turn().is_err();
            while let Some(frame) = self.stream.next_frame() {
                let (header, payload) = frame?;
                let message = Message::decode(header, payload.to_vec())?;
                if message.header.kind == Kind::Refuse {
                    return Err(AskError::Refused(message.parse::<Refusal>()?.reason));
                }
                if matches!(message.header.kind, Kind::Status | Kind::Applied) {
                    let event = message.parse()?;
                    if fits(&event) {
                        return Ok(Some(event));
                    }
                    self.keep(event);
                }
            }
            if ended {
                return Err(AskError::Closed(self.address.clone()));
            }
            std::thread::sleep(LOOK);
        }
        Ok(None)
    }

    fn keep(&mut self, event: Event) {
        if matches!(event, Event::Fault(_) | Event::Capture(_)) {
            if self.kept.len() == KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back(event);
        }
    }
}

/// Whether an event is the answer to a command, and not what another one became.
fn answers(command: &Command, seq: u64, event: &Event) -> bool {
    match (command, event) {
        (Command::Status, Event::Status(_)) => true,
        (Command::Capture { order }, Event::Capture(c)) => c.order == *order && !c.is_over(),
        (Command::Fault { order }, Event::Fault(f)) => match order {
            // an event that nobody asked for tells of an end
            FaultOrder::Prepare { .. } => f.state == FaultState::Prepared,
            FaultOrder::Arm { id, .. } | FaultOrder::Stop { id } | FaultOrder::Verify { id } => f.id == *id,
        },
        (_, Event::Applied { seq: of, .. }) => *of == seq,
        _ => false,
    }
}

/// The state of the `air` whose control socket this is.
///
/// # Errors
/// [`AskError`].
pub fn status(address: &str) -> Result<Status, AskError> {
    match AirClient::connect(address)?.ask(&Command::Status)? {
        Event::Status(status) => Ok(status),
        _ => Err(AskError::Silent(address.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::stand_in::StandIn;
    use super::*;
    use crate::wire::local::LocalListener;
    use ran_bridge::air::{CaptureOrder, CaptureStatus, Direction, FaultKind, FaultSpec, FaultStatus, Tap};

    fn fault(id: u32, state: FaultState) -> FaultStatus {
        let spec = FaultSpec { stream: 0, direction: Direction::Downlink, kind: FaultKind::Blank, samples: 10 };
        FaultStatus {
            id,
            spec,
            state,
            first: Some(0),
            done_samples: 0,
            energy_before: 0.0,
            energy_after: 0.0,
            missed_samples: 0,
        }
    }

    #[test]
    fn the_end_of_a_capture_is_no_answer_and_is_not_lost() {
        let order = CaptureOrder { folder: "/x".into(), taps: vec![Tap::UeRx { stream: 0 }], samples: 5 };
        let begun = CaptureStatus {
            order: order.clone(),
            first_dl: 7,
            first_ul: 0,
            written: vec![0],
            is_complete: false,
            fault: None,
            speakers: vec![],
            faults: vec![],
        };
        let ended = CaptureStatus { is_complete: true, written: vec![5], ..begun.clone() };
        let air = StandIn::new(vec![
            vec![Event::Capture(begun.clone())],
            vec![Event::Capture(ended.clone()), Event::Status(StandIn::status(7.68e6))],
        ]);
        let mut client = air.client();
        assert_eq!(client.ask(&Command::Capture { order }).unwrap(), Event::Capture(begun));
        assert!(matches!(client.ask(&Command::Status).unwrap(), Event::Status(_)));
        let over = client.wait(PATIENCE_NS, |e| matches!(e, Event::Capture(_))).unwrap();
        assert_eq!(over, Some(Event::Capture(ended)));
    }

    #[test]
    fn the_end_of_another_fault_is_no_answer() {
        let air = StandIn::new(vec![
            vec![Event::Fault(fault(1, FaultState::Done)), Event::Fault(fault(2, FaultState::Prepared))],
            vec![Event::Fault(fault(3, FaultState::Done)), Event::Fault(fault(2, FaultState::Armed))],
        ]);
        let mut client = air.client();
        let spec = fault(0, FaultState::Prepared).spec;
        let prepared = client.ask(&Command::Fault { order: FaultOrder::Prepare { fault: spec } }).unwrap();
        assert_eq!(prepared, Event::Fault(fault(2, FaultState::Prepared)));
        let verified = client.ask(&Command::Fault { order: FaultOrder::Verify { id: 2 } }).unwrap();
        assert_eq!(verified, Event::Fault(fault(2, FaultState::Armed)));
        for id in [1, 3] {
            assert!(client.wait(1, |e| matches!(e, Event::Fault(f) if f.id == id)).unwrap().is_some());
        }
    }

    #[test]
    fn what_is_missing_has_a_name() {
        assert!(matches!(status("tcp://127.0.0.1:1"), Err(AskError::Address(_))));
        let dir = tempfile::tempdir().unwrap();
        let address = format!("ipc://{}", dir.path().join("air").display());
        assert!(matches!(status(&address), Err(AskError::Away { .. })));
        let listener = LocalListener::bind(&dir.path().join("air")).unwrap();
        assert!(matches!(status(&address), Err(AskError::Silent(_))));
        drop(listener);
    }
}

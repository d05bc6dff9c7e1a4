//! For tests: a data plane without connections, and what it tells.

use super::engine::{Engine, Hold};
use super::{AirConfig, AirStats, Command, ControlPort, Event, GnbEnd, SnippetMeta, Standing, UeEnd};
use crate::iq::{Connection, Connections, Ledger};
use num_complex::Complex32;
use rustix::event::PollFlags;
use rustix::fs::{MemfdFlags, memfd_create};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Nobody ever connects.
struct Nobody;

impl Connections for Nobody {
    fn poll_fds<'a>(&'a self, _each: &mut dyn FnMut(BorrowedFd<'a>, PollFlags)) {}
    fn wake(&mut self) {}
    fn turn(&mut self, _now_ns: u64) {}
    fn take(&mut self, _wire: usize) -> Option<Connection> {
        None
    }
    fn lost(&mut self, _wire: usize) {}
}

/// A control side that keeps every event.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) events: Vec<Event>,
}

impl ControlPort for Heard {
    fn poll_fds<'a>(&'a self, _each: &mut dyn FnMut(BorrowedFd<'a>)) {}
    fn recv(&mut self) -> Option<(u64, Command)> {
        None
    }
    fn snippet(&mut self, _meta: &SnippetMeta, _samples: &[Complex32]) {}
    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }
}

/// A gNB of one port, a monitor, and a UE with both wires.
pub(super) fn cell(antennas: usize) -> AirConfig {
    let gnb = GnbEnd::Zmq { tx: vec!["tcp://127.0.0.1:1".into()], rx: vec!["tcp://127.0.0.1:2".into()] };
    let ue = UeEnd::cable("ue1", Some("tcp://127.0.0.1:3"), Some("tcp://127.0.0.1:4"));
    AirConfig::lab(7.68e6, antennas, gnb, vec![UeEnd::cable("monitor", None, None), ue])
}

/// A ledger that is kept.
pub(super) fn ledger() -> Ledger {
    Ledger::in_file(Arc::new(memfd_create("ledger", MemfdFlags::CLOEXEC).unwrap()))
}

/// Lets `each` do something with a data plane.
pub(super) fn with_engine(
    config: &AirConfig,
    ledger: &Ledger,
    from: Option<Standing>,
    heard: &mut Heard,
    each: impl FnOnce(&mut Engine<'_>),
) {
    let (mut nobody, stats) = (Nobody, AirStats::default());
    let mut truth = |_: &super::Truth<'_>| {};
    let hold = Hold { connections: &mut nobody, ledger: ledger.clone(), from, works: true };
    let mut engine = Engine::new(config, hold, heard, &mut truth, &stats).unwrap();
    each(&mut engine);
}

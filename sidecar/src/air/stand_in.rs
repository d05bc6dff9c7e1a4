//! Stands in for a running `air` in tests: answers each command with events that were prepared.

use super::AirClient;
use crate::wire::local::{LocalListener, LocalStream};
use crate::wire::{Agent, Kind, Limits, Message};
use ran_bridge::air::{Command, Counters, Event, StageTime, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A control socket with a thread behind it; both end when it is dropped.
pub(crate) struct StandIn {
    address: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Command>>>,
    _folder: tempfile::TempDir,
}

impl StandIn {
    /// One that answers its only client's first command with the first events, and so on.
    pub(crate) fn new(answers: Vec<Vec<Event>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("air");
        let listener = LocalListener::bind(&path).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || answer(&listener, answers, &ends));
        Self { address: format!("ipc://{}", path.display()), stop, thread: Some(thread), _folder: folder }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn client(&self) -> AirClient {
        AirClient::connect(&self.address).unwrap()
    }

    /// The commands that came.
    pub(crate) fn commands(mut self) -> Vec<Command> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }

    /// What an `air` at this rate says of itself.
    pub(crate) fn status(rate_hz: f64) -> Status {
        Status {
            dl_sample: 0,
            ul_sample: 0,
            rate_hz,
            counters: Counters::default(),
            stage: StageTime::default(),
            peers: vec![],
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn answer(listener: &LocalListener, answers: Vec<Vec<Event>>, stop: &AtomicBool) -> Vec<Command> {
    let mut client: Option<LocalStream> = None;
    let (mut got, mut answers) = (Vec::new(), answers.into_iter());
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_micros(200));
        let Some(stream) = &mut client else {
            client = listener.accept(Limits::WIDEST).unwrap();
            continue;
        };
        let _ended = stream.turn();
        let Some(frame) = stream.next_frame() else { continue };
        let (header, payload) = frame.unwrap();
        got.push(Message::decode(header, payload.to_vec()).unwrap().parse::<Command>().unwrap());
        for event in answers.next().unwrap_or_default() {
            let message = Message::json(Kind::Status, Agent::Air, &event).unwrap();
            assert!(stream.send(&message.header.encode(), &message.payload).unwrap());
        }
    }
    got
}

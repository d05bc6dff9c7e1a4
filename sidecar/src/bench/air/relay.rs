//! The peer of the bench: a relay that hands messages over as they are, one poll loop, no look at the samples.
//!
//! With several UEs it sends the gNB's message to each of them (a copy for each but the last, which gets the message itself),
//! and of their messages it sends the first UE's to the gNB when all have come, and drops the others: the bytes of the
//! sockets are those of a data plane that adds them, the sum is not made.

use super::path::Path;
use super::run::BenchError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Longest sleep, ms.
const SLEEP_MS: i64 = 5;

/// The relay on its thread.
pub(super) struct Relay {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), zmq::Error>>,
}

impl Relay {
    /// Opens its sockets and starts it.
    ///
    /// # Errors
    /// [`BenchError`] when a socket or the thread cannot be had.
    pub fn start(path: &Path) -> Result<Self, BenchError> {
        let context = zmq::Context::new();
        let stop = Arc::new(AtomicBool::new(false));
        let (gnb_tx, gnb_rx) = (std::slice::from_ref(&path.gnb_tx), std::slice::from_ref(&path.gnb_rx));
        let ue_rx: Vec<_> = path.ues.iter().map(|ue| ue.rx.clone()).collect();
        let ue_tx: Vec<_> = path.ues.iter().map(|ue| ue.tx.clone()).collect();
        let downlink = Direction::open(&context, gnb_tx, &ue_rx)?;
        let uplink = Direction::open(&context, &ue_tx, gnb_rx)?;
        let flag = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("relay".into())
            .spawn(move || relay([downlink, uplink], &flag))
            .map_err(|e| BenchError::Thread(e.to_string()))?;
        Ok(Self { stop, thread })
    }

    /// Ends it.
    ///
    /// # Errors
    /// What its sockets said.
    pub fn end(self) -> Result<(), BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| BenchError::Thread("the relay panicked".into()))?.map_err(BenchError::from)
    }
}

/// One direction: asks every source, answers every sink with what the first source sent.
struct Direction {
    sources: Vec<Source>,
    sinks: Vec<Sink>,
}

struct Source {
    socket: zmq::Socket,
    held: Option<zmq::Message>,
}

struct Sink {
    socket: zmq::Socket,
    wants: bool,
    given: bool,
}

impl Direction {
    fn open(context: &zmq::Context, sources: &[String], sinks: &[String]) -> Result<Self, zmq::Error> {
        let socket = |kind| {
            let socket = context.socket(kind)?;
            socket.set_linger(0)?;
            Ok(socket)
        };
        let source = |address: &String| {
            let socket = socket(zmq::REQ)?;
            socket.connect(address)?;
            socket.send(&[0_u8][..], zmq::DONTWAIT)?;
            Ok(Source { socket, held: None })
        };
        let sink = |address: &String| {
            let socket = socket(zmq::REP)?;
            socket.bind(address)?;
            Ok(Sink { socket, wants: false, given: false })
        };
        Ok(Self {
            sources: sources.iter().map(source).collect::<Result<_, zmq::Error>>()?,
            sinks: sinks.iter().map(sink).collect::<Result<_, zmq::Error>>()?,
        })
    }

    fn turn(&mut self) -> Result<(), zmq::Error> {
        for source in self.sources.iter_mut().filter(|s| s.held.is_none()) {
            source.held = receive(&source.socket)?;
        }
        for sink in self.sinks.iter_mut().filter(|s| !s.wants) {
            sink.wants = receive(&sink.socket)?.is_some();
        }
        if self.sources.iter().any(|s| s.held.is_none()) {
            return Ok(());
        }
        let mut left = self.sinks.iter().filter(|s| !s.given).count();
        for sink in self.sinks.iter_mut().filter(|s| s.wants && !s.given) {
            let Some(held) = self.sources.first_mut().map(|s| &mut s.held) else { break };
            let message = if left == 1 { held.take() } else { held.as_ref().map(|m| zmq::Message::from(&m[..])) };
            if let Some(message) = message {
                sink.socket.send(message, zmq::DONTWAIT)?;
                (sink.wants, sink.given) = (false, true);
                left -= 1;
            }
        }
        if left == 0 {
            self.sinks.iter_mut().for_each(|s| s.given = false);
            for source in &mut self.sources {
                source.held = None;
                source.socket.send(&[0_u8][..], zmq::DONTWAIT)?;
            }
        }
        Ok(())
    }

    fn sockets(&self) -> impl Iterator<Item = &zmq::Socket> {
        self.sources.iter().map(|s| &s.socket).chain(self.sinks.iter().map(|s| &s.socket))
    }
}

fn receive(socket: &zmq::Socket) -> Result<Option<zmq::Message>, zmq::Error> {
    match socket.recv_msg(zmq::DONTWAIT) {
        Ok(message) => Ok(Some(message)),
        Err(zmq::Error::EAGAIN) => Ok(None),
        Err(e) => Err(e),
    }
}

fn relay(mut directions: [Direction; 2], stop: &AtomicBool) -> Result<(), zmq::Error> {
    while !stop.load(Ordering::Relaxed) {
        for direction in &mut directions {
            direction.turn()?;
        }
        let sockets = directions.iter().flat_map(Direction::sockets);
        let mut items: Vec<_> = sockets.map(|s| s.as_poll_item(zmq::POLLIN)).collect();
        zmq::poll(&mut items, SLEEP_MS)?;
    }
    Ok(())
}

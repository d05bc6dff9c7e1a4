//! The peer of the bench: a relay that hands messages over as they are, one poll loop, no look at the samples.

use super::air_basic::BenchError;
use super::air_basic_peer::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// The relay on its thread.
pub(super) struct Relay {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), zmq::Error>>,
}

impl Relay {
    /// Opens its four sockets and starts it.
    ///
    /// # Errors
    /// [`BenchError`] when a socket or the thread cannot be had.
    pub fn start(path: &Path) -> Result<Self, BenchError> {
        let context = zmq::Context::new();
        let stop = Arc::new(AtomicBool::new(false));
        let downlink = Direction::open(&context, &path.gnb_tx, &path.ue_rx)?;
        let uplink = Direction::open(&context, &path.ue_tx, &path.gnb_rx)?;
        let flag = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("relay".into())
            .spawn(move || relay(downlink, uplink, &flag))
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

/// One direction: asks `from`, answers `to`.
struct Direction {
    from: zmq::Socket,
    to: zmq::Socket,
    asked: bool,
    wanted: bool,
    held: Option<zmq::Message>,
}

impl Direction {
    fn open(context: &zmq::Context, source: &str, sink: &str) -> Result<Self, zmq::Error> {
        let from = context.socket(zmq::REQ)?;
        let to = context.socket(zmq::REP)?;
        from.set_linger(0)?;
        to.set_linger(0)?;
        from.connect(source)?;
        to.bind(sink)?;
        Ok(Self { from, to, asked: false, wanted: false, held: None })
    }

    fn turn(&mut self) -> Result<(), zmq::Error> {
        if !self.asked && self.held.is_none() {
            self.from.send(&[0_u8][..], zmq::DONTWAIT)?;
            self.asked = true;
        }
        if self.asked
            && let Some(message) = receive(&self.from)?
        {
            self.asked = false;
            self.held = Some(message);
        }
        if !self.wanted {
            self.wanted = receive(&self.to)?.is_some();
        }
        if self.wanted
            && let Some(message) = self.held.take()
        {
            self.to.send(message, zmq::DONTWAIT)?;
            self.wanted = false;
            self.from.send(&[0_u8][..], zmq::DONTWAIT)?;
            self.asked = true;
        }
        Ok(())
    }
}

fn receive(socket: &zmq::Socket) -> Result<Option<zmq::Message>, zmq::Error> {
    match socket.recv_msg(zmq::DONTWAIT) {
        Ok(message) => Ok(Some(message)),
        Err(zmq::Error::EAGAIN) => Ok(None),
        Err(e) => Err(e),
    }
}

fn relay(mut downlink: Direction, mut uplink: Direction, stop: &AtomicBool) -> Result<(), zmq::Error> {
    while !stop.load(Ordering::Relaxed) {
        downlink.turn()?;
        uplink.turn()?;
        let mut items = [
            downlink.from.as_poll_item(zmq::POLLIN),
            downlink.to.as_poll_item(zmq::POLLIN),
            uplink.from.as_poll_item(zmq::POLLIN),
            uplink.to.as_poll_item(zmq::POLLIN),
        ];
        zmq::poll(&mut items, 5)?;
    }
    Ok(())
}

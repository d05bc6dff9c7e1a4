//! A synthetic UE: asks for downlink, sends a slot of uplink for each slot it gets, compares afterwards.

use super::path::{Gather, Slots, UePath};
use super::peers::{Kind, request, socket};
use std::sync::atomic::{AtomicBool, Ordering};

/// How often it looks whether it shall end, ms.
const LOOK_MS: i32 = 200;

/// The UE with its sockets.
pub(super) struct Ue {
    tx: zmq::Socket,
    rx: zmq::Socket,
    kind: Kind,
}

impl Ue {
    /// Opens its sockets, in a context of its own as a process of its own has. An address that is taken is an error here, not a silence later.
    pub fn open(path: &UePath, kind: Kind) -> Result<Self, zmq::Error> {
        let context = zmq::Context::new();
        let tx = socket(&context, zmq::REP, LOOK_MS)?;
        tx.bind(&path.tx)?;
        let rx = socket(&context, zmq::REQ, LOOK_MS)?;
        rx.connect(&path.rx)?;
        Ok(Self { tx, rx, kind })
    }

    /// Runs until `stop`, and gives the samples that it did not get as they were sent.
    pub fn run(self, stop: &AtomicBool) -> Result<u64, zmq::Error> {
        request(&self.rx)?;
        let (mut sends, mut wants) = (Slots::new(), Slots::new());
        let mut gather = Gather::default();
        let mut faults = 0;
        while let Some(got) = patient(&self.rx, stop)? {
            request(&self.rx)?;
            gather.take(&got, |slot| {
                if patient(&self.tx, stop)?.is_some() {
                    self.tx.send(sends.next(), 0)?;
                    faults += wants.differing(slot, self.kind.exact);
                }
                Ok::<_, zmq::Error>(())
            })?;
        }
        Ok(faults)
    }
}

/// The next message; `None` when it is time to end.
fn patient(socket: &zmq::Socket, stop: &AtomicBool) -> Result<Option<zmq::Message>, zmq::Error> {
    while !stop.load(Ordering::Relaxed) {
        match socket.recv_msg(0) {
            Ok(message) => return Ok(Some(message)),
            Err(zmq::Error::EAGAIN) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(None)
}

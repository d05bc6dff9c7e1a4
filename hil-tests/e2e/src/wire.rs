//! Sockets of synthetic peers, as those of real ones are.

use std::sync::atomic::{AtomicBool, Ordering};

/// How often a peer that waits looks whether it is to stop, ms.
const LOOK_MS: i32 = 50;

/// A socket that waits for a moment only.
///
/// # Errors
/// What libzmq says.
pub fn socket(context: &zmq::Context, kind: zmq::SocketType) -> zmq::Result<zmq::Socket> {
    let socket = context.socket(kind)?;
    socket.set_linger(0)?;
    socket.set_rcvtimeo(LOOK_MS)?;
    Ok(socket)
}

/// Receives until there is something; `None` for an order to stop.
pub fn wait(socket: &zmq::Socket, stop: &AtomicBool) -> Option<Vec<u8>> {
    while !stop.load(Ordering::Relaxed) {
        if let Ok(bytes) = socket.recv_bytes(0) {
            return Some(bytes);
        }
    }
    None
}

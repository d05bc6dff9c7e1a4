//! One ZMQ socket of the radio with what happens on its connection. The one place of this module that talks to libzmq.
//!
//! The peers' REQ sockets are neither relaxed nor correlated, and a REP answers only what it has read. So after a peer
//! is gone a socket may wait for ever. libzmq's socket monitor says when a connection ends; a REQ is then made anew, and
//! a REP is freed by an answer that goes to the dead connection.

use num_complex::Complex32;

/// Which end of REQ/REP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Asks for samples: connects to a transmitter's address.
    Req,
    /// Gives samples: bound at the address a receiver connects to.
    Rep,
}

/// What happened on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEvent {
    /// A peer is there.
    Up,
    /// A peer is gone.
    Down,
}

/// Linger: what is not sent at the end is dropped, as the gNB does.
const LINGER_MS: i32 = 0;
/// Time between attempts to reach a peer.
const RECONNECT_MS: i32 = 20;

/// A REQ or REP socket, its monitor, and whether a request is under way.
pub struct Link {
    context: zmq::Context,
    role: Role,
    address: String,
    socket: zmq::Socket,
    monitor: zmq::Socket,
    name: String,
    generation: u32,
    requested: bool,
}

impl Link {
    /// Opens and binds (REP) or connects (REQ).
    ///
    /// # Errors
    /// What libzmq says, for instance that the address is in use.
    pub fn open(context: &zmq::Context, role: Role, address: &str, name: &str) -> Result<Self, zmq::Error> {
        let (socket, monitor) = open_socket(context, role, address, name, 0)?;
        Ok(Self {
            context: context.clone(),
            role,
            address: address.to_owned(),
            socket,
            monitor,
            name: name.to_owned(),
            generation: 0,
            requested: false,
        })
    }

    /// The address as configured.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The socket, to poll.
    #[must_use]
    pub const fn socket(&self) -> &zmq::Socket {
        &self.socket
    }

    /// Which end it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// REQ: a request is out and its reply has not come. REP: a request is in and has no reply yet.
    #[must_use]
    pub const fn requested(&self) -> bool {
        self.requested
    }

    /// Whether a message could come now: a reply to a REQ, a request to a REP.
    #[must_use]
    pub const fn listens(&self) -> bool {
        matches!((self.role, self.requested), (Role::Req, true) | (Role::Rep, false))
    }

    /// REQ: sends the one-byte request.
    ///
    /// # Errors
    /// What libzmq says; `EAGAIN` when it cannot be sent now.
    pub fn request(&mut self) -> Result<(), zmq::Error> {
        self.socket.send(&[0_u8][..], zmq::DONTWAIT)?;
        self.requested = true;
        Ok(())
    }

    /// Takes the next message if one is there: a reply (REQ) or a request (REP). Further parts are dropped.
    ///
    /// # Errors
    /// What libzmq says, except that nothing is there.
    pub fn receive(&mut self, into: &mut zmq::Message) -> Result<bool, zmq::Error> {
        match self.socket.recv(into, zmq::DONTWAIT) {
            Ok(()) => {}
            Err(zmq::Error::EAGAIN) => return Ok(false),
            Err(e) => return Err(e),
        }
        let mut rest = zmq::Message::new();
        while self.socket.get_rcvmore()? {
            self.socket.recv(&mut rest, zmq::DONTWAIT)?;
        }
        self.requested = self.role == Role::Rep;
        Ok(true)
    }

    /// REP: answers the request with samples. libzmq copies them, so `samples` may be reused at once.
    ///
    /// # Errors
    /// What libzmq says.
    pub fn reply(&mut self, samples: &[Complex32]) -> Result<(), zmq::Error> {
        let bytes: &[u8] = bytemuck::cast_slice(samples);
        self.socket.send(bytes, zmq::DONTWAIT)?;
        self.requested = false;
        Ok(())
    }

    /// REP whose peer is gone: frees the socket with one zero sample that goes to the dead connection.
    ///
    /// # Errors
    /// What libzmq says.
    pub fn free_dead_request(&mut self) -> Result<(), zmq::Error> {
        if self.role == Role::Rep && self.requested { self.reply(&[Complex32::ZERO]) } else { Ok(()) }
    }

    /// Makes the socket anew: a REQ whose request or reply was lost can be used again only so.
    ///
    /// # Errors
    /// What libzmq says.
    pub fn reopen(&mut self) -> Result<(), zmq::Error> {
        self.generation = self.generation.wrapping_add(1);
        if self.role == Role::Rep {
            self.socket.unbind(&self.address).ok();
        }
        let (socket, monitor) = open_socket(&self.context, self.role, &self.address, &self.name, self.generation)?;
        self.socket = socket;
        self.monitor = monitor;
        self.requested = false;
        Ok(())
    }

    /// The next thing that happened on the connection.
    #[must_use]
    pub fn next_event(&self) -> Option<LinkEvent> {
        let mut frame = zmq::Message::new();
        while self.monitor.recv(&mut frame, zmq::DONTWAIT).is_ok() {
            let code = if frame.len() >= 2 { u16::from_le_bytes([frame[0], frame[1]]) } else { 0 };
            while self.monitor.get_rcvmore().unwrap_or(false) {
                if self.monitor.recv(&mut frame, zmq::DONTWAIT).is_err() {
                    break;
                }
            }
            if code == zmq::SocketEvent::CONNECTED.to_raw() || code == zmq::SocketEvent::ACCEPTED.to_raw() {
                return Some(LinkEvent::Up);
            }
            if code == zmq::SocketEvent::DISCONNECTED.to_raw() {
                return Some(LinkEvent::Down);
            }
        }
        None
    }
}

fn open_socket(
    context: &zmq::Context,
    role: Role,
    address: &str,
    name: &str,
    generation: u32,
) -> Result<(zmq::Socket, zmq::Socket), zmq::Error> {
    let socket = context.socket(match role {
        Role::Req => zmq::REQ,
        Role::Rep => zmq::REP,
    })?;
    socket.set_linger(LINGER_MS)?;
    socket.set_reconnect_ivl(RECONNECT_MS)?;
    let events = [zmq::SocketEvent::CONNECTED, zmq::SocketEvent::ACCEPTED, zmq::SocketEvent::DISCONNECTED]
        .iter()
        .fold(0, |sum, e| sum | i32::from(e.to_raw()));
    let endpoint = format!("inproc://monitor-{name}-{generation}");
    socket.monitor(&endpoint, events)?;
    let monitor = context.socket(zmq::PAIR)?;
    monitor.set_linger(LINGER_MS)?;
    monitor.connect(&endpoint)?;
    match role {
        Role::Req => socket.connect(address)?,
        Role::Rep => socket.bind(address)?,
    }
    Ok((socket, monitor))
}

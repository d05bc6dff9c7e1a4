//! The wires of a leg: requests and answers as a ZMQ radio makes them.

use super::config::LegConfig;
use super::error::RelayError;
use super::leg::Leg;
use ran_bridge::iq::zmtp::Role;
use ran_bridge::iq::{Address, Connections, Connector, End, Got, Ledger, MAX_REPLY_SAMPLES, Wire};
use rustix::event::{PollFd, PollFlags};

/// Samples taken from a wire at once.
const PIECE: usize = 16_384;

/// A leg with its wires.
pub(super) struct Wired {
    pub(super) leg: Leg,
    /// What it sends is asked for here.
    from: Wire,
    /// What it hears is asked for there.
    to: Wire,
}

/// Binds and dials the wires of all legs: two each, in their order.
pub(super) fn connector(legs: &[LegConfig]) -> Result<Connector, RelayError> {
    let each = |leg: &LegConfig| {
        [(leg.name.clone(), Role::Req, leg.from.clone()), (leg.name.clone(), Role::Rep, leg.to.clone())]
    };
    let wires: Vec<_> = legs.iter().flat_map(each).collect();
    let end = |(name, role, at): &(String, Role, String)| {
        let address = at.parse::<Address>().map_err(|e| RelayError::Config(format!("leg `{name}`: {e}")))?;
        Ok(End { role: *role, address })
    };
    let ends = wires.iter().map(end).collect::<Result<Vec<_>, RelayError>>()?;
    Connector::open(ends).map_err(|(i, source)| {
        let (name, _, address) = wires[i].clone();
        RelayError::Socket { name, address, source }
    })
}

impl Wired {
    pub(super) fn new(config: &LegConfig, number: usize, leg: Leg) -> Self {
        let wire = |role, at: &str, index| Wire::new(role, at, index, Ledger::default());
        Self { leg, from: wire(Role::Req, &config.from, 2 * number), to: wire(Role::Rep, &config.to, 2 * number + 1) }
    }

    /// Adds what is to be polled.
    pub(super) fn poll_fds<'a>(&'a self, fds: &mut Vec<PollFd<'a>>) {
        for wire in [&self.from, &self.to] {
            let Some((fd, reads)) = wire.socket() else { continue };
            let mut flags = PollFlags::RDHUP;
            flags.set(PollFlags::IN, reads);
            flags.set(PollFlags::OUT, wire.unwritten() > 0);
            fds.push(PollFd::from_borrowed_fd(fd, flags));
        }
    }

    /// Moves what can be moved; `at`: the radio's index that a peer which joins now begins at, `None` = not yet. Gives whether samples came.
    pub(super) fn turn(&mut self, connections: &mut dyn Connections, at: Option<u64>) -> bool {
        let (mut came, mut gone) = (false, false);
        for wire in [&mut self.from, &mut self.to] {
            if !wire.is_up()
                && let Some(connection) = connections.take(wire.index())
            {
                wire.plug(connection);
            }
            // every socket is tried: what is not there costs one call
            (wire.readable, wire.writable) = (wire.is_up(), wire.is_up());
        }
        gone |= self.take(&mut came).is_err() || self.to.receive_request().is_err();
        if self.from.is_up()
            && self.to.is_up()
            && !self.leg.is_there()
            && self.to.requested()
            && let Some(at) = at
        {
            self.leg.join(at);
            tracing::info!(leg = self.leg.status.name, at, "its peer is there");
        }
        gone |= self.give().is_err();
        if gone || (self.leg.is_there() && !(self.from.is_up() && self.to.is_up())) {
            self.leave(connections);
        }
        came
    }

    /// Takes what the peer sends, and asks for more.
    fn take(&mut self, came: &mut bool) -> Result<(), ran_bridge::iq::WireEnd> {
        while self.from.readable && self.from.requested() {
            match self.from.receive(&mut self.leg.sends, PIECE)? {
                Got::Samples(..) => *came = true,
                Got::Fault(fault, _) => tracing::warn!(address = self.from.address(), %fault, "message dropped"),
                Got::Nothing if self.from.readable => {}
                Got::Nothing => break,
            }
        }
        // a gNB's first samples may be taken before it asks, later ones not before there is room
        if self.from.is_up() && !self.from.requested() && self.leg.sends.room() >= MAX_REPLY_SAMPLES {
            self.from.request()?;
        }
        Ok(())
    }

    /// Answers the peer with all that was received for it.
    fn give(&mut self) -> Result<(), ran_bridge::iq::WireEnd> {
        if self.to.requested() && self.to.unwritten() == 0 && !self.leg.hears.is_empty() {
            self.to.begin_reply(self.leg.hears.len().min(MAX_REPLY_SAMPLES));
        }
        self.to.push(&mut self.leg.hears)
    }

    /// Whoever was there is gone: both connections count anew.
    fn leave(&mut self, connections: &mut dyn Connections) {
        for wire in [&mut self.from, &mut self.to] {
            if wire.unplug() {
                connections.lost(wire.index());
            }
        }
        if self.leg.is_there() {
            tracing::warn!(leg = self.leg.status.name, "its peer is gone: zeros are sent in its place");
        }
        self.leg.leave();
    }
}

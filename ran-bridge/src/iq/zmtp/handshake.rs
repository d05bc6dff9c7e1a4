//! Greeting and READY of both ends, for the mechanism NULL.

use super::frame::{COMMAND, ProtocolFault, head};

/// Bytes of a greeting.
const GREETING: usize = 64;
/// Longest READY command that is read.
const MAX_READY: u64 = 1024;

/// Which end of REQ/REP this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Asks for samples: connects to a transmitter's address.
    Req,
    /// Gives samples: bound at the address a receiver connects to.
    Rep,
}

/// The handshake of one connection, from this end.
///
/// # Input
/// Bytes of the peer, at most [`Handshake::wants`] at a time: what follows the handshake is not taken.
/// # Output
/// [`Handshake::greeting`] to be sent first.
#[derive(Debug)]
pub struct Handshake {
    role: Role,
    got: Vec<u8>,
    /// Where the next piece ends.
    until: usize,
    done: bool,
}

impl Handshake {
    /// Before the first byte.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self { role, got: Vec::with_capacity(128), until: GREETING, done: false }
    }

    /// What is sent first: greeting and READY. Version 3.0, which every libzmq from 4.0 on speaks.
    #[must_use]
    pub fn greeting(role: Role) -> Vec<u8> {
        //= ZMTP 3.0 (RFC 23): greeting = signature version mechanism as-server filler; 10 + 2 + 20 + 1 + 31 bytes
        let mut out = vec![0; GREETING];
        (out[0], out[9], out[10]) = (0xff, 0x7f, 3);
        out[12..16].copy_from_slice(b"NULL");
        let mut ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03".to_vec();
        ready.extend_from_slice(if role == Role::Req { b"REQ" } else { b"REP" });
        if role == Role::Req {
            ready.extend_from_slice(b"\x08Identity\x00\x00\x00\x00");
        }
        out.push(COMMAND);
        out.push(ready.len() as u8);
        out.append(&mut ready);
        out
    }

    /// Most bytes it takes now; 0 = it is done.
    #[must_use]
    pub fn wants(&self) -> usize {
        if self.done { 0 } else { self.until - self.got.len() }
    }

    /// Takes bytes of the peer; whether the handshake is complete.
    ///
    /// # Errors
    /// [`ProtocolFault`]: the connection is to be closed.
    pub fn take(&mut self, bytes: &[u8]) -> Result<bool, ProtocolFault> {
        self.got.extend_from_slice(bytes);
        while !self.done && self.got.len() >= self.until {
            self.step()?;
        }
        Ok(self.done)
    }

    fn step(&mut self) -> Result<(), ProtocolFault> {
        if self.until == GREETING {
            self.check_greeting()?;
            self.until = GREETING + 2;
            return Ok(());
        }
        match head(&self.got[GREETING..])? {
            None => self.until = GREETING + 9,
            Some(h) => {
                if h.flags & COMMAND == 0 || h.len > MAX_READY {
                    return Err(ProtocolFault::Frame("no READY after its greeting"));
                }
                let body = GREETING + h.bytes;
                self.until = body + h.len as usize;
                if self.got.len() >= self.until {
                    self.check_ready(&self.got[body..self.until])?;
                    self.done = true;
                }
            }
        }
        Ok(())
    }

    fn check_greeting(&self) -> Result<(), ProtocolFault> {
        let g = &self.got;
        if g[0] != 0xff || g[9] & 1 != 1 {
            return Err(ProtocolFault::Signature);
        }
        if g[10] < 3 {
            return Err(ProtocolFault::Version(g[10]));
        }
        if !g[12..32].starts_with(b"NULL\0") {
            let mut name = [0; 6];
            name.copy_from_slice(&g[12..18]);
            return Err(ProtocolFault::Mechanism(name));
        }
        Ok(())
    }

    fn check_ready(&self, body: &[u8]) -> Result<(), ProtocolFault> {
        let Some(mut rest) = body.strip_prefix(b"\x05READY") else {
            return Err(ProtocolFault::Frame("another command than READY; its ERROR says why it refuses"));
        };
        //= RFC 28 (request-reply): a REQ talks to REP or ROUTER, a REP to REQ or DEALER
        let fits: [&[u8]; 2] = if self.role == Role::Req { [b"REP", b"ROUTER"] } else { [b"REQ", b"DEALER"] };
        while let Some((name, value, after)) = property(rest) {
            if name.eq_ignore_ascii_case(b"Socket-Type") {
                return if fits.contains(&value) { Ok(()) } else { Err(ProtocolFault::SocketType) };
            }
            rest = after;
        }
        Err(ProtocolFault::SocketType)
    }
}

/// Name, value and what follows of the first property.
fn property(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&n, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(n))?;
    let (len, rest) = rest.split_at_checked(4)?;
    let len = u32::from_be_bytes(len.try_into().ok()?) as usize;
    let (value, rest) = rest.split_at_checked(len)?;
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meet(mine: Role, theirs: &[u8]) -> Result<bool, ProtocolFault> {
        let mut h = Handshake::new(mine);
        let mut at = 0;
        while h.wants() > 0 && at < theirs.len() {
            let n = h.wants().min(theirs.len() - at);
            h.take(&theirs[at..at + n])?;
            at += n;
        }
        assert!(h.wants() > 0 || at <= theirs.len());
        Ok(h.wants() == 0)
    }

    #[test]
    fn both_ends_of_ours_understand_each_other_and_take_nothing_beyond() {
        let mut theirs = Handshake::greeting(Role::Rep);
        assert_eq!(meet(Role::Req, &theirs), Ok(true));
        theirs.extend_from_slice(b"beyond");
        let mut h = Handshake::new(Role::Req);
        let mut taken = 0;
        while h.wants() > 0 {
            let n = h.wants();
            h.take(&theirs[taken..taken + n]).unwrap();
            taken += n;
        }
        assert_eq!(&theirs[taken..], b"beyond");
    }

    #[test]
    fn strangers_have_a_name() {
        assert_eq!(meet(Role::Rep, &[b'G'; 64]), Err(ProtocolFault::Signature));
        let mut old = Handshake::greeting(Role::Req);
        old[10] = 1;
        assert_eq!(meet(Role::Rep, &old), Err(ProtocolFault::Version(1)));
        let mut curve = Handshake::greeting(Role::Req);
        curve[12..17].copy_from_slice(b"CURVE");
        assert_eq!(meet(Role::Rep, &curve), Err(ProtocolFault::Mechanism(*b"CURVE\0")));
        assert_eq!(meet(Role::Rep, &Handshake::greeting(Role::Rep)), Err(ProtocolFault::SocketType));
    }

    proptest! {
        #[test]
        fn any_bytes_end_or_are_refused(tail in proptest::collection::vec(any::<u8>(), 0..300), whole in any::<bool>()) {
            let mut bytes = if whole { Vec::new() } else { Handshake::greeting(Role::Req)[..64].to_vec() };
            bytes.extend_from_slice(&tail);
            meet(Role::Rep, &bytes).ok();
        }
    }
}

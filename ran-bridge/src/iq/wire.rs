//! One wire of the radio: REQ or REP over a connection, samples moved between the socket and a FIFO without a copy in between.

use super::zmtp::{Inbound, ItemKind, Outbound, PEEK, ProtocolFault, REPLY_HEAD, REQUEST, Role};
use super::{BYTES_PER_SAMPLE, Ledger, MessageFault, SampleFifo, check_reply, zero_nonfinite};
use num_complex::Complex32;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, IoSlice, IoSliceMut};
use rustix::net::RecvFlags;

/// Why a connection is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireEnd {
    /// The peer closed it.
    #[error("the peer closed the connection")]
    Closed,
    /// The system's words.
    #[error("the connection failed: {0}")]
    Failed(Errno),
    /// The peer does not speak the protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolFault),
}

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Got {
    /// Nothing now.
    Nothing,
    /// So many samples are in the FIFO; so many of them were no finite numbers and are zeros.
    Samples(usize, u64),
    /// A message that is not taken, with what it holds in whole samples.
    Fault(MessageFault, u64),
}

/// A connection with what is known of it, as it passes from one owner to the next.
#[derive(Debug)]
pub struct Connection {
    /// The socket, after the handshake.
    pub fd: OwnedFd,
    /// Number of this connection of its wire.
    pub generation: u32,
    /// What was read.
    pub inn: Inbound,
    /// What was written.
    pub out: Outbound,
}

/// A wire, with a connection or without.
#[derive(Debug)]
pub struct Wire {
    role: Role,
    address: String,
    index: usize,
    ledger: Ledger,
    connection: Option<Connection>,
    /// First bytes of a sample that is not whole yet.
    carry: [u8; BYTES_PER_SAMPLE],
    /// They went with another process: the sample becomes zero.
    is_torn: bool,
    /// The poll said so, or nobody asked yet.
    pub readable: bool,
    /// As `readable`.
    pub writable: bool,
}

/// What is passed over is read in pieces of this size.
const SCRAP: usize = 4096;

impl Wire {
    /// Wire number `index` of the lab, without a connection.
    #[must_use]
    pub fn new(role: Role, address: &str, index: usize, ledger: Ledger) -> Self {
        Self {
            role,
            address: address.to_owned(),
            index,
            ledger,
            connection: None,
            carry: [0; BYTES_PER_SAMPLE],
            is_torn: false,
            readable: false,
            writable: false,
        }
    }

    /// The address as configured.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its number.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Whether there is a connection.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.connection.is_some()
    }

    /// Takes a connection.
    pub fn plug(&mut self, connection: Connection) {
        self.carry = [0; BYTES_PER_SAMPLE];
        self.is_torn = !connection.inn.sample_bytes_taken().is_multiple_of(BYTES_PER_SAMPLE as u64);
        self.readable = true;
        self.writable = true;
        self.ledger.note_inbound(self.index, connection.generation, &connection.inn);
        self.ledger.note_outbound(self.index, connection.generation, &connection.out);
        self.connection = Some(connection);
    }

    /// Gives the connection up; whether there was one.
    pub fn unplug(&mut self) -> bool {
        self.connection.take().is_some()
    }

    /// Sample bytes read and written over this connection.
    #[must_use]
    pub fn sample_bytes(&self) -> (u64, u64) {
        self.connection.as_ref().map_or((0, 0), |c| (c.inn.sample_bytes_taken(), c.out.sample_bytes_written()))
    }

    /// REQ: whether a request is under way. REP: whether one waits for its answer, that is not begun yet.
    #[must_use]
    pub fn requested(&self) -> bool {
        let Some(c) = &self.connection else { return false };
        match self.role {
            Role::Req => c.out.written / REQUEST.len() as u64 > c.inn.messages,
            Role::Rep => c.inn.messages > c.out.replies,
        }
    }

    /// Bytes of a reply that wait for room in the socket.
    #[must_use]
    pub fn unwritten(&self) -> u64 {
        if self.role == Role::Req { 0 } else { self.connection.as_ref().map_or(0, |c| c.out.left()) }
    }

    /// Whether samples of a message have come and the rest of them has not.
    #[must_use]
    pub fn is_in_message(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| {
            c.inn.item.is_some_and(|i| i.kind == ItemKind::Body && c.inn.read > i.start) && c.inn.body_left() > 0
        })
    }

    /// Samples of which a part went with another process: they become zero.
    #[must_use]
    pub fn torn_samples(&self) -> u64 {
        u64::from(self.is_torn)
    }

    /// Samples of answers that were begun and are not written whole.
    #[must_use]
    pub fn owed_samples(&self) -> u64 {
        let per = BYTES_PER_SAMPLE as u64;
        self.connection
            .as_ref()
            .map_or(0, |c| (c.out.sample_bytes + c.out.len) / per - c.out.sample_bytes_written() / per)
    }

    /// The socket, and whether it is worth reading from.
    #[must_use]
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        let c = self.connection.as_ref()?;
        let wanted = match self.role {
            Role::Req => self.requested(),
            Role::Rep => !self.requested(),
        };
        Some((c.fd.as_fd(), wanted))
    }

    /// REQ: sends a request.
    ///
    /// # Errors
    /// [`WireEnd`]: the connection is to be given up.
    pub fn request(&mut self) -> Result<(), WireEnd> {
        let Some(c) = &mut self.connection else { return Ok(()) };
        match rustix::io::write(&c.fd, &REQUEST) {
            // five bytes into a socket whose peer has read all before: they fit, or nothing is well
            Ok(n) if n == REQUEST.len() => {
                c.out.wrote(n as u64);
                Ok(())
            }
            Ok(_) | Err(Errno::AGAIN) => Err(WireEnd::Protocol(ProtocolFault::Frame("requests into a full socket"))),
            Err(e) => Err(WireEnd::Failed(e)),
        }
    }

    /// REQ: takes what has come of a reply, at most `most` samples at once.
    ///
    /// # Errors
    /// [`WireEnd`].
    pub fn receive(&mut self, fifo: &mut SampleFifo, most: usize) -> Result<Got, WireEnd> {
        while self.readable && self.open_item()? {
            let Some(c) = &mut self.connection else { break };
            let Some(item) = c.inn.item else { break };
            if item.kind == ItemKind::Skip {
                if !self.pass_over()? {
                    break;
                }
                continue;
            }
            if c.inn.read == item.start
                && let Err(fault) = check_reply(item.len)
            {
                c.inn.pass_over();
                self.ledger.note_inbound(self.index, c.generation, &c.inn);
                return Ok(Got::Fault(fault, item.len / BYTES_PER_SAMPLE as u64));
            }
            return self.read_samples(fifo, most);
        }
        Ok(Got::Nothing)
    }

    fn read_samples(&mut self, fifo: &mut SampleFifo, most: usize) -> Result<Got, WireEnd> {
        let Some(c) = &mut self.connection else { return Ok(Got::Nothing) };
        let carried = (c.inn.sample_bytes_taken() % BYTES_PER_SAMPLE as u64) as usize;
        let left = (carried as u64 + c.inn.body_left()).div_ceil(BYTES_PER_SAMPLE as u64) as usize;
        let Some(space) = fifo.spare(left.min(most).min(fifo.room())) else { return Ok(Got::Nothing) };
        if space.is_empty() {
            return Ok(Got::Nothing);
        }
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(space);
        bytes[..carried].copy_from_slice(&self.carry[..carried]);
        let until = bytes.len().min(carried + c.inn.body_left() as usize);
        let head_left = c.inn.head_left();
        let mut head = [0; PEEK];
        let got = if head_left > 0 {
            let mut slices = [IoSliceMut::new(&mut head[..head_left]), IoSliceMut::new(&mut bytes[carried..until])];
            rustix::io::readv(&c.fd, &mut slices)
        } else {
            rustix::io::read(&c.fd, &mut bytes[carried..until])
        };
        let n = match got {
            Ok(0) => return Err(WireEnd::Closed),
            Ok(n) => n,
            Err(Errno::AGAIN) => {
                self.readable = false;
                return Ok(Got::Nothing);
            }
            Err(e) => return Err(WireEnd::Failed(e)),
        };
        let have = carried + n.saturating_sub(head_left);
        self.readable = head_left + until - carried == n;
        c.inn.took(n as u64);
        let whole = have / BYTES_PER_SAMPLE;
        let rest = have % BYTES_PER_SAMPLE;
        self.carry[..rest].copy_from_slice(&bytes[whole * BYTES_PER_SAMPLE..have]);
        if self.is_torn && whole > 0 {
            space[0] = Complex32::ZERO;
            self.is_torn = false;
        }
        let zeroed = zero_nonfinite(&mut space[..whole]);
        fifo.keep(whole);
        Ok(if whole == 0 { Got::Nothing } else { Got::Samples(whole, zeroed) })
    }

    /// REP: reads the next request, if the one before is answered. The bytes of a new one; its value says nothing (the gNB sends 0x00, srsUE 0xFF).
    ///
    /// # Errors
    /// [`WireEnd`].
    pub fn receive_request(&mut self) -> Result<Option<u64>, WireEnd> {
        let mut len = 0;
        while self.readable && !self.requested() && self.open_item()? {
            let Some(c) = &self.connection else { break };
            if let Some(item) = c.inn.item
                && item.kind == ItemKind::Body
            {
                len = item.len;
            }
            if !self.pass_over()? {
                break;
            }
            if self.requested() {
                return Ok(Some(len));
            }
        }
        Ok(None)
    }

    /// REP: begins the answer to the request, of `samples` samples that come from a FIFO with [`Wire::push`].
    pub fn begin_reply(&mut self, samples: usize) {
        if let Some(c) = &mut self.connection {
            c.out.begin((samples * BYTES_PER_SAMPLE) as u64);
            self.ledger.note_outbound(self.index, c.generation, &c.out);
        }
    }

    /// REP: writes of the reply what the socket takes, from the front of the FIFO; samples that have gone whole are dropped from it.
    ///
    /// # Errors
    /// [`WireEnd`].
    pub fn push(&mut self, fifo: &mut SampleFifo) -> Result<(), WireEnd> {
        while self.writable && self.unwritten() > 0 {
            let Some(c) = &mut self.connection else { break };
            let before = c.out.sample_bytes_written();
            let begun = (before % BYTES_PER_SAMPLE as u64) as usize;
            let head_left = c.out.head_left();
            let body_left = (c.out.left() - head_left as u64) as usize;
            let bytes: &[u8] = bytemuck::cast_slice(fifo.samples());
            let body = &bytes[begun.min(bytes.len())..(begun + body_left).min(bytes.len())];
            if body.is_empty() {
                break;
            }
            let head = c.out.head();
            let wrote = if head_left > 0 {
                rustix::io::writev(&c.fd, &[IoSlice::new(&head[REPLY_HEAD - head_left..]), IoSlice::new(body)])
            } else {
                rustix::io::write(&c.fd, body)
            };
            match wrote {
                Ok(n) => {
                    self.writable = n == head_left + body.len();
                    c.out.wrote(n as u64);
                    let per = BYTES_PER_SAMPLE as u64;
                    let whole = (c.out.sample_bytes_written() / per - before / per) as usize;
                    fifo.drop_front(whole);
                }
                Err(Errno::AGAIN) => self.writable = false,
                Err(e) => return Err(WireEnd::Failed(e)),
            }
        }
        Ok(())
    }

    /// Makes sure that an item is open; `false` where its head has not come yet.
    fn open_item(&mut self) -> Result<bool, WireEnd> {
        let Some(c) = &mut self.connection else { return Ok(false) };
        if c.inn.item.is_some() {
            return Ok(true);
        }
        let mut peeked = [0; PEEK];
        let n = match rustix::net::recv(&c.fd, &mut peeked, RecvFlags::PEEK) {
            Ok((_, 0)) => return Err(WireEnd::Closed),
            Ok((_, n)) => n,
            Err(Errno::AGAIN) => {
                self.readable = false;
                return Ok(false);
            }
            Err(e) => return Err(WireEnd::Failed(e)),
        };
        if c.inn.open(&peeked[..n])?.is_none() {
            self.readable = false;
            return Ok(false);
        }
        self.ledger.note_inbound(self.index, c.generation, &c.inn);
        Ok(true)
    }

    /// Reads the item that is open without a look at it; whether it is done.
    fn pass_over(&mut self) -> Result<bool, WireEnd> {
        let mut scrap = [0; SCRAP];
        while let Some(c) = &mut self.connection
            && c.inn.item.is_some()
        {
            let left = c.inn.head_left() as u64 + c.inn.body_left();
            let n = left.min(SCRAP as u64) as usize;
            let took = if n == 0 { Ok(0) } else { rustix::io::read(&c.fd, &mut scrap[..n]) };
            match took {
                Ok(0) if n > 0 => return Err(WireEnd::Closed),
                Ok(n) => {
                    c.inn.took(n as u64);
                }
                Err(Errno::AGAIN) => {
                    self.readable = false;
                    return Ok(false);
                }
                Err(e) => return Err(WireEnd::Failed(e)),
            }
        }
        Ok(true)
    }
}

/// `n` zeros at the end of the FIFO; `false` where they do not fit.
pub fn grow_zeros(fifo: &mut SampleFifo, n: usize) -> bool {
    fifo.grow(n).is_some_and(|space| {
        space.fill(Complex32::ZERO);
        true
    })
}

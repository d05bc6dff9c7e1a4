//! Messages on a byte stream: a header, its payload, the next header. Sans I/O.
//!
//! The header says how long its payload is and stands alike in every version, so a message that is refused can be passed
//! over. Bytes that begin no message end the stream: nobody can tell where the next one begins.

use super::header::{HEADER_BYTES, MAGIC, WireError};
use super::limits::Limits;
use std::io::{self, ErrorKind, IoSlice, Write};

/// Room offered to a read.
const READ_BYTES: usize = 64 << 10;

/// Header and payload as they came; neither is looked into but for the length.
pub type Frame<'a> = (&'a [u8], &'a [u8]);

/// Cuts a byte stream into messages.
#[derive(Debug, Default)]
pub struct Deframer {
    bytes: Vec<u8>,
    /// First byte that is not given out.
    from: usize,
    /// End of what was read.
    to: usize,
    broken: bool,
    limits: Limits,
}

impl Deframer {
    /// One that takes no longer messages than these. Nothing is kept of one that is longer: its header ends the stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Room for the next bytes of the stream; how many came is said to [`Deframer::filled`].
    pub fn space(&mut self) -> &mut [u8] {
        if self.from > 0 {
            self.bytes.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.bytes.len() < self.to + READ_BYTES {
            self.bytes.resize(self.to + READ_BYTES, 0);
        }
        &mut self.bytes[self.to..]
    }

    /// `n` bytes of [`Deframer::space`] are filled.
    pub fn filled(&mut self, n: usize) {
        self.to = (self.to + n).min(self.bytes.len());
    }

    /// Whether [`Deframer::next_frame`] has something to give.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        match self.payload_bytes() {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(long)) => self.to - self.from >= HEADER_BYTES + long,
        }
    }

    /// The next message, where all of it is there.
    ///
    /// # Errors
    /// [`WireError::Magic`] or [`WireError::TooLong`], once: the stream is of no more use.
    pub fn next_frame(&mut self) -> Option<Result<Frame<'_>, WireError>> {
        match self.payload_bytes()? {
            Err(fault) => {
                self.broken = true;
                Some(Err(fault))
            }
            Ok(long) => {
                let frame = self.bytes[self.from..self.to].get(..HEADER_BYTES + long)?;
                self.from += frame.len();
                Some(Ok(frame.split_at(HEADER_BYTES)))
            }
        }
    }

    /// How long the next payload is, where its header is there; an error where no message begins.
    fn payload_bytes(&self) -> Option<Result<usize, WireError>> {
        let head = self.bytes[self.from..self.to].first_chunk::<HEADER_BYTES>().filter(|_| !self.broken)?;
        Some(if head[..4] == MAGIC { self.limits.payload_bytes(head) } else { Err(WireError::Magic) })
    }
}

/// What a stream that does not take bytes now will take later. A message is queued whole or not at all.
#[derive(Debug)]
pub struct SendQueue {
    bytes: Vec<u8>,
    from: usize,
    limit: usize,
}

impl SendQueue {
    /// At most `limit` bytes wait, but for the rest of a message that is half sent.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), from: 0, limit }
    }

    /// Writes a message or queues what the stream does not take; `false` where there is no room for it.
    ///
    /// # Errors
    /// The stream's, except that it would block.
    pub fn push(&mut self, to: &mut impl Write, header: &[u8], payload: &[u8]) -> io::Result<bool> {
        self.flush(to)?;
        let waiting = self.bytes.len() - self.from;
        if waiting > 0 && waiting + header.len() + payload.len() > self.limit {
            return Ok(false);
        }
        let done = if waiting > 0 {
            0
        } else {
            taken(&mut || to.write_vectored(&[IoSlice::new(header), IoSlice::new(payload)]))?
        };
        self.bytes.extend_from_slice(&header[done.min(header.len())..]);
        self.bytes.extend_from_slice(&payload[done.saturating_sub(header.len())..]);
        Ok(true)
    }

    /// Writes what waits, as far as the stream takes it.
    ///
    /// # Errors
    /// As [`SendQueue::push`].
    pub fn flush(&mut self, to: &mut impl Write) -> io::Result<()> {
        while self.from < self.bytes.len() {
            let n = taken(&mut || to.write(&self.bytes[self.from..]))?;
            if n == 0 {
                // What is sent makes room, also for a reader that never takes the last byte.
                if self.from >= self.limit / 2 {
                    self.bytes.drain(..self.from);
                    self.from = 0;
                }
                return Ok(());
            }
            self.from += n;
        }
        self.bytes.clear();
        self.from = 0;
        Ok(())
    }
}

/// Bytes that a stream takes now.
fn taken(write: &mut dyn FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match write() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(0),
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Agent, Kind, Message};
    use super::*;
    use proptest::prelude::*;

    /// Takes at most so many bytes a call, then would block until it is emptied.
    struct Narrow {
        got: Vec<u8>,
        room: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let n = bytes.len().min(self.room);
            self.got.extend_from_slice(&bytes[..n]);
            self.room -= n;
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn feed(deframer: &mut Deframer, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = deframer.space();
            let n = bytes.len().min(space.len());
            space[..n].copy_from_slice(&bytes[..n]);
            deframer.filled(n);
            bytes = &bytes[n..];
        }
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_they_are_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8),
            cuts in prop::collection::vec(1_usize..200, 1..40),
        ) {
            let mut queue = SendQueue::new(1 << 20);
            let mut wire = Narrow { got: Vec::new(), room: 0 };
            for payload in &payloads {
                let m = Message::seal(super::super::Header::new(Kind::Snippet, Agent::Air), payload.clone());
                prop_assert!(queue.push(&mut wire, &m.header.encode(), &m.payload).unwrap());
            }
            let (mut deframer, mut got) = (Deframer::default(), Vec::new());
            let mut cut = cuts.iter().cycle();
            loop {
                wire.room = *cut.next().unwrap();
                queue.flush(&mut wire).unwrap();
                if wire.got.is_empty() {
                    break;
                }
                feed(&mut deframer, &std::mem::take(&mut wire.got));
                while let Some(frame) = deframer.next_frame() {
                    let (header, payload) = frame.unwrap();
                    got.push(Message::decode(header, payload.to_vec()).unwrap().payload);
                }
            }
            prop_assert_eq!(got, payloads);
        }

        #[test]
        fn foreign_bytes_end_the_stream_once(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut deframer = Deframer::default();
            feed(&mut deframer, &bytes);
            let mut faults = 0;
            while let Some(frame) = deframer.next_frame() {
                faults += usize::from(frame.is_err());
            }
            prop_assert!(faults <= 1);
            prop_assert!(bytes.len() < HEADER_BYTES || bytes[..4] == MAGIC || faults == 1);
        }
    }

    #[test]
    fn a_full_queue_takes_no_more_and_what_waits_stays_whole() {
        let m = Message::seal(super::super::Header::new(Kind::Snippet, Agent::Air), vec![7; 100]);
        let header = m.header.encode();
        let mut queue = SendQueue::new(2 * (HEADER_BYTES + 100));
        let mut wire = Narrow { got: Vec::new(), room: 50 };
        let sent: Vec<bool> = (0..4).map(|_| queue.push(&mut wire, &header, &m.payload).unwrap()).collect();
        // 146 bytes of the first wait, the second fits beside them, the third and fourth do not
        assert_eq!(sent, [true, true, false, false]);
        wire.room = usize::MAX;
        queue.flush(&mut wire).unwrap();
        assert_eq!(wire.got.len(), 2 * (HEADER_BYTES + 100));
        assert_eq!(wire.got[..HEADER_BYTES], wire.got[HEADER_BYTES + 100..2 * HEADER_BYTES + 100]);
    }

    #[test]
    fn a_reader_that_never_catches_up_does_not_make_the_queue_grow() {
        let m = Message::seal(super::super::Header::new(Kind::Snippet, Agent::Air), vec![7; 1000]);
        let header = m.header.encode();
        let mut queue = SendQueue::new(10_000);
        let mut wire = Narrow { got: Vec::new(), room: 500 };
        for _ in 0..1000 {
            queue.push(&mut wire, &header, &m.payload).unwrap();
            wire.room = 1000;
        }
        assert!(wire.got.len() > 500_000);
        assert!(queue.bytes.len() <= 20_000, "{}", queue.bytes.len());
    }

    #[test]
    fn a_payload_that_is_too_long_ends_the_stream() {
        let mut header = super::super::Header::new(Kind::Snippet, Agent::Air);
        header.payload_bytes = u32::MAX;
        let mut deframer = Deframer::default();
        feed(&mut deframer, &header.encode());
        let (said, most) = (u32::MAX as usize, super::super::MAX_PAYLOAD_BYTES);
        assert_eq!(deframer.next_frame(), Some(Err(WireError::TooLong { said, most })));
        feed(&mut deframer, &Message::empty(Kind::Hello, Agent::Ran).header.encode());
        assert_eq!(deframer.next_frame(), None);
    }
    #[test]
    fn a_server_takes_what_it_wants_of_each_kind_and_not_a_byte_more() {
        let limits = Limits { samples_bytes: 800, other_bytes: 100, per_process: 1 };
        let read = |kind, bytes: usize| {
            let m = Message::seal(super::super::Header::new(kind, Agent::Other), vec![1; bytes]);
            let mut deframer = Deframer::new(limits);
            // the header alone is enough for a refusal
            feed(&mut deframer, &m.header.encode());
            let refused = deframer.next_frame().map(|r| r.map(|_| ()));
            feed(&mut deframer, &m.payload);
            refused.unwrap_or_else(|| deframer.next_frame().unwrap().map(|_| ()))
        };
        assert_eq!((read(Kind::Snippet, 800), read(Kind::Command, 100)), (Ok(()), Ok(())));
        assert_eq!(read(Kind::Snippet, 801), Err(WireError::TooLong { said: 801, most: 800 }));
        for kind in Kind::ALL.iter().filter(|k| **k != Kind::Snippet) {
            assert_eq!(read(*kind, 101), Err(WireError::TooLong { said: 101, most: 100 }), "{kind:?}");
        }
    }
}

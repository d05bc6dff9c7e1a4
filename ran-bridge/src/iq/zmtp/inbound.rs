//! What is being read from a connection: which item, where it began, how much of it is left.

use super::frame::{COMMAND, MORE, ProtocolFault, head};

/// Bytes that are enough to see the head of any item: the delimiter and a long head.
pub const PEEK: usize = 11;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// The first part of a message: samples, or a request.
    Body,
    /// What is passed over: commands, further parts of a message, bodies that are no samples.
    Skip,
}

/// One item of the stream: its head, then its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Bytes of the stream before it, counted from the end of the handshake.
    pub start: u64,
    /// Bytes of its head.
    pub head: u32,
    /// Bytes of its body.
    pub len: u64,
    /// What it is.
    pub kind: ItemKind,
    /// Whether a message ends with it.
    pub last: bool,
}

impl Item {
    /// Bytes of the stream up to its end.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.start + self.head as u64 + self.len
    }
}

/// Position in the stream of a connection.
///
/// An item is opened ([`Inbound::open`]) from bytes that were looked at and not yet taken out of the socket, so that it can be written down
/// before: with the count of bytes taken, which the kernel keeps, whoever takes the connection over knows where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inbound {
    /// Bytes taken since the end of the handshake.
    pub read: u64,
    /// The item that is being read.
    pub item: Option<Item>,
    /// Messages before this item.
    pub messages: u64,
    /// Sample bytes before this item.
    pub sample_bytes: u64,
    /// The next frame is a further part of the message.
    pub parts: bool,
}

impl Inbound {
    /// Looks at the bytes that come next and opens the item they begin; `None` where more bytes are needed.
    ///
    /// # Errors
    /// [`ProtocolFault::Frame`]: the connection is to be closed.
    pub fn open(&mut self, peeked: &[u8]) -> Result<Option<Item>, ProtocolFault> {
        let Some(first) = head(peeked)? else { return Ok(None) };
        let mut item =
            Item { start: self.read, head: first.bytes as u32, len: first.len, kind: ItemKind::Skip, last: false };
        if first.flags & COMMAND != 0 {
            // between frames, belongs to no message
        } else if self.parts {
            item.last = first.flags & MORE == 0;
        } else {
            if first.flags & MORE == 0 || first.len != 0 {
                return Err(ProtocolFault::Frame("a message without the empty delimiter of REQ and REP"));
            }
            let Some(body) = head(&peeked[first.bytes..])? else { return Ok(None) };
            if body.flags & COMMAND != 0 {
                return Err(ProtocolFault::Frame("a command inside a message"));
            }
            item.head += body.bytes as u32;
            item.len = body.len;
            item.kind = ItemKind::Body;
            item.last = body.flags & MORE == 0;
        }
        self.item = Some(item);
        Ok(Some(item))
    }

    /// Bytes of the head that are still to be taken.
    #[must_use]
    pub fn head_left(&self) -> usize {
        self.item.map_or(0, |i| u64::from(i.head).saturating_sub(self.read - i.start) as usize)
    }

    /// Bytes of the body that are still to be taken.
    #[must_use]
    pub fn body_left(&self) -> u64 {
        self.item.map_or(0, |i| i.end() - self.read.max(i.start + u64::from(i.head)))
    }

    /// `n` bytes were taken, at most to the end of the item. Whether a message ended.
    pub fn took(&mut self, n: u64) -> bool {
        self.read += n;
        let Some(item) = self.item.filter(|i| self.read >= i.end()) else { return false };
        self.item = None;
        if item.kind == ItemKind::Body {
            self.sample_bytes += item.len;
        }
        if item.kind == ItemKind::Body || self.parts {
            self.parts = !item.last;
        }
        self.messages += u64::from(item.last);
        item.last
    }

    /// Sample bytes taken in all, of what is not passed over.
    #[must_use]
    pub fn sample_bytes_taken(&self) -> u64 {
        match self.item {
            Some(item) if item.kind == ItemKind::Body => self.sample_bytes + item.len - self.body_left(),
            _ => self.sample_bytes,
        }
    }

    /// The body of the item that was opened cannot be samples: it is passed over.
    pub fn pass_over(&mut self) {
        if let Some(item) = &mut self.item {
            item.kind = ItemKind::Skip;
            self.parts = !item.last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::REQUEST;
    use super::*;
    use proptest::prelude::*;

    /// A message of parts as libzmq puts it on the stream, with the delimiter of REQ and REP.
    pub(super) fn message(parts: &[&[u8]], long: bool) -> Vec<u8> {
        let mut out = vec![MORE, 0];
        for (i, part) in parts.iter().enumerate() {
            let more = u8::from(i + 1 < parts.len());
            if long || part.len() > 255 {
                out.push(more | 2);
                out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            } else {
                out.extend_from_slice(&[more, part.len() as u8]);
            }
            out.extend_from_slice(part);
        }
        out
    }

    /// Reads a stream that arrives in pieces of these lengths; gives the bodies' bytes and the messages.
    fn read(stream: &[u8], pieces: &[usize]) -> Result<(Vec<u8>, u64), ProtocolFault> {
        let mut inn = Inbound::default();
        let (mut have, mut bodies) = (0, Vec::new());
        let mut pieces = pieces.iter().copied().chain(std::iter::repeat(usize::MAX));
        while have < stream.len() {
            have = have.saturating_add(pieces.next().unwrap().max(1)).min(stream.len());
            loop {
                let at = inn.read as usize;
                if inn.item.is_none() && inn.open(&stream[at..have.min(at + PEEK)])?.is_none() {
                    break;
                }
                let head = inn.head_left();
                let n = ((head as u64 + inn.body_left()) as usize).min(have - at);
                let is_body = inn.item.unwrap().kind == ItemKind::Body;
                if is_body && n > head {
                    bodies.extend_from_slice(&stream[at + head..at + n]);
                }
                let was = inn;
                inn.took(n as u64);
                if inn == was {
                    break;
                }
            }
        }
        assert_eq!(inn.sample_bytes_taken(), bodies.len() as u64);
        Ok((bodies, inn.messages))
    }

    #[test]
    fn a_request_and_a_reply() {
        assert_eq!(read(&REQUEST, &[]), Ok((vec![0xff], 1)));
        let reply = message(&[&[7; 300]], false);
        assert_eq!(read(&reply, &[1, 1, 1, 1, 50]), Ok((vec![7; 300], 1)));
        assert_eq!(read(&message(&[], false), &[]), Ok((vec![], 0)));
    }

    #[test]
    fn further_parts_and_commands_are_passed_over() {
        let mut stream = message(&[b"first", b"second", &[1; 400]], false);
        stream.extend_from_slice(&[COMMAND, 5, 4, b'P', b'I', b'N', b'G']);
        stream.extend_from_slice(&message(&[b"next"], true));
        for piece in 1..20 {
            assert_eq!(read(&stream, &vec![piece; 600]), Ok((b"firstnext".to_vec(), 2)), "{piece}");
        }
    }

    #[test]
    fn what_is_no_message_of_a_req_or_rep_is_refused() {
        assert!(read(&[0, 1, 9], &[]).is_err());
        assert!(read(&[1, 3, 1, 1, 1], &[]).is_err());
        assert!(read(&[1, 0, COMMAND, 0], &[]).is_err());
    }

    #[test]
    fn a_body_that_is_passed_over_counts_as_a_message_without_samples() {
        let mut inn = Inbound::default();
        inn.open(&message(&[b"abc"], false)).unwrap().unwrap();
        inn.pass_over();
        assert!(inn.took(7));
        assert_eq!((inn.messages, inn.sample_bytes_taken(), inn.parts), (1, 0, false));
    }

    proptest! {
        #[test]
        fn the_cut_does_not_matter(
            messages in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..600), any::<bool>()), 0..6),
            pieces in proptest::collection::vec(1_usize..80, 0..200),
        ) {
            let mut stream = Vec::new();
            let mut want = Vec::new();
            for (body, long) in &messages {
                stream.extend_from_slice(&message(&[body], *long));
                want.extend_from_slice(body);
            }
            prop_assert_eq!(read(&stream, &pieces), Ok((want, messages.len() as u64)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), pieces in proptest::collection::vec(1_usize..9, 0..40)) {
            read(&bytes, &pieces).ok();
        }
    }
}

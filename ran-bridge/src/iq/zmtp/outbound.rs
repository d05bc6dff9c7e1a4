//! What is being written to a connection: a reply, and how much of it is left.

use super::frame::{LONG, MORE};

/// Bytes before the samples of a reply: delimiter and a long head.
pub const REPLY_HEAD: usize = 11;

/// Position in the stream of a connection, of what this end sends.
///
/// A reply is begun ([`Outbound::begin`]) before its first byte is written, so that it can be written down before: with the count of bytes
/// written, which the kernel keeps, whoever takes the connection over can bring it to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outbound {
    /// Bytes written since the end of the handshake.
    pub written: u64,
    /// Bytes before the reply that was begun last.
    pub start: u64,
    /// Bytes of its samples.
    pub len: u64,
    /// Replies begun.
    pub replies: u64,
    /// Sample bytes of the replies before it.
    pub sample_bytes: u64,
}

impl Outbound {
    /// Begins a reply of `len` bytes. Only when the one before is written ([`Outbound::left`] = 0).
    pub const fn begin(&mut self, len: u64) {
        self.sample_bytes += self.len;
        self.start = self.written;
        self.len = len;
        self.replies += 1;
    }

    /// The head of the reply. One length for all: an eight-byte length is right for any.
    #[must_use]
    pub fn head(&self) -> [u8; REPLY_HEAD] {
        let mut head = [MORE, 0, LONG, 0, 0, 0, 0, 0, 0, 0, 0];
        head[3..].copy_from_slice(&self.len.to_be_bytes());
        head
    }

    /// Bytes of head and body that are not written yet.
    #[must_use]
    pub const fn left(&self) -> u64 {
        if self.replies == 0 { 0 } else { (self.start + REPLY_HEAD as u64 + self.len).saturating_sub(self.written) }
    }

    /// Bytes of the head that are not written yet.
    #[must_use]
    pub const fn head_left(&self) -> usize {
        (self.left().saturating_sub(self.len)) as usize
    }

    /// `n` bytes were written.
    pub const fn wrote(&mut self, n: u64) {
        self.written += n;
    }

    /// Sample bytes written in all.
    #[must_use]
    pub const fn sample_bytes_written(&self) -> u64 {
        let left = self.left();
        self.sample_bytes + self.len - if left > self.len { self.len } else { left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_byte_by_byte() {
        let mut out = Outbound::default();
        assert_eq!((out.left(), out.head_left(), out.sample_bytes_written()), (0, 0, 0));
        out.begin(16);
        assert_eq!(out.head(), [1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 16]);
        for written in 0..27_u64 {
            assert_eq!(out.left(), 27 - written);
            assert_eq!(out.head_left() as u64, 11_u64.saturating_sub(written));
            assert_eq!(out.sample_bytes_written(), written.saturating_sub(11));
            out.wrote(1);
        }
        assert_eq!(out.left(), 0);
        out.begin(8);
        assert_eq!((out.left(), out.sample_bytes_written(), out.replies, out.start), (19, 16, 2, 27));
    }
}

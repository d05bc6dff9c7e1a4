//! What a server takes at most of those who connect: looked at before anything is kept.

use super::header::{HEADER_BYTES, MAX_PAYLOAD_BYTES, WireError};
use super::kind::Kind;

/// Bounds on what one connection may send, and on how many connections one process may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest payload of samples ([`Kind::Snippet`]), bytes.
    pub samples_bytes: usize,
    /// Longest payload of any other message, bytes.
    pub other_bytes: usize,
    /// Connections of one process at once.
    pub per_process: usize,
}

impl Limits {
    /// What the wire itself allows: for who reads from a server that it trusts.
    pub const WIDEST: Self =
        Self { samples_bytes: MAX_PAYLOAD_BYTES, other_bytes: MAX_PAYLOAD_BYTES, per_process: usize::MAX };

    /// How long the payload behind this header is.
    ///
    /// # Errors
    /// [`WireError::TooLong`] where it is longer than it may be.
    pub(super) fn payload_bytes(&self, head: &[u8; HEADER_BYTES]) -> Result<usize, WireError> {
        let kind = u16::from_le_bytes([head[6], head[7]]);
        let said = u32::from_le_bytes([head[72], head[73], head[74], head[75]]) as usize;
        let own = if kind == Kind::Snippet.code() { self.samples_bytes } else { self.other_bytes };
        let most = own.min(MAX_PAYLOAD_BYTES);
        if said > most { Err(WireError::TooLong { said, most }) } else { Ok(said) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::WIDEST
    }
}

//! Frames: one byte of flags, a length of one or eight bytes, a body.

//= ZMTP 3.0 (ZeroMQ RFC 23), grammar of `message` and `command`: bit 0 more frames follow, bit 1 long, bit 2 a command
/// More frames of the message follow.
pub const MORE: u8 = 1;
/// The length has eight bytes.
pub const LONG: u8 = 2;
/// The frame is a command.
pub const COMMAND: u8 = 4;

/// A request as it stands in the stream: empty delimiter, then one byte whose value says nothing.
pub const REQUEST: [u8; 5] = [MORE, 0, 0, 1, 0xff];

/// The peer does not speak the protocol as this end must understand it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolFault {
    /// No ZMTP greeting.
    #[error("the peer does not speak ZeroMQ: is this the address of a ZMQ radio?")]
    Signature,
    /// Too old.
    #[error("the peer speaks ZMTP {0}, at least 3 is needed: it needs libzmq 4.0 or newer")]
    Version(u8),
    /// Not NULL.
    #[error("the peer wants security mechanism {0:?}; the ZMQ radio uses NULL")]
    Mechanism([u8; 6]),
    /// PUB, DEALER or another type where REQ or REP is needed.
    #[error("the peer's socket type does not fit: set it to REQ at rx_port and REP at tx_port (no tx_type=pub)")]
    SocketType,
    /// A frame that cannot be at its place.
    #[error("the peer sent {0}")]
    Frame(&'static str),
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Flags.
    pub flags: u8,
    /// Bytes of the head itself: 2 or 9.
    pub bytes: usize,
    /// Bytes of the body.
    pub len: u64,
}

/// Reads a head; `None` where bytes are missing.
///
/// # Errors
/// [`ProtocolFault::Frame`] for unknown flags or a length of 2^63 and more.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, ProtocolFault> {
    let Some(&flags) = bytes.first() else { return Ok(None) };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(ProtocolFault::Frame("a frame with unknown flags"));
    }
    if flags & LONG == 0 {
        return Ok(bytes.get(1).map(|len| Head { flags, bytes: 2, len: u64::from(*len) }));
    }
    let Some(Ok(len)) = bytes.get(1..9).map(<[u8; 8]>::try_from) else { return Ok(None) };
    let len = u64::from_be_bytes(len);
    if len > i64::MAX as u64 {
        return Err(ProtocolFault::Frame("a frame of an impossible length"));
    }
    Ok(Some(Head { flags, bytes: 9, len }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heads_by_hand() {
        assert_eq!(head(&[1, 0]), Ok(Some(Head { flags: MORE, bytes: 2, len: 0 })));
        let long = [2, 0, 0, 0, 0, 0, 2, 0xd0, 0];
        assert_eq!(head(&long), Ok(Some(Head { flags: LONG, bytes: 9, len: 184_320 })));
        assert_eq!(head(&long[..8]), Ok(None));
        assert_eq!(head(&[]), Ok(None));
        assert!(head(&[8, 0]).is_err());
        assert!(head(&[2, 0x80, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(Some(h)) = head(&bytes) {
                prop_assert!(h.bytes <= bytes.len());
            }
        }
    }
}

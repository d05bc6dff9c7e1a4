//! Samples beside the guard's socket: of a chain to it, and of its receiver to whoever listens.
//!
//! A second socket, so that they wait for nobody's questions and nobody waits for them. Who connects says first which of the two it wants
//! ([`Hello`], JSON in a [`Kind::Command`]); from then on each message is a [`Kind::Snippet`] of shape channels × samples whose `round` is the index of its
//! first sample and whose `aux` is its time by the radio's clock, ns, and the samples lost just before it.

use crate::wire::{Agent, Dtype, Header, Kind, Message, WireError};
use governor::Token;
use num_complex::Complex32;
use ran_bridge::iq::BYTES_PER_SAMPLE;
use serde::{Deserialize, Serialize};

/// What somebody who connects wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "lane", deny_unknown_fields)]
pub enum Hello {
    /// Hands over the samples of the chain on air.
    Send {
        /// Its number.
        id: u64,
        /// From arming.
        token: Token,
    },
    /// Gets what is received: no token is needed for that.
    Receive,
}

/// A stretch of samples of several channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Index of the first sample; what follows without a gap has the next.
    pub first: u64,
    /// The radio's time at it, ns.
    pub time_ns: i64,
    /// Samples lost just before it.
    pub lost: u64,
    /// Channels.
    pub channels: usize,
    /// Channel by channel, all of one length.
    pub samples: Vec<Complex32>,
}

/// The address of the second socket.
#[must_use]
pub fn lane_address(control: &str) -> String {
    format!("{control}.iq")
}

impl Piece {
    /// Samples of each channel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len() / self.channels.max(1)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One slice a channel.
    pub fn each(&self) -> impl Iterator<Item = &[Complex32]> {
        self.samples.chunks_exact(self.len().max(1)).take(self.channels)
    }

    /// As a message.
    ///
    /// # Errors
    /// [`WireError::Shape`] where the samples are not as many for each channel.
    pub fn message(&self) -> Result<Message, WireError> {
        let mut message = Message::cf32(Kind::Snippet, Agent::Other, &[self.channels, self.len()], &self.samples)?;
        message.header.round = self.first;
        message.header.aux = [self.time_ns.cast_unsigned(), self.lost];
        Ok(message)
    }

    /// From a message.
    ///
    /// # Errors
    /// [`WireError`] where it is none of this kind.
    pub fn read(header: &[u8], payload: &[u8]) -> Result<Self, WireError> {
        let Message { header, payload } = Message::decode(header, payload.to_vec())?;
        let Header { kind, dtype, round, aux, .. } = header;
        if (kind, dtype) != (Kind::Snippet, Dtype::Cf32) {
            return Err(WireError::Kind(kind.code()));
        }
        let &[channels, _] = header.dims() else { return Err(WireError::Rank(header.rank)) };
        let mut samples = vec![Complex32::ZERO; payload.len() / BYTES_PER_SAMPLE];
        // the shape says that these are whole samples
        bytemuck::cast_slice_mut::<_, u8>(&mut samples).copy_from_slice(&payload);
        Ok(Self { first: round, time_ns: aux[0].cast_signed(), lost: aux[1], channels: channels as usize, samples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_comes_as_it_went() {
        let samples: Vec<_> = (0..6_u8).map(|i| Complex32::new(i.into(), -1.0)).collect();
        let piece = Piece { first: 1 << 40, time_ns: -5, lost: 3, channels: 2, samples };
        let message = piece.message().unwrap();
        assert_eq!(Piece::read(&message.header.encode(), &message.payload), Ok(piece.clone()));
        assert_eq!(piece.each().map(|c| c[0].re as u8).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(piece.len(), 3);
        let other = Message::json(Kind::Command, Agent::Other, &Hello::Receive).unwrap();
        assert!(Piece::read(&other.header.encode(), &other.payload).is_err());
        let flat = Message::cf32(Kind::Snippet, Agent::Other, &[6], &piece.samples).unwrap();
        assert_eq!(Piece::read(&flat.header.encode(), &flat.payload), Err(WireError::Rank(1)));
        // channels of different lengths are no piece
        let torn = Piece { samples: piece.samples[..5].to_vec(), ..piece };
        assert!(torn.message().is_err());
    }
}

//! A connection to the guard's socket for samples.

use crate::tx::{Hello, Piece, TxError, lane_address};
use crate::wire::local::{LocalStream, path_of};
use crate::wire::{Agent, Kind, Message};
use std::io::{Error, ErrorKind};
use std::os::fd::BorrowedFd;

/// One direction of samples.
#[derive(Debug)]
pub(super) struct Line {
    address: String,
    stream: LocalStream,
}

impl Line {
    /// Connects and says what for; `control`: the guard's socket.
    pub(super) fn open(control: &str, hello: &Hello) -> Result<Self, TxError> {
        let address = lane_address(control);
        let fail = |source| TxError::Away { address: address.clone(), source };
        let path =
            path_of(&address).ok_or_else(|| fail(Error::new(ErrorKind::InvalidInput, "write ipc:// and a path")))?;
        let mut stream = LocalStream::connect(path).map_err(fail)?;
        let message = Message::json(Kind::Command, Agent::Other, hello)?;
        stream.send(&message.header.encode(), &message.payload).map_err(fail)?;
        Ok(Self { address, stream })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.fd()
    }

    /// Hands over a piece; false where the guard does not read.
    pub(super) fn send(&mut self, piece: &Piece) -> Result<bool, TxError> {
        let message = piece.message()?;
        self.stream.send(&message.header.encode(), &message.payload).map_err(|_| self.silent())
    }

    /// What has come.
    pub(super) fn take(&mut self, each: &mut dyn FnMut(&Piece)) -> Result<(), TxError> {
        loop {
            let ended = self.stream.turn();
            let mut any = false;
            while let Some(frame) = self.stream.next_frame() {
                let (header, payload) = frame?;
                each(&Piece::read(header, payload)?);
                any = true;
            }
            ended.map_err(|_| self.silent())?;
            if !any {
                return Ok(());
            }
        }
    }

    fn silent(&self) -> TxError {
        TxError::Silent(self.address.clone())
    }
}

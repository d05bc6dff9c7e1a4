//! The channel between the process that holds the connections and the one that works on samples: short messages, sockets along with them.

use super::wire::Connection;
use super::zmtp::{Inbound, Item, ItemKind, Outbound};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, IoSlice, IoSliceMut};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};
use std::fs::Permissions;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Version of these messages; both ends are of one release.
const VERSION: u64 = 1;
/// Words of a message.
const WORDS: usize = 16;

/// A message.
#[derive(Debug)]
pub enum Word {
    /// The worker is ready to take over; `wires` names the wires it is configured for.
    Hello {
        /// Checksum of roles and addresses.
        wires: u32,
    },
    /// The ledger.
    Ledger(OwnedFd),
    /// A connection of a wire.
    Plug(usize, Connection),
    /// All connections there are have been given.
    Go,
    /// The connection of a wire is of no use any more.
    Lost {
        /// Which wire.
        wire: usize,
        /// Which of its connections.
        generation: u32,
    },
    /// The worker ends because it is done.
    Done,
}

/// One end of the channel.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// Where workers knock.
#[derive(Debug)]
pub struct Door {
    listener: OwnedFd,
    path: PathBuf,
}

fn socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

impl Door {
    /// Binds at a path; only this user may knock.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::remove_file(path).ok();
        let listener = socket()?;
        rustix::net::bind(&listener, &SocketAddrUnix::new(path)?)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        rustix::net::listen(&listener, 4)?;
        Ok(Self { listener, path: path.to_path_buf() })
    }

    /// A worker that knocks.
    #[must_use]
    pub fn accept(&self) -> Option<Channel> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        rustix::net::accept_with(&self.listener, flags).ok().map(Channel)
    }

    /// What to poll.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).ok();
    }
}

impl Channel {
    /// Knocks.
    ///
    /// # Errors
    /// The system's.
    pub fn knock(path: &Path) -> io::Result<Self> {
        let socket = socket()?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
        Ok(Self(socket))
    }

    /// What to poll.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The system's; `BrokenPipe` where the other end is gone.
    pub fn send(&self, word: &Word) -> io::Result<()> {
        let mut words = [0_u64; WORDS];
        words[0] = VERSION;
        let mut fd = None;
        match word {
            Word::Hello { wires } => words[1..3].copy_from_slice(&[1, u64::from(*wires)]),
            Word::Ledger(file) => {
                words[1] = 2;
                fd = Some(file.as_fd());
            }
            Word::Plug(wire, c) => {
                words[1] = 3;
                words[2..].copy_from_slice(&packed(*wire, c));
                fd = Some(c.fd.as_fd());
            }
            Word::Go => words[1] = 4,
            Word::Lost { wire, generation } => {
                words[1..4].copy_from_slice(&[5, *wire as u64, u64::from(*generation)]);
            }
            Word::Done => words[1] = 6,
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let fds = fd.map(|fd| [fd]);
        if let Some(fds) = &fds {
            control.push(SendAncillaryMessage::ScmRights(fds));
        }
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        rustix::net::sendmsg(&self.0, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message; `None` where there is none now.
    ///
    /// # Errors
    /// `UnexpectedEof` where the other end is gone, `InvalidData` for a message of another release.
    pub fn recv(&self) -> io::Result<Option<Word>> {
        let mut words = [0_u64; WORDS];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let n = match rustix::net::recvmsg(&self.0, &mut [IoSliceMut::new(bytes)], &mut control, flags) {
            Ok(got) => got.bytes,
            Err(Errno::AGAIN) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let fd = control.drain().find_map(|m| match m {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let word = match (words[0] == VERSION && n == size_of_val(&words), words[1], fd) {
            (true, 1, _) => Some(Word::Hello { wires: words[2] as u32 }),
            (true, 2, Some(fd)) => Some(Word::Ledger(fd)),
            (true, 3, Some(fd)) => Some(unpacked(&words[2..], fd)),
            (true, 4, _) => Some(Word::Go),
            (true, 5, _) => Some(Word::Lost { wire: words[2] as usize, generation: words[3] as u32 }),
            (true, 6, _) => Some(Word::Done),
            _ => None,
        };
        word.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the other end is of another release"))
    }
}

fn packed(wire: usize, c: &Connection) -> [u64; WORDS - 2] {
    let (i, o) = (&c.inn, &c.out);
    let item = i.item.unwrap_or(Item { start: 0, head: 0, len: 0, kind: ItemKind::Skip, last: false });
    let flags = u64::from(i.item.is_some())
        | u64::from(item.kind == ItemKind::Body) << 1
        | u64::from(item.last) << 2
        | u64::from(i.parts) << 3;
    [
        wire as u64 | u64::from(c.generation) << 32,
        flags,
        i.read,
        item.start,
        u64::from(item.head),
        item.len,
        i.messages,
        i.sample_bytes,
        o.written,
        o.start,
        o.len,
        o.replies,
        o.sample_bytes,
        0,
    ]
}

fn unpacked(w: &[u64], fd: OwnedFd) -> Word {
    let kind = if w[1] & 2 != 0 { ItemKind::Body } else { ItemKind::Skip };
    let item = Item { start: w[3], head: w[4] as u32, len: w[5], kind, last: w[1] & 4 != 0 };
    let inn = Inbound {
        read: w[2],
        item: (w[1] & 1 != 0).then_some(item),
        messages: w[6],
        sample_bytes: w[7],
        parts: w[1] & 8 != 0,
    };
    let out = Outbound { written: w[8], start: w[9], len: w[10], replies: w[11], sample_bytes: w[12] };
    Word::Plug(w[0] as u32 as usize, Connection { fd, generation: (w[0] >> 32) as u32, inn, out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_and_its_standing_arrive() {
        let dir = tempfile::tempdir().unwrap();
        let door = Door::open(&dir.path().join("door")).unwrap();
        let worker = Channel::knock(&dir.path().join("door")).unwrap();
        let holder = door.accept().unwrap();
        assert!(holder.recv().unwrap().is_none());
        worker.send(&Word::Hello { wires: 0xdead_beef }).unwrap();
        assert!(matches!(holder.recv(), Ok(Some(Word::Hello { wires: 0xdead_beef }))));
        let (mut mine, theirs) = UnixStream::pair().unwrap();
        let item = Item { start: 9, head: 4, len: 1 << 40, kind: ItemKind::Body, last: true };
        let inn = Inbound { read: 11, item: Some(item), messages: 3, sample_bytes: 24, parts: true };
        let out = Outbound { written: 5, start: 6, len: 7, replies: 8, sample_bytes: 9 };
        holder.send(&Word::Plug(17, Connection { fd: theirs.into(), generation: 2, inn, out })).unwrap();
        let Ok(Some(Word::Plug(17, c))) = worker.recv() else { panic!() };
        assert_eq!((c.generation, c.inn, c.out), (2, inn, out));
        mine.write_all(b"x").unwrap();
        let mut got = [0];
        UnixStream::from(c.fd).read_exact(&mut got).unwrap();
        assert_eq!(&got, b"x");
        drop(holder);
        assert_eq!(worker.recv().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}

//! The sockets of this process: listeners, dialling, handshakes.

use super::meeting::Meeting;
use super::{Address, Connections};
use crate::iq::wire::{Connection, WireEnd};
use crate::iq::zmtp::{Inbound, Outbound, Role};
use rustix::event::PollFlags;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::{AddressFamily, SocketFlags, accept_with};
use std::io;

/// Time between attempts to reach a peer.
const RECONNECT_NS: u64 = 20_000_000;
/// Handshakes under way, and peers that wait for the one before to go, at one listener.
const MAX_MEETINGS: usize = 4;
/// Without a word from the poll, it is looked after this often.
const LOOK_NS: u64 = 10_000_000;

/// A wire as its connections are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// REQ dials, REP binds.
    pub role: Role,
    /// Where.
    pub address: Address,
}

#[derive(Debug)]
struct Post {
    end: End,
    listener: Option<OwnedFd>,
    meetings: Vec<Meeting>,
    generation: u32,
    is_used: bool,
    next_dial_ns: u64,
    /// What was said of the last failed handshake, so that it is said once.
    told: Option<WireEnd>,
}

/// Listeners, attempts to connect and handshakes of all wires.
#[derive(Debug)]
pub struct Connector {
    posts: Vec<Post>,
    next_look_ns: u64,
}

impl Connector {
    /// Binds every address that is to be bound.
    ///
    /// # Errors
    /// Which wire, and what the system says.
    pub fn open(ends: Vec<End>) -> Result<Self, (usize, io::Error)> {
        let mut posts = Vec::with_capacity(ends.len());
        for (i, end) in ends.into_iter().enumerate() {
            let listener = match end.role {
                Role::Rep => Some(end.address.listen().map_err(|e| (i, e))?),
                Role::Req => None,
            };
            let meetings = Vec::with_capacity(MAX_MEETINGS);
            posts.push(Post { end, listener, meetings, generation: 0, is_used: false, next_dial_ns: 0, told: None });
        }
        Ok(Self { posts, next_look_ns: 0 })
    }

    /// As [`Connections::take`], but only one whose peer has asked already: who is connected and says nothing keeps nobody out.
    pub fn take_asking(&mut self, wire: usize) -> Option<Connection> {
        self.posts.get_mut(wire)?.take(Meeting::has_asked)
    }
}

impl Post {
    /// The first connection of this kind, unless one is in use.
    fn take(&mut self, is_wanted: fn(&Meeting) -> bool) -> Option<Connection> {
        if self.is_used {
            return None;
        }
        let wanted = self.meetings.iter().position(is_wanted)?;
        self.is_used = true;
        self.generation = self.generation.wrapping_add(1);
        self.told = None;
        let fd = self.meetings.remove(wanted).into_fd();
        Some(Connection { fd, generation: self.generation, inn: Inbound::default(), out: Outbound::default() })
    }

    fn turn(&mut self, now_ns: u64) {
        while let Some(listener) = &self.listener
            && self.meetings.len() < MAX_MEETINGS
            && let Ok(fd) = accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)
        {
            self.meetings.push(Meeting::new(fd, self.end.role, now_ns));
        }
        let dials = self.listener.is_none() && !self.is_used && self.meetings.is_empty();
        if dials && now_ns >= self.next_dial_ns {
            self.next_dial_ns = now_ns + RECONNECT_NS;
            if let Ok(fd) = self.end.address.dial()
                && !is_met_by_itself(&fd)
            {
                self.meetings.push(Meeting::new(fd, self.end.role, now_ns));
            }
        }
        let Self { meetings, told, end, .. } = self;
        meetings.retain_mut(|m| match m.turn(now_ns) {
            Ok(()) => true,
            Err(why) => {
                if matches!(why, WireEnd::Protocol(_)) && *told != Some(why) {
                    tracing::warn!(address = ?end.address, %why, "a connection is refused");
                    *told = Some(why);
                }
                false
            }
        });
    }
}

/// A dialler can be given the very port it dials, where nobody listens, and is then connected to itself.
fn is_met_by_itself(fd: &OwnedFd) -> bool {
    let there = rustix::net::getpeername(fd).ok().flatten();
    there.is_some_and(|there| {
        rustix::net::getsockname(fd).is_ok_and(|here| here == there) && there.address_family() != AddressFamily::UNIX
    })
}

impl Connections for Connector {
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>, PollFlags)) {
        for post in &self.posts {
            if let Some(listener) = &post.listener
                && post.meetings.len() < MAX_MEETINGS
            {
                each(listener.as_fd(), PollFlags::IN);
            }
            for meeting in &post.meetings {
                let (fd, flags) = meeting.poll_fd();
                each(fd, flags);
            }
        }
    }

    fn wake(&mut self) {
        self.next_look_ns = 0;
    }

    fn turn(&mut self, now_ns: u64) {
        if now_ns < self.next_look_ns {
            return;
        }
        self.next_look_ns = now_ns + LOOK_NS;
        for post in &mut self.posts {
            post.turn(now_ns);
        }
    }

    fn take(&mut self, wire: usize) -> Option<Connection> {
        self.posts.get_mut(wire)?.take(Meeting::is_done)
    }

    fn lost(&mut self, wire: usize) {
        if let Some(post) = self.posts.get_mut(wire) {
            post.is_used = false;
            self.next_look_ns = 0;
        }
    }
}

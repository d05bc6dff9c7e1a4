//! Sleeps until something can be moved, and notes which wires it is.

use super::config::AirError;
use super::engine::Engine;
use crate::iq::Wire;
use arrayvec::ArrayVec;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Longest sleep: bounds how late a stop, a clock event or a lost peer is seen.
const SLEEP_NS: i64 = 5_000_000;
/// With a pace, samples may be due sooner.
const PACED_SLEEP_NS: i64 = 1_000_000;
/// What is polled at most; what has no place here is looked at every few ms all the same.
const MAX_POLL: usize = 192;

impl Engine<'_> {
    /// Sleeps until a message can be taken or written on, at most a few ms.
    pub(super) fn wait(&mut self) -> Result<(), AirError> {
        let tv_nsec = if self.gnb.player.is_some() && self.wants_downlink() {
            0
        } else if self.config.pace.is_some() {
            PACED_SLEEP_NS
        } else {
            SLEEP_NS
        };
        let mut numbers = ArrayVec::<usize, MAX_POLL>::new();
        let mut items = ArrayVec::<PollFd<'_>, MAX_POLL>::new();
        for wire in self.wires() {
            let Some((fd, reads)) = wire.socket() else { continue };
            let mut flags = PollFlags::RDHUP;
            flags.set(PollFlags::IN, reads);
            flags.set(PollFlags::OUT, wire.unwritten() > 0);
            items.push(PollFd::from_borrowed_fd(fd, flags));
            numbers.push(wire.index());
        }
        let wires = numbers.len();
        self.connections.poll_fds(&mut |fd, flags| {
            items.try_push(PollFd::from_borrowed_fd(fd, flags)).ok();
        });
        let makes = items.len();
        self.port.poll_fds(&mut |fd| {
            items.try_push(PollFd::from_borrowed_fd(fd, PollFlags::IN)).ok();
        });
        match poll(&mut items, Some(&Timespec { tv_sec: 0, tv_nsec })) {
            Ok(0) | Err(Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(e) => return Err(AirError::Poll(e)),
        }
        let connects = items[wires..makes].iter().any(|i| !i.revents().is_empty());
        let (mut readable, mut writable, mut gone) = (0_u64, 0_u64, 0_u64);
        for (item, number) in items[..wires].iter().zip(&numbers) {
            let (got, bit) = (item.revents(), 1_u64 << number);
            let is_over = got.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::RDHUP | PollFlags::NVAL);
            if got.contains(PollFlags::IN) {
                readable |= bit;
            } else if is_over {
                gone |= bit;
            }
            if got.contains(PollFlags::OUT) {
                writable |= bit;
            }
        }
        drop(items);
        if connects {
            self.connections.wake();
        }
        for wire in self.wires_mut() {
            wire.readable |= readable >> wire.index() & 1 != 0;
            wire.writable |= writable >> wire.index() & 1 != 0;
        }
        self.end_wires(gone);
        Ok(())
    }

    /// Every wire of the lab.
    pub(super) fn wires(&self) -> impl Iterator<Item = &Wire> {
        let gnb = self.gnb.wires.iter().flat_map(|w| w.tx.iter().chain(&w.rx));
        gnb.chain(self.ues.iter().flat_map(|u| u.rx.iter().chain(&u.tx)))
    }

    /// As [`Engine::wires`].
    pub(super) fn wires_mut(&mut self) -> impl Iterator<Item = &mut Wire> {
        let gnb = self.gnb.wires.iter_mut().flat_map(|w| w.tx.iter_mut().chain(&mut w.rx));
        gnb.chain(self.ues.iter_mut().flat_map(|u| u.rx.iter_mut().chain(&mut u.tx)))
    }
}

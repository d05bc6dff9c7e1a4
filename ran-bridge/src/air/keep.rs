//! Both ends of a hold: who keeps the connections ([`Keeper`]), and who is given them to work with ([`Given`]).

use super::config::{AirConfig, AirError};
use super::stats::Counters;
use crate::iq::{Channel, Connection, Connections, Connector, Ledger, Word, moved};
use rustix::event::PollFlags;
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{MemfdFlags, memfd_create};
use std::io;
use std::sync::Arc;

/// A connection that is kept, whoever works with it.
#[derive(Debug)]
struct Kept {
    fd: OwnedFd,
    generation: u32,
    /// What the kernel had counted at the end of the handshake; `None` where it does not count.
    base: Option<crate::iq::Moved>,
    /// Somebody works with it now.
    is_given: bool,
}

/// Keeps every connection of the lab and knows where each stands.
#[derive(Debug)]
pub struct Keeper {
    connector: Connector,
    kept: Vec<Option<Kept>>,
    file: Arc<OwnedFd>,
    ledger: Ledger,
    wires: u32,
}

impl AirConfig {
    /// Checksum of roles and addresses of all wires: two processes with the same one mean the same wires.
    #[must_use]
    pub fn wires_checksum(&self) -> u32 {
        //= FNV-1a, 32 bit: offset basis 2166136261, prime 16777619
        let text = format!("{:?}", self.wires());
        text.bytes().fold(2_166_136_261, |h, b| (h ^ u32::from(b)).wrapping_mul(16_777_619))
    }
}

impl Keeper {
    /// Binds and dials every wire.
    ///
    /// # Errors
    /// [`AirError`].
    pub fn open(config: &AirConfig) -> Result<Self, AirError> {
        config.check()?;
        let memory = memfd_create("sidecar-air", MemfdFlags::CLOEXEC).map_err(AirError::Ledger)?;
        let file = Arc::new(memory);
        let kept = config.wires().iter().map(|_| None).collect();
        let ledger = Ledger::in_file(Arc::clone(&file));
        Ok(Self { connector: config.connect()?, kept, file, ledger, wires: config.wires_checksum() })
    }

    /// The records.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// Notes that the next process takes over from another: whoever goes on counting, counts on from there.
    pub fn note_restart(&self) {
        let mut counters = Counters::noted(&self.ledger);
        counters.worker_restarts += 1;
        self.ledger.note_life(self.ledger.beat_ns(), &counters.words());
    }

    /// Nobody works with any connection now: where each stands is what was noted and what the kernel counted.
    pub fn take_back(&mut self) {
        for wire in 0..self.kept.len() {
            let Some(kept) = &mut self.kept[wire] else { continue };
            if !kept.is_given {
                continue;
            }
            kept.is_given = false;
            if standing(&self.ledger, wire, kept).is_none() {
                tracing::warn!(wire, "the kernel does not say how far this connection is: it is closed");
                self.lost(wire);
            }
        }
    }

    /// Gives everything to a worker that said hello, and the word to go.
    ///
    /// # Errors
    /// `InvalidData` where it is configured for other wires, else what its channel says.
    pub fn give(&mut self, worker: &Channel, wires: u32) -> io::Result<()> {
        if wires != self.wires {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its wires are not these: was the configuration edited?",
            ));
        }
        self.take_back();
        worker.send(&Word::Ledger(self.file.try_clone()?))?;
        for wire in 0..self.kept.len() {
            if let Some(connection) = self.hand_out(wire) {
                worker.send(&Word::Plug(wire, connection))?;
            }
        }
        worker.send(&Word::Go)
    }

    /// Gives new connections to the worker.
    ///
    /// # Errors
    /// What its channel says.
    pub fn give_new(&mut self, worker: &Channel, now_ns: u64) -> io::Result<()> {
        self.connector.turn(now_ns);
        for wire in 0..self.kept.len() {
            if let Some(connection) = self.take(wire) {
                worker.send(&Word::Plug(wire, connection))?;
            }
        }
        Ok(())
    }

    /// The worker says that a connection is of no use any more.
    pub fn given_up(&mut self, wire: usize, generation: u32) {
        if self.kept.get(wire).and_then(Option::as_ref).is_some_and(|k| k.generation == generation) {
            self.lost(wire);
        }
    }

    fn hand_out(&mut self, wire: usize) -> Option<Connection> {
        let kept = self.kept.get_mut(wire)?.as_mut().filter(|k| !k.is_given)?;
        let connection = standing(&self.ledger, wire, kept)?;
        kept.is_given = true;
        Some(connection)
    }
}

/// A second handle of a kept connection with what is known of it.
fn standing(ledger: &Ledger, wire: usize, kept: &Kept) -> Option<Connection> {
    let fd = kept.fd.try_clone().ok()?;
    let (base, now) = (kept.base?, moved(&kept.fd).ok()?);
    let (inn, out) = ledger.standing(
        wire,
        kept.generation,
        now.read.checked_sub(base.read)?,
        now.written.checked_sub(base.written)?,
    );
    Some(Connection { fd, generation: kept.generation, inn, out })
}

impl Connections for Keeper {
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>, PollFlags)) {
        self.connector.poll_fds(each);
    }

    fn wake(&mut self) {
        self.connector.wake();
    }

    fn turn(&mut self, now_ns: u64) {
        self.connector.turn(now_ns);
    }

    fn take(&mut self, wire: usize) -> Option<Connection> {
        if self.kept.get(wire)?.is_some() {
            return self.hand_out(wire);
        }
        let new = self.connector.take(wire)?;
        let base = moved(&new.fd).ok();
        let fd = new.fd.try_clone().ok()?;
        self.kept[wire] = Some(Kept { fd, generation: new.generation, base, is_given: true });
        Some(new)
    }

    fn lost(&mut self, wire: usize) {
        if let Some(kept) = self.kept.get_mut(wire) {
            *kept = None;
        }
        self.connector.lost(wire);
    }
}

/// Connections that another process keeps.
#[derive(Debug)]
pub struct Given {
    channel: Channel,
    plugged: Vec<Option<Connection>>,
    generations: Vec<u32>,
    is_woken: bool,
    is_alone: bool,
}

impl Given {
    /// Says hello and waits until everything is given, at most a few seconds.
    ///
    /// # Errors
    /// What the channel says; `TimedOut`.
    pub fn receive(channel: Channel, config: &AirConfig) -> io::Result<(Self, Ledger)> {
        let n = config.wires().len();
        let mut given = Self {
            channel,
            plugged: (0..n).map(|_| None).collect(),
            generations: vec![0; n],
            is_woken: true,
            is_alone: false,
        };
        given.channel.send(&Word::Hello { wires: config.wires_checksum() })?;
        let mut ledger = None;
        loop {
            match given.channel.recv()? {
                Some(Word::Ledger(file)) => ledger = Some(Ledger::in_file(Arc::new(file))),
                Some(Word::Go) => {
                    let ledger = ledger.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
                    return Ok((given, ledger));
                }
                Some(word) => given.take_word(word),
                None => given.wait()?,
            }
        }
    }

    /// Says that the work is done: the keeper may end, too.
    pub fn done(&self) {
        self.channel.send(&Word::Done).ok();
    }

    fn wait(&self) -> io::Result<()> {
        let fd = self.channel.fd();
        let mut items = [rustix::event::PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        let patience = rustix::event::Timespec { tv_sec: 5, tv_nsec: 0 };
        match rustix::event::poll(&mut items, Some(&patience))? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }

    fn take_word(&mut self, word: Word) {
        if let Word::Plug(wire, connection) = word
            && let Some(place) = self.plugged.get_mut(wire)
        {
            self.generations[wire] = connection.generation;
            *place = Some(connection);
        }
    }
}

impl Connections for Given {
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>, PollFlags)) {
        each(self.channel.fd(), PollFlags::IN);
    }

    fn wake(&mut self) {
        self.is_woken = true;
    }

    fn turn(&mut self, _now_ns: u64) {
        while self.is_woken {
            match self.channel.recv() {
                Ok(Some(word)) => self.take_word(word),
                Ok(None) => self.is_woken = false,
                Err(error) => {
                    tracing::error!(%error, "the process that holds the connections is gone");
                    (self.is_woken, self.is_alone) = (false, true);
                }
            }
        }
    }

    fn take(&mut self, wire: usize) -> Option<Connection> {
        self.plugged.get_mut(wire)?.take()
    }

    fn lost(&mut self, wire: usize) {
        let generation = self.generations.get(wire).copied().unwrap_or(0);
        self.channel.send(&Word::Lost { wire, generation }).ok();
    }

    fn is_over(&self) -> bool {
        self.is_alone
    }
}

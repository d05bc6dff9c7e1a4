//! The data-plane thread: one loop over every wire.
//!
//! The loop never waits for one peer: it polls all sockets, moves what there is, and goes on. The sample path
//! allocates nothing of its own after the start: FIFOs, plan, snippets and mixing buffers are made before the first
//! message (windows when a command asks for them); libzmq allocates its messages, and a reply is copied into one.
//! Commands and events, a few hundred a second at most, are ordinary values.

use super::config::{AirConfig, AirError, Summary};
use super::gnb::Gnb;
use super::stats::AirStats;
use super::ue::Ue;
use super::windows::Windows;
use super::{Command, ControlPort, Event, PeerState, Status};
use crate::clock::mono_ns;
use crate::emulator::NoiseTable;
use crate::front_end::{FrontEnd, FrontEndError, Plan, ProtectedSlots};
use crate::iq::{Link, MAX_REPLY_SAMPLES};
use num_complex::Complex32;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most downlink samples that are processed in one go.
pub(super) const CHUNK: usize = 32_768;
/// Pieces a plan has room for.
const SEGMENTS: usize = 512;
/// Longest sleep in the poll: bounds how late a stop, a clock event or a lost connection is seen.
const POLL_MS: i64 = 5;
/// Radio time against wall time is told this often.
const CLOCK_NS: u64 = 10_000_000;
/// Radio time that a paced run may be behind before its pace counts anew, s.
const BEHIND_S: f64 = 0.1;
/// Commands taken at once.
const COMMANDS: usize = 32;
/// What is polled at most: gNB (5), receivers (2 × 16), control (its listener and 8 connections), and some to spare.
const MAX_POLL: usize = 48;

/// The true channel of a receiver at one moment: for a record, never for an estimator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth<'a> {
    /// Receiver.
    pub stream: u32,
    /// Downlink index.
    pub sample: u64,
    /// Taps × antennas, row-major.
    pub h: &'a [Complex32],
}

/// Everything the loop holds.
pub(super) struct Engine<'a> {
    pub(super) config: &'a AirConfig,
    pub(super) stats: &'a AirStats,
    pub(super) port: &'a mut dyn ControlPort,
    pub(super) truth: &'a mut dyn FnMut(&Truth<'_>),
    pub(super) gnb: Gnb,
    pub(super) ues: Vec<Ue>,
    pub(super) front_end: FrontEnd,
    /// Combines the antennas for the gNB's receive ports, on the uplink's index line.
    pub(super) combiner: FrontEnd,
    pub(super) plan: Plan,
    pub(super) windows: Windows,
    pub(super) message: zmq::Message,
    pub(super) mix: Vec<Complex32>,
    pub(super) truth_h: Vec<Complex32>,
    /// Downlink samples taken and processed.
    pub(super) dl: u64,
    /// Index of the next uplink sample for the gNB.
    pub(super) ul: u64,
    pub(super) started_ns: u64,
    pub(super) progress_ns: u64,
    pub(super) next_clock_ns: u64,
    pub(super) stage_ns: u64,
    pub(super) stage_samples: u64,
    pub(super) paced_from: u64,
    pub(super) paced_ns: u64,
}

/// Runs the data plane until `stop` is set, or a recording that is not repeated has been played.
///
/// `truth` gets the true channel of each receiver every [`crate::emulator::EmulatorConfig::truth_period_ms`] of radio time.
///
/// # Errors
/// [`AirError`] when it cannot start. Once it runs, bad messages and lost peers are counted and told, and it goes on.
pub fn run(
    config: &AirConfig,
    port: &mut dyn ControlPort,
    stop: &AtomicBool,
    truth: &mut dyn FnMut(&Truth<'_>),
    stats: &AirStats,
) -> Result<Summary, AirError> {
    config.check()?;
    let context = zmq::Context::new();
    let slots = ProtectedSlots { boundary: config.slot_boundary, slot_samples: config.slot_samples, spans: Vec::new() };
    let fault = |e: FrontEndError| AirError::Config(e.to_string());
    let stage =
        |slots| FrontEnd::new(config.antennas, config.ports(), &config.start_weights(), slots, config.ramp_samples);
    let combiner = stage(slots.clone()).map_err(fault)?;
    let front_end = stage(slots).and_then(|f| f.with_streams(config.rate_hz, config.emulator.seed)).map_err(fault)?;
    let noise = NoiseTable::new(config.emulator.seed);
    let ues = config
        .ues
        .iter()
        .enumerate()
        .map(|(i, end)| Ue::open(&context, config, end, i, &noise, CHUNK))
        .collect::<Result<Vec<_>, _>>()?;
    let now = mono_ns();
    let mut engine = Engine {
        gnb: Gnb::open(&context, config)?,
        plan: Plan::new(front_end.width(), SEGMENTS),
        truth_h: vec![Complex32::ZERO; ues.iter().map(|u| u.channel.truth_len()).max().unwrap_or(0)],
        config,
        stats,
        port,
        truth,
        ues,
        front_end,
        combiner,
        windows: Windows::default(),
        message: zmq::Message::new(),
        mix: vec![Complex32::ZERO; MAX_REPLY_SAMPLES],
        dl: 0,
        ul: 0,
        started_ns: now,
        progress_ns: now,
        next_clock_ns: now,
        stage_ns: 0,
        stage_samples: 0,
        paced_from: 0,
        paced_ns: now,
    };
    while !stop.load(Ordering::Relaxed) && !engine.played_out() {
        engine.wait()?;
        engine.turn();
    }
    engine.port.event(&Event::Status(engine.status()));
    Ok(Summary { dl_sample: engine.dl, ul_sample: engine.ul, counters: stats.counters(), stage: stats.stage.read() })
}

impl Engine<'_> {
    /// Sleeps until a message can be taken, at most a few ms.
    fn wait(&self) -> Result<(), AirError> {
        let wires = self.gnb.wires.iter().flat_map(|w| w.tx.iter().chain(std::iter::once(&w.rx)));
        let ues = self.ues.iter().flat_map(|u| u.rx.iter().chain(u.tx.iter()));
        let sockets = wires.chain(ues).filter(|l| l.listens()).map(Link::socket);
        let timeout = if self.gnb.player.is_some() && self.wants_downlink() {
            0
        } else if self.config.pace.is_some() {
            1
        } else {
            POLL_MS
        };
        let mut items: [Option<zmq::PollItem<'_>>; MAX_POLL] = [const { None }; MAX_POLL];
        let mut n = 0;
        for (item, socket) in items.iter_mut().zip(sockets) {
            *item = Some(socket.as_poll_item(zmq::POLLIN));
            n += 1;
        }
        self.port.poll_fds(&mut |fd| {
            // One that has no place here is looked at every few ms all the same.
            if let Some(item) = items.get_mut(n) {
                *item = Some(zmq::PollItem::from_fd(fd, zmq::POLLIN));
                n += 1;
            }
        });
        let mut items = items.map(|i| i.unwrap_or_else(|| zmq::PollItem::from_fd(-1, zmq::PollEvents::empty())));
        match zmq::poll(&mut items[..n], timeout) {
            Ok(_) | Err(zmq::Error::EINTR) => Ok(()),
            Err(e) => Err(AirError::Poll(e)),
        }
    }

    /// Moves everything that can be moved now.
    fn turn(&mut self) {
        self.watch_links();
        self.take_commands();
        self.take_downlink();
        // Commands are looked for between the steps that take long: what is armed a step earlier counts a slot earlier.
        self.take_commands();
        self.take_requests();
        self.take_uplink();
        self.take_commands();
        self.give_downlink();
        self.take_commands();
        self.give_uplink();
        self.ask();
        self.keep_time();
    }

    fn take_commands(&mut self) {
        // A flood of commands must not keep the samples waiting: the rest is taken at the next turn.
        for _ in 0..COMMANDS {
            let Some((seq, command)) = self.port.recv() else { return };
            self.obey(seq, command);
        }
    }

    /// Sends requests wherever samples are wanted and none is under way.
    fn ask(&mut self) {
        let downlink = self.wants_downlink();
        if let Some(wires) = &mut self.gnb.wires
            && downlink
        {
            for (link, fifo) in wires.tx.iter_mut().zip(&self.gnb.ports) {
                // A port that is ahead of the others waits for them.
                if !link.requested() && fifo.room() >= MAX_REPLY_SAMPLES && fifo.is_empty() {
                    warn_socket(link.request(), link.address());
                }
            }
        }
        for ue in &mut self.ues {
            if let Some(link) = &mut ue.tx
                && !link.requested()
                && ue.uplink.room() >= MAX_REPLY_SAMPLES
            {
                warn_socket(link.request(), link.address());
            }
        }
    }

    /// Whether more downlink may be taken: nobody is too far behind, everyone awaited is there, and it is not too early.
    pub(super) fn wants_downlink(&self) -> bool {
        let waits = mono_ns().saturating_sub(self.started_ns) < self.config.start_wait_ms * 1_000_000
            && self.ues.iter().any(|u| u.state == PeerState::Awaited);
        let behind = self
            .ues
            .iter()
            .filter(|u| u.rx.is_some() && u.is_present())
            .any(|u| u.out.room() < MAX_REPLY_SAMPLES || u.out.len() as u64 > self.config.uplink_lead_samples);
        !waits && !behind && !self.too_early()
    }

    fn too_early(&self) -> bool {
        self.config.pace.is_some_and(|pace| {
            let elapsed_s = mono_ns().saturating_sub(self.paced_ns) as f64 * 1e-9;
            (self.dl - self.paced_from.min(self.dl)) as f64 > elapsed_s * self.config.rate_hz * pace
        })
    }

    fn played_out(&self) -> bool {
        self.gnb.player.as_ref().is_some_and(super::gnb::Player::finished)
            && self.gnb.ready() == 0
            && self.ues.iter().all(|u| u.rx.is_none() || !u.is_present() || u.out.is_empty())
    }

    pub(super) fn status(&self) -> Status {
        let gnb = super::PeerStatus {
            name: "gnb".into(),
            state: self.gnb.state,
            given_samples: self.ul,
            taken_samples: self.dl,
        };
        Status {
            dl_sample: self.dl,
            ul_sample: self.ul,
            rate_hz: self.config.rate_hz,
            counters: self.stats.counters(),
            stage: self.stats.stage.read(),
            peers: std::iter::once(gnb).chain(self.ues.iter().map(Ue::status)).collect(),
        }
    }

    fn keep_time(&mut self) {
        let now = mono_ns();
        if now >= self.next_clock_ns {
            self.next_clock_ns = now + CLOCK_NS;
            self.keep_pace(now);
            self.port.event(&Event::Clock { sample: self.dl, mono_ns: now, rate_hz: self.config.rate_hz });
            self.watch_progress(now);
        }
    }

    /// After a pause the pace counts anew: what was missed is not made up for at full speed.
    fn keep_pace(&mut self, now: u64) {
        let Some(pace) = self.config.pace else { return };
        let elapsed_s = now.saturating_sub(self.paced_ns) as f64 * 1e-9;
        let behind = elapsed_s * self.config.rate_hz * pace - (self.dl - self.paced_from.min(self.dl)) as f64;
        if behind > BEHIND_S * self.config.rate_hz {
            (self.paced_from, self.paced_ns) = (self.dl, now);
        }
    }

    fn obey(&mut self, seq: u64, command: Command) {
        let received = mono_ns();
        super::commands::obey(self, seq, command, received);
    }
}

/// A socket that refuses is told in the log; the loop goes on.
pub(super) fn warn_socket(result: Result<(), zmq::Error>, address: &str) {
    if let Err(error) = result
        && error != zmq::Error::EAGAIN
    {
        tracing::warn!(address, %error, "a wire does not take a message; it is tried again");
    }
}

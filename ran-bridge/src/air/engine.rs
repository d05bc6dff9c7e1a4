//! The data-plane thread: one loop over every wire.
//!
//! The loop never waits for one peer: it polls all sockets, moves what there is, and goes on. The sample path
//! allocates nothing after the start: FIFOs, plan, snippets and mixing buffers are made before the first message (windows
//! when a command asks for them), and samples move between sockets and FIFOs without a copy in between.
//! Commands and events, a few hundred a second at most, are ordinary values.

use super::capture::Capture;
use super::config::{AirConfig, AirError, Summary};
use super::fault::Faults;
use super::gnb::Gnb;
use super::standing::Standing;
use super::stats::AirStats;
use super::ue::Ue;
use super::windows::Windows;
use super::wires::Numbers;
use super::{Command, ControlPort, Event, PeerState, Status};
use crate::clock::mono_ns;
use crate::emulator::NoiseTable;
use crate::front_end::{FrontEnd, FrontEndError, Plan, ProtectedSlots};
use crate::iq::{Connections, Ledger, MAX_REPLY_SAMPLES};
use num_complex::Complex32;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most downlink samples that are processed in one go.
pub(super) const CHUNK: usize = 32_768;
/// Pieces a plan has room for.
const SEGMENTS: usize = 512;
/// Radio time against wall time is told this often.
const CLOCK_NS: u64 = 10_000_000;
/// Radio time that a paced run may be behind before its pace counts anew, s.
const BEHIND_S: f64 = 0.1;
/// The stream of noise that faults draw from: none that a receiver has.
const FAULT_NOISE: u64 = 1 << 32;
/// Commands taken at once.
const COMMANDS: usize = 32;

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
    pub(super) connections: &'a mut dyn Connections,
    pub(super) ledger: Ledger,
    /// Whether samples go through front end and channels; else everybody gets zeros.
    pub(super) works: bool,
    pub(super) truth: &'a mut dyn FnMut(&Truth<'_>),
    pub(super) gnb: Gnb,
    pub(super) ues: Vec<Ue>,
    pub(super) front_end: FrontEnd,
    /// Combines the antennas for the gNB's receive ports, on the uplink's index line.
    pub(super) combiner: FrontEnd,
    pub(super) plan: Plan,
    pub(super) ul_plan: Plan,
    /// Room for a receiver's samples after zeros, where it joins within a stretch.
    pub(super) ul_late: Vec<Complex32>,
    pub(super) faults: Faults,
    pub(super) capture: Option<Capture>,
    pub(super) windows: Windows,
    pub(super) truth_h: Vec<Complex32>,
    /// Downlink samples taken and processed.
    pub(super) dl: u64,
    /// Index of the next uplink sample for the gNB.
    pub(super) ul: u64,
    /// Both when the gNB's connections began.
    pub(super) dl_base: u64,
    pub(super) ul_base: i64,
    pub(super) started_ns: u64,
    pub(super) progress_ns: u64,
    /// When a receiver's samples came last.
    pub(super) heard_ns: u64,
    pub(super) next_clock_ns: u64,
    pub(super) stage_ns: u64,
    pub(super) stage_samples: u64,
    pub(super) paced_from: u64,
    pub(super) paced_ns: u64,
}

/// How a run begins and what it is for.
pub struct Hold<'a> {
    /// Where connections come from.
    pub connections: &'a mut dyn Connections,
    /// Where is noted how far they are.
    pub ledger: Ledger,
    /// Where another process stopped; `None` = from the beginning.
    pub from: Option<Standing>,
    /// Whether samples go through front end and channels; else everybody gets zeros, which are counted.
    pub works: bool,
}

/// Runs the data plane with connections of its own until `stop` is set, or a recording that is not repeated has been played.
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
    let mut connector = config.connect()?;
    let hold = Hold { connections: &mut connector, ledger: Ledger::default(), from: None, works: true };
    run_held(config, hold, port, stop, truth, stats)
}

/// Runs the data plane with connections that come from elsewhere; as [`run`] otherwise. At the end the connections are dropped.
///
/// # Errors
/// As [`run`].
pub fn run_held<'a>(
    config: &'a AirConfig,
    hold: Hold<'a>,
    port: &'a mut dyn ControlPort,
    stop: &AtomicBool,
    truth: &'a mut dyn FnMut(&Truth<'_>),
    stats: &'a AirStats,
) -> Result<Summary, AirError> {
    config.check()?;
    let mut engine = Engine::new(config, hold, port, truth, stats)?;
    while !stop.load(Ordering::Relaxed) && !engine.is_over() {
        engine.wait()?;
        engine.turn();
    }
    engine.note();
    engine.port.event(&Event::Status(engine.status()));
    Ok(Summary { dl_sample: engine.dl, ul_sample: engine.ul, counters: stats.counters(), stage: stats.stage.read() })
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        config: &'a AirConfig,
        hold: Hold<'a>,
        port: &'a mut dyn ControlPort,
        truth: &'a mut dyn FnMut(&Truth<'_>),
        stats: &'a AirStats,
    ) -> Result<Self, AirError> {
        let slots =
            ProtectedSlots { boundary: config.slot_boundary, slot_samples: config.slot_samples, spans: Vec::new() };
        let fault = |e: FrontEndError| AirError::Config(e.to_string());
        let (antennas, ramp) = (config.antennas, config.ramp_samples);
        let front_end =
            FrontEnd::new(antennas, config.ports(), &config.start_weights(), slots.clone(), ramp).map_err(fault)?;
        let front_end = front_end.with_streams(config.rate_hz, config.emulator.seed).map_err(fault)?;
        let combiner = FrontEnd::combiner(antennas, config.rx_ports().max(1), slots, ramp).map_err(fault)?;
        let noise = NoiseTable::new(config.emulator.seed);
        let mut numbers = Numbers::default();
        let gnb = Gnb::open(config, &mut numbers, &hold.ledger)?;
        let ues: Vec<Ue> = config
            .ues
            .iter()
            .enumerate()
            .map(|(i, end)| Ue::open(config, end, i, &mut numbers, &hold.ledger, &noise, CHUNK))
            .collect();
        let now = mono_ns();
        let mut engine = Self {
            gnb,
            plan: Plan::new(front_end.width(), SEGMENTS),
            truth_h: vec![Complex32::ZERO; ues.iter().map(|u| u.channel.truth_len()).max().unwrap_or(0)],
            config,
            stats,
            port,
            connections: hold.connections,
            ledger: hold.ledger,
            works: hold.works,
            truth,
            ues,
            front_end,
            ul_plan: Plan::new(combiner.width(), SEGMENTS),
            ul_late: vec![Complex32::ZERO; MAX_REPLY_SAMPLES],
            combiner,
            windows: Windows::default(),
            faults: Faults::new(config.rate_hz, noise.stream(FAULT_NOISE)),
            capture: None,
            dl: 0,
            ul: 0,
            dl_base: 0,
            ul_base: 0,
            started_ns: now,
            progress_ns: now,
            heard_ns: 0,
            next_clock_ns: now,
            stage_ns: 0,
            stage_samples: 0,
            paced_from: 0,
            paced_ns: now,
        };
        if let Some(standing) = hold.from {
            engine.resume(&standing);
        }
        engine.note();
        Ok(engine)
    }
}

impl Engine<'_> {
    /// Moves everything that can be moved now.
    fn turn(&mut self) {
        self.plug();
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
        let mut ended = 0_u64;
        if let Some(wires) = &mut self.gnb.wires
            && downlink
        {
            for (wire, fifo) in wires.tx.iter_mut().zip(&self.gnb.ports) {
                // A port that is ahead of the others waits for them.
                if wire.is_up() && !wire.requested() && fifo.room() >= MAX_REPLY_SAMPLES && fifo.is_empty() {
                    ended |= u64::from(wire.request().is_err()) << wire.index();
                }
            }
        }
        for ue in &mut self.ues {
            if let Some(wire) = &mut ue.tx
                && wire.is_up()
                && !wire.requested()
                && ue.uplink.room() >= MAX_REPLY_SAMPLES
            {
                ended |= u64::from(wire.request().is_err()) << wire.index();
            }
        }
        self.end_wires(ended);
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

    fn is_over(&self) -> bool {
        self.played_out() || self.connections.is_over() || (self.config.strict && self.stats.counters().hard() > 0)
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
            self.ledger.note_life(now, &self.stats.counters().words());
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

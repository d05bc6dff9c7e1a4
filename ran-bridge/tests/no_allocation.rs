//! The data-plane thread allocates nothing while samples move.
//!
//! The data plane runs on a thread of its own over real sockets, with a gNB and UEs on others. Its control port opens and closes the spans in
//! which the allocations of that thread are counted: from one look for commands to the next, so that every step of the loop lies in
//! one. What a command allocates is counted apart, which also shows that the counter counts.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use alloc_tracker::{Allocator, Operation, Session, ThreadSpan};
use num_complex::Complex32;
use ran_bridge::air::{
    AirConfig, AirStats, At, Command, ControlPort, Direction, Event, FaultKind, FaultOrder, FaultSpec, FaultTap,
    GnbEnd, Hold, Keeper, NoiseSetting, SnippetMeta, UeEnd, run_held,
};
use ran_bridge::emulator::{LinkConfig, TdlProfile};
use ran_bridge::front_end::{PrbRange, SubBand, SubBands};
use std::net::TcpListener;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};

#[global_allocator]
static ALLOCATOR: Allocator<std::alloc::System> = Allocator::system();

const RATE_HZ: f64 = 7.68e6;
const SLOT: usize = 7680;
/// Slots before the first span, slots in spans, and slots after the last.
const WARM: u64 = 200;
const MEASURED: u64 = 2000;
const REST: u64 = 50;
const TIMEOUT_MS: i32 = 60_000;

/// Counts from one look for commands to the next.
struct Meter {
    samples: Operation,
    commands: Operation,
    span: Option<ThreadSpan>,
    /// Slots that the gNB has sent.
    slots: Arc<AtomicU64>,
    /// What is commanded at the beginning.
    first: Vec<Command>,
    /// What is commanded at every slot.
    each_slot: Option<fn(u64) -> Command>,
    commanded: u64,
}

impl ControlPort for Meter {
    fn poll_fds<'a>(&'a self, _each: &mut dyn FnMut(BorrowedFd<'a>)) {}

    fn recv(&mut self) -> Option<(u64, Command)> {
        self.span = None;
        if let Some(command) = self.first.pop() {
            return Some((1, command));
        }
        let slots = self.slots.load(Ordering::Relaxed);
        if !(WARM..WARM + MEASURED).contains(&slots) {
            return None;
        }
        if let Some(command) = self.each_slot.filter(|_| slots > self.commanded) {
            self.commanded = slots;
            let command = command(slots);
            self.span = Some(self.commands.measure_thread());
            return Some((slots, command));
        }
        self.span = Some(self.samples.measure_thread());
        None
    }

    fn snippet(&mut self, _meta: &SnippetMeta, _samples: &[Complex32]) {}
    fn event(&mut self, _event: &Event) {}
}

struct Case {
    antennas: usize,
    ues: usize,
    link: LinkConfig,
    first: Vec<Command>,
    each_slot: Option<fn(u64) -> Command>,
}

impl Case {
    fn of(antennas: usize, ues: usize, link: LinkConfig) -> Self {
        Self { antennas, ues, link, first: Vec::new(), each_slot: None }
    }

    /// Runs it and gives the allocations of the data-plane thread: with samples, and with commands.
    fn allocations(self) -> (u64, u64) {
        let addresses: Vec<String> = (0..2 + 2 * self.ues).map(|_| address()).collect();
        let (gnb, ues) = addresses.split_at(2);
        let end = |(i, a): (usize, &[String])| {
            let mut end = UeEnd::cable(&format!("ue{i}"), Some(&a[0]), Some(&a[1]));
            end.link = self.link.clone();
            end.uplink = Some(LinkConfig { gain_db: -20.0, noise_dbfs: None, ..self.link.clone() });
            end
        };
        let ends = ues.chunks(2).enumerate().map(end).collect();
        let wires = GnbEnd::Zmq { tx: vec![gnb[0].clone()], rx: vec![gnb[1].clone()] };
        let mut config = AirConfig::lab(RATE_HZ, self.antennas, wires, ends);
        config.start_wait_ms = 10_000;
        let (stop, slots) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let air = {
            let (stop, slots) = (Arc::clone(&stop), Arc::clone(&slots));
            std::thread::spawn(move || {
                let session = Session::new();
                let mut meter = Meter {
                    samples: session.operation("samples"),
                    commands: session.operation("commands"),
                    span: None,
                    slots,
                    first: self.first,
                    each_slot: self.each_slot,
                    commanded: 0,
                };
                let stats = AirStats::default();
                let mut keeper = Keeper::open(&config).unwrap();
                let ledger = keeper.ledger();
                let hold = Hold { connections: &mut keeper, ledger, from: None, works: true };
                run_held(&config, hold, &mut meter, &stop, &mut |_| {}, &stats).unwrap();
                drop(meter);
                let counters = stats.counters();
                assert_eq!((counters.hard(), counters.commands_refused), (0, 0), "{counters:?}");
                let report = session.to_report();
                let of = |name: &str| {
                    let found = report.operations().find(|(n, _)| *n == name);
                    found.map_or((0, 0), |(_, o)| (o.total_allocations_count(), o.total_iterations()))
                };
                (of("samples"), of("commands"))
            })
        };
        let threads: Vec<_> = ues.chunks(2).map(|a| ue(a, &stop)).collect();
        gnb_of(gnb, &slots);
        stop.store(true, Ordering::Relaxed);
        let ((in_samples, spans), (in_commands, commands)) = air.join().unwrap();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert!(spans > MEASURED, "{spans} spans");
        assert!(self.each_slot.is_none() || commands > MEASURED * 9 / 10, "{commands} commands");
        (in_samples, in_commands)
    }
}

/// An address that is free, below the ports that the system gives to whoever dials; none twice.
fn address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 1000) as u16 * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return format!("tcp://127.0.0.1:{port}");
        }
    }
}

fn socket(context: &zmq::Context, kind: zmq::SocketType, timeout_ms: i32) -> zmq::Socket {
    let socket = context.socket(kind).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_rcvtimeo(timeout_ms).unwrap();
    socket
}

fn slot() -> Vec<u8> {
    (0..SLOT).flat_map(|i| [i as f32 / 16_384.0, 0.25]).flat_map(f32::to_le_bytes).collect()
}

/// Slots down, each followed by its slot up.
fn gnb_of(addresses: &[String], slots: &AtomicU64) {
    let context = zmq::Context::new();
    let (tx, rx) = (socket(&context, zmq::REP, TIMEOUT_MS), socket(&context, zmq::REQ, TIMEOUT_MS));
    tx.bind(&addresses[0]).unwrap();
    rx.connect(&addresses[1]).unwrap();
    let slot = slot();
    for _ in 0..WARM + MEASURED + REST {
        slots.fetch_add(1, Ordering::Relaxed);
        tx.recv_msg(0).unwrap();
        tx.send(&slot[..], 0).unwrap();
        let mut got = 0;
        while got < slot.len() {
            rx.send(&[0_u8][..], 0).unwrap();
            got += rx.recv_msg(0).unwrap().len();
        }
    }
}

/// A slot up for each slot down.
fn ue(addresses: &[String], stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let (stop, context) = (Arc::clone(stop), zmq::Context::new());
    let (rx, tx) = (socket(&context, zmq::REQ, 100), socket(&context, zmq::REP, 100));
    rx.connect(&addresses[0]).unwrap();
    tx.bind(&addresses[1]).unwrap();
    std::thread::spawn(move || {
        let slot = slot();
        let wait = |socket: &zmq::Socket| loop {
            match socket.recv_msg(0) {
                Ok(message) => break Some(message.len()),
                Err(zmq::Error::EAGAIN) if !stop.load(Ordering::Relaxed) => {}
                Err(_) => break None,
            }
        };
        loop {
            let mut got = 0;
            while got < slot.len() {
                rx.send(&[0_u8][..], 0).unwrap();
                let Some(n) = wait(&rx) else { return };
                got += n;
            }
            if wait(&tx).is_none() {
                return;
            }
            tx.send(&slot[..], 0).unwrap();
        }
    })
}

fn rician() -> LinkConfig {
    LinkConfig { gain_db: -6.0, rician_k_db: Some(6.0), doppler_hz: 70.0, ..LinkConfig::default() }
}

fn weights(antennas: usize, k: u64) -> Vec<Complex32> {
    (0..antennas).map(|i| Complex32::cis((k % 64) as f32 * i as f32) / (antennas as f32).sqrt()).collect()
}

#[test]
fn a_cable() {
    assert_eq!(Case::of(1, 1, LinkConfig::default()).allocations(), (0, 0));
}

#[test]
fn tdl_a_with_receiver_noise() {
    let link = LinkConfig {
        profile: Some(TdlProfile::TdlA),
        delay_spread_ns: 300.0,
        rician_k_db: None,
        noise_dbfs: Some(-40.0),
        ..rician()
    };
    assert_eq!(Case::of(1, 1, link).allocations(), (0, 0));
}

#[test]
fn four_ues_and_new_weights_every_slot() {
    let new = |k| Command::Weights { at: At::NextSlot, weights: weights(8, k), cause: 0 };
    let (samples, commands) = Case { each_slot: Some(new), ..Case::of(8, 4, rician()) }.allocations();
    assert_eq!(samples, 0);
    assert!(commands > 0, "the counter counts");
}

#[test]
fn artificial_noise_white_and_in_a_band() {
    let band = PrbRange { scs_hz: 15_000, carrier_prbs: 25, first_prb: 4, prbs: 10 };
    for band in [None, Some(band)] {
        let noise = NoiseSetting { dbfs: Some(-30.0), band, channels: Some(weights(4, 3)) };
        let first = vec![Command::ArtificialNoise { at: At::NextSlot, noise }];
        assert_eq!(Case { first, ..Case::of(4, 1, rician()) }.allocations(), (0, 0));
    }
}

#[test]
fn weights_by_sub_band() {
    let band = |i: u16| SubBand { first_prb: i * 5, prbs: 5, weights: weights(4, u64::from(i)) };
    let sub_bands = SubBands { scs_hz: 15_000, carrier_prbs: 25, bands: (0..5).map(band).collect() };
    let first = vec![Command::SubBands { at: At::NextSlot, sub_bands, cause: 0 }];
    assert_eq!(Case { first, ..Case::of(4, 1, rician()) }.allocations(), (0, 0));
}

#[test]
fn echoes_on_purpose() {
    let tap = |delay_samples| FaultTap { delay_samples, gain_db: -6.0, phase_deg: 45.0 };
    let kind = FaultKind::Tdl { taps: vec![tap(0), tap(4095)] };
    let fault = FaultSpec { stream: 0, direction: Direction::Downlink, kind, samples: 10_000 * SLOT as u64 };
    let orders = [FaultOrder::Arm { id: 1, at: At::NextSlot }, FaultOrder::Prepare { fault }];
    let first = orders.into_iter().map(|order| Command::Fault { order }).collect();
    assert_eq!(Case { first, ..Case::of(1, 1, LinkConfig::default()) }.allocations(), (0, 0));
}

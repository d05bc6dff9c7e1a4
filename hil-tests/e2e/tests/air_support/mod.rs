//! `air` on a thread with scripted peers: every message is sent by the test, over real sockets.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use num_complex::Complex32;
use ran_bridge::air::{
    self, AirConfig, AirStats, Command, ControlPort, Event, GnbEnd, Hold, Keeper, SnippetMeta, Standing, Summary, UeEnd,
};
use sidecar::free_ports::FreePorts;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

pub const RATE_HZ: f64 = 7.68e6;
pub const SLOT: usize = 7680;

/// Sample `n` of a stream in which every sample is different.
pub fn tag(n: u64) -> Complex32 {
    Complex32::new((n % 8191) as f32 / 8192.0, -(((n / 8191) % 8191) as f32) / 8192.0)
}

pub fn tags(first: u64, n: usize) -> Vec<Complex32> {
    (first..first + n as u64).map(tag).collect()
}

pub fn to_bytes(samples: &[Complex32]) -> Vec<u8> {
    samples.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()].concat()).collect()
}

pub fn to_samples(bytes: &[u8]) -> Vec<Complex32> {
    let f = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    bytes.chunks_exact(8).map(|c| Complex32::new(f(&c[..4]), f(&c[4..]))).collect()
}

struct TestPort {
    commands: mpsc::Receiver<(u64, Command)>,
    events: mpsc::Sender<Event>,
    snippets: mpsc::Sender<(SnippetMeta, Vec<Complex32>)>,
}

impl ControlPort for TestPort {
    fn poll_fds<'a>(&'a self, _each: &mut dyn FnMut(BorrowedFd<'a>)) {}
    fn recv(&mut self) -> Option<(u64, Command)> {
        self.commands.try_recv().ok()
    }
    fn snippet(&mut self, meta: &SnippetMeta, samples: &[Complex32]) {
        let _ = self.snippets.send((*meta, samples.to_vec()));
    }
    fn event(&mut self, event: &Event) {
        let _ = self.events.send(event.clone());
    }
}

/// A side that asks: the gNB's receive port, a UE's receive port.
pub struct Asker {
    socket: zmq::Socket,
    pub next: u64,
}

impl Asker {
    pub fn new(context: &zmq::Context, address: &str) -> Self {
        let socket = context.socket(zmq::REQ).unwrap();
        socket.set_linger(0).unwrap();
        socket.set_rcvtimeo(5000).unwrap();
        socket.connect(address).unwrap();
        Self { socket, next: 0 }
    }
    pub fn ask(&self) {
        self.socket.send(&[0xff_u8][..], 0).unwrap();
    }
    pub fn take(&mut self) -> Vec<Complex32> {
        let samples = to_samples(&self.socket.recv_bytes(0).expect("a reply within 5 s"));
        self.next += samples.len() as u64;
        samples
    }
    pub fn takes_nothing(&self, wait: Duration) {
        let ready = self.socket.poll(zmq::POLLIN, wait.as_millis() as i64).unwrap();
        assert_eq!(ready, 0, "nothing may come yet");
    }
    /// Asks until `n` samples are there; the last reply must end exactly there.
    pub fn collect(&mut self, n: usize) -> Vec<Complex32> {
        let mut all = Vec::new();
        while all.len() < n {
            self.ask();
            all.extend(self.take());
        }
        all
    }
}

/// A side that answers: the gNB's transmit port, a UE's transmit port.
pub struct Answerer {
    socket: zmq::Socket,
    pub next: u64,
}

impl Answerer {
    pub fn new(context: &zmq::Context, address: &str) -> Self {
        let socket = context.socket(zmq::REP).unwrap();
        socket.set_linger(0).unwrap();
        socket.set_rcvtimeo(5000).unwrap();
        let mut tries = 0;
        while let Err(e) = socket.bind(address) {
            tries += 1;
            assert!(tries < 100, "{address}: {e}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { socket, next: 0 }
    }
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.socket.recv_bytes(0).expect("a request within 5 s");
        self.socket.send(bytes, 0).unwrap();
    }
    pub fn send(&mut self, samples: &[Complex32]) {
        self.send_bytes(&to_bytes(samples));
        self.next += samples.len() as u64;
    }
    pub fn send_tags(&mut self, n: usize) {
        let samples = tags(self.next, n);
        self.send(&samples);
    }
    /// Waits for the next request: what was sent before is taken.
    pub fn is_asked(&self) {
        assert_eq!(self.socket.poll(zmq::POLLIN, 5000).unwrap(), 1, "a request within 5 s");
    }
    pub fn is_not_asked(&self, wait: Duration) {
        let ready = self.socket.poll(zmq::POLLIN, wait.as_millis() as i64).unwrap();
        assert_eq!(ready, 0, "no request may come yet");
    }
}

/// `air` on its thread and the addresses of its wires. Its connections are kept by the test, as they are by a process of their own.
pub struct Lab {
    pub context: zmq::Context,
    pub gnb_tx: String,
    pub gnb_rx: String,
    pub ue_rx: Vec<String>,
    pub ue_tx: Vec<String>,
    pub stats: Arc<AirStats>,
    commands: mpsc::Sender<(u64, Command)>,
    pub events: mpsc::Receiver<Event>,
    pub snippets: mpsc::Receiver<(SnippetMeta, Vec<Complex32>)>,
    config: AirConfig,
    work: Work,
    seq: u64,
    _folder: tempfile::TempDir,
}

/// The thread.
struct Work {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(Summary, Keeper)>,
}

impl Work {
    fn start(config: AirConfig, mut keeper: Keeper, mut port: TestPort, stats: Arc<AirStats>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let ledger = keeper.ledger();
            let from = Standing::read(&ledger);
            let hold = Hold { connections: &mut keeper, ledger, from, works: true };
            let done = air::run_held(&config, hold, &mut port, &ends, &mut |_| {}, &stats).unwrap();
            (done, keeper)
        });
        Self { stop, thread }
    }

    fn end(self) -> (Summary, Keeper) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The test's ends of a port, and the port.
type Ends = (mpsc::Sender<(u64, Command)>, mpsc::Receiver<Event>, mpsc::Receiver<(SnippetMeta, Vec<Complex32>)>);

fn port() -> (Ends, TestPort) {
    let (send, commands) = mpsc::channel();
    let (events, event_ends) = mpsc::channel();
    let (snippets, snippet_ends) = mpsc::channel();
    ((send, event_ends, snippet_ends), TestPort { commands, events, snippets })
}

impl Lab {
    /// Starts `air` with `ues` receivers; `shape` may change the configuration before.
    pub fn start(antennas: usize, ues: usize, shape: impl FnOnce(&mut AirConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let mut n = 0;
        let wire = || {
            n += 1;
            format!("ipc://{path}/{n}")
        };
        Self::start_on(folder, wire, (antennas, ues), shape)
    }

    /// The same over TCP, whose connections outlive who works with them.
    pub fn start_on_tcp(antennas: usize, ues: usize, shape: impl FnOnce(&mut AirConfig)) -> Self {
        let mut ports = FreePorts::stock(2 + 2 * ues).unwrap();
        Self::start_on(tempfile::tempdir().unwrap(), || ports.wire().unwrap(), (antennas, ues), shape)
    }

    fn start_on(
        folder: tempfile::TempDir,
        mut wire: impl FnMut() -> String,
        (antennas, ues): (usize, usize),
        shape: impl FnOnce(&mut AirConfig),
    ) -> Self {
        let ue_rx: Vec<_> = (0..ues).map(|_| wire()).collect();
        let ue_tx: Vec<_> = (0..ues).map(|_| wire()).collect();
        let (gnb_tx, gnb_rx) = (wire(), wire());
        let ends = (0..ues).map(|u| UeEnd::cable(&format!("ue{u}"), Some(&ue_rx[u]), Some(&ue_tx[u]))).collect();
        let gnb = GnbEnd::Zmq { tx: vec![gnb_tx.clone()], rx: vec![gnb_rx.clone()] };
        let mut config = AirConfig::lab(RATE_HZ, antennas, gnb, ends);
        shape(&mut config);
        let ((commands, events, snippets), port) = port();
        let stats = Arc::new(AirStats::default());
        let keeper = Keeper::open(&config).unwrap();
        let work = Work::start(config.clone(), keeper, port, Arc::clone(&stats));
        Self {
            context: zmq::Context::new(),
            gnb_tx,
            gnb_rx,
            ue_rx,
            ue_tx,
            stats,
            commands,
            events,
            snippets,
            config,
            work,
            seq: 0,
            _folder: folder,
        }
    }

    /// The thread ends and another takes over where it stopped.
    pub fn restart(self) -> Self {
        let (_, mut keeper) = self.work.end();
        keeper.take_back();
        keeper.note_restart();
        let ((commands, events, snippets), port) = port();
        let stats = Arc::new(AirStats::default());
        let work = Work::start(self.config.clone(), keeper, port, Arc::clone(&stats));
        Self { stats, commands, events, snippets, work, ..self }
    }

    pub fn gnb(&self) -> (Answerer, Asker) {
        (Answerer::new(&self.context, &self.gnb_tx), Asker::new(&self.context, &self.gnb_rx))
    }

    pub fn ue(&self, u: usize) -> (Asker, Answerer) {
        (Asker::new(&self.context, &self.ue_rx[u]), Answerer::new(&self.context, &self.ue_tx[u]))
    }

    /// Sends a command and waits for what `air` says to it.
    pub fn command(&mut self, command: Command) -> Event {
        self.seq += 1;
        self.commands.send((self.seq, command)).unwrap();
        let mine = self.seq;
        self.event(|e| match e {
            Event::Applied { seq, .. } | Event::Refused { seq, .. } => *seq == mine,
            Event::Status(_) => true,
            _ => false,
        })
    }

    /// The next event that fits.
    pub fn event(&self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.events.recv_timeout(Duration::from_secs(5)).expect("an event within 5 s");
            if fits(&event) {
                return event;
            }
        }
    }

    pub fn stop(self) -> Summary {
        self.work.end().0
    }
}

/// Waits until a counter or state is as it should be.
pub fn until(what: &str, fits: impl Fn() -> bool) {
    for _ in 0..500 {
        if fits() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not within 5 s: {what}");
}

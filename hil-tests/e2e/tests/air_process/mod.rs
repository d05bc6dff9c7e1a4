//! A real `sidecar air` as a process, a gNB and a UE on its wires, and the commands that a user types.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use e2e::{Program, sidecar, socket, wait, wait_until};
use num_complex::Complex32;
use serde_json::Value;
use sidecar::free_ports::FreePorts;
use std::process::{Child, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Samples after the first change that are kept.
const KEPT: usize = 20_000;

/// Sample `n` of what gNB and UE send: white, never zero.
pub fn sample(n: u64) -> Complex32 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 29;
    let part = |bits: u64| (bits & 0xffff) as f32 / 131_072.0 - 0.25;
    Complex32::new(part(x) + 1e-6, part(x >> 20))
}

fn to_bytes(first: u64, n: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 * n);
    for z in (first..first + n as u64).map(sample) {
        bytes.extend_from_slice(&z.re.to_le_bytes());
        bytes.extend_from_slice(&z.im.to_le_bytes());
    }
    bytes
}

/// Neighbouring samples of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub first: u64,
    pub len: u64,
    pub is_zero: bool,
    /// As it was sent.
    pub is_right: bool,
}

/// What a peer got, in runs; and the first samples that are other ones.
#[derive(Debug, Default)]
struct Looker {
    runs: Vec<Run>,
    after: Vec<(u64, Complex32)>,
    n: u64,
}

impl Looker {
    fn look(&mut self, bytes: &[u8]) {
        for b in bytes.chunks_exact(8) {
            let f = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            let z = Complex32::new(f(&b[..4]), f(&b[4..]));
            let (is_zero, is_right) = (z == Complex32::ZERO, z == sample(self.n));
            match self.runs.last_mut() {
                Some(run) if (run.is_zero, run.is_right) == (is_zero, is_right) => run.len += 1,
                _ => self.runs.push(Run { first: self.n, len: 1, is_zero, is_right }),
            }
            if self.runs.len() > 1 && self.after.len() < KEPT {
                self.after.push((self.n, z));
            }
            self.n += 1;
        }
    }
}

/// The process and its wires: gNB tx and rx, UE rx and tx.
pub struct Air {
    pub dir: tempfile::TempDir,
    program: Program,
    wires: Vec<String>,
}

impl Air {
    /// Starts one; `settings` are lines of `air`, `link` of its UE.
    pub fn start(settings: &str, link: &str) -> Self {
        Self::start_with(&[], settings, link)
    }

    /// The same with flags after `sidecar air`.
    pub fn start_with(flags: &[&str], settings: &str, link: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut stock = FreePorts::stock(4).unwrap();
        let wires: Vec<String> = (0..4).map(|_| stock.wire().unwrap()).collect();
        let [gnb_tx, gnb_rx, ue_rx, ue_tx] = &wires[..] else { panic!("four wires") };
        let path = dir.path().display();
        let yaml = format!(
            "run:\n  root: {path}/runs\nair:\n{settings}  start_wait: 10 s\n  control: ipc://{path}/air.sock\n  metrics:\n    listen: 127.0.0.1:0\n  gnb:\n    tx: [{gnb_tx}]\n    rx: {gnb_rx}\n  ues:\n  - name: ue0\n    rx: {ue_rx}\n    tx: {ue_tx}\n{link}"
        );
        std::fs::write(dir.path().join("air.yaml"), yaml).unwrap();
        let words: Vec<&str> = std::iter::once("air").chain(flags.iter().copied()).collect();
        let mut command = sidecar(&dir.path().join("air.yaml"), &words);
        Self { program: Program::start(&mut command, dir.path().join("air.log")), dir, wires }
    }

    pub fn log(&self) -> String {
        self.program.log()
    }

    /// `sidecar -c … air …` as typed.
    pub fn spawn(&self, words: &[&str]) -> Child {
        let words: Vec<&str> = std::iter::once("air").chain(words.iter().copied()).collect();
        sidecar(&self.dir.path().join("air.yaml"), &words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.spawn(words).wait_with_output().unwrap()
    }

    /// What it prints as JSON, or null; it must succeed.
    pub fn told(&self, words: &[&str]) -> Value {
        let out = self.run(words);
        assert!(out.status.success(), "{words:?}: {out:?}\n{}", self.log());
        serde_json::from_slice(&out.stdout).unwrap_or_default()
    }

    /// The exit code, once it has ended by itself.
    pub fn code(&mut self) -> Option<i32> {
        self.program.code(20)
    }
}

/// What the peers saw.
#[derive(Debug)]
pub struct Seen {
    pub ue: Vec<Run>,
    pub gnb: Vec<Run>,
    /// What the UE got from the first other sample on.
    pub after: Vec<(u64, Complex32)>,
}

/// A gNB, two slots of downlink ahead of the uplink it has, and a UE that sends as much as it gets.
pub struct Lab {
    /// gNB's and UE's.
    stops: [Arc<AtomicBool>; 2],
    odd: Arc<AtomicBool>,
    passed: Arc<AtomicU64>,
    threads: [JoinHandle<Looker>; 2],
}

impl Lab {
    pub fn start(air: &Air, slot: usize) -> Self {
        let stops = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let odd = Arc::new(AtomicBool::new(false));
        let passed = Arc::new(AtomicU64::new(0));
        let wires = air.wires.clone();
        let (s, o) = (Arc::clone(&stops[0]), Arc::clone(&odd));
        let gnb = std::thread::spawn(move || gnb(&wires, slot, &s, &o));
        let wires = air.wires.clone();
        let (s, p) = (Arc::clone(&stops[1]), Arc::clone(&passed));
        let ue = std::thread::spawn(move || ue(&wires, &s, &p));
        let lab = Self { stops, odd, passed, threads: [gnb, ue] };
        lab.passes(10 * slot as u64);
        lab
    }

    /// Waits until the UE has so many samples more.
    pub fn passes(&self, samples: u64) {
        let from = self.passed.load(Ordering::Relaxed);
        let more = || self.passed.load(Ordering::Relaxed) >= from + samples;
        assert!(wait_until(30, more), "the cell stands still");
    }

    /// The gNB's next message is no whole number of samples.
    pub fn send_odd_bytes(&self) {
        self.odd.store(true, Ordering::Relaxed);
    }

    /// Ends the gNB, then the UE: the other way round the gNB would get zeros for a UE that has gone.
    pub fn stop(self) -> Seen {
        let mut seen = self.stops.iter().zip(self.threads).map(|(stop, thread)| {
            stop.store(true, Ordering::Relaxed);
            thread.join().expect("a peer")
        });
        let (gnb, ue) = (seen.next().expect("two peers"), seen.next().expect("two peers"));
        Seen { ue: ue.runs, gnb: gnb.runs, after: ue.after }
    }
}

fn gnb(wires: &[String], slot: usize, stop: &AtomicBool, odd: &AtomicBool) -> Looker {
    let context = zmq::Context::new();
    let (out, inn) = (socket(&context, zmq::REP).unwrap(), socket(&context, zmq::REQ).unwrap());
    out.bind(&wires[0]).unwrap();
    inn.connect(&wires[1]).unwrap();
    inn.send(&[0_u8][..], 0).unwrap();
    let (mut sent, mut asked, mut got) = (0_u64, false, Looker::default());
    while !stop.load(Ordering::Relaxed) {
        let ahead = sent >= got.n + 2 * slot as u64;
        asked |= out.recv_bytes(zmq::DONTWAIT).is_ok();
        if asked && odd.swap(false, Ordering::Relaxed) {
            out.send(vec![1_u8; 12_345], 0).unwrap();
            asked = false;
        } else if asked && !ahead {
            out.send(to_bytes(sent, slot), 0).unwrap();
            (sent, asked) = (sent + slot as u64, false);
        }
        let bytes = if ahead || !asked { poll(&inn) } else { inn.recv_bytes(zmq::DONTWAIT).ok() };
        if let Some(bytes) = bytes {
            inn.send(&[0_u8][..], 0).unwrap();
            got.look(&bytes);
        }
    }
    got
}

/// What comes within a millisecond.
fn poll(socket: &zmq::Socket) -> Option<Vec<u8>> {
    (socket.poll(zmq::POLLIN, 1).ok()? > 0).then(|| socket.recv_bytes(0).ok()).flatten()
}

fn ue(wires: &[String], stop: &AtomicBool, passed: &AtomicU64) -> Looker {
    let context = zmq::Context::new();
    let (inn, out) = (socket(&context, zmq::REQ).unwrap(), socket(&context, zmq::REP).unwrap());
    out.bind(&wires[3]).unwrap();
    inn.connect(&wires[2]).unwrap();
    let mut got = Looker::default();
    loop {
        inn.send(&[0xff_u8][..], 0).unwrap();
        let Some(bytes) = wait(&inn, stop) else { return got };
        let first = got.n;
        got.look(&bytes);
        passed.store(got.n, Ordering::Relaxed);
        if wait(&out, stop).is_none() {
            return got;
        }
        out.send(to_bytes(first, bytes.len() / 8), 0).unwrap();
    }
}

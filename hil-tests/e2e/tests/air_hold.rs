//! The process that works on samples is killed again and again at any moment, while a gNB and two UEs run in lockstep through it: nobody loses
//! its connection, and every sample that arrives, arrives at its place.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod air_support;

use air_support::{SLOT, tag, tags, to_bytes, to_samples};
use e2e::{Program, sidecar, socket, wait, wait_until};
use nix::sys::signal::{Signal, kill};
use num_complex::Complex32;
use sidecar::air::ask_status;
use sidecar::clock::mono_ns;
use sidecar::free_ports::FreePorts;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Times the worker is killed.
const KILLS: u64 = 12;

/// Whether a worker ended in the middle of this sample: its first bytes are right, the others zero.
fn is_torn(got: Complex32, want: Complex32) -> bool {
    let bytes = |z: Complex32| to_bytes(&[z]);
    let (got, want) = (bytes(got), bytes(want));
    (0..8).any(|n| got[..n] == want[..n] && got[n..].iter().all(|b| *b == 0))
}

/// What a peer saw of the other direction.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    right: u64,
    zero: u64,
    wrong: u64,
}

impl Seen {
    /// `got[i]` is to be sample `first + i` of a tagged stream, or zero.
    fn look(&mut self, first: i64, got: &[Complex32]) {
        for (i, z) in got.iter().enumerate() {
            let want = u64::try_from(first + i as i64).map_or(Complex32::ZERO, tag);
            if *z == want {
                self.right += 1;
            } else if *z == Complex32::ZERO || is_torn(*z, want) {
                self.zero += 1;
            } else {
                self.wrong += 1;
            }
        }
    }
}

/// A gNB: two slots of downlink ahead of the uplink it has, as the real one.
fn gnb(tx: String, rx: String, dl: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> JoinHandle<Vec<Complex32>> {
    std::thread::spawn(move || {
        let context = zmq::Context::new();
        let (out, inn) = (socket(&context, zmq::REP).unwrap(), socket(&context, zmq::REQ).unwrap());
        out.bind(&tx).unwrap();
        inn.connect(&rx).unwrap();
        inn.send(&[0_u8][..], 0).unwrap();
        let (mut sent, mut asked, mut all) = (0_u64, false, Vec::new());
        while !stop.load(Ordering::Relaxed) {
            asked |= out.recv_bytes(zmq::DONTWAIT).is_ok();
            if asked && sent < all.len() as u64 + 2 * SLOT as u64 {
                out.send(to_bytes(&tags(sent, SLOT)), 0).unwrap();
                (sent, asked) = (sent + SLOT as u64, false);
                dl.store(sent, Ordering::Relaxed);
            }
            let ahead = sent >= all.len() as u64 + 2 * SLOT as u64;
            let got = if ahead { inn.recv_bytes(0) } else { inn.recv_bytes(zmq::DONTWAIT) };
            if let Ok(bytes) = got {
                inn.send(&[0_u8][..], 0).unwrap();
                all.extend(to_samples(&bytes));
            }
        }
        all
    })
}

/// A UE: as much uplink as it has downlink. Gives what it received.
fn ue(rx: String, tx: String, stop: Arc<AtomicBool>) -> JoinHandle<Vec<Complex32>> {
    std::thread::spawn(move || {
        let context = zmq::Context::new();
        let (inn, out) = (socket(&context, zmq::REQ).unwrap(), socket(&context, zmq::REP).unwrap());
        out.bind(&tx).unwrap();
        inn.connect(&rx).unwrap();
        let mut all = Vec::new();
        loop {
            inn.send(&[0xff_u8][..], 0).unwrap();
            let Some(bytes) = wait(&inn, &stop) else { return all };
            let n = bytes.len() / 8;
            let reply = tags(all.len() as u64, n);
            all.extend(to_samples(&bytes));
            if wait(&out, &stop).is_none() {
                return all;
            }
            out.send(to_bytes(&reply), 0).unwrap();
        }
    })
}

fn start(dir: &Path, pause: &str, wires: &[String]) -> (Program, String) {
    let control = format!("ipc://{}", dir.join("air.sock").display());
    let at = |i: usize| &wires[i];
    let yaml = format!(
        "run:\n  root: {}\nair:\n  antennas: 1\n  control: {control}\n  restart_pause: {pause}\n  metrics:\n    listen: 127.0.0.1:0\n  gnb:\n    tx: [{}]\n    rx: {}\n  ues:\n  - name: ue0\n    rx: {}\n    tx: {}\n  - name: ue1\n    rx: {}\n    tx: {}\n",
        dir.join("runs").display(),
        at(0),
        at(1),
        at(2),
        at(3),
        at(4),
        at(5),
    );
    let file = dir.join("air.yaml");
    std::fs::write(&file, yaml).unwrap();
    (Program::start(&mut sidecar(&file, &["air"]), dir.join("air.log")), control)
}

fn kills(pause: &str, signal: Signal, times: u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut stock = FreePorts::stock(6).unwrap();
    let wires: Vec<String> = (0..6).map(|_| stock.wire().unwrap()).collect();
    let (mut air, control) = start(dir.path(), pause, &wires);
    let at = |i: usize| wires[i].clone();
    let stop = Arc::new(AtomicBool::new(false));
    let dl = Arc::new(AtomicU64::new(0));
    let cell = gnb(at(0), at(1), Arc::clone(&dl), Arc::clone(&stop));
    let ues = [ue(at(2), at(3), Arc::clone(&stop)), ue(at(4), at(5), Arc::clone(&stop))];
    let moves = |by: u64| {
        let from = dl.load(Ordering::Relaxed);
        assert!(wait_until(20, || dl.load(Ordering::Relaxed) >= from + by), "the cell stands still: {}", air.log());
    };
    moves(100 * SLOT as u64);
    for k in 0..times {
        // at any moment: the lengths between kills are no multiples of anything
        std::thread::sleep(Duration::from_micros(37_000 + 7_919 * k));
        let worker = air.child().expect("a worker");
        kill(worker, signal).unwrap();
        moves(20 * SLOT as u64);
        assert!(wait_until(10, || air.child().is_some_and(|w| w != worker) && ask_status(&control).is_ok()));
        moves(20 * SLOT as u64);
    }
    let status = ask_status(&control).unwrap();
    stop.store(true, Ordering::Relaxed);
    let mut uplink = cell.join().unwrap();
    let heard: Vec<Vec<Complex32>> = ues.map(|u| u.join().unwrap()).into();
    assert_eq!(air.end(), Some(0));

    let c = status.counters;
    // what came after the counters were read, and after the UEs had left, is another matter
    uplink.truncate(c.ul_samples as usize);
    assert_eq!((c.disconnects, c.late_peers, c.late_samples), (0, 0, 0), "{c:?}\n{}", air.log());
    assert_eq!((c.odd_size_messages, c.oversize_messages, c.empty_messages), (0, 0, 0), "{c:?}");
    let given_up = c.resumed_dl_samples + c.held_dl_samples;
    let mut zeros = 0;
    let mut bases = Vec::new();
    for all in &heard {
        // where it joined: the tag of its first sample that is none of 0
        let base =
            (0..2_000_000).find(|b| all.iter().take(SLOT).enumerate().all(|(i, z)| *z == tag(b + i as u64))).unwrap();
        bases.push(base);
        let mut seen = Seen::default();
        seen.look(base as i64, all);
        assert_eq!(seen.wrong, 0, "a UE got samples at a wrong place: {seen:?}");
        assert!(seen.right > 30 * times * SLOT as u64, "{seen:?}");
        zeros += seen.zero;
    }
    // what is zero was counted, but for what the counters missed in their last 10 ms and what nobody asked for any more
    assert!(zeros <= given_up, "{zeros} zeros, {c:?}");
    // a worker that is idle when it ends has nothing in flight
    assert!(times < KILLS || given_up > 0, "{c:?}");
    assert!(c.worker_restarts >= times, "{c:?}");
    // sample j of a UE lies at the uplink index base + j: each sample is the sum of both, or of those that were not given up
    let sums = |n: u64| {
        let of = |base: u64| n.checked_sub(base).map_or(Complex32::ZERO, tag);
        let clipped = |z: Complex32| Complex32::new(z.re.clamp(-1.0, 1.0), z.im.clamp(-1.0, 1.0));
        let (a, b) = (of(bases[0]), of(bases[1]));
        [clipped(a + b), a, b, Complex32::ZERO]
    };
    let is_right = |n: u64, z: Complex32| sums(n).iter().any(|want| *want == z || is_torn(z, *want));
    let wrong = (0..).zip(&uplink).filter(|(n, z)| !is_right(*n, **z)).count();
    let lost = (0..).zip(&uplink).filter(|(n, z)| sums(*n)[0] != **z).count() as u64;
    assert_eq!(wrong, 0, "the gNB got samples at a wrong place");
    let ul_given_up = c.resumed_ul_samples + c.held_ul_samples + c.absent_zero_samples;
    assert!(lost <= ul_given_up, "{lost} uplink samples are not there, {c:?}");
    assert!(uplink.len() as u64 > 30 * times * SLOT as u64);
    std::println!(
        "{pause}: {times} times {signal}, {} slots, zeros {zeros} of {given_up} counted",
        uplink.len() / SLOT
    );
}

#[test]
fn gnb_and_ues_go_on_when_the_worker_is_killed() {
    kills("300 ms", Signal::SIGKILL, KILLS);
}

#[test]
fn without_a_pause_they_get_zeros_until_the_next_one_is_there() {
    kills("0 s", Signal::SIGKILL, KILLS);
}

#[test]
fn a_worker_that_hangs_is_replaced() {
    kills("300 ms", Signal::SIGSTOP, 3);
}

/// Every worker ends before it can begin, as its control socket is another's: the next are started later and later, and peers get zeros.
#[test]
fn while_no_worker_lasts_they_get_zeros_and_the_system_is_not_flooded() {
    let dir = tempfile::tempdir().unwrap();
    let mut stock = FreePorts::stock(6).unwrap();
    let wires: Vec<String> = (0..6).map(|_| stock.wire().unwrap()).collect();
    let (mut air, control) = start(dir.path(), "100 ms", &wires);
    let at = |i: usize| wires[i].clone();
    let stop = Arc::new(AtomicBool::new(false));
    let dl = Arc::new(AtomicU64::new(0));
    let cell = gnb(at(0), at(1), Arc::clone(&dl), Arc::clone(&stop));
    let heard = ue(at(2), at(3), Arc::clone(&stop));
    let moves = |by: u64| {
        let from = dl.load(Ordering::Relaxed);
        let moved = wait_until(20, || dl.load(Ordering::Relaxed) >= from + by);
        assert!(moved, "the cell stands still: {}", air.log());
    };
    moves(50 * SLOT as u64);
    let socket = dir.path().join("air.sock");
    std::fs::remove_file(&socket).unwrap();
    let other = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    kill(air.child().unwrap(), Signal::SIGKILL).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let until = mono_ns() + 3_000_000_000;
    while mono_ns() < until {
        seen.extend(air.child());
        std::thread::sleep(Duration::from_millis(10));
    }
    // the one that was killed, and after pauses of 20, 40, 80 … ms at most seven more: the eighth not before 5.1 s
    assert!((2..=8).contains(&seen.len()), "{seen:?}: {}", air.log());
    moves(100 * SLOT as u64);
    drop(other);
    std::fs::remove_file(&socket).unwrap();
    assert!(wait_until(20, || ask_status(&control).is_ok()), "{}", air.log());
    moves(50 * SLOT as u64);
    let c = ask_status(&control).unwrap().counters;
    assert_eq!((c.hard(), c.disconnects, c.worker_restarts), (0, 0, 1), "{c:?}");
    assert!(c.held_dl_samples > 100 * SLOT as u64, "{c:?}");
    stop.store(true, Ordering::Relaxed);
    cell.join().unwrap();
    heard.join().unwrap();
    assert_eq!(air.end(), Some(0));
}

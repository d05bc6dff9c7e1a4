//! A gNB on its ZMQ radio, `air`, the relay and a USRP: the lab's UE attaches over the air of the virtual radio, and nothing ever moves.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod tx_support;

use e2e::{Program, binary, json, sidecar, socket, text, wait_until};
use serde_json::Value;
use sidecar::config::{
    AirSection, Duration as Span, Frequency, GainDb, GnbSection, ListenSection, MetricsSection, RelayCalibrateSection,
    RelayLegSection, RelaySection, UeSection,
};
use sidecar::free_ports::FreePorts;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tx_support::Bench;

/// The smallest rate of both the lab's cell and the radio: 184.32 MHz / 48.
const RATE_HZ: f64 = 3.84e6;
/// The chain may be on air all the time.
const GRANT: &str = "{mode: conducted, radios: [31A5F2C], low_hz: 3.49e9, high_hz: 3.51e9, max_gain_db: 20, max_amplitude: 1, max_burst_ms: 20, max_duty: 1, duty_window_ms: 1000, relay: true}";

/// Everything but the relay.
struct Loop {
    bench: Bench,
    guard: Program,
    air: Program,
    _lab: Program,
    world: String,
    metrics: String,
}

impl Loop {
    fn start(lead_slots: u64) -> Self {
        let mut ports = FreePorts::stock(12).unwrap();
        let mut port = || ports.take().unwrap();
        let mut tcp = || format!("tcp://127.0.0.1:{}", port());
        let (gnb_tx, gnb_rx, leg_rx, leg_tx, ue_tx, ue_rx) = (tcp(), tcp(), tcp(), tcp(), tcp(), tcp());
        let metrics = [port(), port()];
        let world = format!("127.0.0.1:{}", port());
        // what is sent is heard at its place by the UE and the gNB; ten minutes of it would be 37 GB
        let mut bench = Bench::with(&["--sample-limit", "4000000"], |tx| {
            tx.sample_rate = Frequency::new(RATE_HZ);
            tx.channels = vec![0, 1];
            tx.listen = ListenSection { channels: vec![0, 1], gain: GainDb::new(20.0), ..ListenSection::default() };
        });
        bench.allow(GRANT);
        let leg = |name: &str, from: &str, to: &str, transmit, receive| RelayLegSection {
            name: name.into(),
            from: from.into(),
            to: to.into(),
            transmit,
            receive,
        };
        // a cable from each transmit to the same receive channel: what the gNB sends on 0 the UE hears there
        bench.config.relay = RelaySection {
            legs: vec![leg("gnb", &leg_rx, &leg_tx, 0, 1), leg("ue", &ue_tx, &ue_rx, 1, 0)],
            gain: GainDb::new(12.0),
            lead: Span::new(10e-3),
            piece: Span::new(1e-3),
            metrics: MetricsSection::on_port(metrics[0]),
            ..RelaySection::default()
        };
        bench.config.ran.cell.prb = 20;
        bench.config.air = AirSection {
            sample_rate: Frequency::new(RATE_HZ),
            antennas: 1,
            gnb: GnbSection { tx: vec![gnb_tx.clone()], rx: gnb_rx.clone(), ..GnbSection::default() },
            ues: vec![UeSection { name: "radio".into(), rx: Some(leg_rx), tx: Some(leg_tx), ..UeSection::default() }],
            control: format!("ipc://{}", bench.dir.path().join("air.sock").display()),
            metrics: MetricsSection::on_port(metrics[1]),
            ..AirSection::default()
        };
        std::fs::write(&bench.file, bench.config.to_yaml().unwrap()).unwrap();
        let lab = bench.dir.path().join("lab.yaml");
        let yaml = format!(
            "cell: {{rate_hz: 3840000, prb: 20, ssb_offset_sc: 0}}\ngnb: {{tx_port: '{gnb_tx}', rx_port: '{gnb_rx}', lead_slots: {lead_slots}}}\nues:\n  - {{tx_port: '{ue_tx}', rx_port: '{ue_rx}', lead_slots: {lead_slots}}}\nworld: {{listen: '{world}'}}\nws: {{listen: ''}}\ncore: {{amf: '', smf: '', upf: '', pcf: '', userplane: '', app: '', rates_url: ''}}\n"
        );
        std::fs::write(&lab, yaml).unwrap();
        let guard = bench.guard();
        let log = |name: &str| bench.dir.path().join(name);
        let air = Program::start(&mut sidecar(&bench.file, &["air"]), log("air.log"));
        // what a real gNB and UE compute elsewhere does not hold up the radio
        let mut command = std::process::Command::new("nice");
        let command = command.args(["-n", "15"]).arg(binary("lab"));
        let _lab = Program::start(command.arg("--config").arg(&lab), log("lab.log"));
        let (world, metrics) = (format!("http://{world}/world"), format!("http://127.0.0.1:{}/metrics", metrics[0]));
        Self { guard, air, _lab, world, metrics, bench }
    }

    fn relay(&self) -> Program {
        Program::start(&mut sidecar(&self.bench.file, &["relay"]), self.log("relay.log"))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.bench.dir.path().join(name)
    }

    fn ue(&self) -> Value {
        json(&self.world, &[])["ues"][0].clone()
    }

    fn is_attached(&self) -> bool {
        self.ue()["attached"] == true
    }

    fn switch_ue(&self, state: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = format!("{}/ue/0", self.world);
        let body = serde_json::json!({"state": state}).to_string();
        let said = runtime.block_on(reqwest::Client::new().post(url).body(body).send()).unwrap();
        assert!(said.status().is_success(), "{said:?}");
        std::thread::sleep(Duration::from_millis(500));
    }

    fn all(&self, relay: &Program) -> String {
        format!("{}\n{}\n{}\n{:#}", relay.tail(), self.air.tail(), self.guard.tail(), self.ue())
    }

    fn count(&self, name: &str) -> f64 {
        let text = text(&self.metrics, &[]);
        let line = text.lines().find(|l| l.starts_with(name));
        line.and_then(|l| l.rsplit(' ').next()?.parse().ok()).unwrap_or(f64::NAN)
    }
}

/// `cargo test -p e2e --test relay -- --ignored`: a machine of its own.
#[test]
#[ignore = "gNB, UE, air, relay, guard and radio in real time: needs a machine that does nothing else"]
fn a_ue_attaches_over_the_air_and_nothing_moves() {
    let mut all = Loop::start(20);
    let mut relay = all.relay();
    assert!(wait_until(60, || all.is_attached()), "{}", all.all(&relay));
    std::thread::sleep(Duration::from_secs(10));
    let ue = all.ue();
    for (what, least) in [("downlink_offset_samples", 500), ("uplink_offset_samples", 100)] {
        let offsets = &ue[what];
        assert!(offsets["count"].as_u64().unwrap() >= least && offsets["off"] == 0, "{what} {}", all.all(&relay));
    }
    assert_eq!(ue["attached"], true);
    for leg in ["gnb", "ue"] {
        assert_eq!(all.count(&format!("sidecar_relay_moves_total{{leg=\"{leg}\"}}")), 0.0, "{}", all.all(&relay));
        assert!(all.count(&format!("sidecar_relay_samples_total{{leg=\"{leg}\",what=\"sent\"}}")) > 5.0 * RATE_HZ);
    }
    // the token was renewed or not, the chain is one: nothing but its own samples was ever sent
    let status = all.bench.status().unwrap();
    assert!(status.on_air.is_some_and(|b| b.sent > 5 * RATE_HZ as u64), "{status:?}");
    // with the relay gone, the radio is silent: in 20 ms and what it takes to see that
    let killed_ns = sidecar::clock::mono_ns();
    relay.kill();
    assert!(wait_until(2, || all.bench.usrp.on_air().unwrap().iter().all(|c| !c.on)));
    for channel in all.bench.usrp.on_air().unwrap() {
        let after_ms = (channel.last_nonzero_ns.unwrap() as u64).saturating_sub(killed_ns) as f64 * 1e-6;
        assert!(after_ms <= 100.0, "{after_ms} ms");
    }
    assert!(wait_until(2, || all.bench.status().is_some_and(|s| s.radio_is_safe)), "{}", all.guard.tail());
    let verified = all.bench.run(&["tx", "verify"]);
    assert!(verified.status.success(), "{}", tx_support::err(&verified));
    let log = all.bench.log();
    assert!(log.contains("\"event\":\"relay\"") && log.contains("pipe_closed"), "{log}");
    // and the next one takes it up: air has given the gNB zeros; a UE waits for ever on the reply that the dead one owed it, as srsUE does
    let relay = all.relay();
    all.switch_ue("dead");
    all.switch_ue("on");
    assert!(wait_until(60, || all.bench.usrp.on_air().unwrap()[0].on && all.is_attached()), "{}", all.all(&relay));
    // with air gone, holder and worker, its antenna is silent; the UE's is its own
    let worker = all.air.child().unwrap();
    let killed_ns = sidecar::clock::mono_ns();
    all.air.kill();
    let _ = nix::sys::signal::kill(worker, nix::sys::signal::Signal::SIGKILL);
    std::thread::sleep(Duration::from_millis(300));
    let last_ns = all.bench.usrp.on_air().unwrap()[0].last_nonzero_ns.unwrap() as u64;
    let after_ms = last_ns.saturating_sub(killed_ns) as f64 * 1e-6;
    assert!(after_ms <= 100.0, "{after_ms} ms");
    // a stop is final: the relay ends with it
    let mut relay = relay;
    assert!(all.bench.run(&["tx", "stop"]).status.success());
    assert_eq!(relay.code(5), Some(11), "{}", relay.tail());
}

/// `MINUTES=10 cargo test -p e2e --test relay -- --ignored --nocapture`: a machine of its own, two cores at least.
#[test]
#[ignore = "minutes of real time: needs a machine that does nothing else"]
fn minutes_on_the_air_and_not_a_sample_off() {
    let minutes: f64 = std::env::var("MINUTES").ok().and_then(|m| m.parse().ok()).unwrap_or(1.0);
    let all = Loop::start(20);
    let relay = all.relay();
    assert!(wait_until(60, || all.is_attached()), "{}", all.all(&relay));
    let (began_ns, mut unattached) = (sidecar::clock::mono_ns(), 0);
    let for_s = || (sidecar::clock::mono_ns() - began_ns) as f64 * 1e-9;
    while for_s() < 60.0 * minutes {
        std::thread::sleep(Duration::from_secs(1));
        unattached += u32::from(!all.is_attached());
    }
    let ue = all.ue();
    println!("{:.1} s on the air; looks without an attached UE: {unattached}", for_s());
    println!("downlink against the first SSB: {}", ue["downlink_offset_samples"]);
    println!("uplink against the gNB's slot: {}", ue["uplink_offset_samples"]);
    let text = text(&all.metrics, &[]);
    text.lines().filter(|l| l.starts_with("sidecar_relay")).for_each(|l| println!("{l}"));
    println!("{}", relay.log().lines().rfind(|l| l.contains("ON AIR")).unwrap_or_default());
    println!("guard: {:?}", all.bench.status());
    assert_eq!((&ue["downlink_offset_samples"]["off"], &ue["uplink_offset_samples"]["off"]), (&0.into(), &0.into()));
    assert_eq!(unattached, 0);
    for leg in ["gnb", "ue"] {
        assert_eq!(all.count(&format!("sidecar_relay_moves_total{{leg=\"{leg}\"}}")), 0.0, "{leg}");
    }
    // an SSB every 10 ms and two uplink slots every 20 ms: nine in ten were heard at least
    let heard = |what: &str| ue[what]["count"].as_f64().unwrap() / (for_s() / 10e-3);
    let shares = (heard("downlink_offset_samples"), heard("uplink_offset_samples"));
    println!("of all SSBs {:.3}, of all uplink slots in which they are measured {:.3}", shares.0, shares.1 * 2.0);
    assert!(shares.0 >= 0.9 && shares.1 >= 0.45, "{shares:?}");
}

/// What a peer was given, in samples.
#[derive(Debug, Default)]
struct Heard {
    all: u64,
    loud: u64,
    /// Largest magnitude.
    most: f32,
}

/// A ZMQ radio that sends a level as fast as it is asked, and counts what it is given.
fn peer(from: &str, to: &str, stop: &Arc<AtomicBool>) -> JoinHandle<Heard> {
    let (from, to, stop) = (from.to_owned(), to.to_owned(), Arc::clone(stop));
    std::thread::spawn(move || {
        let context = zmq::Context::new();
        let (gives, asks) = (socket(&context, zmq::REP).unwrap(), socket(&context, zmq::REQ).unwrap());
        gives.bind(&from).unwrap();
        asks.connect(&to).unwrap();
        asks.send(&[0_u8][..], 0).unwrap();
        let sample = [LEVEL.to_le_bytes(), [0; 4]].concat();
        let block = sample.repeat(SLOW_HZ as usize / 1000);
        let mut heard = Heard::default();
        while !stop.load(Ordering::Relaxed) {
            let mut items = [gives.as_poll_item(zmq::POLLIN), asks.as_poll_item(zmq::POLLIN)];
            zmq::poll(&mut items, 20).unwrap();
            let (wanted, came) = (items[0].is_readable(), items[1].is_readable());
            if wanted {
                gives.recv_bytes(0).unwrap();
                gives.send(&block, 0).unwrap();
            }
            if came {
                let bytes = asks.recv_bytes(0).unwrap();
                let part = |c: &[u8]| f32::from_le_bytes([c[0], c[1], c[2], c[3]]);
                for level in bytes.chunks_exact(8).map(|c| part(c).hypot(part(&c[4..]))) {
                    heard.all += 1;
                    heard.loud += u64::from(level > LEVEL / 4.0);
                    heard.most = heard.most.max(level);
                }
                asks.send(&[0_u8][..], 0).unwrap();
            }
        }
        heard
    })
}

/// 184.32 MHz / 192.
const SLOW_HZ: f64 = 0.96e6;
const LEVEL: f32 = 0.25;

#[test]
fn a_chain_lasts_as_long_as_its_samples_come_and_no_longer() {
    let mut ports = FreePorts::stock(3).unwrap();
    let mut tcp = || format!("tcp://127.0.0.1:{}", ports.take().unwrap());
    let (from, to) = (tcp(), tcp());
    let mut bench = Bench::new(|tx| {
        tx.sample_rate = Frequency::new(SLOW_HZ);
        tx.listen.gain = GainDb::new(20.0);
    });
    bench.allow(GRANT);
    let leg = RelayLegSection { name: "peer".into(), from: from.clone(), to: to.clone(), transmit: 0, receive: 0 };
    bench.config.relay = RelaySection {
        legs: vec![leg],
        gain: GainDb::new(20.0),
        lead: Span::new(8e-3),
        metrics: MetricsSection::on_port(ports.take().unwrap()),
        ..RelaySection::default()
    };
    std::fs::write(&bench.file, bench.config.to_yaml().unwrap()).unwrap();
    let guard = bench.guard();
    let stop = Arc::new(AtomicBool::new(false));
    let peer = peer(&from, &to, &stop);
    let start = || Program::start(&mut sidecar(&bench.file, &["relay"]), bench.dir.path().join("relay.log"));
    let mut relay = start();
    let sends = || bench.usrp.on_air().unwrap()[0].on;
    assert!(wait_until(20, sends), "{}{}", relay.tail(), guard.tail());
    std::thread::sleep(Duration::from_secs(2));
    let status = bench.status().unwrap();
    assert!(status.on_air.is_some_and(|b| b.is_chain && b.sent > SLOW_HZ as u64), "{status:?}");
    // every metric of the table is told
    let told = text(&format!("http://{}/metrics", bench.config.relay.metrics.listen), &[]);
    let table = include_str!("../../../configs/METRICS.md");
    let named: Vec<&str> =
        table.lines().filter(|l| l.contains("| relay |")).filter_map(|l| l.split('`').nth(1)).collect();
    assert!(named.len() == 5 && named.iter().all(|n| told.contains(n)), "{named:?} {told}");
    // with the relay gone, the radio is silent: in 20 ms and what it takes to see that
    let killed_ns = sidecar::clock::mono_ns();
    relay.kill();
    assert!(wait_until(2, || !sends()));
    let last_ns = bench.usrp.on_air().unwrap()[0].last_nonzero_ns.unwrap() as u64;
    let after_ms = last_ns.saturating_sub(killed_ns) as f64 * 1e-6;
    assert!(after_ms <= 100.0, "{after_ms} ms");
    assert!(wait_until(2, || bench.status().is_some_and(|s| s.radio_is_safe)), "{}", guard.tail());
    let log = bench.log();
    assert!(log.contains("\"event\":\"relay\"") && log.contains("pipe_closed"), "{log}");
    stop.store(true, Ordering::Relaxed);
    let heard = peer.join().unwrap();
    assert!(heard.all > SLOW_HZ as u64 && heard.loud > heard.all / 4, "{heard:?}");
    // the next one takes it up with another peer; a stop is final: the relay ends with it, and does not begin again
    let stop = Arc::new(AtomicBool::new(false));
    let peer = self::peer(&from, &to, &stop);
    let mut relay = start();
    assert!(wait_until(20, sends), "{}{}", relay.tail(), guard.tail());
    assert!(bench.run(&["tx", "stop"]).status.success());
    assert_eq!(relay.code(5), Some(11), "{}", relay.tail());
    assert!(!sends());
    stop.store(true, Ordering::Relaxed);
    peer.join().unwrap();
    let verified = bench.run(&["tx", "verify"]);
    assert!(verified.status.success(), "{}", tx_support::err(&verified));
}

/// Two peers send one level over two chains whose oscillators come to rest anywhere: where both are heard they add up, each time the chain begins.
#[test]
fn what_goes_out_on_two_channels_arrives_in_phase() {
    let mut ports = FreePorts::stock(5).unwrap();
    let metrics = ports.take().unwrap();
    let mut tcp = || format!("tcp://127.0.0.1:{}", ports.take().unwrap());
    let mut bench = Bench::with(&["--lo-phase", "random", "--seed", "11"], |tx| {
        tx.sample_rate = Frequency::new(SLOW_HZ);
        tx.channels = vec![0, 1];
        tx.listen.gain = GainDb::new(20.0);
    });
    bench.allow(GRANT);
    // 20 + 20 dB of gain: one arrives as it is sent, the other 3 dB lower and turned
    for (tx, way) in ["-40 25", "-43 100"].iter().enumerate() {
        bench.usrp.control(&format!("path {tx} 0 {way} 3")).unwrap();
    }
    let legs: Vec<RelayLegSection> = (0..2)
        .map(|k| RelayLegSection { name: format!("peer-{k}"), from: tcp(), to: tcp(), transmit: k, receive: 0 })
        .collect();
    bench.config.relay = RelaySection {
        legs: legs.clone(),
        gain: GainDb::new(20.0),
        lead: Span::new(8e-3),
        calibrate: Some(RelayCalibrateSection::default()),
        metrics: MetricsSection::on_port(metrics),
        ..RelaySection::default()
    };
    std::fs::write(&bench.file, bench.config.to_yaml().unwrap()).unwrap();
    let guard = bench.guard();
    for _ in 0..2 {
        let stop = Arc::new(AtomicBool::new(false));
        let peers: Vec<_> = legs.iter().map(|leg| peer(&leg.from, &leg.to, &stop)).collect();
        let mut relay = Program::start(&mut sidecar(&bench.file, &["relay"]), bench.dir.path().join("relay.log"));
        let is_on = || bench.status().and_then(|s| s.on_air).is_some_and(|b| b.is_chain && b.sent > SLOW_HZ as u64);
        assert!(wait_until(20, is_on), "{}{}", relay.tail(), guard.tail());
        stop.store(true, Ordering::Relaxed);
        for peer in peers {
            let heard = peer.join().unwrap();
            // both at the level of the weaker one, in phase; at random it is 0.07 to 0.43
            let both = 2.0 * LEVEL * 10_f32.powf(-3.0 / 20.0);
            assert!((heard.most / both - 1.0).abs() < 0.05, "{heard:?}, not {both}: {}", relay.tail());
        }
        // the end of the chain closes the stream: what was measured does not hold for the next
        assert_eq!(relay.end(), Some(0), "{}", relay.tail());
        let stale = bench.status().unwrap().calibration.unwrap().stale;
        assert!(stale.as_ref().is_some_and(|s| s.contains("closed")), "{stale:?}");
    }
}

#[test]
fn without_a_grant_that_says_so_nothing_is_relayed() {
    let all = Loop::start(20);
    let Loop { bench, mut guard, .. } = all;
    guard.end();
    bench.allow(&GRANT.replace(", relay: true", ""));
    let _guard = bench.guard();
    let mut relay = Program::start(&mut sidecar(&bench.file, &["relay"]), bench.dir.path().join("relay.log"));
    assert_eq!(relay.code(20), Some(11), "{}", relay.tail());
    assert!(relay.log().contains("no_grant"), "{}", relay.tail());
    assert!(bench.usrp.radiated().unwrap().is_empty());
}

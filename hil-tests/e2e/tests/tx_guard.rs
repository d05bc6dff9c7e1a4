//! What a guard lets through and what not, with the virtual USRP behind the real SoapySDR library.

mod tx_support;

use e2e::wait_until;
use nix::sys::signal::{Signal, kill};
use num_complex::Complex32;
use sidecar::tx::{Answer, ArmOrder, Ask, FireOrder, Over, TxError, Wave};
use std::collections::BTreeSet;
use std::time::Duration;
use tx_support::{Bench, FREQUENCY_HZ, RATE_HZ, err, out};

const PATIENCE: Duration = Duration::from_secs(5);

/// A burst of noise: exactly its samples, in its band, at its level, written down before and after, and an annotation of SigMF.
#[test]
fn a_burst_is_exactly_what_was_approved() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let burst = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "12.5 dB", "--samples", "76801"];
    let fired = bench.run(&burst);
    assert!(fired.status.success(), "{}{}", err(&fired), guard.log());
    assert!(out(&fired).starts_with("burst 1: 76801 of 76801 samples sent (10.000 ms)"), "{}", out(&fired));

    let stretches = bench.usrp.radiated().unwrap();
    assert!(
        stretches.iter().all(|s| (s.gain_db, s.frequency_hz, s.rate_hz) == (12.5, FREQUENCY_HZ, RATE_HZ)),
        "{stretches:?}"
    );
    assert_eq!(stretches.iter().map(|s| s.samples).sum::<u64>(), 76_801);
    let sent = bench.usrp.samples(0).unwrap();
    let mut wanted = vec![Complex32::ZERO; 76_801];
    sidecar::tx::Source::new(Wave::Noise { rms: 0.1, peak: 0.3, seed: 1 }, RATE_HZ).fill(&mut wanted);
    // the wire to the radio has 16 bit: half a step, and rounding of the scale
    let off = sent.iter().zip(&wanted).map(|(s, w)| (s - w).norm()).fold(0.0, f32::max);
    assert!(off < 1.0 / 32767.0, "{off}");
    let power_db = 10.0 * (sent.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>() / sent.len() as f64).log10();
    assert!((power_db + 20.0).abs() < 0.1, "{power_db} dBFS");

    // its approval was on disk before its first sample
    let log = bench.log();
    let fire = log.lines().find(|l| l.contains("\"event\":\"fire\"")).unwrap();
    let record: serde_json::Value = serde_json::from_str(fire.split_once(' ').unwrap().1).unwrap();
    assert!(record["mono_ns"].as_i64().unwrap() < stretches[0].from_ns);
    assert_eq!((&record["what"]["burst"]["samples"], &record["what"]["serial"]), (&76_801.into(), &"31A5F2C".into()));
    assert!(log.lines().any(|l| l.contains("\"event\":\"end\",\"id\":1,\"sent\":76801,")), "{log}");
    assert!(!log.contains("token"));

    let meta = bench.dir.path().join("own.sigmf-meta");
    assert!(bench.run(&["tx", "log", "--sigmf", meta.to_str().unwrap()]).status.success());
    let meta: serde_json::Value = serde_json::from_slice(&std::fs::read(meta).unwrap()).unwrap();
    let note = &meta["annotations"][0];
    assert_eq!((&note["core:sample_start"], &note["core:sample_count"]), (&0.into(), &76_801.into()));
    assert_eq!(note["core:freq_lower_edge"], FREQUENCY_HZ - RATE_HZ / 2.0);

    assert_eq!(guard.end(), Some(0));
    let verified = bench.run(&["tx", "verify"]);
    assert!(verified.status.success() && out(&verified).contains("unbroken"), "{}", err(&verified));
    let mut bytes = std::fs::read(&bench.config.tx.log).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 4;
    std::fs::write(&bench.config.tx.log, bytes).unwrap();
    let broken = bench.run(&["tx", "verify"]);
    assert_eq!(broken.status.code(), Some(9), "{}", out(&broken));
    // nor does a guard write behind it
    assert_eq!(bench.run(&["tx-guard"]).status.code(), Some(5));
}

/// A stream that somebody hands over goes out sample by sample, and never more than 20 ms of it are on their way.
#[test]
fn a_stream_is_sent_as_it_is_handed_over() {
    let bench = Bench::new(|_| ());
    let guard = bench.guard();
    let fire =
        ["tx", "fire", "--tone", "1 MHz", "--level", "-10 dBFS", "--gain", "0 dB", "--for", "300 ms", "--hand-over"];
    let mut source = e2e::Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    let mut most = 0;
    for _ in 0..400 {
        most = most.max(bench.usrp.on_air().unwrap()[0].queued);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(source.code(10), Some(0), "{}{}", source.log(), guard.log());
    assert!(most > 0 && most as f64 <= 0.02 * RATE_HZ, "{most} samples were queued");
    let sent: Vec<_> = bench.usrp.samples(0).unwrap().into_iter().filter(|z| z.norm() > 0.0).collect();
    let mut wanted = vec![Complex32::ZERO; (0.3 * RATE_HZ) as usize];
    sidecar::tx::Source::new(Wave::Tone { offset_hz: 1e6, amplitude: 10_f32.powf(-0.5) }, RATE_HZ).fill(&mut wanted);
    assert_eq!(sent.len(), wanted.len());
    assert!(sent.iter().zip(&wanted).all(|(s, w)| (s - w).norm() < 1.0 / 32767.0));
}

/// Nothing leaves the antenna for any of these.
#[test]
fn what_is_not_allowed_is_refused_by_name_and_not_sent() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let fire = |more: &[&str]| {
        let mut words = vec!["tx", "fire", "--tone", "1 MHz", "--level", "-20 dBFS"];
        words.extend(more);
        let fired = bench.run(&words);
        assert_eq!(fired.status.code(), Some(11), "{more:?}: {}{}", out(&fired), err(&fired));
        err(&fired)
    };
    assert!(fire(&["--gain", "0 dB", "--for", "1 ms", "--token", &"0".repeat(32)]).contains("(state)"));
    assert!(fire(&["--gain", "20.5 dB", "--for", "1 ms"]).contains("(cap)"));
    assert!(fire(&["--gain", "0 dB", "--for", "2001 ms"]).contains("(cap)"));
    assert!(fire(&["--gain", "0 dB", "--for", "1 ms", "--token", &"0".repeat(32)]).contains("(token)"));
    // this grant is not for jamming
    assert!(fire(&["--gain", "0 dB", "--for", "1 ms", "--jam", "1"]).contains("(no_grant)"));
    std::fs::write(&bench.config.tx.stop_file, "").unwrap();
    assert!(fire(&["--gain", "0 dB", "--for", "1 ms"]).contains("(stop_file)"));
    std::fs::remove_file(&bench.config.tx.stop_file).unwrap();
    // half of full scale is allowed: this is stopped at its first piece
    let loud = bench.run(&["tx", "fire", "--tone", "1 MHz", "--level", "-5 dBFS", "--gain", "0 dB", "--for", "1 ms"]);
    assert_eq!(loud.status.code(), Some(11), "{}", err(&loud));
    assert_eq!(bench.usrp.on_air().unwrap()[0].radiated, 0, "{:?}", bench.usrp.radiated());
    // every metric that the table names for this process is there
    let metrics = e2e::text(&format!("http://{}/metrics", bench.config.tx.metrics.listen), &[]);
    let table = include_str!("../../../configs/METRICS.md");
    let named: Vec<&str> =
        table.lines().filter(|l| l.contains("| tx-guard |")).filter_map(|l| l.split('`').nth(1)).collect();
    assert_eq!(named.len(), 14);
    assert!(named.iter().all(|n| metrics.contains(n)), "{metrics}");
    // and every one that dashboard and alerts ask for is really told
    let asked = [
        include_str!("../../../configs/grafana/dashboards/sidecar.json"),
        include_str!("../../../configs/prometheus/alerts.yml"),
    ];
    for text in asked {
        let word = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let asked: BTreeSet<&str> = text.split(word).filter(|w| w.starts_with("sidecar_tx_")).collect();
        let told =
            |name: &&&str| metrics.lines().any(|l| l.strip_prefix(**name).is_some_and(|r| r.starts_with(['{', ' '])));
        assert!(asked.len() >= 5, "{asked:?}");
        assert_eq!(asked.iter().filter(|n| !told(n)).collect::<Vec<_>>(), Vec::<&&str>::new(), "{metrics}");
    }
    // a second guard does not get the radio, nor its socket
    assert_ne!(bench.run(&["tx-guard"]).status.code(), Some(0));
    assert_eq!(guard.end(), Some(0));

    // another radio's policy, another lab's key, a policy that was touched
    bench.allow(&tx_support::GRANT.replace("31A5F2C", "31A5F2D"));
    let mut guard = bench.guard();
    assert!(fire(&["--gain", "0 dB", "--for", "1 ms"]).contains("(no_grant)"));
    assert_eq!(guard.end(), Some(0));
    bench.allow(tx_support::GRANT);
    let policy = std::fs::read_to_string(&bench.config.tx.policy).unwrap();
    std::fs::write(&bench.config.tx.policy, policy.replace("max_gain_db: 20", "max_gain_db: 30")).unwrap();
    let mut guard = bench.guard();
    assert!(fire(&["--gain", "0 dB", "--for", "1 ms"]).contains("(denied)"));
    assert!(bench.status().unwrap().policy.is_none());
    assert_eq!(guard.end(), Some(0));
    assert_eq!(bench.usrp.on_air().unwrap()[0].radiated, 0);
}

/// More than was asked for by credit, samples of nobody's burst, and of another's.
#[test]
fn who_hands_over_too_much_gains_nothing() {
    let bench = Bench::new(|_| ());
    let guard = bench.guard();
    let mut client = bench.client();
    client.hand_over(&vec![Complex32::ONE; 5000]).unwrap();
    let refused = client.wait(PATIENCE, |_| true);
    assert!(matches!(&refused, Err(TxError::Refused { code, .. }) if code == "credit"), "{refused:?}");
    let order = ArmOrder { for_ms: 3000, jam: None, relay: false, phrase: String::new() };
    let armed = client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. })).unwrap();
    let Answer::Armed { token, .. } = armed else { panic!("{armed:?}") };
    client.tell(&Ask::Feed { alive_ns: None }).unwrap();
    let order = FireOrder { token, samples: 1000, gain_db: 0.0, wave: Wave::Stream, over: Over::Channel(0) };
    client.ask(&Ask::Fire(order), PATIENCE, |a| matches!(a, Answer::Fired { .. })).unwrap();
    client.wait(PATIENCE, |a| matches!(a, Answer::Credit { .. })).unwrap().unwrap();
    // samples of somebody else do not come in between
    let mut other = bench.client();
    other.hand_over(&[Complex32::new(0.4, 0.0); 100]).unwrap();
    let refused = other.wait(PATIENCE, |_| true);
    assert!(matches!(&refused, Err(TxError::Refused { code, .. }) if code == "credit"), "{refused:?}");
    client.hand_over(&[Complex32::new(0.25, 0.0); 400]).unwrap();
    client.hand_over(&vec![Complex32::new(0.25, 0.0); 70_000]).unwrap();
    let refused = client.wait(PATIENCE, |_| false);
    assert!(matches!(&refused, Err(TxError::Refused { code, .. }) if code == "credit"), "{refused:?}");
    let ended = client.wait(PATIENCE, |a| matches!(a, Answer::Ended(_))).unwrap();
    let Some(Answer::Ended(ended)) = ended else { panic!("{ended:?} {}", guard.log()) };
    assert!(ended.sent <= 400 && ended.why == Some(governor::Stop::BadPiece), "{ended:?}");
    let radiated = bench.usrp.radiated().unwrap();
    assert!(radiated.iter().map(|s| s.samples).sum::<u64>() <= 1001, "{radiated:?}");
    assert!(radiated.iter().all(|s| s.peak < 0.251), "{radiated:?}");
}

/// What is longer than a credit or an order can ever be is refused by its header, and ends the connection.
#[test]
fn a_message_that_is_too_long_is_not_read() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let most = (0.01 * RATE_HZ) as usize;
    let order = ArmOrder { for_ms: 1000, jam: None, relay: false, phrase: "x".repeat(5000) };
    let arm = Ask::Arm(order);
    for (what, samples, says) in [("samples", most + 1, "614400 are taken"), ("an order", 0, "4096 are taken")] {
        let mut client = bench.client();
        // the guard may be gone from the socket before all of it is written
        let _ = if samples > 0 { client.hand_over(&vec![Complex32::ZERO; samples]) } else { client.tell(&arm) };
        let refused = client.wait(PATIENCE, |_| true);
        let Err(TxError::Refused { code, reason }) = &refused else { panic!("{what}: {refused:?}") };
        assert!(code == "malformed" && reason.contains(says), "{what}: {reason}");
        assert!(matches!(client.wait(PATIENCE, |_| true), Err(TxError::Silent(_))), "{what}: the connection is closed");
    }
    // what just fits is read, and refused for another reason
    let mut client = bench.client();
    client.hand_over(&vec![Complex32::ZERO; most]).unwrap();
    assert!(matches!(client.wait(PATIENCE, |_| true), Err(TxError::Refused { code, .. }) if code == "credit"));
    assert!(bench.status().is_some_and(|s| s.radio_is_safe), "{}", guard.log());
    assert_eq!(guard.end(), Some(0));
}

/// The command line stops a guard that does not answer, too.
#[test]
fn a_guard_that_hangs_is_stopped_without_its_help() {
    let bench = Bench::new(|_| ());
    let guard = bench.guard();
    let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", "2 s"];
    let _source = e2e::Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on));
    kill(guard.pid(), Signal::SIGSTOP).unwrap();
    let stopped = bench.run(&["tx", "stop"]);
    assert!(stopped.status.success() && out(&stopped).contains("was killed"), "{}{}", out(&stopped), err(&stopped));
    assert!(bench.config.tx.stop_file.exists());
    assert!(wait_until(1, || !bench.usrp.on_air().unwrap()[0].on));
    // the next guard does not send as long as the file is there
    let mut guard = bench.guard();
    let fired = bench.run(&["tx", "fire", "--zeros", "--gain", "0 dB", "--for", "1 ms"]);
    assert!(err(&fired).contains("(stop_file)"), "{}", err(&fired));
    // a stop does not lift a lock-out that was there before it
    assert!(bench.run(&["tx", "stop"]).status.success());
    assert!(bench.config.tx.stop_file.exists());
    std::fs::remove_file(&bench.config.tx.stop_file).unwrap();
    assert!(
        bench.run(&["tx", "fire", "--zeros", "--gain", "0 dB", "--for", "1 ms"]).status.success(),
        "{}",
        guard.log()
    );
    assert_eq!(guard.end(), Some(0));
}

/// Garbage on the socket closes its connection and nothing else.
#[test]
fn garbage_on_the_socket_is_refused() {
    use std::io::Write;
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let path = bench.config.tx.control.trim_start_matches("ipc://").to_owned();
    for garbage in [vec![0xff; 300], vec![0; 96], b"SDCR".repeat(60)] {
        let mut socket = std::os::unix::net::UnixStream::connect(&path).unwrap();
        socket.write_all(&garbage).unwrap();
    }
    let mut client = bench.client();
    let order = FireOrder {
        token: "0".repeat(32).parse().unwrap(),
        samples: 1,
        gain_db: f64::NAN,
        wave: Wave::Zeros,
        over: Over::Channel(0),
    };
    // NaN is no JSON
    let refused = client.ask(&Ask::Fire(order), PATIENCE, |_| true);
    assert!(matches!(refused, Err(TxError::Refused { .. })), "{refused:?}");
    assert!(bench.status().is_some_and(|s| s.radio_is_safe));
    assert_eq!(guard.end(), Some(0));
}

/// Probe and self-test, as a user would run them.
#[test]
fn a_radio_is_probed_and_tested() {
    let bench = Bench::new(|tx| tx.sample_rate = sidecar::config::Frequency::new(1.92e6));
    let probed = bench.run(&["radio", "probe"]);
    assert!(
        out(&probed).contains("X310 by driver virtual_usrp") && out(&probed).contains("0 to 31.5 by 0.5 dB"),
        "{}",
        out(&probed)
    );
    let guard = bench.guard();
    // a radio belongs to one process
    assert!(err(&bench.run(&["radio", "probe"])).contains("in use"));
    let tested = bench.run(&["radio", "selftest", "--loop-gain", "20 dB", "--least", "-50 dBFS"]);
    assert!(tested.status.success(), "{}{}{}", out(&tested), err(&tested), guard.log());
    assert_eq!(out(&tested).matches("ok ").count(), 4, "{}", out(&tested));
    // a tone of -20 dBFS at a gain of 20 dB through 40 dB comes back at -40 dBFS: not at -35
    let deaf = bench.run(&["radio", "selftest", "--loop-gain", "20 dB", "--least", "-35 dBFS"]);
    assert_eq!(deaf.status.code(), Some(4));
    assert_eq!(out(&deaf).matches("FAILED").count(), 1, "{}", out(&deaf));
}

/// A radio that keeps its gain is never called safe: the guard ends, and its exit code says so.
#[test]
fn a_gain_that_does_not_go_down_is_not_called_safe() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "10 dB", "--for", "2 s"];
    let _source = e2e::Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on));
    bench.usrp.control("stuck-gain").unwrap();
    let stopped = bench.run(&["tx", "stop"]);
    assert!(!out(&stopped).contains("safe after"), "{}", out(&stopped));
    assert!(wait_until(1, || !bench.usrp.on_air().unwrap()[0].on));
    assert_ne!(guard.code(10), Some(0), "{}", guard.log());
}

/// A driver that takes part of each write is given the rest.
#[test]
fn short_writes_change_nothing() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    bench.usrp.control("short-writes 700").unwrap();
    let fired = bench.run(&["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--samples", "20001"]);
    assert!(fired.status.success(), "{}{}", err(&fired), guard.log());
    assert_eq!(bench.usrp.radiated().unwrap().iter().map(|s| s.samples).sum::<u64>(), 20_001);
    assert_eq!(guard.end(), Some(0));
}

/// Too much at the receiver: the burst ends, the receive gain goes to its lowest and stays there until the guard is started anew.
#[test]
fn an_overload_lowers_the_receive_gain() {
    let gain = sidecar::config::GainDb::new(20.0);
    let bench = Bench::new(|tx| tx.listen.gain = gain);
    let mut guard = bench.guard();
    let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", "1500 ms"];
    let mut source = e2e::Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on));
    let began_ns = sidecar::clock::mono_ns() as i64;
    // -15 dBFS at a gain of 20 dB is beyond full scale
    bench.usrp.control("inject 0 -15 1e5").unwrap();
    assert_eq!(source.code(5), Some(11), "{}", source.log());
    let lowered = bench.usrp.wait_for(PATIENCE, |e| match &e.event {
        virtual_usrp::Event::Set(s) => {
            s.setting == "gain" && s.direction == Some(virtual_usrp::Direction::Rx) && s.value == 0.0
        }
        _ => false,
    });
    let after_ms = (lowered.unwrap().unwrap().t_ns - began_ns) as f64 * 1e-6;
    let last_ns = bench.usrp.on_air().unwrap()[0].last_nonzero_ns.unwrap();
    println!("overload: receive gain down after {after_ms} ms, silent after {} ms", (last_ns - began_ns) as f64 * 1e-6);
    assert!((0.0..=100.0).contains(&after_ms));
    let status = bench.status().unwrap();
    assert!(status.reception.is_lowered && status.last_stop == Some(governor::Stop::Overload), "{status:?}");
    assert!(out(&bench.run(&["tx", "status"])).contains("OVERLOADED"));
    assert_eq!(guard.end(), Some(0));
    bench.usrp.control("clear").unwrap();
    let _guard = bench.guard();
    assert!(!bench.status().unwrap().reception.is_lowered);
}

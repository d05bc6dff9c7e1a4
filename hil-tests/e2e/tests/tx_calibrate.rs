//! Two transmit chains whose oscillators come to rest anywhere, a combiner before one receiver: measured, put right, and refused once it does not
//! hold any more. The virtual radio's record tells the truth.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod tx_support;

use e2e::{Program, wait_until};
use num_complex::Complex64;
use sidecar::config::{Duration, Frequency, GainDb, PowerDbfs};
use sidecar::tx::CalibrationReport;
use tx_support::{Bench, err, out};
use virtual_usrp::{Direction, Event};

/// Gain of the chains, dB.
const GAIN: &str = "10 dB";
/// Level and phase of the ways from the two connectors to the combiner's output.
const WAYS: [(f64, f64); 2] = [(-40.0, 25.0), (-43.0, 100.0)];

fn combiner() -> Bench {
    combiner_with(|_| ())
}

fn combiner_with(shape: impl FnOnce(&mut sidecar::config::TxSection)) -> Bench {
    let bench = Bench::with(&["--lo-phase", "random", "--seed", "11"], |tx| {
        tx.channels = vec![0, 1];
        shape(tx);
    });
    for (tx, (db, deg)) in WAYS.iter().enumerate() {
        bench.usrp.control(&format!("path {tx} 0 {db} {deg} 3")).unwrap();
    }
    bench
}

/// Where the oscillators of both transmitters stand, degrees.
fn oscillators(bench: &Bench) -> [f64; 2] {
    let events = bench.usrp.events().unwrap();
    [0, 1].map(|wanted| {
        let of = |e: &virtual_usrp::Entry| match e.event {
            Event::Lo { direction: Direction::Tx, channel, deg } if channel == wanted => Some(deg),
            _ => None,
        };
        events.iter().rev().find_map(of).unwrap()
    })
}

/// What each chain makes of its samples up to the combiner, the receiver's own phase apart.
fn truth(bench: &Bench) -> [Complex64; 2] {
    let lo = oscillators(bench);
    [0, 1].map(|k| Complex64::from_polar(10_f64.powf(WAYS[k].0 / 20.0), (WAYS[k].1 + lo[k]).to_radians()))
}

fn calibrate(bench: &Bench, more: &[&str]) -> std::process::Output {
    let mut words = vec!["--json", "radio", "calibrate", "--gain", GAIN];
    words.extend(more);
    bench.run(&words)
}

fn calibrated(bench: &Bench, guard: &Program) -> CalibrationReport {
    let done = calibrate(bench, &[]);
    assert!(done.status.success(), "{}{}", err(&done), guard.log());
    serde_json::from_str(&out(&done)).unwrap()
}

/// Against what is so.
fn is_true(bench: &Bench, report: &CalibrationReport) {
    let [a, b] = truth(bench);
    let chain = &report.chains[1];
    let off = (Complex64::cis(chain.phase_deg.to_radians()) / (b / a)).arg().to_degrees();
    println!(
        "phase {:.3} deg, off by {off:.3}, 95 % said {:.3}; level {:.3} dB",
        chain.phase_deg, chain.error_deg, chain.relative_db
    );
    assert!(off.abs() < 0.5 && off.abs() < 3.0 * chain.error_deg + 0.05, "{off} degrees off: {chain:?}");
    assert!((chain.relative_db + 3.0).abs() < 0.05, "{chain:?}");
    for (k, chain) in report.chains.iter().enumerate() {
        assert!((chain.level_db - WAYS[k].0 - 10.0).abs() < 0.1, "{chain:?}");
        assert!((chain.delay_samples - 3.0).abs() < 0.02 && chain.snr_db > 30.0, "{chain:?}");
        assert!(chain.spread_deg.unwrap() < 0.5, "{chain:?}");
    }
}

/// Fires noise over both chains and gives what each made of it at the combiner: against each other, and their sum against the stronger alone.
fn coherent(bench: &Bench, guard: &Program) -> (f64, f64) {
    let had = [0, 1].map(|c| bench.usrp.samples(c).unwrap().len());
    let words = ["tx", "fire", "--coherent", "--noise", "--level", "-20 dBFS", "--gain", GAIN, "--for", "5 ms"];
    let fired = bench.run(&words);
    assert!(fired.status.success(), "{}{}", err(&fired), guard.log());
    let sent = [0, 1].map(|c| bench.usrp.samples(c).unwrap()[had[c]..].to_vec());
    assert!(sent[0].len() == 38_400 && sent[1].len() == 38_400, "{} {}", sent[0].len(), sent[1].len());
    let truth = truth(bench);
    let arrives = |k: usize| -> Vec<Complex64> {
        sent[k].iter().map(|z| Complex64::new(z.re.into(), z.im.into()) * truth[k]).collect()
    };
    let (a, b) = (arrives(0), arrives(1));
    let product: Complex64 = a.iter().zip(&b).map(|(a, b)| b * a.conj()).sum();
    let power = |x: &[Complex64]| x.iter().map(|z| z.norm_sqr()).sum::<f64>();
    assert!(product.norm() > 0.999 * (power(&a) * power(&b)).sqrt(), "the same wave on both");
    (product.arg().to_degrees(), 10.0 * (power(&b) / power(&a)).log10())
}

#[test]
fn chains_are_measured_put_right_and_measured_again() {
    let bench = combiner_with(|tx| tx.stop_without_reference = Some(true));
    let mut guard = bench.guard();
    // nobody sends over two chains as if they were one before they are measured
    let never = bench.run(&["tx", "fire", "--coherent", "--zeros", "--gain", GAIN, "--for", "1 ms"]);
    assert_eq!(never.status.code(), Some(11));
    assert!(
        err(&never).contains("(calibration_none)") && err(&never).contains("sidecar radio calibrate"),
        "{}",
        err(&never)
    );

    let first = calibrated(&bench, &guard);
    is_true(&bench, &first);
    assert_eq!(
        (first.holds_for.transmit.as_slice(), first.holds_for.receive, first.holds_for.gain_db),
        (&[0, 1][..], 0, 10.0)
    );
    // each burst was an ordinary one: approved, in the log, at the gain that was asked for
    assert_eq!(bench.log().matches("\"event\":\"fire\"").count(), 10);
    let loud: Vec<_> = bench.usrp.radiated().unwrap().into_iter().filter(|s| s.nonzero > 0).collect();
    assert!(loud.len() >= 10 && loud.iter().all(|s| s.gain_db == 10.0 && (s.peak - 0.2512).abs() < 1e-3), "{loud:?}");
    let status = bench.run(&["tx", "status"]);
    assert!(
        out(&status).contains("2 chains at 10 dB") && out(&status).contains("holds up to 600 s"),
        "{}",
        out(&status)
    );
    let metric = |name: &str| {
        let all = e2e::text(&format!("http://{}/metrics", bench.config.tx.metrics.listen), &[]);
        let line = all.lines().find(|l| l.starts_with(name)).unwrap_or_default().to_owned();
        line.rsplit(' ').next().unwrap_or_default().parse::<f64>().unwrap()
    };
    assert!(wait_until(2, || metric("sidecar_tx_calibration_holds") == 1.0));
    assert!((0.0..30.0).contains(&metric("sidecar_tx_calibration_age_seconds")));
    assert_eq!(metric("sidecar_tx_reference_locked"), 1.0);

    for _ in 0..2 {
        let (deg, db) = coherent(&bench, &guard);
        println!("at the combiner: {deg:.3} deg, {db:.3} dB");
        assert!(deg.abs() < 2.0 && db.abs() < 0.2, "{deg} degrees, {db} dB");
    }
    // at another gain it does not hold
    let other = bench.run(&["tx", "fire", "--coherent", "--zeros", "--gain", "9 dB", "--for", "1 ms"]);
    assert_eq!(other.status.code(), Some(11));
    assert!(err(&other).contains("(calibration_gain)") && err(&other).contains("--gain '9 dB'"), "{}", err(&other));
    assert!(coherent(&bench, &guard).0.abs() < 2.0);

    // a stop closes the stream: that was it
    assert!(bench.run(&["tx", "stop"]).status.success());
    let closed = bench.run(&["tx", "fire", "--coherent", "--zeros", "--gain", GAIN, "--for", "1 ms"]);
    assert_eq!(closed.status.code(), Some(11));
    assert!(err(&closed).contains("(calibration_reopened)"), "{}", err(&closed));
    assert!(out(&bench.run(&["tx", "status"])).contains("STALE: the transmit stream was closed"));
    assert!(wait_until(2, || metric("sidecar_tx_calibration_holds") == 0.0));
    assert_eq!(guard.end(), Some(0));

    // another guard tunes anew: the phase is another, nobody goes by the old one, and it is found
    let mut guard = bench.guard();
    let never = bench.run(&["tx", "fire", "--coherent", "--zeros", "--gain", GAIN, "--for", "1 ms"]);
    assert!(err(&never).contains("(calibration_none)"), "{}", err(&never));
    let second = calibrated(&bench, &guard);
    is_true(&bench, &second);
    let turned =
        Complex64::cis((second.chains[1].phase_deg - first.chains[1].phase_deg).to_radians()).arg().to_degrees();
    assert!(turned.abs() > 5.0, "{turned}: the oscillators were tuned");
    let (deg, db) = coherent(&bench, &guard);
    println!("at the combiner: {deg:.3} deg, {db:.3} dB");
    assert!(deg.abs() < 2.0 && db.abs() < 0.2, "{deg} degrees, {db} dB");
    // for people
    let table = bench.run(&["radio", "calibrate", "--gain", GAIN, "--rounds", "2"]);
    assert!(
        out(&table).contains("chain") && out(&table).contains("holds for radio 31A5F2C at 3500 MHz"),
        "{}",
        out(&table)
    );
    println!("{}", out(&table));
    assert_eq!(guard.end(), Some(0));
}

/// The receiver itself hears it: two chains in phase are 6 dB above one, and in opposition nothing; and null-space noise is nothing there, and all the
/// louder where the ways differ otherwise.
#[test]
fn the_combiner_hears_both_as_one() {
    // far above the noise, of which the peak would have its part
    let bench = combiner_with(|tx| tx.listen.gain = GainDb::new(20.0));
    let mut guard = bench.guard();
    let report = calibrated(&bench, &guard);
    let least = report.factors.iter().map(|f| f[0].hypot(f[1])).fold(1.0, f32::min);
    assert!((f64::from(least) - 10_f64.powf(-3.0 / 20.0)).abs() < 0.01, "{:?}", report.factors);
    let peak = |how: [&str; 3]| {
        let mut words = vec!["tx", "fire", "--level", "-20 dBFS", "--gain", GAIN, "--for", "1 s"];
        words.extend(how.into_iter().filter(|w| !w.is_empty()));
        let mut source = Program::start(&mut bench.command(&words), bench.dir.path().join("source.log"));
        assert!(wait_until(10, || bench.usrp.on_air().unwrap().iter().all(|c| c.on)), "{}", source.log());
        let mut most = f32::NEG_INFINITY;
        for _ in 0..100 {
            most = most.max(bench.status().and_then(|s| s.reception.peak_dbfs).unwrap_or(f32::NEG_INFINITY));
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(source.code(20), Some(0), "{}", source.log());
        most
    };
    // the weaker way is -43 dB; the stronger is brought to its level, and both add up: -20 + 10 - 43 + 20 + 6.02
    let (tone, noise) = (["--coherent", "--tone", "100 kHz"], ["--spare", "--noise", ""]);
    let most = peak(tone);
    assert!((most + 26.98).abs() < 0.2, "{most} dBFS");
    let spared = peak(noise);
    assert!(spared < -60.0, "{spared} dBFS");
    bench.usrp.control(&format!("path 1 0 -43 {} 3", WAYS[1].1 + 180.0)).unwrap();
    let most = peak(tone);
    assert!(most < -60.0, "{most} dBFS");
    // noise is limited at three times its root mean square, 9.5 dB
    let heard = peak(noise);
    assert!((heard + 26.98 - 9.54).abs() < 0.5, "{heard} dBFS");
    assert_eq!(guard.end(), Some(0));
}

/// Why a calibration with these words is refused.
fn refused(bench: &Bench, words: &[&str], why: &str) {
    let mut all = vec!["--json", "radio", "calibrate"];
    all.extend(words);
    let done = bench.run(&all);
    assert_eq!(done.status.code(), Some(11), "{why}: {}{}", out(&done), err(&done));
    assert!(err(&done).contains(why), "{why}: {}", err(&done));
}

#[test]
fn what_cannot_be_measured_is_named() {
    let bench = combiner();
    let mut guard = bench.guard();
    let gain = ["--gain", GAIN];
    let path = |line: &str| bench.usrp.control(line).unwrap();
    // a chain that is not cabled, and one in noise
    path("path 1 0 off");
    refused(&bench, &gain, "(calibration_weak): chain 1 is heard");
    path("path 1 0 -85 0 3");
    refused(&bench, &gain, "(calibration_weak): chain 1 is heard");
    // cables that differ by more than a sample
    path("path 1 0 -40 0 5");
    refused(&bench, &gain, "(calibration_delays): chain 1 arrives +2.00 samples");
    // -12 dBFS at a gain of 10 dB over a way of +2 dB are 0 dBFS, which ends a burst
    path("path 1 0 2 0 3");
    refused(&bench, &gain, "(calibration_stopped): its burst was stopped: Overload");
    path("path 1 0 -43 100 3");
    // the governor is asked as for any burst
    refused(&bench, &["--gain", "20.5 dB"], "(cap)");
    refused(&bench, &["--gain", GAIN, "--level", "-3 dBFS"], "(calibration_stopped): its burst was stopped: BadPiece");
    refused(&bench, &["--gain", GAIN, "--receive", "1"], "(channel): receive channel 1 of the stream: it has 1");
    refused(&bench, &["--gain", GAIN, "--rounds", "0"], "(number)");
    refused(&bench, &["--gain", GAIN, "--hold", "61 s"], "(cap)");
    // and after all that it works
    is_true(&bench, &calibrated(&bench, &guard));
    assert_eq!(guard.end(), Some(0));

    // a receiver that may be driven to its limit tells so itself
    let bench = combiner_with(|tx| tx.overload = PowerDbfs::new(6.0));
    let mut guard = bench.guard();
    bench.usrp.control("path 1 0 4 0 3").unwrap();
    refused(&bench, &gain, "(calibration_clipped): chain 1 reaches the receiver's full scale");
    assert_eq!(guard.end(), Some(0));
    // and one that listens elsewhere does not hear the chains
    let bench = combiner_with(|tx| tx.listen.frequency = Some(Frequency::new(3.505e9)));
    let mut guard = bench.guard();
    refused(&bench, &gain, "(calibration_frequency)");
    assert_eq!(guard.end(), Some(0));
}

#[test]
fn it_ends_with_its_time_and_with_the_reference_clock() {
    let bench = combiner_with(|tx| {
        tx.calibration.max_age = Duration::new(2.5);
        tx.stop_without_reference = Some(true);
    });
    let mut guard = bench.guard();
    let fire = || bench.run(&["tx", "fire", "--coherent", "--zeros", "--gain", GAIN, "--for", "1 ms"]);
    let holds = || bench.status().unwrap().calibration.is_some_and(|c| c.stale.is_none());
    calibrated(&bench, &guard);
    assert!(holds());
    assert!(wait_until(5, || !holds()), "{:?}", bench.status());
    let old = fire();
    assert!(err(&old).contains("(calibration_old)") && err(&old).contains("max_age"), "{}", err(&old));

    calibrated(&bench, &guard);
    bench.usrp.control("unlock").unwrap();
    assert!(wait_until(5, || bench.status().unwrap().reference == Some(false)));
    assert!(err(&fire()).contains("(reference)"), "{}", err(&fire()));
    refused(&bench, &["--gain", GAIN], "(reference)");
    assert!(!holds());
    // back again it is not the same as never away
    bench.usrp.control("lock").unwrap();
    assert!(wait_until(5, || bench.status().unwrap().reference == Some(true)));
    assert!(err(&fire()).contains("(calibration_reference)"), "{}", err(&fire()));
    is_true(&bench, &calibrated(&bench, &guard));
    assert!(fire().status.success());
    assert_eq!(guard.end(), Some(0));
}

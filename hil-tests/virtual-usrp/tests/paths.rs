//! Ways from any transmit to any receive connector, and oscillators that come to rest at another phase after each tune.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
use common::{Host, MS, RATE_HZ, samples, start};
use num_complex::Complex;
use std::path::Path;
use virtual_usrp::{Direction, Event, VirtualUsrp};

/// A host with both channels of both directions in one stream each.
fn both(usrp: &VirtualUsrp) -> Host {
    let mut host = Host::open(usrp);
    for way in ["tx", "rx"] {
        host.ask(&format!("set rate {way} 1 {RATE_HZ}"));
        host.ask(&format!("set frequency {way} 1 3.5e9"));
    }
    host.ask("txstream 01");
    host.ask("rxstream 01");
    host
}

/// What both receivers hear of 0.5 on both transmitters for 5 ms: the mean of its middle, and of the silence before.
fn heard(host: &mut Host, dir: &Path) -> [(Complex<f64>, Complex<f64>); 2] {
    let at = host.soon_ns();
    host.ask(&format!("activate {}", at - 5 * MS));
    assert_eq!(host.ask(&format!("write 9600 0.5 te {at} 1000000")), "9600");
    let file = dir.join("heard.cf32");
    assert_eq!(host.numbers(&format!("read 28800 3000000 {}", file.display()))[0], 28_800);
    assert_eq!(host.numbers("status 1000000")[0], 0);
    host.ask("deactivate rx");
    ["heard.cf32", "heard.cf32.1"].map(|name| {
        let all = samples(&dir.join(name));
        let mean = |part: &[Complex<f32>]| {
            let sum: Complex<f64> = part.iter().map(|z| Complex::new(f64::from(z.re), f64::from(z.im))).sum();
            sum / part.len() as f64
        };
        (mean(&all[10_000..19_000]), mean(&all[..9600]))
    })
}

fn polar(amplitude: f64, deg: f64) -> Complex<f64> {
    Complex::from_polar(amplitude, deg.to_radians())
}

/// The phase of each chain's oscillator now.
fn oscillators(usrp: &VirtualUsrp) -> Vec<(Direction, usize, f64)> {
    let all = usrp.events().unwrap().into_iter();
    all.filter_map(|e| {
        if let Event::Lo { direction, channel, deg } = e.event { Some((direction, channel, deg)) } else { None }
    })
    .collect()
}

fn phase(all: &[(Direction, usize, f64)], direction: Direction, channel: usize) -> f64 {
    all.iter().rfind(|(d, c, _)| (*d, *c) == (direction, channel)).unwrap().2
}

#[test]
fn paths_add_up_where_they_meet() {
    let (dir, usrp) = start(&[]);
    let mut host = both(&usrp);
    // as it is: each hears its own
    for (loud, quiet) in heard(&mut host, dir.path()) {
        assert!((loud - 0.005).norm() < 2e-5 && quiet.norm() < 2e-5, "{loud} {quiet}");
    }
    usrp.control("path 0 0 -30 0 0").unwrap();
    usrp.control("path 1 0 -36.0206 120 37").unwrap();
    usrp.control("path 1 1 off").unwrap();
    let [(both, quiet), (none, _)] = heard(&mut host, dir.path());
    let wanted = polar(0.5 * 10_f64.powf(-1.5), 0.0) + polar(0.25 * 10_f64.powf(-1.5), 120.0);
    assert!((both - wanted).norm() < 3e-5, "{both} of {wanted}");
    assert!(quiet.norm() < 2e-5 && none.norm() < 2e-5, "{quiet} {none}");
    // the delay is that path's alone
    let first = samples(&dir.path().join("heard.cf32"));
    assert!((first[9600 + 36].norm() - 0.5 * 10_f32.powf(-1.5)).abs() < 2e-4, "{}", first[9636]);
    assert!((f64::from(first[9600 + 37].norm()) - wanted.norm()).abs() < 2e-4, "{}", first[9637]);
    assert!(oscillators(&usrp).is_empty(), "nothing is turned unless it is asked for");
    for bad in [
        "path 0",
        "path 2 0 0 0 0",
        "path 0 0 loud 0 0",
        "path 0 0 -10 0",
        "path 0 0 -10 0 -1",
        "path 0 0 99 0 0",
        "path 0 0 1 2 3 4",
    ] {
        assert!(usrp.control(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_oscillator_has_another_phase_after_each_tune() {
    let (dir, usrp) = start(&["--lo-phase", "random", "--seed", "7"]);
    let mut host = both(&usrp);
    // one with the session, one with the tune, of each of the four
    let mut seen = oscillators(&usrp);
    assert_eq!(seen.len(), 8);
    for _ in 0..3 {
        for (channel, (loud, _)) in heard(&mut host, dir.path()).into_iter().enumerate() {
            let deg = phase(&seen, Direction::Tx, channel) - phase(&seen, Direction::Rx, channel);
            let wanted = polar(0.005, deg);
            assert!((loud - wanted).norm() < 3e-5, "{channel}: {loud} of {wanted}");
        }
        // a gain turns nothing
        host.ask("set gain tx 0 0");
        assert_eq!(oscillators(&usrp).len(), seen.len());
        host.ask("set frequency tx 0 3.5e9");
        let now = oscillators(&usrp);
        assert_eq!(now.len(), seen.len() + 1);
        assert!((phase(&now, Direction::Tx, 0) - phase(&seen, Direction::Tx, 0)).abs() > 1.0);
        seen = now;
    }
    assert!(seen.iter().all(|(_, _, deg)| (0.0..360.0).contains(deg)));
    // the same seed draws the same phases
    let (_dir, again) = start(&["--lo-phase", "random", "--seed", "7"]);
    let mut host = both(&again);
    host.ask("time");
    assert_eq!(oscillators(&again)[..], seen[..8]);
}

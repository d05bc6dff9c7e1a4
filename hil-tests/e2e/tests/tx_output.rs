//! What lies between the transmitter and the air: connector and switch are those of the safe state unless something is armed, by the virtual
//! radio's own record.
#![expect(clippy::unwrap_used, reason = "helpers of the tests")]

mod tx_support;

use e2e::{Program, wait_until};
use sidecar::config::{SwitchSection, TxSection};
use tx_support::{Bench, err, out};
use virtual_usrp::{Direction, Event};

const FIRE: [&str; 9] = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "10 dB", "--for", "1500 ms"];

fn switched(tx: &mut TxSection) {
    tx.antenna = Some("TX/RX".into());
    tx.safe_antenna = Some("CAL".into());
    let setting = "clock_source_out".into();
    tx.switch = Some(SwitchSection { setting, on_air: "true".into(), safe: "false".into() });
}

/// Gains, connectors and the switch as they were set from the nth event on, in order.
fn steps(bench: &Bench, from: usize) -> Vec<String> {
    let set = |entry: virtual_usrp::Entry| match entry.event {
        Event::Set(s) if s.direction == Some(Direction::Tx) && ["gain", "antenna"].contains(&s.setting.as_str()) => {
            Some(format!("{} {}", s.setting, s.value))
        }
        Event::Set(s) if s.setting == "clock_source_out" => Some(format!("switch {}", s.value)),
        _ => None,
    };
    bench.usrp.events().unwrap().into_iter().skip(from).filter_map(set).collect()
}

fn burst(bench: &Bench) -> Program {
    let source = Program::start(&mut bench.command(&FIRE), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on), "{}", source.log());
    source
}

#[test]
fn it_is_on_the_air_while_something_is_armed_and_off_in_the_safe_state() {
    let bench = Bench::new(switched);
    let mut guard = bench.guard();
    let first = steps(&bench, 0);
    let is_off = |steps: &[String]| steps.ends_with(&[r#"antenna "CAL""#.into(), r#"switch "false""#.into()]);
    assert!(is_off(&first) && !first.contains(&r#"antenna "TX/RX""#.into()), "{first:?}");

    let began = bench.usrp.events().unwrap().len();
    let _source = burst(&bench);
    let stopped = bench.run(&["tx", "stop"]);
    assert!(out(&stopped).starts_with("safe after"), "{}{}", out(&stopped), err(&stopped));
    let way = [r#"antenna "TX/RX""#, r#"switch "true""#, "gain 10", "gain 0", r#"antenna "CAL""#, r#"switch "false""#];
    assert_eq!(steps(&bench, began), way);
    // what was queued when the connector was switched did not reach it
    let stretches = bench.usrp.radiated().unwrap();
    assert!(stretches.iter().all(|s| s.gain_db == 10.0 && s.antenna == "TX/RX" || s.gain_db == 0.0), "{stretches:?}");
    assert_eq!(guard.end(), Some(0));
}

/// A write that hangs: the lifeline does the same, in the same order.
#[test]
fn the_lifeline_takes_it_off_the_air() {
    let bench = Bench::new(switched);
    let mut guard = bench.guard();
    let _source = burst(&bench);
    let began = bench.usrp.events().unwrap().len();
    bench.usrp.control("hang-write").unwrap();
    assert_eq!(guard.code(5), None, "{}", guard.log());
    assert_eq!(steps(&bench, began), ["gain 0", r#"antenna "CAL""#, r#"switch "false""#]);
}

#[test]
fn what_the_radio_does_not_have_or_do_is_told() {
    for (shape, exit, says) in [
        (&(|tx: &mut TxSection| tx.safe_antenna = Some("RX2".into())) as &dyn Fn(&mut TxSection), 4, "TX/RX, CAL"),
        (&|tx: &mut TxSection| tx.switch.as_mut().unwrap().setting = "bias_tx".into(), 4, "no setting bias_tx"),
        (&|tx: &mut TxSection| tx.switch.as_mut().unwrap().safe = "0".into(), 4, r#"set to "0" and reads "false""#),
        (&|tx: &mut TxSection| tx.safe_antenna = tx.antenna.clone(), 3, "tx.safe_antenna"),
        (&|tx: &mut TxSection| tx.switch.as_mut().unwrap().safe = "true".into(), 3, "tx.switch"),
    ] {
        let bench = Bench::new(|tx| {
            switched(tx);
            shape(tx);
        });
        let guard = bench.run(&["tx-guard"]);
        assert_eq!(guard.status.code(), Some(exit), "{}", err(&guard));
        assert!(err(&guard).contains(says), "{says}: {}", err(&guard));
    }
    // a connector that does not follow is no safe state
    let bench = Bench::new(switched);
    let mut guard = bench.guard();
    let _source = burst(&bench);
    bench.usrp.control("stuck-antenna").unwrap();
    let stopped = bench.run(&["tx", "stop"]);
    assert!(!out(&stopped).contains("safe after"), "{}", out(&stopped));
    assert!(wait_until(1, || !bench.usrp.on_air().unwrap()[0].on));
    assert_ne!(guard.code(10), Some(0), "{}", guard.log());
}

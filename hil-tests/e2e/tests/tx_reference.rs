//! A radio that loses its reference, behind the real SoapySDR library.

mod tx_support;

use e2e::{Program, wait_until};
use governor::Stop;
use tx_support::{Bench, err};

const FIRE: [&str; 9] = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", "1500 ms"];

fn locked(bench: &Bench, wanted: Option<bool>) {
    assert!(wait_until(2, || bench.status().is_some_and(|s| s.reference == wanted)), "{:?}", bench.status());
}

#[test]
fn with_an_external_clock_a_lost_reference_ends_what_is_sent_and_nothing_is_armed_without() {
    let bench = Bench::new(|tx| tx.clock_source = Some("external".into()));
    let mut guard = bench.guard();
    locked(&bench, Some(true));
    let mut source = Program::start(&mut bench.command(&FIRE), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on), "{}", source.log());
    bench.usrp.control("unlock").unwrap();
    assert_eq!(source.code(5), Some(11), "{}", source.log());
    locked(&bench, Some(false));
    assert_eq!(bench.status().unwrap().last_stop, Some(Stop::Reference));
    let fired = bench.run(&FIRE);
    assert!(fired.status.code() == Some(11) && err(&fired).contains("(reference)"), "{}", err(&fired));
    assert!(bench.status().unwrap().refusals["reference"] >= 1);
    bench.usrp.control("lock").unwrap();
    locked(&bench, Some(true));
    let fired = bench.run(&["tx", "fire", "--zeros", "--gain", "0 dB", "--for", "1 ms"]);
    assert!(fired.status.success(), "{}{}", err(&fired), guard.log());
    assert_eq!(guard.end(), Some(0));
}

#[test]
fn where_nobody_asked_for_it_nothing_ends() {
    let same = |tx: &mut sidecar::config::TxSection| {
        tx.clock_source = Some("external".into());
        tx.stop_without_reference = Some(false);
    };
    for shape in [&same as &dyn Fn(&mut sidecar::config::TxSection), &|_| ()] {
        let bench = Bench::new(shape);
        let mut guard = bench.guard();
        bench.usrp.control("unlock").unwrap();
        let fired = bench.run(&["tx", "fire", "--zeros", "--gain", "0 dB", "--for", "300 ms"]);
        assert!(fired.status.success(), "{}{}", err(&fired), guard.log());
        locked(&bench, None);
        assert_eq!(guard.end(), Some(0));
    }
    // with the radio's own clock it may be asked for
    let bench = Bench::new(|tx| tx.stop_without_reference = Some(true));
    let mut guard = bench.guard();
    locked(&bench, Some(true));
    bench.usrp.control("unlock").unwrap();
    locked(&bench, Some(false));
    assert_eq!(guard.end(), Some(0));
}

//! Every fault that can be ordered over the control socket.
mod common;
use common::{Host, MS, start};
use std::time::Duration;
use virtual_usrp::{Error, Event, LinkState};

const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn a_write_that_hangs_ignores_its_timeout() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    usrp.control("hang-write").unwrap();
    host.send("write 1920 0.5 e 0 1000");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(usrp.on_air().unwrap()[0].radiated, 0);
    usrp.control("unhang").unwrap();
    assert_eq!(host.answer().unwrap(), "1920");
    // and once more for a host that is killed while it hangs
    usrp.control("hang-write").unwrap();
    host.send("write 1920 0.5 e 0 1000");
    std::thread::sleep(Duration::from_millis(50));
    host.kill();
    usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Close { .. })).unwrap().unwrap();
}

#[test]
fn a_radio_that_vanishes_fails_every_call_and_may_come_back() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("rxstream 0");
    host.ask("write 96000 0.5 - 0 1000000");
    usrp.control("vanish").unwrap();
    assert_eq!(host.ask("write 96000 0.5 - 0 100000"), "-2");
    assert_eq!(host.numbers("read 100 1000000 /dev/null")[2], -2);
    assert_eq!(host.numbers("status 100000")[0], -2);
    assert!(host.try_ask("set gain tx 0 0").unwrap_err().contains("link to the radio is lost"));
    assert!(Host::spawn(&usrp).try_ask(&format!("open {}", usrp.device_args())).is_err());
    // what it had queued plays out
    usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Underflow { .. })).unwrap().unwrap();
    assert_eq!(usrp.on_air().unwrap()[0].radiated, 96_000);
    usrp.control("come-back").unwrap();
    Host::open(&usrp);
    let links = usrp.events().unwrap().into_iter().filter_map(|e| match e.event {
        Event::State { link } => Some(link),
        _ => None,
    });
    let links: Vec<_> = links.take(4).collect();
    assert_eq!(links, [LinkState::Open, LinkState::Vanished, LinkState::Free, LinkState::Open]);
}

#[test]
fn writes_are_short_or_fail_where_told_so() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    usrp.control("short-writes 7").unwrap();
    // the end of burst belongs to the last sample, which was not taken
    assert_eq!(host.ask("write 20 0.5 e 0 100000"), "7");
    assert_eq!(host.numbers("status 1000000")[0], -7);
    usrp.control("write-error 2").unwrap();
    assert_eq!(host.ask("write 20 0.5 e 0 100000"), "-2");
    assert_eq!(host.ask("write 20 0.5 e 0 100000"), "-2");
    usrp.control("short-writes 0").unwrap();
    assert_eq!(host.ask("write 20 0.5 e 0 100000"), "20");
    usrp.control("write-error").unwrap();
    for _ in 0..3 {
        assert_eq!(host.ask("write 20 0.5 e 0 100000"), "-2");
    }
    usrp.control("clear").unwrap();
    assert_eq!(host.ask("write 20 0.5 e 0 100000"), "20");
}

#[test]
fn a_jump_of_the_clock_makes_what_was_due_later_late() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    let before = host.time_ns();
    usrp.control("clock-jump 10000000000").unwrap();
    assert!(host.time_ns() - before >= 10_000 * MS);
    let at = host.time_ns() + 5000 * MS;
    host.ask(&format!("write 1000 0.5 te {at} 100000"));
    usrp.control("clock-jump 10000000000").unwrap();
    assert_eq!(host.numbers("status 1000000")[0], -6);
    assert_eq!(usrp.on_air().unwrap()[0].radiated, 0);
    host.ask("settime 0 -");
    assert!(host.time_ns() < 5000 * MS);
}

#[test]
fn a_gain_that_is_stuck_is_accepted_and_not_done() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("set gain tx 0 20");
    usrp.control("stuck-gain").unwrap();
    host.ask("set gain tx 0 0");
    assert_eq!(host.number::<f64>("get gain tx 0"), 20.0);
    usrp.control("stuck-gain silent").unwrap();
    host.ask("set gain tx 0 0");
    assert_eq!(host.number::<f64>("get gain tx 0"), 0.0, "the driver believes itself");
    host.ask("write 1000 0.5 e 0 100000");
    host.ask("status 1000000");
    assert_eq!(usrp.radiated().unwrap()[0].gain_db, 20.0);
    let refused =
        usrp.events().unwrap().into_iter().filter(|e| matches!(&e.event, Event::Set(set) if set.done == Some(false)));
    assert_eq!(refused.count(), 2);
    usrp.control("clear").unwrap();
    host.ask("set gain tx 0 0");
    assert_eq!(host.number::<f64>("get gain tx 0"), 0.0);
}

#[test]
fn an_antenna_that_is_stuck_stays_where_it_is() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    usrp.control("stuck-antenna").unwrap();
    host.ask("antenna tx 0 CAL");
    host.ask("txstream 0");
    host.ask("write 1000 0.5 e 0 100000");
    host.ask("status 1000000");
    assert_eq!(usrp.radiated().unwrap()[0].antenna, "TX/RX");
    usrp.control("clear").unwrap();
    host.ask("antenna tx 0 CAL");
    host.ask("write 1000 0.5 e 0 100000");
    host.ask("status 1000000");
    assert_eq!(usrp.radiated().unwrap()[1].antenna, "CAL");
}

#[test]
fn a_lost_reference_shows_in_its_sensor() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    assert_eq!(host.ask("sensor ref_locked"), "true");
    usrp.control("unlock").unwrap();
    assert_eq!(host.ask("sensor ref_locked"), "false");
    usrp.control("clear").unwrap();
    assert_eq!(host.ask("sensor ref_locked"), "true");
}

#[test]
fn an_order_that_is_none_is_refused_with_a_reason() {
    let (_dir, usrp) = start(&[]);
    for (line, reason) in [
        ("explode", "unknown command explode"),
        ("inject 2 0 0", "channels are 0 and 1"),
        ("play 0 /nowhere", "cannot read /nowhere"),
    ] {
        match usrp.control(line).unwrap_err() {
            Error::Refused { reason: said, .. } => assert!(said.starts_with(reason), "{said}"),
            other => panic!("{other}"),
        }
    }
}

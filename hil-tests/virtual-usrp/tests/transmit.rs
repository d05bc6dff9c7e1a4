//! What leaves the antenna connector is what the host sent, when it said, and nothing else.
mod common;
use common::{Host, MS, RATE_HZ, start};
use std::time::Duration;
use virtual_usrp::{Event, StretchEnd};

const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn a_timed_burst_is_on_the_air_for_exactly_its_samples() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("set gain tx 0 12.3");
    let at = host.soon_ns();
    assert_eq!(host.ask(&format!("write 19200 0.5 te {at} 1000000")), "19200");
    // END_BURST acknowledged with the time after its last sample
    assert_eq!(host.numbers("status 1000000"), [0, 1, 6, at + 10 * MS]);

    let stretch = usrp.radiated().unwrap().remove(0);
    assert_eq!((stretch.channel, stretch.samples, stretch.nonzero, stretch.offset), (0, 19200, 19200, 0));
    assert_eq!(stretch.until_ns - stretch.from_ns, 10 * MS);
    assert_eq!(stretch.last_nonzero_ns, Some(stretch.until_ns - 521), "one sample of 1.92 MS/s before the end");
    assert_eq!((stretch.gain_db, stretch.frequency_hz, stretch.rate_hz), (12.5, 3.5e9, RATE_HZ));
    assert_eq!(stretch.end, StretchEnd::Eob);
    assert!((stretch.peak - 0.5).abs() < 1e-4, "{}", stretch.peak);
    // the device's time began with the box
    let events = usrp.events().unwrap();
    assert!(
        matches!(events[0].event, Event::Start { start_ns, .. } if stretch.from_ns == start_ns + at),
        "{:?}",
        events[0]
    );

    let samples = usrp.samples(0).unwrap();
    assert_eq!(samples.len(), 19200);
    assert!(samples.iter().all(|x| (x.re - 0.5).abs() < 2e-5 && x.im == 0.0));
    let now = usrp.on_air().unwrap();
    assert_eq!((now[0].on, now[0].radiated, now[0].queued, now[1].radiated), (false, 19200, 0, 0));
    assert_eq!(now[0].last_nonzero_ns, stretch.last_nonzero_ns);
}

#[test]
fn an_empty_fifo_within_a_burst_is_an_underflow_and_silence() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    assert_eq!(host.ask("write 1920 0.25 - 0 1000000"), "1920");
    let status = host.numbers("status 1000000");
    assert_eq!(status[0], -7);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(host.ask("write 1920 0.25 e 0 1000000"), "1920");
    assert_eq!(host.numbers("status 1000000")[..3], [0, 1, 6]);
    let stretches = usrp.radiated().unwrap();
    assert_eq!(
        stretches.iter().map(|s| (s.end, s.samples)).collect::<Vec<_>>(),
        [(StretchEnd::Underflow, 1920), (StretchEnd::Eob, 1920)]
    );
    assert!(stretches[1].from_ns - stretches[0].until_ns >= 20 * MS);
}

#[test]
fn a_late_burst_is_dropped_to_its_end() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    let past = host.time_ns() - 5 * MS;
    assert_eq!(host.ask(&format!("write 1000 0.5 t {past} 1000000")), "1000");
    assert_eq!(host.ask("write 1000 0.5 e 0 1000000"), "1000");
    assert_eq!(host.numbers("status 1000000")[..3], [-6, 1, 4]);
    assert_eq!(host.ask("write 500 0.5 e 0 1000000"), "500");
    assert_eq!(host.numbers("status 1000000")[..3], [0, 1, 6]);
    assert_eq!(usrp.on_air().unwrap()[0].radiated, 500, "only what came after the late burst's end");
    let late = usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Late { .. })).unwrap().unwrap();
    assert!(matches!(late.event, Event::Late { channel: 0, by_ns, .. } if by_ns >= 5 * MS), "{late:?}");
}

#[test]
fn deactivating_and_closing_a_stream_stop_nothing() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    assert_eq!(host.ask("write 192000 0.5 - 0 1000000"), "192000", "100 ms");
    assert_eq!(host.ask("deactivate tx"), "0");
    host.ask("closestream");
    host.ask("close");
    usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Underflow { .. })).unwrap().unwrap();
    assert_eq!(usrp.on_air().unwrap()[0].radiated, 192_000);
}

#[test]
fn a_killed_host_leaves_its_fifo_and_no_more() {
    let (_dir, usrp) = start(&["--fifo-ms", "150"]);
    let mut host = Host::open(&usrp);
    host.send("write 4000000 0.5 - 0 60000000");
    std::thread::sleep(Duration::from_millis(400));
    let before = usrp.on_air().unwrap()[0];
    host.kill();
    let close = usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Close { .. })).unwrap().unwrap();
    let silent = usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Underflow { .. })).unwrap().unwrap();
    let after = usrp.on_air().unwrap()[0];
    let fifo = (RATE_HZ * 0.150) as u64;
    assert!(before.on && before.queued > fifo / 2 && before.queued <= fifo, "{before:?}");
    let drained_ns = silent.t_ns - close.t_ns;
    assert!((50 * MS..=151 * MS).contains(&drained_ns), "{drained_ns}");
    assert_eq!((after.on, after.queued), (false, 0));
    // the radio is there for the next one
    Host::open(&usrp);
}

#[test]
fn two_channels_of_a_stream_start_with_the_same_sample() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::spawn(&usrp);
    host.ask(&format!("open {}", usrp.device_args()));
    for channel in 0..2 {
        host.ask(&format!("set rate tx {channel} {RATE_HZ}"));
    }
    host.ask("txstream 01");
    assert_eq!(host.ask("write 5000 0.5 e 0 1000000"), "5000");
    let mut acknowledged: Vec<_> = (0..2).map(|_| host.numbers("status 1000000")[1]).collect();
    acknowledged.sort_unstable();
    assert_eq!(acknowledged, [1, 2]);
    let stretches = usrp.radiated().unwrap();
    assert_eq!(stretches.len(), 2);
    assert_eq!((stretches[0].from_ns, stretches[0].samples), (stretches[1].from_ns, stretches[1].samples));
}

#[test]
fn a_change_of_gain_begins_a_new_stretch_and_the_change_may_have_a_time() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    let at = host.soon_ns();
    host.ask(&format!("write 38400 0.5 te {at} 1000000"));
    host.ask(&format!("settime {} CMD", at + 5 * MS));
    host.ask("set frequency tx 0 2.4e9");
    host.ask("settime 0 CMD");
    assert_eq!(host.numbers("status 1000000")[0], 0);
    let stretches = usrp.radiated().unwrap();
    let parts: Vec<_> = stretches.iter().map(|s| (s.end, s.frequency_hz, s.samples)).collect();
    assert_eq!(parts, [(StretchEnd::Change, 3.5e9, 9600), (StretchEnd::Eob, 2.4e9, 28_800)]);
    assert_eq!(stretches[1].offset, 9600);
}

#[test]
fn an_end_of_burst_without_samples_is_one_zero_and_looks_like_a_timeout() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("write 9600 0.5 - 0 1000000");
    assert_eq!(host.ask("write 0 0 e 0 1000000"), "-1");
    assert_eq!(host.numbers("status 1000000")[..3], [0, 1, 6]);
    let stretch = usrp.radiated().unwrap().remove(0);
    assert_eq!((stretch.samples, stretch.nonzero, stretch.end), (9601, 9600, StretchEnd::Eob));
}

#[test]
fn a_full_fifo_makes_a_write_wait_and_time_out() {
    let (_dir, usrp) = start(&["--fifo-ms", "100"]);
    let mut host = Host::open(&usrp);
    let at = host.time_ns() + 2000 * MS;
    // 96 whole packets of 1996 fit
    assert_eq!(host.number::<i64>(&format!("write 400000 0.5 t {at} 50000")), 191_616);
    assert_eq!(host.ask("write 400000 0.5 - 0 50000"), "-1");
    assert_eq!(usrp.on_air().unwrap()[0].queued, 191_616);
}

#[test]
fn samples_clip_at_full_scale_and_a_nan_is_full_scale() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    for (amplitude, peak, nonzero) in [("3", 1.0, 100), ("0.00001", 0.0, 0), ("nan", 32768.0 / 32767.0, 100)] {
        host.ask(&format!("write 100 {amplitude} e 0 1000000"));
        assert_eq!(host.numbers("status 1000000")[0], 0);
        let stretch = usrp.radiated().unwrap().pop().unwrap();
        assert!((stretch.peak - peak).abs() < 1e-9 && stretch.nonzero == nonzero, "{amplitude}: {stretch:?}");
    }
}

#[test]
fn integers_go_out_as_they_are() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask(&format!("set rate tx 1 {RATE_HZ}"));
    assert_eq!(host.ask("write16 5000 -16384"), "5000");
    usrp.wait_for(PATIENCE, |e| matches!(e.event, Event::Eob { channel: 1 })).unwrap().unwrap();
    let samples = usrp.samples(1).unwrap();
    assert_eq!(samples.len(), 5000);
    assert!(samples.iter().all(|x| x.re == -16384.0 / 32767.0 && x.im == 0.0));
    assert!(usrp.samples(0).unwrap().is_empty());
}

#[test]
fn a_terminated_box_writes_what_is_on_the_air() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("write 192000 0.5 - 0 1000000");
    std::thread::sleep(Duration::from_millis(30));
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(usrp.pid() as i32), nix::sys::signal::Signal::SIGTERM).unwrap();
    let quit = |event: &Event| matches!(event, Event::Radiated(stretch) if stretch.end == StretchEnd::Quit);
    usrp.wait_for(PATIENCE, |e| quit(&e.event)).unwrap().unwrap();
    assert_eq!(host.numbers("status 5000000")[0], -2, "the link is lost");
    assert_eq!(host.ask("write 1000 0.5 - 0 1000000"), "-2");
}

#[test]
fn what_is_on_the_air_is_written_at_the_end() {
    let (_dir, mut usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("write 192000 0.5 - 0 1000000");
    std::thread::sleep(Duration::from_millis(30));
    usrp.quit().unwrap();
    let stretch = usrp.radiated().unwrap().remove(0);
    assert_eq!(stretch.end, StretchEnd::Quit);
    assert!(stretch.samples > 19_200 && stretch.samples < 192_000, "{stretch:?}");
    assert_eq!(usrp.samples(0).unwrap().len() as u64, stretch.samples);
}

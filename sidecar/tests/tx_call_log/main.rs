//! The guard with a radio that writes down each call, and a log that does what it is told: the exact way to the safe state, and what comes
//! before the first sample.
#![expect(clippy::unwrap_used, reason = "helpers of the tests")]

mod rig;

use governor::Stop;
use rig::{Call, Extra, PATIENCE, Rig, Sensor, is_write};
use sidecar::notify::Notify;
use sidecar::tx::{Answer, Ask, TxClient, TxError};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

#[test]
fn approval_is_on_disk_before_the_first_sample_and_a_stop_is_end_gain_close() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    while !rig.calls().iter().any(is_write) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let calls = rig.calls();
    let first = calls.iter().position(is_write).unwrap();
    let fire = calls.iter().position(|c| *c == Call::Logged("fire".into())).unwrap();
    assert!(fire < first, "{calls:?}");
    let stopped = client.ask(&Ask::Stop, PATIENCE, |a| matches!(a, Answer::Stopped { .. })).unwrap();
    assert!(matches!(stopped, Answer::Stopped { took_ns, .. } if took_ns < 100_000_000), "{stopped:?}");
    let calls = rig.calls();
    let last = calls.iter().rposition(|c| matches!(c, Call::Write { samples, .. } if *samples > 0)).unwrap();
    // the end of the burst without a sample, the lowest gain, off the air, the stream closed; then it is written down
    assert_eq!(
        calls[last + 1..last + 6],
        [
            Call::Write { samples: 0, ends: true },
            Call::Gain(-7.0),
            Call::Disconnect,
            Call::Close,
            Call::Logged("stop".into())
        ],
        "{calls:?}"
    );
    // it is on the air from arming on, and raised only then
    let at = |wanted: &Call| calls.iter().position(|c| c == wanted).unwrap();
    assert!(at(&Call::Logged("arm".into())) < at(&Call::Connect) && at(&Call::Connect) < at(&Call::Gain(3.0)));
    let sent: usize = calls.iter().map(|c| if let Call::Write { samples, .. } = c { *samples } else { 0 }).sum();
    assert!(sent < 3_000_000);
    rig.end().unwrap();
}

#[test]
fn a_log_that_cannot_be_written_once_is_never_written_on() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    rig.full.store(true, SeqCst);
    assert!(matches!(Rig::fire(&mut client, 1000), Err(TxError::Refused { code, .. }) if code == "not_logged"));
    rig.full.store(false, SeqCst);
    assert!(matches!(Rig::fire(&mut client, 1000), Err(TxError::Refused { code, .. }) if code == "not_logged"));
    assert!(!rig.calls().iter().any(is_write), "{:?}", rig.calls());
    rig.end().unwrap();
}

#[test]
fn a_receiver_that_falls_silent_ends_the_burst() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    rig.deaf.store(true, SeqCst);
    let ended = Rig::ended(&mut client, true);
    assert_eq!(ended.why, Some(Stop::DeadMan(governor::Feeder::Monitor)), "{ended:?}");
    rig.end().unwrap();
}

#[test]
fn a_driver_that_takes_nothing_is_an_error_soon() {
    let mut rig = Rig::new(false);
    let mut client = rig.client();
    let began_ns = sidecar::clock::mono_ns();
    // a burst of one piece: its last sample has passed the governor at once
    Rig::fire(&mut client, 100).unwrap();
    let ended = Rig::ended(&mut client, true);
    assert_eq!((ended.sent, ended.why), (0, Some(Stop::DeviceError)));
    assert!(sidecar::clock::mono_ns() - began_ns < 1_000_000_000);
    rig.end().unwrap();
}

#[test]
fn a_burst_that_goes_out_whole_is_as_long_as_it_should_be() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 50_001).unwrap();
    let ended = Rig::ended(&mut client, true);
    assert_eq!((ended.sent, ended.why), (50_001, None));
    let calls = rig.calls();
    let writes: Vec<&Call> = calls.iter().filter(|c| is_write(c)).collect();
    assert!(matches!(writes.last(), Some(Call::Write { ends: true, .. })), "{writes:?}");
    assert_eq!(writes.iter().filter(|c| matches!(c, Call::Write { ends: true, .. })).count(), 1);
    rig.end().unwrap();
    assert_eq!(rig.calls().last(), Some(&Call::Close));
}

/// The gain is down then: a driver that takes its time is no reason to end the process, which would end this test.
#[test]
fn a_stream_that_closes_slowly_is_waited_for() {
    let closes = Duration::from_millis(150);
    let mut rig = Rig::with(true, Extra { closes, ..Extra::default() });
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    while !rig.calls().iter().any(is_write) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let stopped = client.ask(&Ask::Stop, PATIENCE, |a| matches!(a, Answer::Stopped { .. })).unwrap();
    let Answer::Stopped { took_ns, .. } = stopped else { panic!("{stopped:?}") };
    assert!(u128::from(took_ns) >= closes.as_nanos(), "{took_ns} ns: it is not safe before it is closed");
    rig.end().unwrap();
}

/// A sensor that says no ends the burst, one that does not answer too, and neither keeps anybody waiting: not the stop, nor the guard's end.
#[test]
fn a_reference_that_is_lost_or_not_known_ends_the_burst() {
    let (lost, takes_ms): (Arc<AtomicBool>, Arc<AtomicU64>) = Default::default();
    let sensor = Sensor { lost: Arc::clone(&lost), takes_ms: Arc::clone(&takes_ms) };
    let mut rig = Rig::with(true, Extra { reference: Some(Box::new(sensor)), ..Extra::default() });
    let mut client = rig.client();
    let locked = |client: &mut TxClient, wanted: bool| {
        for _ in 0..500 {
            let status = client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_))).unwrap();
            if matches!(&status, Answer::Status(s) if s.reference == Some(wanted)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the reference is not seen to be {wanted}");
    };
    locked(&mut client, true);
    Rig::fire(&mut client, 3_000_000).unwrap();
    lost.store(true, SeqCst);
    assert_eq!(Rig::ended(&mut client, true).why, Some(Stop::Reference));
    // it is named to who arms, as long as it lasts
    assert!(matches!(Rig::arm(&mut client), Err(TxError::Refused { code, .. }) if code == "reference"));
    lost.store(false, SeqCst);
    locked(&mut client, true);
    Rig::fire(&mut client, 3_000_000).unwrap();
    // from the next reading on the driver does not come back: what was read last holds for 200 ms
    takes_ms.store(20_000, SeqCst);
    let began_ns = sidecar::clock::mono_ns();
    assert_eq!(Rig::ended(&mut client, true).why, Some(Stop::Reference));
    let after_ms = (sidecar::clock::mono_ns() - began_ns) as f64 * 1e-6;
    assert!((150.0..500.0).contains(&after_ms), "{after_ms} ms");
    let began_ns = sidecar::clock::mono_ns();
    rig.end().unwrap();
    assert!(sidecar::clock::mono_ns() - began_ns < 2_000_000_000, "its end waits for no reading");
}

/// What the service manager hears within this time, each with its time, ns.
fn heard(manager: &UnixDatagram, for_ms: u64) -> Vec<(u64, String)> {
    let until_ns = sidecar::clock::mono_ns() + for_ms * 1_000_000;
    let (mut all, mut bytes) = (Vec::new(), [0; 500]);
    while sidecar::clock::mono_ns() < until_ns {
        if let Ok(n) = manager.recv(&mut bytes) {
            all.push((sidecar::clock::mono_ns(), String::from_utf8_lossy(&bytes[..n]).into_owned()));
        }
    }
    all
}

fn alive(heard: &[(u64, String)]) -> Vec<u64> {
    heard.iter().filter(|(_, said)| said == "WATCHDOG=1").map(|(at_ns, _)| *at_ns).collect()
}

#[test]
fn the_service_manager_hears_that_it_lives_as_long_as_it_is_in_order() {
    const WATCHDOG_US: u64 = 400_000;
    let dir = tempfile::tempdir().unwrap();
    let manager = UnixDatagram::bind(dir.path().join("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let notify = Notify::new(dir.path().join("notify").as_os_str(), Some(WATCHDOG_US)).unwrap();
    // its stream takes longer to close than the manager waits
    let closes = Duration::from_millis(1000);
    let mut rig = Rig::with(true, Extra { closes, notify: Some(notify), ..Extra::default() });
    let first = heard(&manager, 2500);
    let words: Vec<&str> = first.iter().map(|(_, said)| said.as_str()).collect();
    assert!(words[0] == "READY=1" && words[1].starts_with("STATUS=safe; policy until 2099"), "{words:?}");
    let times = alive(&first);
    let longest_ns = times.windows(2).map(|t| t[1] - t[0]).max().unwrap();
    assert!(times.len() > 5 && longest_ns < WATCHDOG_US * 1000 / 2, "{longest_ns} ns between two of {}", times.len());
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    let on_air = heard(&manager, 150);
    assert!(on_air.iter().any(|(_, said)| said.starts_with("STATUS=ON AIR, burst 1")), "{on_air:?}");
    // the call that closes the stream is no burst's, the gain is down: the guard does not end itself, and does not say that it is in order
    client.tell(&Ask::Stop).unwrap();
    let began_ns = sidecar::clock::mono_ns();
    // it may have said so last before the stop
    let times: Vec<u64> = std::iter::once(began_ns).chain(alive(&heard(&manager, 1500))).collect();
    let gap_ns = times.windows(2).map(|t| t[1] - t[0]).max().unwrap();
    assert!(gap_ns > 900_000_000 && times.iter().any(|t| t - began_ns > 1_000_000_000), "{gap_ns} ns: {times:?}");
    rig.end().unwrap();
    assert!(heard(&manager, 50).iter().any(|(_, said)| said == "STOPPING=1"));
}

#[test]
fn too_much_at_the_receiver_lowers_its_gain_once_and_says_so() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    rig.loud.store(true, SeqCst);
    let ended = Rig::ended(&mut client, true);
    assert_eq!(ended.why, Some(Stop::Overload), "{ended:?}");
    // every block is too much from then on
    std::thread::sleep(Duration::from_millis(50));
    let calls = rig.calls();
    assert_eq!(calls.iter().filter(|c| **c == Call::Spare).count(), 1, "{calls:?}");
    let status = client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_))).unwrap();
    assert!(matches!(&status, Answer::Status(s) if s.reception.is_lowered), "{status:?}");
    rig.end().unwrap();
}

//! What the receiver hears: the loop with its level and delay, noise, outside signals; and what a host sees that does not listen.
mod common;
use common::{Host, MS, RATE_HZ, magnitudes, start};
use std::path::Path;
use std::time::Duration;
use virtual_usrp::Event;

/// Samples of a read from `from_ns` on, as magnitudes; the read's first timestamp has to be that.
fn listen(host: &mut Host, dir: &Path, from_ns: i64, samples: usize) -> Vec<f32> {
    host.ask(&format!("activate {from_ns}"));
    heard(host, dir, from_ns, samples)
}

fn heard(host: &mut Host, dir: &Path, from_ns: i64, samples: usize) -> Vec<f32> {
    let file = dir.join("heard.cf32");
    let read = host.numbers(&format!("read {samples} 3000000 {}", file.display()));
    assert_eq!((read[0], read[1]), (samples as i64, from_ns));
    magnitudes(&file)
}

fn level_dbfs(magnitudes: &[f32]) -> f64 {
    let mean = magnitudes.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / magnitudes.len() as f64;
    10.0 * mean.log10()
}

/// Amplitude 0.5 is this level.
const HALF_DBFS: f64 = -6.0206;

#[test]
fn the_loop_has_its_level_and_the_same_delay_every_time() {
    let (dir, usrp) = start(&["--loop-delay", "37", "--loop-db", "-40"]);
    let mut host = Host::open(&usrp);
    host.ask("rxstream 0");
    host.ask("set gain tx 0 10");
    host.ask("set gain rx 0 5");
    for _ in 0..3 {
        let at = host.soon_ns();
        host.ask(&format!("activate {}", at - 5 * MS));
        assert_eq!(host.ask(&format!("write 9600 0.5 te {at} 1000000")), "9600");
        let heard = heard(&mut host, dir.path(), at - 5 * MS, 28_800);
        let first = heard.iter().position(|x| *x > 0.005).unwrap();
        assert_eq!(first, 9600 + 37);
        assert!((level_dbfs(&heard[first..first + 9600]) - (HALF_DBFS - 25.0)).abs() < 0.1);
        let quiet = level_dbfs(&heard[first + 9600..]);
        assert!((-91.0..-87.0).contains(&quiet), "noise and quantisation: {quiet}");
        assert_eq!(host.numbers("status 1000000")[0], 0);
        host.ask("deactivate rx");
    }
}

/// Both channels of a stream that starts at a time have one first sample, and a burst of both arrives in both at one index.
#[test]
fn two_channels_are_aligned_to_the_sample() {
    let (dir, usrp) = start(&["--loop-delay", "3"]);
    let mut host = Host::open(&usrp);
    for way in ["tx", "rx"] {
        host.ask(&format!("set rate {way} 1 {RATE_HZ}"));
        host.ask(&format!("set frequency {way} 1 3.5e9"));
    }
    host.ask("txstream 01");
    host.ask("rxstream 01");
    for _ in 0..3 {
        let at = host.soon_ns();
        host.ask(&format!("activate {}", at - 5 * MS));
        assert_eq!(host.ask(&format!("write 9600 0.5 te {at} 1000000")), "9600");
        let first = heard(&mut host, dir.path(), at - 5 * MS, 28_800);
        let second = magnitudes(&dir.path().join("heard.cf32.1"));
        for channel in [&first, &second] {
            assert_eq!(channel.len(), 28_800);
            assert_eq!(channel.iter().position(|x| *x > 0.002), Some(9600 + 3));
            assert_eq!(channel.iter().rposition(|x| *x > 0.002), Some(19_200 + 2));
        }
        assert_eq!(host.numbers("status 1000000")[0], 0);
        host.ask("deactivate rx");
    }
}

#[test]
fn a_receiver_elsewhere_hears_nothing_of_the_loop() {
    let (dir, usrp) = start(&["--loop-db", "-10"]);
    let mut host = Host::open(&usrp);
    host.ask("rxstream 0");
    host.ask("set frequency rx 0 2.4e9");
    let at = host.soon_ns();
    host.ask(&format!("activate {at}"));
    host.ask(&format!("write 19200 0.5 te {at} 1000000"));
    assert!(level_dbfs(&heard(&mut host, dir.path(), at, 19_200)) < -80.0);
}

#[test]
fn outside_signals_are_heard_where_they_are() {
    let (dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("rxstream 0");
    usrp.control("inject 0 -30 3.5001e9").unwrap();
    usrp.control("inject 0 -20 3.6e9").unwrap();
    let at = host.soon_ns();
    let tone = listen(&mut host, dir.path(), at, 9600);
    assert!((level_dbfs(&tone) + 30.0).abs() < 0.1, "the one at 3.6 GHz is out of band: {}", level_dbfs(&tone));
    usrp.control("clear").unwrap();

    let file = dir.path().join("outside.cf32");
    let bytes: Vec<u8> = [0.25f32, 0.0, 0.0, 0.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(&file, bytes).unwrap();
    usrp.control(&format!("play 0 {}", file.display())).unwrap();
    let at = host.soon_ns();
    let repeated = listen(&mut host, dir.path(), at, 1000);
    assert!(repeated.chunks(2).all(|pair| (pair[0] - pair[1]).abs() > 0.24), "every other sample");
}

#[test]
fn a_host_that_does_not_read_for_100_ms_gets_an_overflow() {
    let (dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("rxstream 0");
    host.ask("activate 0");
    std::thread::sleep(Duration::from_millis(300));
    let file = dir.path().join("heard.cf32");
    let read = host.numbers(&format!("read 960000 1000000 {}", file.display()));
    assert_eq!(read[2], -4, "SOAPY_SDR_OVERFLOW");
    let buffered = (RATE_HZ / 10.0) as i64;
    assert!(read[0] > buffered - 1996 && read[0] <= buffered, "what the host had buffered comes first: {}", read[0]);
    usrp.wait_for(Duration::from_secs(5), |e| matches!(e.event, Event::Overflow { channels: 1 })).unwrap().unwrap();
    // it goes on after the gap
    let again = host.numbers(&format!("read 9600 1000000 {}", file.display()));
    assert_eq!(again[0], 9600);
    assert!(again[1] > read[1] + 100 * MS);
}

#[test]
fn a_start_in_the_past_is_a_stream_error_and_two_channels_need_a_time() {
    let (dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    host.ask("rxstream 01");
    assert!(host.try_ask("activate 0").unwrap_err().contains("fail to time align"));
    let past = host.time_ns() - 10 * MS;
    host.ask(&format!("activate {past}"));
    let read = host.numbers(&format!("read 100 1000000 {}", dir.path().join("heard.cf32").display()));
    assert_eq!((read[0], read[2]), (0, -2));
}

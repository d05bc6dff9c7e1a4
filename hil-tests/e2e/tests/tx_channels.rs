//! Both channels of the radio in one stream each, with the virtual USRP behind the real SoapySDR library.

mod tx_support;

use e2e::{Program, wait_until};
use governor::Stop;
use num_complex::Complex32;
use sidecar::config::GainDb;
use sidecar::tx::{Answer, ArmOrder, Ask, FireOrder, Over, TxError, Wave};
use std::time::Duration;
use tx_support::{Bench, RATE_HZ, err, out};
use virtual_usrp::StretchEnd;

const PATIENCE: Duration = Duration::from_secs(5);

fn both() -> Bench {
    Bench::new(|tx| {
        tx.channels = vec![0, 1];
        tx.listen.channels = vec![0, 1];
    })
}

fn noise(n: usize, rms: f32, seed: u64) -> Vec<Complex32> {
    let mut wanted = vec![Complex32::ZERO; n];
    sidecar::tx::Source::new(Wave::Noise { rms, peak: 3.0 * rms, seed }, RATE_HZ).fill(&mut wanted);
    wanted
}

/// A burst has its wave on the channel that it names, and the other sends as many zeros at the same time, at the same gain.
#[test]
fn a_burst_is_on_one_channel_and_the_other_is_silent() {
    let bench = both();
    let mut guard = bench.guard();
    let mut at = [0; 2];
    for (channel, seed, more) in [(1_usize, 3, None), (0, 4, None), (1, 5, Some("--hand-over"))] {
        let (place, seed_text) = (channel.to_string(), seed.to_string());
        let mut words = vec!["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "12.5 dB", "--samples", "76801"];
        words.extend(["--channel", &place, "--seed", &seed_text]);
        words.extend(more);
        let fired = bench.run(&words);
        assert!(fired.status.success(), "{}{}", err(&fired), guard.log());
        let sent: Vec<Vec<Complex32>> = (0..2).map(|c| bench.usrp.samples(c).unwrap()[at[c]..].to_vec()).collect();
        at = [at[0] + sent[0].len(), at[1] + sent[1].len()];
        assert_eq!((sent[0].len(), sent[1].len()), (76_801, 76_801));
        let wanted = noise(76_801, 0.1, seed);
        let off = sent[channel].iter().zip(&wanted).map(|(s, w)| (s - w).norm()).fold(0.0, f32::max);
        assert!(off < 1.0 / 32767.0, "{off}");
        assert!(sent[1 - channel].iter().all(|z| *z == Complex32::ZERO));
    }
    let stretches = bench.usrp.radiated().unwrap();
    let of = |channel| -> Vec<_> {
        stretches.iter().filter(|s| s.channel == channel).map(|s| (s.from_ns, s.until_ns, s.end)).collect()
    };
    assert_eq!(of(0), of(1));
    assert!(of(0).len() >= 3 && stretches.iter().all(|s| s.gain_db == 12.5), "{stretches:?}");
    // one beyond is refused, and by name
    let beyond = bench.run(&["tx", "fire", "--zeros", "--gain", "0 dB", "--for", "1 ms", "--channel", "2"]);
    assert_eq!(beyond.status.code(), Some(11));
    assert!(err(&beyond).contains("(channel): channel 2 of the stream: it has 2"), "{}", err(&beyond));
    // the burst is counted once, however many channels it has, and so is what happens to both
    let status = bench.status().unwrap();
    assert_eq!((status.bursts, status.sent_samples), (3, 3 * 76_801));
    let dry = of(0).iter().filter(|s| s.2 == StretchEnd::Underflow).count() as u64;
    assert!(status.underflows <= dry, "{} of {dry}", status.underflows);
    assert_eq!(guard.end(), Some(0));
}

/// A stop lowers the gain of both channels and ends both; what was queued is over.
#[test]
fn a_stop_makes_both_channels_safe() {
    let bench = both();
    let mut guard = bench.guard();
    let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "10 dB", "--for", "2 s", "--channel", "1"];
    let _source = Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap().iter().all(|c| c.on)));
    let stopped = bench.run(&["tx", "stop"]);
    assert!(out(&stopped).starts_with("safe after"), "{}{}", out(&stopped), err(&stopped));
    assert!(wait_until(1, || bench.usrp.on_air().unwrap().iter().all(|c| !c.on)));
    let last = |channel| {
        let mut sets = bench.usrp.events().unwrap().into_iter().filter_map(|e| match e.event {
            virtual_usrp::Event::Set(s) if s.setting == "gain" && s.channel == Some(channel) => Some(s),
            _ => None,
        });
        sets.rfind(|s| s.direction == Some(virtual_usrp::Direction::Tx)).and_then(|s| s.value.as_f64())
    };
    assert_eq!((last(0), last(1)), (Some(0.0), Some(0.0)));
    assert_eq!(guard.end(), Some(0));
}

/// Too much in the second receive channel ends a burst as too much in the first.
#[test]
fn an_overload_of_any_channel_ends_the_burst() {
    for channel in 0..2 {
        let bench = both();
        let mut guard = bench.guard();
        let mut client = bench.client();
        client.tell(&Ask::Feed { alive_ns: None }).unwrap();
        let order = ArmOrder { for_ms: 5000, jam: None, relay: false, phrase: String::new() };
        let armed = client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. })).unwrap();
        let Answer::Armed { token, .. } = armed else { panic!("{armed:?}") };
        let wave = Wave::Tone { offset_hz: 1e6, amplitude: 0.1 };
        let order = FireOrder { token, samples: (2.0 * RATE_HZ) as u64, gain_db: 0.0, wave, over: Over::Channel(0) };
        client.ask(&Ask::Fire(order), PATIENCE, |a| matches!(a, Answer::Fired { .. })).unwrap();
        bench.usrp.control(&format!("inject {channel} -0.1 1e5")).unwrap();
        let ended = (0..100).find_map(|_| {
            client.tell(&Ask::Feed { alive_ns: None }).unwrap();
            client.wait(Duration::from_millis(20), |a| matches!(a, Answer::Ended(_))).unwrap()
        });
        let Some(Answer::Ended(ended)) = ended else { panic!("{ended:?} {}", guard.log()) };
        assert_eq!(ended.why, Some(Stop::Overload), "{ended:?}");
        assert_eq!(guard.end(), Some(0));
    }
}

/// What a radio lacks is refused before anything is set, with what it has; what it takes is set channel by channel.
#[test]
fn channels_and_gains_are_checked_against_the_radio() {
    let refused = |shape: &dyn Fn(&mut sidecar::config::TxSection), words: &str| {
        let bench = Bench::new(shape);
        let guard = bench.run(&["tx-guard"]);
        assert_eq!(guard.status.code(), Some(4), "{}", err(&guard));
        assert!(err(&guard).contains(words), "{}", err(&guard));
    };
    refused(&|tx| tx.channels = vec![0, 2], "transmit channel 2 is not possible: the device has 2 of them");
    refused(&|tx| tx.listen.channels = vec![2], "receive channel 2 is not possible: the device has 2 of them");
    let element = |name: &'static str, db| {
        move |tx: &mut sidecar::config::TxSection| {
            tx.listen.gain_elements.insert(name.into(), GainDb::new(db));
        }
    };
    refused(&element("LNA", 1.0), "gain element LNA is not possible: the device has PGA0");
    refused(&element("PGA0", 32.0), "element, dB, 32 is not possible: the device has 0 to 31.5 by 0.5");
    let bench = Bench::new(|tx| {
        tx.listen.channels = vec![1, 0];
        tx.listen.gain = GainDb::new(3.0);
        element("PGA0", 10.0)(tx);
    });
    let mut guard = bench.guard();
    let gains: Vec<(Option<usize>, Option<f64>)> = bench
        .usrp
        .events()
        .unwrap()
        .into_iter()
        .filter_map(|e| match e.event {
            virtual_usrp::Event::Set(s) if s.setting == "gain" && s.direction == Some(virtual_usrp::Direction::Rx) => {
                Some((s.channel, s.value.as_f64()))
            }
            _ => None,
        })
        .collect();
    let wanted = [(Some(1), Some(3.0)), (Some(1), Some(10.0)), (Some(0), Some(3.0)), (Some(0), Some(10.0))];
    assert_eq!(gains, wanted);
    // a channel that the stream does not have is refused to who asks over the socket, too
    let mut client = bench.client();
    let token = "0".repeat(32).parse().unwrap();
    let order = FireOrder { token, samples: 1, gain_db: 0.0, wave: Wave::Zeros, over: Over::Channel(1) };
    let refused = client.ask(&Ask::Fire(order), PATIENCE, |_| true);
    assert!(matches!(&refused, Err(TxError::Refused { code, .. }) if code == "channel"), "{refused:?}");
    assert_eq!(guard.end(), Some(0));
}

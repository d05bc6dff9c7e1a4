//! The way to a sample, and every way back to the safe state.

mod common;

use common::{MS, ask, burst, feed, governor, is_stop, logged, on_air, samples, wall};
use governor::{
    ArmRequest, Band, Burst, Chain, DEADMAN_NS, Event, Feeder, Governor, Heard, Mode, Purpose, Refusal, State, Stop,
    Token,
};
use num_complex::Complex32;

#[test]
fn arm_fire_log_and_send_to_the_last_sample_and_not_beyond() {
    let (mut g, permit) = on_air();
    assert_eq!((g.state(), g.left()), (State::OnAir, 10_000));
    for _ in 0..9 {
        g.take(&permit, &[&samples(1000)], 0, MS).unwrap();
    }
    g.take(&permit, &[&samples(1000)], 0, MS).unwrap();
    assert_eq!((g.state(), g.left()), (State::OnAir, 0), "until its last sample is out");
    assert_eq!(g.fire(&burst(Token([1; 16])), MS, wall()).unwrap_err(), Refusal::State(State::OnAir));
    g.ended(&permit);
    assert_eq!(g.state(), State::Armed);
    let (mut g, permit) = on_air();
    g.take(&permit, &[&samples(10_000)], 0, MS).unwrap();
    assert_eq!(g.take(&permit, &[&samples(1)], 0, MS), Err(Refusal::TooMany));
    assert_eq!(g.state(), State::Safe, "who tries that is stopped");
}

#[test]
fn a_piece_beyond_a_limit_brings_the_safe_state() {
    for piece in [
        samples(10_001),
        vec![Complex32::new(0.5, 0.01)],
        vec![Complex32::new(f32::NAN, 0.0)],
        vec![Complex32::new(f32::INFINITY, 0.0)],
    ] {
        let (mut g, permit) = on_air();
        assert!(g.take(&permit, &[&piece], 0, MS).is_err());
        assert_eq!(g.state(), State::Safe);
        assert_eq!(g.take(&permit, &[&samples(1)], 0, MS), Err(Refusal::State(State::Safe)));
    }
}

#[test]
fn every_sample_of_every_channel_is_looked_at_and_one_channel_counted() {
    let (mut g, permit) = on_air();
    g.take(&permit, &[&samples(6000), &samples(6000)], 0, MS).unwrap();
    assert_eq!(g.left(), 4000);
    // 20 ms of two channels are 20 ms
    assert_eq!(g.take(&permit, &[&samples(1000), &samples(1000)], 19_001, MS), Err(Refusal::Unsent));
    g.take(&permit, &[&samples(4000), &samples(4000)], 16_000, MS).unwrap();
    assert_eq!(g.left(), 0);
    let mut loud = samples(10);
    loud[9] = Complex32::new(0.5, 0.01);
    let mut broken = samples(10);
    broken[9].im = f32::NAN;
    let (good, short, none) = (samples(10), samples(9), samples(0));
    let cases: [(&[&[Complex32]], &str); 8] = [
        (&[&good, &loud], "cap"),
        (&[&loud, &good], "cap"),
        (&[&good, &broken], "cap"),
        (&[&good, &short], "uneven"),
        (&[&short, &good], "uneven"),
        (&[&good, &none], "uneven"),
        (&[], "uneven"),
        (&[&good, &good, &short], "uneven"),
    ];
    for (pieces, why) in cases {
        let (mut g, permit) = on_air();
        assert_eq!(g.take(&permit, pieces, 0, MS).map_err(|r| r.name()), Err(why));
        assert_eq!(g.state(), State::Safe);
    }
}

#[test]
fn at_most_20_ms_are_unsent() {
    let (mut g, permit) = on_air();
    assert_eq!(g.take(&permit, &[&samples(1000)], 19_001, MS), Err(Refusal::Unsent));
    assert_eq!((g.state(), g.left()), (State::OnAir, 10_000), "it may be tried again");
    g.take(&permit, &[&samples(1000)], 19_000, MS).unwrap();
}

#[test]
fn both_feed_the_dead_man() {
    for (silent, other) in [(Feeder::Loop, Feeder::Monitor), (Feeder::Monitor, Feeder::Loop)] {
        let (mut g, permit) = on_air();
        g.feed(other, DEADMAN_NS);
        assert_eq!(g.tick(DEADMAN_NS, wall()), None);
        g.take(&permit, &[&samples(10)], 0, DEADMAN_NS).unwrap();
        assert_eq!(g.tick(DEADMAN_NS + 1, wall()), Some(Event::Stop { why: Stop::DeadMan(silent) }));
        assert!(g.take(&permit, &[&samples(10)], 0, DEADMAN_NS + 1).is_err());
    }
    // even where nobody calls tick
    let (mut g, permit) = on_air();
    assert_eq!(g.take(&permit, &[&samples(10)], 0, DEADMAN_NS + 1), Err(Refusal::DeadMan));
    // nor is a burst approved
    let mut g = governor();
    let token = g.arm(&ask(), [1; 16], 0, wall()).unwrap();
    assert_eq!(g.fire(&burst(token), DEADMAN_NS + 1, wall()).unwrap_err(), Refusal::DeadMan);
}

#[test]
fn token_and_policy_end() {
    let (mut g, permit) = on_air();
    feed(&mut g, 999 * MS);
    assert_eq!(g.tick(999 * MS, wall()), None);
    feed(&mut g, 1000 * MS);
    assert_eq!(g.take(&permit, &[&samples(1)], 0, 1000 * MS), Err(Refusal::Expired));
    let (mut g, _) = on_air();
    feed(&mut g, 1000 * MS);
    assert_eq!(g.tick(1000 * MS, wall()), Some(Event::Stop { why: Stop::TokenExpired }));
    for day in ["2026-12-01T00:00:00Z", "2026-10-01T00:00:00Z"] {
        let (mut g, _) = on_air();
        assert_eq!(g.tick(MS, day.parse().unwrap()), Some(Event::Stop { why: Stop::PolicyEnded }), "{day}");
        assert!(matches!(g.arm(&ask(), [2; 16], MS, day.parse().unwrap()), Err(Refusal::Denied(_))));
    }
}

#[test]
fn a_stop_is_final_and_may_come_twice() {
    let (mut g, permit) = on_air();
    assert!(is_stop(g.stop(Stop::Asked).as_ref()));
    assert_eq!((g.stop(Stop::Signal), g.state()), (None, State::Safe));
    assert!(g.take(&permit, &[&samples(1)], 0, MS).is_err());
    assert_eq!(g.fire(&burst(Token([1; 16])), MS, wall()).unwrap_err(), Refusal::State(State::Safe));
    // the permit of an old burst is no permit of a new one
    let token = g.arm(&ask(), [2; 16], MS, wall()).unwrap();
    let new = logged(g.fire(&burst(token), MS, wall()).unwrap());
    assert_eq!(g.take(&permit, &[&samples(1)], 0, MS), Err(Refusal::Token));
    assert!(g.take(&new, &[&samples(1)], 0, MS).is_err(), "and whoever tries it has stopped both");
    // nor is that of another governor, whose bursts have the same numbers
    let (_, other) = on_air();
    let mut g = governor();
    let token = g.arm(&ask(), [2; 16], 0, wall()).unwrap();
    let own = logged(g.fire(&burst(token), 0, wall()).unwrap());
    assert_eq!(g.take(&other, &[&samples(1)], 0, MS), Err(Refusal::Token));
    assert_eq!(g.take(&own, &[&samples(1)], 0, MS), Err(Refusal::State(State::Safe)));
}

#[test]
fn a_burst_without_its_own_line_in_the_log_gets_no_permit() {
    let mut g = governor();
    let token = g.arm(&ask(), [1; 16], 0, wall()).unwrap();
    let pending = g.fire(&burst(token), 0, wall()).unwrap();
    let other = Event::End { id: 1, sent: 0, first_ns: None, first_radio_ns: None };
    let receipt = Chain::default().append(&mut common::Memory::default(), &other, wall(), 0).unwrap();
    assert_eq!(pending.logged(&receipt).unwrap_err(), Refusal::NotLogged);
}

#[test]
fn what_is_not_granted_is_not_armed() {
    let arm = |change: &dyn Fn(&mut ArmRequest)| {
        let mut a = ask();
        change(&mut a);
        governor().arm(&a, [1; 16], 5000 * MS, wall())
    };
    let no_grant = |change: &dyn Fn(&mut ArmRequest)| matches!(arm(change), Err(Refusal::NoGrant { .. }));
    assert!(no_grant(&|a| a.serial = "other".into()));
    assert!(no_grant(&|a| a.band.low_hz = 3.39e9) && no_grant(&|a| a.band.high_hz = 3.61e9));
    assert!(no_grant(&|a| a.mode = Mode::Shielded));
    assert!(matches!(arm(&|a| a.band.low_hz = f64::NAN), Err(Refusal::Number(_))));
    assert!(matches!(arm(&|a| a.for_ns = 60_001 * MS), Err(Refusal::Cap { .. })));
    let air = |a: &mut ArmRequest| (a.mode, a.band) = (Mode::Licensed, Band { low_hz: 1.841e9, high_hz: 1.842e9 });
    assert_eq!(arm(&|a| air(a)), Err(Refusal::Phrase));
    assert!(arm(&|a| (air(a), a.phrase = "I transmit under EXP-0815".into()).1).is_ok());
    let jam = |victim, heard: Option<(u64, &[u16])>| {
        let heard = heard.map(|(at_ns, cells)| Heard { at_ns, cells: cells.to_vec() });
        arm(&move |a| a.purpose = Purpose::Jam { victim, heard: heard.clone() })
    };
    assert_eq!(jam(3, Some((5000 * MS, &[]))), Err(Refusal::Victim(3)));
    assert_eq!(jam(1, None), Err(Refusal::NotListened));
    assert_eq!(jam(1, Some((2999 * MS, &[1]))), Err(Refusal::NotListened), "2 s ago and more");
    assert_eq!(jam(1, Some((5001 * MS, &[1]))), Err(Refusal::NotListened), "to come");
    assert_eq!(jam(1, Some((5000 * MS, &[1, 7]))), Err(Refusal::OtherCell(7)));
    assert_eq!(jam(1, Some((4000 * MS, &[]))), Err(Refusal::NotHeard(1)));
    assert_eq!(jam(1, Some((4000 * MS, &[2]))), Err(Refusal::NotHeard(1)));
    assert!(jam(1, Some((4000 * MS, &[1, 2]))).is_ok());
}

#[test]
fn a_look_is_for_the_first_burst_and_a_grant_for_jamming_for_nothing_else() {
    let heard = Some(Heard { at_ns: 0, cells: vec![1] });
    let jam = ArmRequest { purpose: Purpose::Jam { victim: 1, heard }, for_ns: 9000 * MS, ..ask() };
    let fire_at = |times_ms: &[u64]| -> Vec<Result<(), &'static str>> {
        let mut g = governor();
        let token = g.arm(&jam, [1; 16], 0, wall()).unwrap();
        let fire = |ms: &u64| {
            feed(&mut g, ms * MS);
            g.fire(&burst(token), ms * MS, wall()).map(|p| g.ended(&logged(p))).map_err(|r| r.name())
        };
        times_ms.iter().map(fire).collect()
    };
    assert_eq!(fire_at(&[2001]), [Err("not_listened")]);
    assert_eq!(fire_at(&[2000, 4000]), [Ok(()), Ok(())]);
    let both = "duty_window_ms: 1000}";
    let only_jamming = common::POLICY.replace(both, "duty_window_ms: 1000, victims: [1]}");
    let mut g = Governor::new(common::load(&only_jamming), 0, wall());
    feed(&mut g, 0);
    assert!(matches!(g.arm(&ask(), [1; 16], 0, wall()), Err(Refusal::NoGrant { .. })));
    assert!(g.arm(&jam, [1; 16], 0, wall()).is_ok());
    let only_own = common::POLICY.replace(", victims: [1, 2]", "");
    let mut g = Governor::new(common::load(&only_own), 0, wall());
    feed(&mut g, 0);
    assert!(g.arm(&ask(), [1; 16], 0, wall()).is_ok());
    assert!(matches!(g.arm(&jam, [1; 16], 0, wall()), Err(Refusal::NoGrant { .. })));
}

#[test]
fn a_clock_that_is_put_back_prolongs_nothing() {
    let mut g = governor();
    // the policy of the tests ends 8.5 days after their time
    let days = |d: f64| (d * 86_400e9) as u64;
    feed(&mut g, days(8.4));
    assert!(g.arm(&ask(), [1; 16], days(8.4), wall()).is_ok());
    assert_eq!(g.tick(days(8.51), wall()), Some(Event::Stop { why: Stop::PolicyEnded }));
    assert!(matches!(g.arm(&ask(), [1; 16], days(8.51), wall()), Err(Refusal::Denied(_))));
}

#[test]
fn caps_of_a_burst_and_the_duty_cycle() {
    let fire = |change: &dyn Fn(&mut Burst)| {
        let mut g = governor();
        let mut b = burst(g.arm(&ask(), [1; 16], 0, wall()).unwrap());
        change(&mut b);
        g.fire(&b, 0, wall()).map(|_| ()).map_err(|r| r.name())
    };
    assert_eq!(fire(&|_| ()), Ok(()));
    assert_eq!(fire(&|b| b.token = Token([2; 16])), Err("token"));
    assert_eq!(fire(&|b| b.gain_db = 20.1), Err("cap"));
    assert_eq!(fire(&|b| b.samples = 50_001), Err("cap"));
    assert_eq!(fire(&|b| b.band.low_hz = 3.48e9), Err("no_grant"), "within the grant, outside of what is armed");
    for broken in [f64::NAN, f64::INFINITY, 0.0] {
        assert_eq!(fire(&|b| b.rate_hz = broken), Err("number"));
    }
    assert_eq!(fire(&|b| b.gain_db = f64::NAN), Err("number"));
    assert_eq!(fire(&|b| b.samples = 0), Err("number"));
    // 10 % of 1 s: 50 ms twice at once, then 50 ms again only 500 ms later
    let mut g = governor();
    let mut a = ask();
    a.for_ns = 2000 * MS;
    let token = g.arm(&a, [1; 16], 0, wall()).unwrap();
    let b = Burst { samples: 50_000, ..burst(token) };
    let send = |g: &mut governor::Governor, now| {
        feed(g, now);
        g.fire(&b, now, wall()).map_err(|r| r.name()).map(|pending| {
            let permit = logged(pending);
            (0..5).for_each(|_| g.take(&permit, &[&samples(10_000)], 0, now).unwrap());
            g.ended(&permit);
        })
    };
    assert_eq!((send(&mut g, 0), send(&mut g, 0), send(&mut g, 499 * MS)), (Ok(()), Ok(()), Err("cap")));
    assert_eq!(send(&mut g, 500 * MS), Ok(()));
    // nor longer than its token
    assert_eq!(send(&mut g, 1951 * MS), Err("cap"));
}

#[test]
fn energy_of_an_hour() {
    // pieces of 10 000 samples of magnitude 0.5 at 1 MS/s hold 2.5 ms at full scale: two of them, a fifth of the next, and what 0.3 and 0.4 are rounded by
    let some = common::POLICY.replace("duty_window_ms: 1000}", "duty_window_ms: 1000, max_energy_s_per_h: 5.6e-3}");
    assert_ne!(some, common::POLICY);
    let minute = 60_000 * MS;
    let mut g = Governor::new(common::load(&some), 0, wall());
    let send = |g: &mut Governor, now: u64, piece: &[Complex32]| {
        feed(g, now);
        let token = g.arm(&ask(), [1; 16], now, wall()).unwrap();
        let permit = logged(g.fire(&burst(token), now, wall()).unwrap());
        let taken = g.take(&permit, &[piece], 0, now);
        g.ended(&permit);
        taken
    };
    let (whole, fifth) = (samples(10_000), samples(2_000));
    assert_eq!((send(&mut g, 0, &whole), send(&mut g, minute, &whole)), (Ok(()), Ok(())));
    let Err(Refusal::Cap { what, asked, cap }) = send(&mut g, 2 * minute, &whole) else { panic!() };
    assert!(what.contains("energy") && (asked - 7.5e-3).abs() < 1e-9 && cap == 5.6e-3);
    assert_eq!(g.state(), State::Safe, "as any piece beyond a limit");
    // what was refused does not count, nor do zeros
    assert_eq!(send(&mut g, 3 * minute, &vec![Complex32::ZERO; 10_000]), Ok(()));
    assert_eq!(send(&mut g, 3 * minute, &fifth), Ok(()));
    assert!(send(&mut g, 60 * minute, &fifth).is_err());
    assert_eq!(send(&mut g, 61 * minute, &whole), Ok(()), "the first is more than an hour ago");
    // channels add up: the same twice is beyond it, once is not
    let mut g = Governor::new(common::load(&some), 0, wall());
    assert_eq!(send(&mut g, 0, &whole), Ok(()));
    let token = g.arm(&ask(), [1; 16], 0, wall()).unwrap();
    let permit = logged(g.fire(&burst(token), 0, wall()).unwrap());
    assert!(matches!(g.take(&permit, &[&whole, &whole], 0, 0), Err(Refusal::Cap { asked, .. }) if asked > 7e-3));
    // the other grants have none
    assert_eq!((0..20).try_for_each(|_| send(&mut governor(), 0, &whole)), Ok(()));
}

#[test]
fn a_token_is_text_to_people_and_nothing_to_logs() {
    let token = Token([0x0a; 16]);
    assert_eq!(String::from(token), "0a".repeat(16));
    assert_eq!("0A".repeat(16).parse(), Ok(token));
    assert_eq!(format!("{token:?}"), "Token(..)");
    for bad in ["", "0a", "+a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", &"0g".repeat(16), &"0a".repeat(17)] {
        assert!(bad.parse::<Token>().is_err(), "{bad}");
    }
}

//! A chain: burst after burst as long as samples arrive, each under every cap.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{MS, RATE_HZ, ask, burst, feed, load, logged, samples, wall};
use governor::{ArmRequest, Burst, DEADMAN_NS, Event, Feeder, Governor, Permit, Purpose, State, Stop, Token};

const POLICY: &str = r#"
version: 1
person: Jane Doe
stop_contact: "+49 241 555 0100"
from: 2026-11-01T00:00:00Z
until: 2026-12-01T00:00:00Z
grants:
  - {mode: conducted, radios: [31A5F2C], low_hz: 3.4e9, high_hz: 3.6e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 20, max_duty: 0.5, duty_window_ms: 100, relay: true}
"#;

fn relays() -> ArmRequest {
    ArmRequest { purpose: Purpose::Relay, for_ns: 1000 * MS, ..ask() }
}

/// Links of 10 ms at most.
fn link(token: Token) -> Burst {
    burst(token)
}

fn armed() -> (Governor, Token) {
    let mut g = Governor::new(load(POLICY), 0, wall());
    // the loop is not needed: samples take its place
    g.feed(Feeder::Monitor, 0);
    let token = g.arm(&relays(), [1; 16], 0, wall()).unwrap();
    (g, token)
}

fn on_air() -> (Governor, Permit) {
    let (mut g, token) = armed();
    let permit = logged(g.relay(&link(token), 0, wall()).unwrap());
    (g, permit)
}

#[test]
fn it_goes_on_as_long_as_samples_arrive_and_ends_with_them() {
    let (mut g, permit) = on_air();
    // half of the time on air is allowed: 1 ms in 2, for longer than any burst
    for ms in (0..800).step_by(2) {
        g.feed(Feeder::Monitor, ms * MS);
        assert_eq!(g.tick(ms * MS, wall()), None, "{ms}");
        g.take(&permit, &[&samples(1000)], 0, ms * MS).unwrap();
    }
    // somebody who says that the loop is alive does not hold it
    let last = 798 * MS;
    for ms in (800..990).step_by(10) {
        feed(&mut g, ms * MS);
        assert_eq!(g.tick(ms * MS, wall()), None, "{ms}");
    }
    feed(&mut g, last + DEADMAN_NS + 1);
    assert_eq!(g.tick(last + DEADMAN_NS + 1, wall()), Some(Event::Stop { why: Stop::DeadMan(Feeder::Loop) }));
    assert_eq!(g.state(), State::Safe);
}

#[test]
fn the_receiver_feeds_it_too() {
    let (mut g, permit) = on_air();
    let mut stopped = None;
    for ms in (0..300).step_by(10) {
        stopped = g.tick(ms * MS, wall());
        if stopped.is_some() {
            break;
        }
        g.take(&permit, &[&samples(1000)], 0, ms * MS).unwrap();
    }
    assert_eq!(stopped, Some(Event::Stop { why: Stop::DeadMan(Feeder::Monitor) }));
}

#[test]
fn each_link_is_under_every_cap() {
    let refused = |piece: usize, amplitude: f32| {
        let (mut g, permit) = on_air();
        let piece: Vec<_> = samples(piece).iter().map(|z| z * amplitude).collect();
        let name = g.take(&permit, &[&piece], 0, 0).unwrap_err().name();
        assert_eq!(g.state(), State::Safe);
        name
    };
    assert_eq!(refused(10_001, 1.0), "too_many");
    assert_eq!(refused(10, 1.1), "cap");
    assert_eq!(refused(10, f32::NAN), "cap");
    // 50 ms are in the bucket: 5 links of 10 ms, and no sixth
    let (mut g, permit) = on_air();
    (0..5).for_each(|_| g.take(&permit, &[&samples(10_000)], 0, 0).unwrap());
    assert_eq!(g.take(&permit, &[&samples(10_000)], 0, 0).unwrap_err().name(), "cap");
    let (mut g, token) = armed();
    for change in [|b: &mut Burst| b.gain_db = 20.1, |b: &mut Burst| b.samples = 20_001] {
        let mut b = link(token);
        change(&mut b);
        assert_eq!(g.relay(&b, 0, wall()).unwrap_err().name(), "cap");
    }
    assert_eq!(link(token).air_ns(), 10_000.0 / RATE_HZ * 1e9);
}

#[test]
fn arming_is_for_a_chain_or_for_bursts() {
    let (mut g, token) = armed();
    feed(&mut g, 0);
    assert_eq!(g.fire(&link(token), 0, wall()).unwrap_err().name(), "purpose");
    let token = g.arm(&ask(), [2; 16], 0, wall()).unwrap();
    assert_eq!(g.relay(&link(token), 0, wall()).unwrap_err().name(), "purpose");
    // a grant that does not say so allows no chain
    let mut g = Governor::new(load(&POLICY.replace(", relay: true", "")), 0, wall());
    assert_eq!(g.arm(&relays(), [1; 16], 0, wall()).unwrap_err().name(), "no_grant");
    // nobody jams without end
    assert!(load(&POLICY.replace("relay: true", "relay: true, victims: [1]")).is_err());
}

#[test]
fn its_token_is_renewed_by_who_has_it_and_for_the_same() {
    let (mut g, permit) = on_air();
    let token = Token([1; 16]);
    let other = |change: fn(&mut ArmRequest)| {
        let mut a = relays();
        change(&mut a);
        a
    };
    for ms in (0..=900).step_by(100) {
        g.feed(Feeder::Monitor, ms * MS);
        g.take(&permit, &[&samples(1000)], 0, ms * MS).unwrap();
    }
    assert_eq!(g.renew(Token([2; 16]), &relays(), 900 * MS, wall()).unwrap_err().name(), "token");
    assert_eq!(g.renew(token, &ask(), 900 * MS, wall()).unwrap_err().name(), "purpose");
    let wider = other(|a| a.band.low_hz -= 1e6);
    assert_eq!(g.renew(token, &wider, 900 * MS, wall()).unwrap_err().name(), "purpose");
    let long = other(|a| a.for_ns = 61_000 * MS);
    assert_eq!(g.renew(token, &long, 900 * MS, wall()).unwrap_err().name(), "cap");
    assert_eq!(g.expires_ns(), Some(1000 * MS));
    assert_eq!(g.renew(token, &relays(), 900 * MS, wall()), Ok(Event::Renew { id: 1, ask: relays() }));
    assert_eq!(g.expires_ns(), Some(1900 * MS));
    g.feed(Feeder::Monitor, 1050 * MS);
    g.take(&permit, &[&samples(1000)], 0, 1050 * MS).unwrap();
    // a burst is never renewed, and nothing is after its end
    assert_eq!(g.tick(1900 * MS, wall()), Some(Event::Stop { why: Stop::TokenExpired }));
    assert_eq!(g.renew(token, &relays(), 1900 * MS, wall()).unwrap_err().name(), "state");
    let (mut g, _permit) = common::on_air();
    assert_eq!(g.renew(token, &ask(), 0, wall()).unwrap_err().name(), "purpose");
}

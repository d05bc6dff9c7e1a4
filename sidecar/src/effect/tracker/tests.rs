use super::*;
use crate::effect::Direction;
use crate::guard::{Guard, Limits};

const MS: u64 = 1_000_000;

fn approve(db: f32, now: u64) -> Approved<Action> {
    Guard::new(Limits::default()).check(Action::Power { db }, now, 0).unwrap()
}

fn lower_power() -> Expected {
    Expected {
        observable: Observable::SnrDb,
        target: "ue0".into(),
        direction: Direction::Fall,
        min_change: 1.0,
        window_ns: 100 * MS,
    }
}

fn tracker_with(before: f64, after: f64) -> Tracker {
    let mut t = Tracker::new();
    for k in 0..10 {
        t.observe(Observable::SnrDb, "ue0", before, 900 * MS + k * 10 * MS).unwrap();
    }
    t.start(&approve(-3.0, 1000 * MS), lower_power(), Some(Action::Power { db: 0.0 }), "test", 1000 * MS).unwrap();
    for k in 0..11 {
        t.observe(Observable::SnrDb, "ue0", after, 1000 * MS + k * 10 * MS).unwrap();
    }
    t
}

#[test]
fn a_kept_promise_is_effective() {
    let mut t = tracker_with(20.0, 17.0);
    assert_eq!(t.poll(1099 * MS), (vec![], vec![]), "the window is not over");
    let (done, undo) = t.poll(1100 * MS);
    assert!(undo.is_empty());
    assert_eq!(done[0].verdict, Verdict::Effective);
    assert_eq!((done[0].before, done[0].after), (Some(20.0), Some(17.0)));
}

#[test]
fn a_broken_promise_is_rolled_back() {
    let mut t = tracker_with(20.0, 19.5);
    let (done, undo) = t.poll(1200 * MS);
    assert!(done.is_empty());
    assert_eq!(undo, vec![Rollback { id: 1, previous: Action::Power { db: 0.0 } }]);
    let row = t.rolled_back(1, true, 1201 * MS).unwrap();
    assert_eq!(row.verdict, Verdict::RolledBack);
    assert_eq!(t.rolled_back(1, true, 1202 * MS), None, "once only");
}

#[test]
fn a_rollback_that_fails_stays_without_effect() {
    let mut t = tracker_with(20.0, 20.0);
    let _ = t.poll(1200 * MS);
    assert_eq!(t.rolled_back(1, false, 1201 * MS).unwrap().verdict, Verdict::NoEffect);
}

#[test]
fn silence_is_no_proof() {
    let mut t = Tracker::new();
    t.observe(Observable::SnrDb, "ue0", 20.0, 990 * MS).unwrap();
    t.observe(Observable::SnrDb, "ue0", f64::NAN, 995 * MS).unwrap();
    t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
    let (done, _) = t.poll(1100 * MS);
    assert_eq!((done[0].verdict, done[0].before, done[0].after), (Verdict::NoEffect, Some(20.0), None));
}

#[test]
fn one_action_a_kind_and_target_at_a_time() {
    let mut t = Tracker::new();
    t.start(&approve(-1.0, MS), lower_power(), None, "test", MS).unwrap();
    let busy = t.start(&approve(-2.0, 2 * MS), lower_power(), None, "test", 2 * MS).unwrap_err();
    assert_eq!(busy, Busy { kind: ActionKind::Power, target: "cell".into() });
    let _ = t.poll(1000 * MS);
    assert!(t.start(&approve(-2.0, 1001 * MS), lower_power(), None, "test", 1001 * MS).is_ok());
}

#[test]
fn what_came_into_force_late_is_judged_from_then_on() {
    let mut t = Tracker::new();
    for k in 0..40 {
        let at = 900 * MS + k * 10 * MS;
        t.observe(Observable::SnrDb, "ue0", if at < 1200 * MS { 20.0 } else { 17.0 }, at).unwrap();
    }
    t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1150 * MS).unwrap();
    assert!(t.poll(1249 * MS).0.is_empty(), "a window from 1.15 s on");
    let done = t.poll(1250 * MS).0;
    assert_eq!((done[0].verdict, done[0].before), (Verdict::Effective, Some(20.0)));
    assert_eq!(done[0].approved_mono_ns, 1000 * MS);
}

#[test]
fn series_are_bounded_and_what_is_judged_is_not_forgotten() {
    let mut t = Tracker::new();
    for k in 0..MAX_SERIES {
        t.observe(Observable::Cqi, &format!("ue{k}"), 7.0, MS).unwrap();
    }
    let full = t.observe(Observable::Cqi, "one more", 7.0, MS).unwrap_err();
    assert_eq!(full.to_string(), "cqi of one more is not followed: 1024 series are already");
    assert_eq!(t.refused(), 1);
    t.observe(Observable::Cqi, "ue0", 8.0, 2 * MS).unwrap();
    assert!(t.forget("ue1"));
    t.observe(Observable::Cqi, "one more", 7.0, MS).unwrap();
    t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
    assert!(!t.forget("ue0"), "it is judged by ue0");
    assert_eq!(t.mean(Observable::Cqi, "ue0", 2 * MS, 2 * MS), Some(7.5));
}

#[test]
fn observations_stand_in_the_order_of_their_time() {
    let mut t = Tracker::new();
    for (at, value) in [(1, 1.0), (5, 5.0), (3, 3.0)] {
        t.observe(Observable::Cqi, "ue0", value, at * MS).unwrap();
    }
    assert_eq!(t.mean(Observable::Cqi, "ue0", 5 * MS, 2 * MS), Some(4.0), "3 and 5");
}

#[test]
fn a_window_is_as_long_for_a_slow_radio() {
    let mut t = Tracker::new();
    // the lab runs at a quarter of real time; what is done takes 40 ms of radio time to show: 160 ms
    for k in 0..200 {
        let at = 500 * MS + k * 10 * MS;
        t.radio(at, 1.0 + (k * 10) as f64 * 1e-3 / 4.0);
        t.observe(Observable::SnrDb, "ue0", if at < 1160 * MS { 20.0 } else { 17.0 }, at).unwrap();
    }
    t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
    assert!(t.poll(1399 * MS).0.is_empty(), "100 ms of radio time are 400 ms here");
    let done = t.poll(1401 * MS).0;
    assert_eq!(done[0].verdict, Verdict::Effective);
    assert!(done[0].after.unwrap() < 18.0);
    assert!(t.passed(1000 * MS, 100 * MS, 1401 * MS) && !t.passed(1000 * MS, 100 * MS, 1399 * MS));
}

#[test]
fn what_is_abandoned_is_not_judged() {
    let mut t = tracker_with(20.0, 17.0);
    let given_up = t.abandon_all(1050 * MS);
    assert_eq!(
        given_up.iter().map(|e| (e.id, e.verdict, e.mono_ns)).collect::<Vec<_>>(),
        [(1, Verdict::Abandoned, 1050 * MS)]
    );
    assert_eq!((given_up[0].before, given_up[0].after), (Some(20.0), None), "what came after says nothing");
    assert_eq!(t.poll(2000 * MS), (vec![], vec![]));
    assert_eq!(t.abandon(ActionKind::Power, "cell", 2000 * MS), None);
    let mut t = tracker_with(20.0, 20.0);
    assert_eq!(t.poll(1200 * MS).1.len(), 1);
    assert_eq!(t.abandon_all(1201 * MS)[0].verdict, Verdict::Abandoned, "also while it is rolled back");
    assert_eq!(t.rolled_back(1, true, 1202 * MS), None);
}

#[test]
fn the_first_quarter_of_the_window_does_not_count() {
    let mut t = Tracker::new();
    t.observe(Observable::SnrDb, "ue0", 20.0, 950 * MS).unwrap();
    t.start(&approve(-3.0, 1000 * MS), lower_power(), None, "test", 1000 * MS).unwrap();
    t.observe(Observable::SnrDb, "ue0", 20.0, 1010 * MS).unwrap();
    t.observe(Observable::SnrDb, "ue0", 17.0, 1050 * MS).unwrap();
    t.observe(Observable::SnrDb, "ue0", 17.0, 1090 * MS).unwrap();
    assert_eq!(t.poll(1100 * MS).0[0].after, Some(17.0));
}

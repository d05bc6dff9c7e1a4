use super::*;

const MS: u64 = 1_000_000;

fn mind() -> Mind {
    let power = PowerPolicy { enough_db: 22.0, least_db: 15.0, step_db: 1.0 };
    Mind::new(true, power, 1000 * MS, Limits::default())
}

fn seen(snr: f64, at_ns: u64) -> [Seen; 2] {
    let one = |stream, snr| Seen {
        stream,
        eavesdropper: stream == 1,
        beam_snr_db: Some(snr),
        at_ns: Some(at_ns),
        tracked: true,
        silent: false,
    };
    [one(0, snr), one(1, 10.0)]
}

/// Runs `ms` with an SNR that depends on whether the beam is on and on the power; returns what was judged.
fn run(m: &mut Mind, from_ms: u64, ms: u64, snr: impl Fn(bool, f32) -> f64) -> Vec<Effect> {
    let w = [Complex32::new(0.7, 0.0), Complex32::new(0.0, 0.7)];
    let mut judged = Vec::new();
    for t in (from_ms..from_ms + ms).step_by(50) {
        let mut s = seen(snr(m.beam, m.power_db), t * MS);
        s[1].beam_snr_db = Some(10.0 + f64::from(m.power_db));
        let mut todo = m.tick(&s, &w, t * MS);
        while let Some(d) = todo.pop() {
            match d {
                Do::Judged(e) => judged.push(e),
                Do::Act(a, purpose) => todo.extend(m.carried(a.action(), purpose, true, t * MS)),
                Do::Beam(_) => {}
            }
        }
    }
    judged
}

#[test]
fn an_action_that_did_not_reach_air_is_not_judged_and_not_believed() {
    let mut m = mind();
    let w = [Complex32::new(0.7, 0.0), Complex32::new(0.0, 0.7)];
    let (mut judged, mut failed_ns) = (Vec::new(), None);
    for t in (1..4000).step_by(50) {
        let s = seen(if m.beam { 25.0 } else { 16.0 }, t * MS);
        let mut todo = m.tick(&s, &w, t * MS);
        while let Some(d) = todo.pop() {
            match d {
                Do::Judged(e) if e.kind == ActionKind::Power => judged.push(e.verdict),
                Do::Act(a, purpose) => {
                    assert_eq!((purpose, a.action()), (Purpose::Own, &Action::Power { db: -1.0 }));
                    failed_ns = Some(t * MS);
                    todo.extend(m.carried(a.action(), purpose, false, t * MS));
                }
                _ => {}
            }
        }
    }
    assert!(failed_ns.is_some());
    assert_eq!(judged, [Verdict::Abandoned], "once, then it rests");
    assert_eq!(m.power_db(), 0.0, "what air really has");
    assert_eq!(m.counts[&ActionKind::Power].abandoned, 1);
    // an order of the controller that did not get out: steps count from what is in force
    assert!(m.check(Action::Power { db: -3.0 }, 5000 * MS, 0).is_ok());
    assert!(m.carried(&Action::Power { db: -3.0 }, Purpose::Order(7), false, 5001 * MS).is_empty());
    assert!(m.check(Action::Power { db: -6.0 }, 6000 * MS, 0).is_err(), "6 dB in one step from 0 dB");
}

#[test]
fn a_rollback_that_did_not_reach_air_is_none() {
    let mut m = mind();
    let w = [Complex32::new(0.7, 0.0), Complex32::new(0.0, 0.7)];
    let mut judged = Vec::new();
    for t in (1..4000).step_by(50) {
        let mut todo = m.tick(&seen(if m.beam { 25.0 } else { 16.0 }, t * MS), &w, t * MS);
        while let Some(d) = todo.pop() {
            match d {
                Do::Judged(e) if e.kind == ActionKind::Power => judged.push(e.verdict),
                Do::Act(a, purpose) => {
                    let ok = purpose == Purpose::Own;
                    todo.extend(m.carried(a.action(), purpose, ok, t * MS));
                }
                _ => {}
            }
        }
    }
    assert_eq!((judged, m.power_db()), (vec![Verdict::NoEffect], -1.0), "the lower power is still in force");
}

#[test]
fn decisions_are_as_old_as_the_measurements_they_rest_on() {
    let mut m = mind();
    let w = [Complex32::new(0.7, 0.0), Complex32::new(0.0, 0.7)];
    // the last measurement is of 0.5 s, and is told over and over
    for t in (1..12_000).step_by(50) {
        let decided = m.tick(&seen(16.0, t.min(500) * MS), &w, t * MS);
        if t > 3500 {
            assert!(!decided.iter().any(|d| matches!(d, Do::Beam(true) | Do::Act(..))), "{t} ms: too old");
        }
    }
    assert!(m.counts[&ActionKind::Beam].refused > 0, "R14: refused and counted");
    let mut fresh = mind();
    assert!(run(&mut fresh, 1, 5000, |_, _| 16.0).len() == 1 && fresh.counts[&ActionKind::Beam].refused == 0);
}

#[test]
fn a_ue_that_went_silent_does_not_hold_up_the_others() {
    let mut m = mind();
    let w = [Complex32::new(0.7, 0.0), Complex32::new(0.0, 0.7)];
    let mut steered = false;
    for t in (1..1500).step_by(50) {
        let [a, b] = seen(16.0, t * MS);
        let gone = Seen { eavesdropper: false, beam_snr_db: None, tracked: false, silent: true, ..b };
        steered |= m.tick(&[a, gone], &w, t * MS).iter().any(|d| matches!(d, Do::Beam(true)));
    }
    assert!(steered);
}

#[test]
fn a_lost_cell_abandons_what_is_being_judged() {
    let mut m = mind();
    // the beam is tried at 1.001 s, its window ends at 2.001 s
    assert!(run(&mut m, 1, 1200, |_, _| 16.0).is_empty());
    assert!(m.beam);
    let judged: Vec<_> = m.lost(1300 * MS).into_iter().collect();
    assert!(matches!(&judged[..], [Do::Judged(e)] if e.verdict == Verdict::Abandoned && e.kind == ActionKind::Beam));
    assert_eq!(m.counts[&ActionKind::Beam].abandoned, 1);
    assert!(m.lost(1350 * MS).is_empty(), "once");
    assert!(run(&mut m, 1400, 900, |_, _| 16.0).is_empty(), "nothing is judged later, nothing begins unwatched");
}

#[test]
fn a_beam_that_helps_stays() {
    let mut m = mind();
    let judged = run(&mut m, 1, 2500, |beam, _| if beam { 20.0 } else { 16.0 });
    assert_eq!((judged.len(), judged[0].verdict), (1, Verdict::Effective));
    assert!(m.beam);
    assert_eq!(m.counts[&ActionKind::Beam].effective, 1);
}

#[test]
fn a_beam_that_does_not_help_is_taken_back_and_rests() {
    let mut m = mind();
    let judged = run(&mut m, 1, 5000, |_, _| 16.0);
    assert_eq!(judged.iter().map(|e| e.verdict).collect::<Vec<_>>(), [Verdict::RolledBack]);
    assert!(!m.beam, "it rests");
    assert_eq!(run(&mut m, 5001, 5000, |_, _| 16.0).len(), 1, "and is tried again");
}

#[test]
fn power_beyond_need_is_lowered_and_the_eavesdropper_hears_less() {
    let mut m = mind();
    let judged = run(&mut m, 1, 5000, |beam, p| if beam { 25.0 + f64::from(p) } else { 16.0 });
    let power: Vec<_> = judged.iter().filter(|e| e.kind == ActionKind::Power).collect();
    assert_eq!(power[0].verdict, Verdict::Effective);
    assert_eq!(power[0].observed_target, "eavesdropper");
    assert!(m.power_db() <= -1.0);
}

#[test]
fn who_may_not_act_watches_only() {
    let power = PowerPolicy { enough_db: 22.0, least_db: 15.0, step_db: 1.0 };
    let mut m = Mind::new(false, power, 1000 * MS, Limits::default());
    assert!(run(&mut m, 1, 5000, |_, _| 30.0).is_empty());
    assert!(m.counts.is_empty());
}

#[test]
fn a_trend_is_followed_and_bounded() {
    let mut t = Trend::default();
    assert_eq!(t.ahead(1.0), None);
    for k in 0..200_u64 {
        t.push(10.0 + k as f64 * 0.05, k * 50 * MS);
    }
    let ahead = t.ahead(1.0).unwrap();
    assert!(ahead > 19.5 && ahead < 22.5, "level about 20, one dB a second: {ahead}");
    t.push(f64::NAN, 1);
    assert!(t.ahead(100.0).unwrap().is_finite());
}

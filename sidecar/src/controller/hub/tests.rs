use super::*;
use crate::controller::config::Subscriber;
use crate::controller::state::AppItem;

const MS: u64 = 1_000_000;
const SUPI: &str = "imsi-001010000000001";

fn hub(act: bool) -> Hub {
    let subscriber = Subscriber { supi: SUPI.into(), ue: Some(0), rnti: None, stream: Some(0), slice: None };
    Hub::new(HubConfig { act, subscribers: vec![subscriber], ..HubConfig::default() })
}

fn app(offered: f64, delivered: f64, res: &str, now: u64) -> Message {
    let item = AppItem {
        supi: SUPI.into(),
        offered_bit_per_s: Some(offered),
        delivered_bit_per_s: Some(delivered),
        resolution: Some(res.into()),
        stalled: false,
    };
    Message::json(Kind::State, Agent::App, &AppState { mono_ns: now, items: vec![item], ..AppState::default() })
        .unwrap()
}

/// Feeds a starved subscriber until an order comes.
fn until_order(hub: &mut Hub) -> (u64, Order, Agent) {
    for k in 1..100 {
        let now = k * 100 * MS;
        hub.take(&app(5e6, 3e6, "1080p", now), now);
        if let Some((to, message)) = hub.tick(now).into_iter().next() {
            return (now, message.parse().unwrap(), to);
        }
    }
    panic!("no order");
}

fn answer(hub: &mut Hub, id: u64, ok: bool, now: u64) {
    let done = Outcome::Done { id, ok, reason: String::new() };
    hub.take(&Message::json(Kind::Outcome, Agent::App, &done).unwrap(), now);
}

#[test]
fn an_order_that_helps_is_effective() {
    let mut hub = hub(true);
    let (at, order, to) = until_order(&mut hub);
    assert_eq!(to, Agent::App);
    assert_eq!(order.action, Action::Resolution { supi: SUPI.into(), res: "720p".into() });
    answer(&mut hub, order.id, true, at + MS);
    for k in 1..=25 {
        let now = at + k * 100 * MS;
        hub.take(&app(2.5e6, 2.5e6, "720p", now), now);
        assert!(hub.tick(now).is_empty());
    }
    let state = hub.api(at + 3000 * MS);
    assert_eq!(state.actions[0].verdict, Verdict::Effective);
    assert_eq!(state.counts["resolution"].effective, 1);
    assert!((state.actions[0].before.unwrap() - 5e6).abs() < 1.0);
    assert_eq!(hub.judged_since().len(), 1);
}

#[test]
fn an_order_that_does_nothing_is_rolled_back() {
    let mut hub = hub(true);
    let (at, order, _) = until_order(&mut hub);
    answer(&mut hub, order.id, true, at + MS);
    let mut undo = None;
    for k in 1..=25 {
        let now = at + k * 100 * MS;
        hub.take(&app(5e6, 3e6, "1080p", now), now);
        if let Some((_, m)) = hub.tick(now).into_iter().next() {
            undo = Some(m.parse::<Order>().unwrap());
            break;
        }
    }
    let undo = undo.unwrap();
    assert_eq!(undo.action, Action::Resolution { supi: SUPI.into(), res: "1080p".into() });
    answer(&mut hub, undo.id, true, at + 2600 * MS);
    assert_eq!(hub.api(at + 2600 * MS).counts["resolution"].rolled_back, 1);
}

#[test]
fn an_order_without_answer_is_given_up_and_counted() {
    let mut hub = hub(true);
    let (at, _, _) = until_order(&mut hub);
    let _ = hub.tick(at + 2100 * MS);
    let counts = &hub.api(at).counts["resolution"];
    assert_eq!((counts.approved, counts.refused), (1, 1));
}

#[test]
fn a_late_answer_is_judged_from_then_on() {
    let mut hub = hub(true);
    let (at, order, _) = until_order(&mut hub);
    let mut undo = None;
    // answered after 2.5 s, 0.5 s too late; nothing gets better
    for k in 1..=50 {
        let now = at + k * 100 * MS;
        hub.take(&app(5e6, 3e6, "1080p", now), now);
        if k == 25 {
            answer(&mut hub, order.id, true, now);
        }
        if let Some((_, m)) = hub.tick(now).into_iter().next() {
            undo.get_or_insert((now, m.parse::<Order>().unwrap()));
        }
    }
    let counts = &hub.api(at).counts["resolution"];
    assert_eq!((counts.approved, counts.refused, counts.late), (1, 1, 1));
    let (undone_at, undo) = undo.expect("what is in force without effect is rolled back");
    assert_eq!(undo.action, Action::Resolution { supi: SUPI.into(), res: "1080p".into() });
    assert_eq!(undone_at, at + 4500 * MS, "a whole window after it came into force");
    answer(&mut hub, undo.id, true, at + 5100 * MS);
    let state = hub.api(at + 5100 * MS);
    assert_eq!(state.actions[0].verdict, Verdict::RolledBack);
}

#[test]
fn an_order_that_nobody_answers_is_revoked_until_somebody_does() {
    let mut hub = hub(true);
    let (at, order, _) = until_order(&mut hub);
    let mut revokes = Vec::new();
    for k in 1..=250 {
        let now = at + k * 100 * MS;
        hub.take(&app(5e6, 3e6, "1080p", now), now);
        for (_, m) in hub.tick(now) {
            revokes.push((now, m.parse::<Order>().unwrap()));
        }
    }
    let previous = Action::Resolution { supi: SUPI.into(), res: "1080p".into() };
    assert_eq!(revokes.len(), 2, "again and again, and nothing new on this subscriber meanwhile");
    assert!(revokes.iter().all(|(_, o)| o.action == previous));
    assert_eq!(revokes[0].0, at + 10_100 * MS);
    answer(&mut hub, order.id, true, at + 25_100 * MS);
    answer(&mut hub, revokes[1].1.id, true, at + 25_101 * MS);
    let state = hub.api(at + 25_200 * MS);
    assert_eq!(state.actions.iter().map(|e| e.verdict).collect::<Vec<_>>(), [Verdict::Abandoned]);
    assert_eq!(hub.tracker.outstanding(), 0);
}

#[test]
fn a_revocation_that_fails_leaves_nothing_unjudged() {
    let mut hub = hub(true);
    let (at, _, _) = until_order(&mut hub);
    let revoke = (1..=101).find_map(|k| {
        let now = at + k * 100 * MS;
        hub.take(&app(5e6, 3e6, "1080p", now), now);
        hub.tick(now).pop().map(|(_, m)| (now, m.parse::<Order>().unwrap()))
    });
    let (now, revoke) = revoke.unwrap();
    answer(&mut hub, revoke.id, false, now + MS);
    assert_eq!(hub.tracker.outstanding(), 1, "it may be in force: it is judged");
}

#[test]
fn without_leave_to_act_nothing_is_ordered() {
    let mut hub = hub(false);
    for k in 1..100 {
        let now = k * 100 * MS;
        hub.take(&app(5e6, 3e6, "1080p", now), now);
        assert!(hub.tick(now).is_empty());
    }
}

#[test]
fn old_inputs_order_nothing() {
    let mut hub = hub(true);
    hub.take(&app(5e6, 3e6, "1080p", 100 * MS), 100 * MS);
    for k in 40..100 {
        assert!(hub.tick(k * 100 * MS).is_empty());
    }
    assert!(hub.api(10_000 * MS).counts["resolution"].refused > 0, "R14: dropped and counted");
}

#[test]
fn a_state_that_is_no_state_is_counted() {
    let mut hub = hub(true);
    let mut m = app(1.0, 1.0, "480p", 1);
    m.payload = b"{\"items\": 7}".to_vec();
    hub.take(&m, 1);
    assert_eq!(hub.unusable, 1);
}

#[test]
fn goals_are_kept_and_read() {
    let mut hub = hub(true);
    assert_eq!(hub.set_goal("be FAIR to everybody").kind, "fairness");
    assert_eq!(hub.set_goal("sing").kind, "noted");
    assert_eq!(hub.api(0).goal.unwrap().text, "sing");
}

use super::*;
use crate::controller::config::{Slice, Subscriber};
use crate::controller::state::Order;
use crate::controller::state::{AppItem, ConsoleRow, LoopState, QuotaInForce, StreamState};
use crate::effect::Observable;

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

/// What is ordered, without the words on what is in force.
fn orders(hub: &mut Hub, now: u64) -> Vec<Message> {
    hub.tick(now).into_iter().map(|(_, m)| m).filter(|m| m.header.kind == Kind::Action).collect()
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

/// A report measured and sent at `measured`, as it stands on the wire.
fn stuck(mut message: Message, measured: u64) -> Message {
    message.header.sent_mono_ns = measured;
    message
}

#[test]
fn reports_that_waited_out_an_outage_are_as_old_as_they_are() {
    let mut hub = hub(true);
    // 5 s of reports that say starved arrive at once
    for k in 1..50 {
        hub.take(&stuck(app(5e6, 3e6, "1080p", k * 100 * MS), 4900 * MS), 9000 * MS);
    }
    for k in 90..140 {
        assert!(hub.tick(k * 100 * MS).is_empty(), "the newest is 4.1 s old");
    }
    assert!(hub.api(14_000 * MS).counts["resolution"].refused > 0);
    let mean = |from: u64| hub.tracker.mean(Observable::OfferedBitPerS, SUPI, 4900 * MS, 4900 * MS - from);
    assert!(mean(1000 * MS).is_some(), "they are observations of their own time");
    assert_eq!(hub.tracker.mean(Observable::OfferedBitPerS, SUPI, 9000 * MS, 4000 * MS), None);
    assert_eq!(hub.api(14_000 * MS).agents[0].foreign_stamps, 0);
}

#[test]
fn stamps_of_another_clock_are_said_and_replaced_by_the_receipt() {
    let mut hub = hub(true);
    let now = 1000 * MS;
    hub.take(&stuck(app(5e6, 3e6, "1080p", 900_000 * MS), 900_100 * MS), now);
    assert_eq!(hub.world().ues[0].at.app_ns, Some(900 * MS), "100 ms old when it was sent");
    let mut other_run = stuck(app(5e6, 3e6, "1080p", 950 * MS), 950 * MS);
    other_run.header.run = 99;
    hub.take(&other_run, now + MS);
    assert_eq!(hub.world().ues[0].at.app_ns, Some(now + MS));
    assert_eq!(hub.api(now).agents[0].foreign_stamps, 2);
}

#[test]
fn the_same_measurement_told_again_is_no_new_one() {
    let mut hub = hub(true);
    for k in 1..60 {
        let now = k * 100 * MS;
        hub.take(&stuck(app(5e6, 3e6, "1080p", now.min(500 * MS)), now), now);
        let orders = hub.tick(now);
        assert!(orders.is_empty() || now <= 3500 * MS, "{k}: what app repeats is 3 s old and more");
    }
}

#[test]
fn a_lab_slower_than_real_time_has_its_whole_window() {
    let mut hub = hub(true);
    let radio = |hub: &mut Hub, now: u64| {
        let fast = LoopState { radio_s: now as f64 * 1e-9 / 4.0, radio_mono_ns: now, ..LoopState::default() };
        let state = RanState { mono_ns: now, fast, ..RanState::default() };
        hub.take(&stuck(Message::json(Kind::State, Agent::Ran, &state).unwrap(), now), now);
    };
    let mut ordered = None;
    // what is ordered shows after 0.75 s of radio time: 3 s here, when a window of 2 s of the host's clock is long over
    for k in 1..250 {
        let now = k * 100 * MS;
        radio(&mut hub, now);
        let better = ordered.is_some_and(|at| now > at + 3000 * MS);
        hub.take(&if better { app(2.5e6, 2.5e6, "720p", now) } else { app(5e6, 3e6, "1080p", now) }, now);
        for m in orders(&mut hub, now) {
            let order = m.parse::<Order>().unwrap();
            assert!(now > 8000 * MS, "the first window is watched only, and is 8 s long");
            if ordered.is_none() {
                ordered = Some(now);
                answer(&mut hub, order.id, true, now);
            }
        }
        if ordered.is_some_and(|at| now == at + 8500 * MS) {
            break;
        }
    }
    let state = hub.api(0);
    assert_eq!(state.actions.iter().map(|e| e.verdict).collect::<Vec<_>>(), [Verdict::Effective]);
    assert!(state.actions[0].mono_ns >= ordered.unwrap() + 8000 * MS);
}

fn ran(beam: Option<(f64, u64)>, cqi: Option<(u8, u64)>, now: u64) -> Message {
    let stream = StreamState {
        role: "ue".into(),
        beam_snr_db: beam.map(|(snr, _)| snr),
        beam_mono_ns: beam.map(|(_, at)| at),
        predicted_snr_db: beam.map(|(snr, _)| snr),
        tracked: true,
        ..StreamState::default()
    };
    let console = cqi.map(|(cqi, _)| ConsoleRow { ue: Some(0), cqi: Some(cqi), ..ConsoleRow::default() });
    let state = RanState {
        mono_ns: now,
        streams: vec![stream],
        console: console.into_iter().collect(),
        console_mono_ns: cqi.map_or(0, |(_, at)| at),
        ..RanState::default()
    };
    stuck(Message::json(Kind::State, Agent::Ran, &state).unwrap(), now)
}

#[test]
fn what_rests_on_the_radio_is_as_old_as_the_radio_s_report() {
    let mut hub = hub(true);
    let mut last = 0;
    for k in 1..80 {
        let now = k * 100 * MS;
        // room for a higher resolution, but what says so was measured at 0.5 s by the gNB and is only repeated
        hub.take(&ran(None, Some((15, now.min(500 * MS))), now), now);
        hub.take(&stuck(app(2e6, 2e6, "480p", now), now), now);
        for m in orders(&mut hub, now) {
            last = now;
            let order = m.parse::<Order>().unwrap();
            assert!(order.inputs_age_ns >= now - 500 * MS, "{order:?}");
            answer(&mut hub, order.id, false, now);
        }
    }
    assert!(last <= 3500 * MS, "{last}");
    assert!(hub.api(0).counts["resolution"].refused > 0);
}

#[test]
fn the_snr_of_a_silent_ue_is_neither_decided_on_nor_shown() {
    let mut hub = hub(true);
    let heard = 1000 * MS;
    hub.take(&ran(Some((25.0, heard)), None, heard), heard);
    hub.tick(heard + 100 * MS);
    assert!(hub.world().ues[0].capacity_bit_per_s.is_some());
    assert_eq!(hub.api(0).ues[0].beam_snr_db, Some(25.0));
    // `ran` itself went silent, or repeats what it heard last
    hub.take(&ran(Some((25.0, heard)), None, heard + 2000 * MS), heard + 2000 * MS);
    hub.tick(heard + 2001 * MS);
    assert_eq!(hub.world().ues[0].capacity_bit_per_s, None);
    let state = hub.api(heard + 2001 * MS);
    assert_eq!((state.ues[0].beam_snr_db, state.ues[0].predicted_snr_db), (None, None));
    assert_eq!((state.streams[0].beam_snr_db, state.streams[0].tracked), (None, false));
}

/// A hub of two slices, the starved subscriber in the first.
fn sliced() -> Hub {
    let slices = [(1, 10), (2, 10)].map(|(sst, min)| Slice { sst, sd: None, min, max: 100 });
    let subscriber = Subscriber { supi: SUPI.into(), ue: None, rnti: None, stream: None, slice: Some((1, None)) };
    Hub::new(HubConfig { subscribers: vec![subscriber], slices: slices.to_vec(), ..HubConfig::default() })
}

fn quotas(known: Option<[(u8, u8, bool); 2]>, now: u64) -> Message {
    let quota = |(sst, min, confirmed)| QuotaInForce { sst, sd: None, min, max: 100, confirmed };
    let state = RanState { mono_ns: now, quotas: known.map(|k| k.map(quota).to_vec()), ..RanState::default() };
    stuck(Message::json(Kind::State, Agent::Ran, &state).unwrap(), now)
}

/// Runs the hub with reports of `ran` until it says something of the kind, to `ran`.
fn until(hub: &mut Hub, from: u64, known: Option<[(u8, u8, bool); 2]>, kind: Kind) -> (u64, Message) {
    for k in 1..60 {
        let now = from + k * 100 * MS;
        hub.take(&quotas(known, now), now);
        hub.take(&stuck(app(5e6, 3e6, "480p", now), now), now);
        if let Some((_, m)) = hub.tick(now).into_iter().find(|(to, m)| *to == Agent::Ran && m.header.kind == kind) {
            return (now, m);
        }
    }
    panic!("nothing");
}

#[test]
fn a_hub_that_begins_anew_takes_over_what_ran_has_in_force() {
    let mut hub = sliced();
    let (_, m) = until(&mut hub, 0, Some([(1, 30, true), (2, 40, true)]), Kind::Action);
    let order = m.parse::<Order>().unwrap();
    assert_eq!(order.action, Action::SliceQuota { sst: 1, sd: None, min: 45, max: 100 }, "15 more than in force");
    let mut full = sliced();
    for k in 1..60 {
        let now = k * 100 * MS;
        full.take(&quotas(Some([(1, 40, true), (2, 50, true)]), now), now);
        full.take(&stuck(app(5e6, 3e6, "480p", now), now), now);
        assert!(full.tick(now).is_empty(), "55 + 50 do not fit; by the configuration alone they would");
    }
}

#[test]
fn a_ran_that_begins_anew_is_told() {
    let mut hub = sliced();
    let (now, _) = until(&mut hub, 0, Some([(1, 30, true), (2, 40, true)]), Kind::Action);
    let (_, word) = until(&mut hub, now, None, Kind::InForce);
    let told = word.parse::<InForce>().unwrap().quotas;
    assert_eq!(told.iter().map(|q| (q.sst, q.min, q.confirmed)).collect::<Vec<_>>(), [(1, 30, true), (2, 40, true)]);
}

#[test]
fn where_nobody_knows_the_others_are_set_before_a_share_is_raised() {
    let mut hub = sliced();
    let (_, word) = until(&mut hub, 0, None, Kind::InForce);
    let told = word.parse::<InForce>().unwrap().quotas;
    assert_eq!(told.iter().map(|q| (q.min, q.confirmed)).collect::<Vec<_>>(), [(10, false), (10, false)]);
    let unconfirmed = Some([(1, 10, false), (2, 10, false)]);
    let (now, m) = until(&mut hub, 1000 * MS, unconfirmed, Kind::Action);
    let first = m.parse::<Order>().unwrap();
    assert_eq!(first.action, Action::SliceQuota { sst: 2, sd: None, min: 10, max: 100 }, "as configured");
    answer(&mut hub, first.id, true, now + MS);
    let (_, m) = until(&mut hub, now, Some([(1, 10, false), (2, 10, true)]), Kind::Action);
    let then = m.parse::<Order>().unwrap();
    assert_eq!(then.action, Action::SliceQuota { sst: 1, sd: None, min: 25, max: 100 });
    assert_eq!(hub.tracker.outstanding(), 0);
}

#[test]
fn shares_that_cannot_be_had_do_not_hold_up_other_ways() {
    let mut hub = sliced();
    let known = Some([(1, 10, false), (2, 10, false)]);
    let (mut now, m) = until(&mut hub, 0, known, Kind::Action);
    answer(&mut hub, m.parse::<Order>().unwrap().id, false, now);
    let mut lower = None;
    for _ in 0..10 {
        now += 100 * MS;
        hub.take(&quotas(known, now), now);
        hub.take(&stuck(app(5e6, 3e6, "720p", now), now), now);
        lower = lower.or(hub.tick(now).into_iter().next().map(|(_, m)| m.parse::<Order>().unwrap().action));
    }
    assert_eq!(lower, Some(Action::Resolution { supi: SUPI.into(), res: "480p".into() }));
}

#[test]
fn no_quota_is_ordered_before_ran_has_spoken() {
    let mut hub = sliced();
    for k in 1..60 {
        let now = k * 100 * MS;
        hub.take(&stuck(app(5e6, 3e6, "480p", now), now), now);
        for (_, m) in hub.tick(now) {
            let order = m.parse::<Order>().unwrap();
            assert!(!matches!(order.action, Action::SliceQuota { .. }), "{order:?}");
        }
    }
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

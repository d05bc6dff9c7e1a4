use super::*;
use crate::ran::config::Monitor;
use crate::wire::{Router, RouterConfig, RouterEvent};

/// The slow part with the fast loop's end of its queue, and a controller that listens.
fn slow() -> (Slow, Receiver<ActionJob>, Router, mpsc::Receiver<RouterEvent>) {
    let (router, events) = Router::bind(RouterConfig::new("tcp://127.0.0.1:*", 7)).unwrap();
    let monitor = Monitor { stream: 0, eavesdropper: false, supi: None };
    let mut config = RanConfig::demo("ipc:///nowhere", vec![monitor]);
    config.controller = Some(router.endpoint().to_owned());
    let (actions, jobs) = sync_channel(ACTIONS_QUEUE);
    let shared = Arc::new(Shared::new(Arc::new(AtomicBool::new(false))));
    let metrics = Metrics::new("ran").unwrap();
    let slow = Slow::new(&config, shared, MibBook::default(), Writer::nowhere(), metrics, actions).unwrap();
    (slow, jobs, router, events)
}

fn power(id: u64, db: f32) -> Order {
    Order { id, action: Action::Power { db }, inputs_age_ns: 0 }
}

async fn outcome(events: &mut mpsc::Receiver<RouterEvent>) -> (u64, bool, String) {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(10), events.recv()).await.unwrap().unwrap();
        if let RouterEvent::Message { message, .. } = event
            && let Ok(Outcome::Done { id, ok, reason }) = message.parse()
        {
            return (id, ok, reason);
        }
    }
}

#[tokio::test]
async fn an_order_that_the_fast_loop_does_not_take_is_reported_failed() {
    let (mut slow, jobs, _router, mut events) = slow();
    drop(jobs);
    slow.ordered(power(1, -1.0));
    let (id, ok, reason) = outcome(&mut events).await;
    assert_eq!((id, ok, reason.as_str()), (1, false, "the fast loop has ended"));
    assert_eq!(slow.mind.power_db(), 0.0, "it is not in force");
}

#[tokio::test]
async fn an_order_is_done_only_when_air_confirmed_it() {
    let (mut slow, jobs, _router, mut events) = slow();
    for (id, result) in [(1, Ok(())), (2, Err(ActError::Silent(2000)))] {
        slow.ordered(power(id, -(id as f32)));
        assert!(slow.carried.1.try_recv().is_err(), "nobody said anything yet");
        jobs.try_recv().unwrap().done.send(result.clone()).unwrap();
        let carried = slow.carried.1.recv().await.unwrap();
        slow.carried(&carried);
        let (said, ok, reason) = outcome(&mut events).await;
        assert_eq!((said, ok), (id, result.is_ok()));
        assert_eq!(reason, result.err().map(|e| e.to_string()).unwrap_or_default());
    }
    assert_eq!(slow.mind.power_db(), -1.0, "the first is in force, the second is not");
}

#[tokio::test]
async fn a_full_queue_is_a_failure_too() {
    let (mut slow, _jobs, _router, mut events) = slow();
    for id in 0..=ACTIONS_QUEUE as u64 {
        let approved = slow.mind.check(Action::Power { db: 0.0 }, (id + 1) * 1_000_000_000, 0).unwrap();
        slow.act(approved, Purpose::Order(id));
    }
    let (id, ok, reason) = outcome(&mut events).await;
    assert_eq!((id, ok), (ACTIONS_QUEUE as u64, false));
    assert_eq!(reason, "the fast loop has 16 actions waiting and takes no more");
}

#[tokio::test]
async fn a_quota_without_a_gnb_is_refused_with_the_reason() {
    let (mut slow, _jobs, _router, mut events) = slow();
    let order = |id| Order { id, action: Action::SliceQuota { sst: 1, sd: None, min: 10, max: 100 }, inputs_age_ns: 0 };
    slow.ordered(order(4));
    let (id, ok, reason) = outcome(&mut events).await;
    assert!((id, ok) == (4, false) && reason.contains("not known yet"), "{reason}");
    slow.mind.told(InForce::default());
    slow.ordered(order(5));
    let (id, ok, reason) = outcome(&mut events).await;
    assert_eq!((id, ok, reason.as_str()), (5, false, "the gNB did not take it: none is configured (ran.gnb_ws)"));
}

//! The two ends of a link under what links go through: late peers, restarts, other versions, floods.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use serde_json::json;
use sidecar::wire::{
    Agent, Dealer, DealerConfig, DealerEvent, Kind, LinkError, Message, Router, RouterConfig, RouterEvent,
};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

fn router(endpoint: &str) -> (Router, Receiver<RouterEvent>) {
    let mut config = RouterConfig::new(endpoint, 42);
    config.peer_timeout = Duration::from_millis(400);
    config.welcome = json!({"name": "controller"});
    Router::bind(config).unwrap()
}

fn dealer(endpoint: &str, agent: Agent) -> (Dealer, Receiver<DealerEvent>) {
    let mut config = DealerConfig::new(endpoint, agent);
    config.heartbeat = Duration::from_millis(50);
    config.peer_timeout = Duration::from_millis(300);
    config.backoff_max = Duration::from_millis(100);
    config.hello = json!({"pid": 7});
    Dealer::connect(config).unwrap()
}

async fn wait<E, T>(events: &mut Receiver<E>, pick: impl Fn(E) -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(out) = pick(events.recv().await.unwrap()) {
                return out;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap()
}

fn up(e: DealerEvent) -> Option<serde_json::Value> {
    if let DealerEvent::Up { welcome, .. } = e { Some(welcome) } else { None }
}

fn message(e: DealerEvent) -> Option<Message> {
    if let DealerEvent::Message { message, .. } = e { Some(message) } else { None }
}

fn arrived(e: RouterEvent) -> Option<(Agent, Message)> {
    if let RouterEvent::Message { agent, message, .. } = e { Some((agent, message)) } else { None }
}

fn joined(e: RouterEvent) -> Option<Agent> {
    if let RouterEvent::Joined { agent, .. } = e { Some(agent) } else { None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_both_ways_with_the_run_of_the_controller() {
    let (r, mut at_r) = router("tcp://127.0.0.1:*");
    let (d, mut at_d) = dealer(r.endpoint(), Agent::Core);
    assert_eq!(wait(&mut at_d, up).await, json!({"name": "controller"}));
    assert_eq!(wait(&mut at_r, joined).await, Agent::Core);
    assert!(d.send(Message::f32(Kind::Embedding, Agent::Core, &[2], &[1.0, 2.0]).unwrap()));
    let (agent, got) = wait(&mut at_r, arrived).await;
    assert_eq!((agent, got.to_f32(), got.header.run), (Agent::Core, vec![1.0, 2.0], 42));
    assert!(got.header.sent_mono_ns > 0);
    assert!(r.send(Agent::Core, Message::json(Kind::Action, Agent::Controller, &json!({"a": 1})).unwrap()));
    let back = wait(&mut at_d, message).await;
    assert_eq!((back.header.kind, back.parse::<serde_json::Value>().unwrap()), (Kind::Action, json!({"a": 1})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_and_a_restarted_controller_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}/c.sock", dir.path().display());
    let (d, mut at_d) = dealer(&endpoint, Agent::App);
    // What is said while nobody listens waits.
    assert!(d.send(Message::json(Kind::State, Agent::App, &json!({"early": true})).unwrap()));
    wait(&mut at_d, |e| matches!(e, DealerEvent::Down { .. }).then_some(())).await;
    let (r, mut at_r) = router(&endpoint);
    assert_eq!(wait(&mut at_r, arrived).await.1.header.kind, Kind::State);
    drop(r);
    wait(&mut at_d, |e| matches!(e, DealerEvent::Down { .. }).then_some(())).await;
    let (_r, mut at_r) = router(&endpoint);
    assert_eq!(wait(&mut at_r, joined).await, Agent::App);
    wait(&mut at_d, up).await;
    assert!(d.stats().ups.load(Relaxed) >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_dies_has_left_and_its_successor_takes_its_place() {
    let (r, mut at_r) = router("tcp://127.0.0.1:*");
    let (first, mut at_first) = dealer(r.endpoint(), Agent::Ran);
    wait(&mut at_first, up).await;
    drop(first);
    wait(&mut at_r, |e| matches!(e, RouterEvent::Left { agent: Agent::Ran, .. }).then_some(())).await;
    assert!(r.send(Agent::Ran, Message::empty(Kind::Ack, Agent::Controller)));
    let (_second, mut at_second) = dealer(r.endpoint(), Agent::Ran);
    wait(&mut at_second, up).await;
    r.send(Agent::Ran, Message::empty(Kind::Goal, Agent::Controller));
    assert_eq!(wait(&mut at_second, message).await.header.kind, Kind::Goal);
    assert_eq!(r.stats().dropped_out.load(Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_and_garbage_get_a_typed_refusal() {
    let (r, mut at_r) = router("tcp://127.0.0.1:*");
    let endpoint = r.endpoint().to_owned();
    let answers = tokio::task::spawn_blocking(move || {
        let socket = zmq::Context::new().socket(zmq::DEALER).unwrap();
        socket.set_rcvtimeo(5000).unwrap();
        socket.connect(&endpoint).unwrap();
        let mut frames = Message::empty(Kind::Hello, Agent::Core).into_frames();
        frames[0][4] = 9;
        let unknown = Message::empty(Kind::Heartbeat, Agent::Core).into_frames();
        let garbage = vec![b"x".to_vec()];
        [frames, garbage, unknown].map(|frames| {
            socket.send_multipart(frames, 0).unwrap();
            let answer = Message::from_frames(socket.recv_multipart(0).unwrap()).unwrap();
            assert_eq!(answer.header.kind, Kind::Refuse);
            answer.parse::<sidecar::wire::Refusal>().unwrap().code
        })
    });
    assert_eq!(answers.await.unwrap(), ["version", "malformed", "unknown_peer"]);
    wait(&mut at_r, |e| {
        matches!(e, RouterEvent::Refused { refusal, .. } if refusal.reason.contains("version 9")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_of_another_version_is_told_and_not_fatal() {
    let socket = zmq::Context::new().socket(zmq::ROUTER).unwrap();
    socket.bind("tcp://127.0.0.1:*").unwrap();
    let endpoint = socket.get_last_endpoint().unwrap().unwrap();
    let (_d, mut at_d) = dealer(&endpoint, Agent::Core);
    let peer = tokio::task::spawn_blocking(move || {
        let hello = socket.recv_multipart(0).unwrap();
        let mut frames = Message::empty(Kind::Welcome, Agent::Controller).into_frames();
        frames[0][4] = 2;
        frames.insert(0, hello[0].clone());
        socket.send_multipart(frames, 0).unwrap();
        // The dealer comes back and asks again.
        let again = socket.recv_multipart(0).unwrap();
        Message::from_frames(again[1..].to_vec()).unwrap().header.kind
    });
    let code = wait(&mut at_d, |e| if let DealerEvent::Refused(r) = e { Some(r.code) } else { None }).await;
    assert_eq!((code.as_str(), peer.await.unwrap()), ("version", Kind::Hello));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_bounded_and_counted() {
    let (r, mut at_r) = router("tcp://127.0.0.1:*");
    let (d, mut at_d) = dealer(r.endpoint(), Agent::App);
    wait(&mut at_d, up).await;
    for i in 0..20_000_u64 {
        let mut m = Message::empty(Kind::State, Agent::App);
        m.header.round = i;
        d.send(m);
    }
    let lost = || d.stats().dropped_out.load(Relaxed) + r.stats().dropped_in.load(Relaxed);
    let mut n = 0_u64;
    let last = wait(&mut at_r, |e| arrived(e).map(|(_, m)| m.header.round));
    let mut last = last.await;
    // A busy machine may pause anywhere: it is over when every message is accounted for, or after ten silent seconds.
    while n + 1 + lost() < 20_000 {
        let Ok(Some(e)) = tokio::time::timeout(Duration::from_secs(10), at_r.recv()).await else { break };
        if let Some((_, m)) = arrived(e) {
            assert!(m.header.round > last);
            last = m.header.round;
            n += 1;
        }
    }
    assert_eq!(n + 1 + lost(), 20_000);
    assert!(lost() > 0, "nothing was dropped: this test shows nothing");
}

#[test]
fn an_address_of_another_host_is_refused() {
    for bad in ["tcp://0.0.0.0:7700", "tcp://*:7700", "tcp://192.0.2.1:7700"] {
        assert!(matches!(Router::bind(RouterConfig::new(bad, 1)), Err(LinkError::NotLoopback(_))), "{bad}");
        assert!(matches!(Dealer::connect(DealerConfig::new(bad, Agent::App)), Err(LinkError::NotLoopback(_))), "{bad}");
    }
}

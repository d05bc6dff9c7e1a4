//! The client against a gNB that behaves, and one that does not.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use futures_util::{SinkExt, StreamExt};
use ran_bridge::gnb::{
    Body, GnbCommand, GnbCommandError, GnbConfig, GnbEvent, LinkKind, SliceMember, SliceQuota, UrlError, spawn,
};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Receiver;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

type Peer = WebSocketStream<TcpStream>;

async fn listen() -> (TcpListener, GnbConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = GnbConfig::new(&format!("ws://{}", listener.local_addr().unwrap()));
    config.silence = Duration::from_millis(120);
    config.command_timeout = Duration::from_millis(400);
    config.backoff_min = Duration::from_millis(10);
    (listener, config)
}

async fn accept(listener: &TcpListener) -> Peer {
    accept_async(listener.accept().await.unwrap().0).await.unwrap()
}

async fn text(peer: &mut Peer) -> String {
    loop {
        if let Message::Text(t) = peer.next().await.unwrap().unwrap() {
            return t.as_str().to_owned();
        }
    }
}

async fn subscribed(listener: &TcpListener) -> Peer {
    let mut peer = accept(listener).await;
    assert_eq!(text(&mut peer).await, r#"{"cmd":"metrics_subscribe"}"#);
    say(&mut peer, r#"{"cmd":"metrics_subscribe","timestamp":"2026-11-21T21:18:09.699"}"#).await;
    peer
}

async fn say(peer: &mut Peer, text: &str) {
    peer.send(Message::text(text)).await.unwrap();
}

fn cells(second: u64) -> String {
    format!(
        r#"{{"timestamp":"2026-11-21T21:18:{second:02}.000","cells":[{{"cell_metrics":{{"pci":1,"nof_failed_pdcch_allocs":0}}}}]}}"#
    )
}

/// The first event that `pick` takes.
async fn wait<T>(events: &mut Receiver<GnbEvent>, pick: impl Fn(&GnbEvent) -> Option<T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            if let Some(out) = pick(&events.recv().await.unwrap()) {
                return out;
            }
        }
    })
    .await
    .unwrap()
}

fn report(e: &GnbEvent) -> Option<u64> {
    match e {
        GnbEvent::Report { message, .. } => match &message.body {
            Body::Cells(_) => message.time.map(|t| u64::try_from(t.unix_ms / 1000 % 60).unwrap()),
            _ => None,
        },
        _ => None,
    }
}

fn quota() -> GnbCommand {
    let slice = SliceMember { plmn: "00101".into(), sst: 1, sd: None };
    GnbCommand::SliceQuota(SliceQuota::new(vec![slice], 10, 60).unwrap())
}

#[tokio::test]
async fn garbage_and_binary_are_counted_and_the_reports_go_on() {
    let (listener, config) = listen().await;
    let (handle, mut events) = spawn(config).unwrap();
    let mut peer = subscribed(&listener).await;
    for garbage in ["", "not json", "[1,2]", "{\"cells\": 3}", "{\"cells\": [{\"cell_metrics\": "] {
        say(&mut peer, garbage).await;
    }
    peer.send(Message::binary(vec![0_u8, 255])).await.unwrap();
    say(&mut peer, r#"{"timestamp":"2026-11-21T21:18:01.000","something_new":{"a":1}}"#).await;
    say(&mut peer, &cells(1)).await;
    assert_eq!(wait(&mut events, report).await, 1);
    assert_eq!(handle.stats().garbage.load(Relaxed), 5);
    assert_eq!(handle.stats().binary_frames.load(Relaxed), 1);
}

#[tokio::test]
async fn a_closed_connection_comes_back() {
    let (listener, config) = listen().await;
    let (handle, mut events) = spawn(config).unwrap();
    let mut peer = subscribed(&listener).await;
    say(&mut peer, &cells(1)).await;
    assert_eq!(wait(&mut events, report).await, 1);
    peer.close(None).await.unwrap();
    wait(&mut events, |e| matches!(e, GnbEvent::Down { link: LinkKind::Metrics, .. }).then_some(())).await;
    let mut peer = subscribed(&listener).await;
    say(&mut peer, &cells(2)).await;
    assert_eq!(wait(&mut events, report).await, 2);
    // Dropped without a goodbye.
    drop(peer);
    let mut peer = subscribed(&listener).await;
    say(&mut peer, &cells(3)).await;
    assert_eq!(wait(&mut events, report).await, 3);
    assert_eq!(handle.stats().connects.load(Relaxed), 3);
}

#[tokio::test]
async fn silence_is_told_once_and_ends_with_the_next_report() {
    let (listener, config) = listen().await;
    let (handle, mut events) = spawn(config).unwrap();
    let mut peer = subscribed(&listener).await;
    let told = wait(&mut events, |e| {
        if let GnbEvent::Silent { silent_ms, hint, .. } = e { Some((*silent_ms, *hint)) } else { None }
    });
    let ((silent_ms, hint), frame) = tokio::join!(told, peer.next());
    assert!((100..1000).contains(&silent_ms), "{silent_ms}");
    assert!(hint.contains("samples"));
    assert!(matches!(frame, Some(Ok(Message::Ping(_)))));
    say(&mut peer, &cells(9)).await;
    wait(&mut events, |e| matches!(e, GnbEvent::Resumed { .. }).then_some(())).await;
    assert_eq!(wait(&mut events, report).await, 9);
    assert_eq!(handle.stats().silences.load(Relaxed), 1);
    assert_eq!(handle.stats().connects.load(Relaxed), 1);
}

#[tokio::test]
async fn a_dead_peer_that_answers_no_ping_is_left() {
    let (listener, config) = listen().await;
    let (_handle, mut events) = spawn(config).unwrap();
    let peer = subscribed(&listener).await;
    wait(&mut events, |e| matches!(e, GnbEvent::Down { reason, .. } if reason.contains("sign of life")).then_some(()))
        .await;
    drop(peer);
    let _again = subscribed(&listener).await;
}

#[tokio::test]
async fn missing_reports_are_counted() {
    let (listener, config) = listen().await;
    let (handle, mut events) = spawn(config).unwrap();
    let mut peer = subscribed(&listener).await;
    for t in [1, 2, 3, 4, 5, 9] {
        say(&mut peer, &cells(t)).await;
    }
    let missed = wait(&mut events, |e| if let GnbEvent::Gap { gap, .. } = e { Some(gap.missed) } else { None }).await;
    assert_eq!(missed, 3);
    assert_eq!(handle.stats().missed_reports.load(Relaxed), 3);
}

#[tokio::test]
async fn a_slow_reader_loses_the_oldest_and_the_count_is_right() {
    let (listener, mut config) = listen().await;
    config.queue = 8;
    config.silence = Duration::from_secs(5);
    let (handle, mut events) = spawn(config).unwrap();
    let mut peer = subscribed(&listener).await;
    for t in 0..50 {
        say(&mut peer, &cells(t % 60)).await;
    }
    for _ in 0..200 {
        if handle.stats().dropped.load(Relaxed) >= 38 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut seen = Vec::new();
    while seen.last() != Some(&49) {
        seen.push(wait(&mut events, report).await);
    }
    assert_eq!(seen.len() as u64 + handle.stats().dropped.load(Relaxed), 50, "{seen:?}");
    assert!(seen.windows(2).all(|w| w[0] < w[1]), "{seen:?}");
}

#[tokio::test]
async fn commands_are_answered_refused_and_time_out() {
    let (listener, mut config) = listen().await;
    config.silence = Duration::from_secs(5);
    let (handle, _events) = spawn(config).unwrap();
    let _metrics = subscribed(&listener).await;
    let gnb = tokio::spawn(async move {
        let mut peer = accept(&listener).await;
        let first = text(&mut peer).await;
        // A metric may overtake a reply.
        say(&mut peer, &cells(1)).await;
        say(&mut peer, r#"{"cmd":"rrm_policy_ratio_set","timestamp":"2026-11-21T21:17:27.581"}"#).await;
        text(&mut peer).await;
        say(&mut peer, r#"{"cmd":"rrm_policy_ratio_set","error":"Only 'resourceType' PRB value is supported"}"#).await;
        text(&mut peer).await;
        // No answer: the client leaves this connection and comes over another.
        let mut again = accept(&listener).await;
        text(&mut again).await;
        say(&mut again, r#"{"cmd":"rrm_policy_ratio_set","timestamp":"2026-11-21T21:17:27.581"}"#).await;
        first
    });
    assert_eq!(handle.send(quota()).await, Ok(()));
    assert!(matches!(handle.send(quota()).await, Err(GnbCommandError::Refused { error, .. }) if error.contains("PRB")));
    assert!(matches!(handle.send(quota()).await, Err(GnbCommandError::Timeout { .. })));
    assert_eq!(handle.send(quota()).await, Ok(()));
    assert!(gnb.await.unwrap().contains("\"min_prb_policy_ratio\":10"));
    assert_eq!((handle.stats().commands.load(Relaxed), handle.stats().commands_failed.load(Relaxed)), (4, 2));
}

#[tokio::test]
async fn a_gnb_without_metrics_says_what_to_set() {
    let (listener, config) = listen().await;
    let (_handle, mut events) = spawn(config).unwrap();
    let mut peer = accept(&listener).await;
    text(&mut peer).await;
    say(&mut peer, r#"{"cmd":"metrics_subscribe","error":"Unknown command type: metrics_subscribe"}"#).await;
    let hint =
        wait(&mut events, |e| if let GnbEvent::SubscribeRefused { hint, .. } = e { Some(*hint) } else { None }).await;
    assert!(hint.contains("enable_json"));
}

#[tokio::test]
async fn a_gnb_elsewhere_is_not_touched() {
    assert!(matches!(spawn(GnbConfig::new("ws://192.0.2.1:8001")), Err(UrlError::NotLoopback { .. })));
}

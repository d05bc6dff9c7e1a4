//! The pollers and actuators against a core that answers as a real one does, and one that does not.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use core_bridge::act::{ActError, AppControl, HttpAppControl, HttpUserPlane, UserPlane};
use core_bridge::app::{Resolution, serve_rates};
use core_bridge::http::{Http, HttpError};
use core_bridge::open5gs::info::{InfoError, UeInfo};
use core_bridge::open5gs::{
    CoreEvent, CoreSample, Endpoint, EndpointState, PageError, Poller, PollerConfig, Source, get_all,
};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn http() -> Http {
    Http::new(Duration::from_millis(400), 64 << 10).unwrap()
}

/// Answers every connection with these bytes in turn, then closes it, as the core does.
async fn raw(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers.iter().cycle() {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0_u8; 2048];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer).await;
            let _ = socket.shutdown().await;
        }
    });
    base
}

fn answer(body: &str, said: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {said}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    base
}

/// `n` UEs in pages as the core makes them.
fn paged(n: usize) -> Router {
    let page = move |Query(q): Query<HashMap<String, usize>>| async move {
        let (page, size) = (q["page"], q["page_size"].min(100));
        let from = (page * size).min(n);
        let to = (from + size).min(n);
        let items: Vec<String> =
            (from..to).map(|i| format!("{{\"supi\":\"imsi-{i}\",\"cm_state\":\"idle\"}}")).collect();
        let next = format!(",\"truncated\":true,\"next\":\"/ue-info?page={}\"", page + 1);
        let more = if to < n { next } else { String::new() };
        let count = to - from;
        format!(
            "{{\"items\":[{}],\"pager\":{{\"page\":{page},\"page_size\":{size},\"count\":{count}{more}}}}}",
            items.join(",")
        )
    };
    Router::new().route("/ue-info", get(page))
}

#[tokio::test]
async fn all_pages_are_read() {
    let base = serve(paged(257)).await;
    let ues = get_all::<UeInfo>(&http(), &base, "/ue-info", 100).await.unwrap();
    assert_eq!((ues.len(), ues[256].supi.as_str()), (257, "imsi-256"));
    assert_eq!(get_all::<UeInfo>(&http(), &serve(paged(0)).await, "/ue-info", 100).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_page_that_leads_elsewhere_or_in_circles_ends() {
    let elsewhere = r#"{"items":[{"supi":"a"}],"pager":{"count":1,"next":"http://192.0.2.1/ue-info?page=1"}}"#;
    let base = raw(vec![answer(elsewhere, elsewhere.len())]).await;
    assert!(matches!(get_all::<UeInfo>(&http(), &base, "/ue-info", 1).await, Err(PageError::Next { .. })));
    let empty = r#"{"items":[],"pager":{"count":0,"next":"/ue-info?page=0"}}"#;
    let base = raw(vec![answer(empty, empty.len())]).await;
    assert!(matches!(get_all::<UeInfo>(&http(), &base, "/ue-info", 1).await, Err(PageError::Next { .. })));
}

#[tokio::test]
async fn truncated_bodies_and_truncated_pages_are_different_errors() {
    let whole = r#"{"items":[{"supi":"a"}],"pager":{"count":1}}"#;
    let base = raw(vec![answer(&whole[..20], whole.len())]).await;
    let e = get_all::<UeInfo>(&http(), &base, "/ue-info", 1).await.unwrap_err();
    assert!(matches!(e, PageError::Http(HttpError::Truncated { .. })), "{e:?}");
    let base = raw(vec![answer(&whole[..20], 20)]).await;
    let e = get_all::<UeInfo>(&http(), &base, "/ue-info", 1).await.unwrap_err();
    assert!(matches!(e, PageError::Info { source: InfoError::Cut { bytes: 20 }, .. }), "{e:?}");
}

#[tokio::test]
async fn slow_long_absent_and_refusing_peers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = format!("http://{}", listener.local_addr().unwrap());
    assert!(matches!(http().get(&slow).await, Err(HttpError::Timeout { timeout_ms: 400, .. })));
    drop(listener);
    assert!(matches!(http().get(&slow).await, Err(HttpError::Unreachable { .. })));
    let long = raw(vec![answer(&"x".repeat(70 << 10), 70 << 10)]).await;
    assert!(matches!(http().get(&long).await, Err(HttpError::TooLong { max_bytes: 65536, .. })));
    let bad =
        raw(vec![b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 12\r\n\r\nBad Request\n".to_vec()])
            .await;
    assert!(matches!(http().get(&bad).await, Err(HttpError::Status { status: 400, .. })));
    let garbage = raw(vec![b"\x00\x01 not http".to_vec()]).await;
    assert!(http().get(&garbage).await.is_err());
}

#[tokio::test]
async fn the_poller_tells_each_change_once_and_comes_back() {
    let good = "ran_ue 1\n";
    let bad = b"HTTP/1.1 500 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec();
    let base = raw(vec![answer(good, good.len()), answer(good, good.len()), bad, answer(good, good.len())]).await;
    let mut config = PollerConfig::new(vec![Endpoint { source: Source::AmfMetrics, base }]);
    config.period = Duration::from_millis(10);
    config.timeout = Duration::from_millis(900);
    let (_poller, mut events) = Poller::spawn(&config).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 6 {
        seen.push(match tokio::time::timeout(Duration::from_secs(5), events.recv()).await.unwrap().unwrap() {
            CoreEvent::State { state: EndpointState::Ok, .. } => "ok",
            CoreEvent::State { state: EndpointState::Bad(reason), .. } => {
                assert!(reason.contains("500"), "{reason}");
                "bad"
            }
            CoreEvent::State { state: EndpointState::Unreachable(_), .. } => "unreachable",
            CoreEvent::Sample { sample: CoreSample::Metrics(m), .. } => {
                assert_eq!(m.get("ran_ue", &[]), Some(1.0));
                "sample"
            }
            CoreEvent::Sample { .. } => "other",
        });
    }
    assert_eq!(seen, ["ok", "sample", "sample", "bad", "ok", "sample"]);
}

type Puts = Arc<Mutex<Vec<String>>>;

async fn take(State(puts): State<Puts>, body: String) -> StatusCode {
    puts.lock().unwrap().push(body);
    StatusCode::OK
}

#[tokio::test]
async fn limits_and_resolutions_are_put_as_agreed() {
    let puts = Puts::default();
    let list = r#"[{"supi":"imsi-1","limit_bit_per_s":4e6,"delivered_bit_per_s":3.9e6},{"supi":"imsi-2","limit_bit_per_s":null}]"#;
    let app = Router::new()
        .route("/userplane/limit", put(take))
        .route("/app/resolution", put(take))
        .route("/userplane", get(move || async move { list }))
        .with_state(Arc::clone(&puts));
    let base = serve(app).await;
    let plane = HttpUserPlane::new(http(), &base);
    plane.set_limit("imsi-1", Some(4e6)).await.unwrap();
    plane.set_limit("imsi-1", None).await.unwrap();
    assert!(matches!(plane.set_limit("imsi-1", Some(f64::NAN)).await, Err(ActError::Limit(_))));
    let ues = plane.list().await.unwrap();
    assert_eq!((ues[0].limit_bit_per_s, ues[1].limit_bit_per_s, ues[1].delivered_bit_per_s), (Some(4e6), None, None));
    HttpAppControl::new(http(), &base).set_resolution("imsi-1", Resolution::P720).await.unwrap();
    let want = [
        r#"{"supi":"imsi-1","dl_bit_per_s":4000000.0}"#,
        r#"{"supi":"imsi-1","dl_bit_per_s":null}"#,
        r#"{"supi":"imsi-1","resolution":"720p"}"#,
    ];
    assert_eq!(*puts.lock().unwrap(), want);
}

#[tokio::test]
async fn rates_are_taken_refused_by_name_and_bounded() {
    let (server, mut reports) = serve_rates("127.0.0.1:0".parse().unwrap(), 1).await.unwrap();
    let url = format!("http://{}/rates", server.address());
    let client = reqwest::Client::new();
    let post = |body: String| client.post(&url).body(body).send();
    let good = r#"{"t_s":1.0,"items":[{"supi":"a","offered_bit_per_s":2e6,"delivered_bit_per_s":1e6}]}"#;
    assert_eq!(post(good.into()).await.unwrap().status(), 200);
    let nan = post(good.replace("2e6", "null")).await.unwrap();
    assert_eq!(nan.status(), 422);
    assert!(nan.text().await.unwrap().contains("offered_bit_per_s of 'a'"));
    assert_eq!(post("garbage".into()).await.unwrap().status(), 422);
    assert_eq!(post("x".repeat(2 << 20)).await.unwrap().status(), 413);
    // The reader has not come yet and the queue has one place.
    assert_eq!(post(good.into()).await.unwrap().status(), 429);
    assert_eq!(reports.recv().await.unwrap().0.items[0].offered_bit_per_s, 2e6);
    assert_eq!(post(good.into()).await.unwrap().status(), 200);
    let stats = server.stats();
    assert_eq!((stats.accepted.load(Relaxed), stats.refused.load(Relaxed), stats.dropped.load(Relaxed)), (2, 2, 1));
    assert!(serve_rates("0.0.0.0:0".parse().unwrap(), 1).await.is_err());
}

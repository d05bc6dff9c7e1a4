//! `core` and `app` between a core, an application and a controller that are played here.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use axum::Router as Http;
use axum::extract::State;
use axum::routing::{get, put};
use core_bridge::open5gs::{Endpoint, PollerConfig, Source};
use sidecar::agent::{AgentConfig, AgentError, LearnerConfig};
use sidecar::app::{AppConfig, AppError};
use sidecar::controller::state::{AppState, CoreState, Order, Outcome};
use sidecar::core::{CoreConfig, CoreError};
use sidecar::guard::{Action, Limits};
use sidecar::telemetry::MetricsAt;
use sidecar::wire::{Agent, Kind, Message, Router, RouterConfig, RouterEvent};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc::Receiver, watch};

const SUPI: &str = "imsi-001010123456780";
type Puts = Arc<Mutex<Vec<String>>>;

async fn taken(State(puts): State<Puts>, body: String) {
    puts.lock().unwrap().push(body);
}

async fn serve(app: Http) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    base
}

/// The first message that `pick` takes.
async fn wait<T>(events: &mut Receiver<RouterEvent>, pick: impl Fn(&Message) -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let RouterEvent::Message { message, .. } = events.recv().await.unwrap()
                && let Some(out) = pick(&message)
            {
                return out;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap()
}

fn order(id: u64, action: Action) -> Message {
    Message::json(Kind::Action, Agent::Controller, &Order { id, action, inputs_age_ns: 0 }).unwrap()
}

fn outcome(message: &Message) -> Option<(u64, bool, String)> {
    let outcome = (message.header.kind == Kind::Outcome).then(|| message.parse::<Outcome>().unwrap())?;
    if let Outcome::Done { id, ok, reason } = outcome { Some((id, ok, reason)) } else { None }
}

fn agent_config(run: u64, controller: &str) -> AgentConfig {
    AgentConfig {
        run,
        controller: controller.to_owned(),
        state_every: Duration::from_millis(50),
        limits: Limits::default(),
        learn: None,
        metrics: None,
    }
}

fn core_config(controller: &str, base: &str) -> CoreConfig {
    let endpoint = |source| Endpoint { source, base: base.to_owned() };
    let mut poller =
        PollerConfig::new(vec![endpoint(Source::UeInfo), endpoint(Source::AmfMetrics), endpoint(Source::PduInfo)]);
    poller.period = Duration::from_millis(50);
    let mut learn = LearnerConfig::new(Agent::Core, 42);
    learn.sample_every = Duration::from_millis(5);
    learn.round_every = Duration::from_millis(100);
    let metrics = Some(MetricsAt::open("127.0.0.1:0".parse().unwrap()));
    CoreConfig {
        agent: AgentConfig { learn: Some(learn), metrics, ..agent_config(42, controller) },
        poller,
        user_plane: Some(base.to_owned()),
        timeout: Duration::from_millis(500),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_reports_obeys_the_guard_learns_and_records() {
    let dir = tempfile::tempdir().unwrap();
    let (router, mut events) = Router::bind(RouterConfig::new("tcp://127.0.0.1:*", 42)).unwrap();
    let puts = Puts::default();
    let ues = include_str!("../../hil-tests/fixtures/core/amf_ue-info.json");
    let list = format!(r#"[{{"supi":"{SUPI}","limit_bit_per_s":null,"delivered_bit_per_s":5e6}}]"#);
    // /pdu-info is absent: the process goes on without.
    let http = Http::new()
        .route("/ue-info", get(move || async move { ues }))
        .route("/metrics", get(|| async { "ran_ue 1\nbad NaN\n" }))
        .route("/userplane", get(move || async move { list }))
        .route("/userplane/limit", put(taken))
        .with_state(Arc::clone(&puts));
    let base = serve(http).await;
    let (stop, stopped) = watch::channel(false);
    let process =
        tokio::spawn(sidecar::core::run(core_config(router.endpoint(), &base), Some(dir.path().to_owned()), stopped));

    let delivered = wait(&mut events, |m| {
        let state = (m.header.kind == Kind::State).then(|| m.parse::<CoreState>().unwrap())?;
        state.items.first().map(|i| (i.supi.clone(), i.delivered_bit_per_s, i.limit_bit_per_s))
    });
    assert_eq!(delivered.await, (SUPI.to_owned(), Some(5e6), None));

    let limit = |bit_per_s| Action::RateLimit { supi: SUPI.into(), bit_per_s: Some(bit_per_s) };
    router.send(Agent::Core, order(1, limit(4e6)));
    assert_eq!(wait(&mut events, outcome).await, (1, true, String::new()));
    router.send(Agent::Core, order(1, limit(4e6)));
    assert_eq!(wait(&mut events, outcome).await, (1, true, String::new()));
    router.send(Agent::Core, order(2, limit(1.0)));
    let (id, ok, reason) = wait(&mut events, outcome).await;
    assert!(id == 2 && !ok && !reason.is_empty());
    assert_eq!(*puts.lock().unwrap(), [format!(r#"{{"supi":"{SUPI}","dl_bit_per_s":4000000.0}}"#)]);

    // Both frames of a round, of the shape of the E-interface.
    let dims = wait(&mut events, |m| (m.header.kind == Kind::Embedding).then(|| m.header.dims().to_vec()));
    assert_eq!(dims.await[..2], [16, 15]);
    wait(&mut events, |m| (m.header.kind == Kind::Label).then_some(())).await;
    // With no answer to its requests the agent still predicts, on its own copy, and scores itself.
    let models = wait(&mut events, |m| {
        let state = (m.header.kind == Kind::State).then(|| m.parse::<CoreState>().unwrap())?;
        (state.errors.len() == 3 && state.predictions.len() == 5).then(|| state.predictions[0].model.clone())
    });
    assert_eq!(models.await, "local_shared");

    stop.send(true).unwrap();
    process.await.unwrap().unwrap();
    let recorded: u64 = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
    assert!(recorded > 1000, "{recorded} bytes recorded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_takes_rates_sets_resolutions_and_notices_silence() {
    let (router, mut events) = Router::bind(RouterConfig::new("tcp://127.0.0.1:*", 7)).unwrap();
    let puts = Puts::default();
    let http = Http::new().route("/app/resolution", put(taken)).with_state(Arc::clone(&puts));
    let base = serve(http).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = AppConfig {
        agent: agent_config(7, router.endpoint()),
        listen: free,
        trace: None,
        control: Some(base),
        silent_after: Duration::from_millis(300),
        timeout: Duration::from_millis(500),
    };
    let (stop, stopped) = watch::channel(false);
    let process = tokio::spawn(sidecar::app::run(config, None, stopped));
    let items = |n: usize| {
        move |m: &Message| {
            let state = (m.header.kind == Kind::State).then(|| m.parse::<AppState>().unwrap())?;
            (state.items.len() == n).then_some(state.items)
        }
    };
    assert!(wait(&mut events, items(0)).await.is_empty());
    let body = format!(
        r#"{{"t_s":1.5,"items":[{{"supi":"{SUPI}","offered_bit_per_s":8e6,"delivered_bit_per_s":4e6,"resolution":"1080p","stalled":true}}]}}"#
    );
    let posted = reqwest::Client::new().post(format!("http://{free}/rates")).body(body).send().await.unwrap();
    assert_eq!(posted.status(), 200);
    let item = wait(&mut events, items(1)).await.remove(0);
    assert_eq!((item.offered_bit_per_s, item.resolution.as_deref(), item.stalled), (Some(8e6), Some("1080p"), true));

    router.send(Agent::App, order(1, Action::Resolution { supi: SUPI.into(), res: "720p".into() }));
    assert_eq!(wait(&mut events, outcome).await, (1, true, String::new()));
    router.send(Agent::App, order(2, Action::Resolution { supi: SUPI.into(), res: "9000p".into() }));
    assert!(!wait(&mut events, outcome).await.1);
    assert_eq!(*puts.lock().unwrap(), [format!(r#"{{"supi":"{SUPI}","resolution":"720p"}}"#)]);

    // Nothing more is reported: after the silence nothing is observed.
    assert!(wait(&mut events, items(0)).await.is_empty());
    stop.send(true).unwrap();
    process.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_keeps_them_from_starting_has_a_name() {
    let (_stop, stopped) = watch::channel(false);
    let config = core_config("tcp://0.0.0.0:1", "http://127.0.0.1:9");
    assert!(matches!(
        sidecar::core::run(config, None, stopped.clone()).await,
        Err(CoreError::Agent(AgentError::Link(_)))
    ));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = AppConfig {
        agent: agent_config(0, "tcp://127.0.0.1:9"),
        listen: taken.local_addr().unwrap(),
        trace: None,
        control: None,
        silent_after: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
    };
    assert!(matches!(sidecar::app::run(config, None, stopped).await, Err(AppError::Serve(_))));
}

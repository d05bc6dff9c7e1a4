//! The controller's HTTP interface: the whole state, one resource a path, goals, an event stream, a page.

use super::openapi::openapi;
use super::routes::{Answer, ROUTES};
use super::state::{ApiState, Goal};
use crate::tx::Stopped;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// A stated goal on its way to the hub.
pub type GoalRequest = (String, oneshot::Sender<Goal>);

/// An order to stop whatever is transmitted, on its way to the guard: its answer, or why nothing is known.
pub type StopRequest = oneshot::Sender<Result<Stopped, String>>;

/// Longest wait for the guard's answer to it.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What the handlers share.
#[derive(Clone)]
pub struct Served {
    /// The last state.
    pub state: watch::Receiver<Arc<ApiState>>,
    /// Where goals go.
    pub goals: mpsc::Sender<GoalRequest>,
    /// Where orders to stop transmitting go; `None` = no radio that transmits is configured.
    pub stops: Option<mpsc::Sender<StopRequest>>,
    /// Requests carry it where it is set.
    pub token: Option<Arc<str>>,
}

/// Body of `POST /api/goal`.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct GoalText {
    /// In words; not blank.
    #[schemars(length(min = 1, max = GOAL_CHARS))]
    text: String,
}

/// Longest goal, characters.
const GOAL_CHARS: usize = 1000;

/// The routes.
pub fn routes(served: Served) -> Router {
    let router = ROUTES.iter().fold(Router::new(), |router, route| {
        let handler = match route.answer {
            Answer::Page => get(|| async { Html(include_str!("page.html")) }),
            Answer::Part(part, _) => get(move |s: State<Served>, h: HeaderMap| show(s, h, part)),
            Answer::SetGoal => post(goal),
            Answer::Stop => post(stop),
            Answer::Events => get(events),
            Answer::Description => get(|s: State<Served>, h: HeaderMap| show(s, h, |_| Ok(openapi()))),
        };
        router.route(route.path, handler)
    });
    router.with_state(served)
}

/// Whether a request may pass.
fn permitted(served: &Served, headers: &HeaderMap) -> bool {
    served.token.as_ref().is_none_or(|token| crate::telemetry::bears(headers, token))
}

async fn show(
    State(served): State<Served>,
    headers: HeaderMap,
    part: impl Fn(&ApiState) -> serde_json::Result<serde_json::Value>,
) -> Response {
    if !permitted(&served, &headers) {
        return (StatusCode::UNAUTHORIZED, "send `Authorization: Bearer <token>`\n").into_response();
    }
    let state = Arc::clone(&served.state.borrow());
    match part(&state) {
        Ok(value) => Json(value).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn goal(State(served): State<Served>, headers: HeaderMap, Json(goal): Json<GoalText>) -> Response {
    if !permitted(&served, &headers) {
        return (StatusCode::UNAUTHORIZED, "send `Authorization: Bearer <token>`\n").into_response();
    }
    if goal.text.trim().is_empty() || goal.text.chars().count() > GOAL_CHARS {
        return (StatusCode::UNPROCESSABLE_ENTITY, "a goal has 1 to 1000 characters\n").into_response();
    }
    let (answer, taken) = oneshot::channel();
    let sent = served.goals.send((goal.text, answer)).await;
    match (sent, taken.await) {
        (Ok(()), Ok(goal)) => Json(goal).into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the controller is ending\n").into_response(),
    }
}

/// To the safe state. Nothing here arms or fires.
async fn stop(State(served): State<Served>, headers: HeaderMap) -> Response {
    if !permitted(&served, &headers) {
        return (StatusCode::UNAUTHORIZED, "send `Authorization: Bearer <token>`\n").into_response();
    }
    let Some(stops) = &served.stops else {
        return (StatusCode::CONFLICT, "no radio that transmits is configured: `tx.radio`\n").into_response();
    };
    let (answer, taken) = oneshot::channel();
    let why = match stops.try_send(answer) {
        Ok(()) => match tokio::time::timeout(STOP_PATIENCE, taken).await {
            Ok(Ok(Ok(stopped))) => return Json(stopped).into_response(),
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) => "the controller is ending".to_owned(),
            Err(_) => "tx-guard does not answer".to_owned(),
        },
        Err(_) => "too many orders to stop wait for tx-guard".to_owned(),
    };
    let ways = served.state.borrow().transmitter.stop_by.join("; ");
    let words = format!("NOT CONFIRMED: {why}. Stop it by other means: {ways}\n");
    (StatusCode::GATEWAY_TIMEOUT, words).into_response()
}

async fn events(State(served): State<Served>, headers: HeaderMap) -> Response {
    if !permitted(&served, &headers) {
        return (StatusCode::UNAUTHORIZED, "send `Authorization: Bearer <token>`\n").into_response();
    }
    let stream = futures_util::stream::unfold(served.state, |mut state| async move {
        state.changed().await.ok()?;
        let now = Arc::clone(&state.borrow_and_update());
        let event = Event::default().event("state").json_data(&*now).unwrap_or_default();
        Some((Ok::<_, std::convert::Infallible>(event), state))
    });
    Sse::new(stream).into_response()
}

/// Serves until `stop` turns true.
///
/// # Errors
/// The system's, where the address cannot be had.
pub async fn serve(addr: SocketAddr, served: Served, mut stop: watch::Receiver<bool>) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(addr).await?;
    tracing::info!(page = %format!("http://{}/", listener.local_addr()?), "controller's page");
    let until = async move {
        // a sender that is gone is an order to stop, too
        let _stopped = stop.wait_for(|s| *s).await.is_ok();
    };
    // streams of events never end by themselves: they are dropped with the runtime
    tokio::select! {
        done = async { axum::serve(listener, routes(served)).await } => done,
        () = until => Ok(()),
    }
}

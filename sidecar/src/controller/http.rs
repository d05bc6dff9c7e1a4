//! The controller's HTTP interface: the whole state, one resource a path, goals, an event stream, a page.

use super::state::{ApiState, Goal};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// A stated goal on its way to the hub.
pub type GoalRequest = (String, oneshot::Sender<Goal>);

/// What the handlers share.
#[derive(Clone)]
pub struct Served {
    /// The last state.
    pub state: watch::Receiver<Arc<ApiState>>,
    /// Where goals go.
    pub goals: mpsc::Sender<GoalRequest>,
    /// Requests carry it where it is set.
    pub token: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct GoalText {
    text: String,
}

/// Longest goal, characters.
const GOAL_CHARS: usize = 1000;

/// The routes.
pub fn routes(served: Served) -> Router {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/api", get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value(a))))
        .route("/api/agents", get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value(&a.agents))))
        .route(
            "/api/actions",
            get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value((&a.counts, &a.actions)))),
        )
        .route(
            "/api/predictions",
            get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value((&a.predictions, &a.errors)))),
        )
        .route("/api/ues", get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value(&a.ues))))
        .route("/api/loop", get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value(&a.fast))))
        .route(
            "/api/goal",
            post(goal).get(|s: State<Served>, h: HeaderMap| show(s, h, |a| serde_json::to_value(&a.goal))),
        )
        .route("/api/events", get(events))
        .with_state(served)
}

/// Whether a request may pass.
fn permitted(served: &Served, headers: &HeaderMap) -> bool {
    let Some(token) = &served.token else { return true };
    let given =
        headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    given == Some(token)
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

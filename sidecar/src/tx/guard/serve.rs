//! `POST /stop` beside `/metrics`.

use super::core::Shared;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// It waits so long for the radio, in looks of 1 ms.
const LOOKS: u32 = 200;

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new().route("/stop", post(stop)).with_state(shared)
}

/// To the safe state; 200 once the radio is there.
async fn stop(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    shared.http_stop.store(true, SeqCst);
    for _ in 0..LOOKS {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if !shared.http_stop.load(SeqCst) && shared.core().radio_is_safe {
            return (StatusCode::OK, "safe\n");
        }
    }
    (StatusCode::GATEWAY_TIMEOUT, "not safe yet: use `sidecar tx stop` or switch the amplifier off\n")
}

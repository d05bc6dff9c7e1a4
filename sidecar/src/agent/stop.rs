//! The end of a process.

use tokio::sync::watch;

/// Returns when the value turns true, or its sender is gone.
pub async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}

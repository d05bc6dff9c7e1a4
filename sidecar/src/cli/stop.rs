//! The order to stop, for threads and for tasks.

use super::error::CliError;
use super::exit::Exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Set once, by SIGTERM, SIGINT, a deadline, or [`Stop::now`]; never taken back. Clones are the same order.
#[derive(Debug, Clone)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    tell: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { flag: Arc::default(), tell: Arc::new(watch::channel(false).0) }
    }
}

impl Stop {
    /// An order that SIGTERM and SIGINT give, and the deadline where there is one.
    ///
    /// # Errors
    /// [`Exit::System`] when signals cannot be had.
    pub fn on_signals(deadline: Option<Duration>) -> Result<Self, CliError> {
        let fail = |e: std::io::Error| CliError::new(Exit::System, format!("cannot wait for signals: {e}"), "");
        let stop = Self::default();
        let given = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let (mut term, mut int) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate()).map_err(fail)?, signal(SignalKind::interrupt()).map_err(fail)?)
        };
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                runtime.block_on(async move {
                    let deadline = async {
                        match deadline {
                            Some(after) => tokio::time::sleep(after).await,
                            None => std::future::pending().await,
                        }
                    };
                    let why = tokio::select! {
                        _ = term.recv() => "SIGTERM",
                        _ = int.recv() => "SIGINT",
                        () = deadline => "the time is up",
                    };
                    // the order first: who prints may have to wait
                    given.now();
                    tracing::info!(why, "stopping");
                });
            })
            .map_err(fail)?;
        Ok(stop)
    }

    /// Gives the order.
    pub fn now(&self) {
        self.flag.store(true, SeqCst);
        self.tell.send_replace(true);
    }

    /// Whether the order was given.
    #[must_use]
    pub fn given(&self) -> bool {
        self.flag.load(SeqCst)
    }

    /// For threads that look now and then.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// For threads that are handed a flag of their own.
    #[must_use]
    pub fn shared_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// For tasks that watch it themselves.
    #[must_use]
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.tell.subscribe()
    }

    /// Waits for the order.
    pub async fn wait(&self) {
        // The sender lives as long as this.
        let _ = self.tell.subscribe().wait_for(|given| *given).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_order_reaches_threads_and_tasks() {
        let stop = Stop::default();
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.wait().await }
        });
        assert!(!stop.given());
        stop.now();
        waiting.await.unwrap();
        assert!(stop.given());
        stop.wait().await;
    }
}

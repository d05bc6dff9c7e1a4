//! The threads between the controller and `tx-guard`: one looks, one asks it to stop. The hub waits for neither.

use super::http::StopRequest;
use super::transmitter::{TransmitterConfig, TransmitterState};
use crate::clock::mono_ns;
use crate::record::Writer;
use crate::tx::{Book, Sight, ask_stop, observe};
use std::io;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// The guard's answer to an order to stop is waited for so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Orders to stop that wait; one more is refused.
const STOPS: usize = 8;

/// What is known of the guard, and the way to stop it.
pub(super) struct TxWatch {
    config: TransmitterConfig,
    sights: watch::Receiver<Option<Sight>>,
    stops: mpsc::Sender<StopRequest>,
}

impl TxWatch {
    /// Starts both threads; they end with this. What is seen is recorded.
    pub(super) fn start(config: TransmitterConfig, writer: Writer) -> io::Result<Self> {
        let (show, sights) = watch::channel(None::<Sight>);
        let mut book = Book::new(mono_ns());
        observe(config.control.clone(), move |sight| {
            let (state, bursts) = book.take(&sight);
            if let Some(row) = state {
                writer.row_at("tx_state", sight.at_ns, &row);
            }
            for row in bursts {
                writer.row_at("tx_burst", row.ended_ns.unwrap_or(sight.at_ns), &row);
            }
            show.send_if_modified(|shown| {
                let is_news = shown.as_ref().is_none_or(|before| sight.differs(before));
                *shown = Some(sight);
                is_news
            });
            !show.is_closed()
        })?;
        let (stops, mut asked) = mpsc::channel::<StopRequest>(STOPS);
        let control = config.control.clone();
        std::thread::Builder::new().name("tx stop".into()).spawn(move || {
            while let Some(answer) = asked.blocking_recv() {
                let stopped = ask_stop(&control, PATIENCE);
                tracing::warn!(?stopped, "the transmitter was asked to stop");
                // who asked may have gone; the stop is done all the same
                let _gone = answer.send(stopped.map_err(|e| e.to_string()));
            }
        })?;
        Ok(Self { config, sights, stops })
    }

    /// Where orders to stop go.
    pub(super) fn stops(&self) -> mpsc::Sender<StopRequest> {
        self.stops.clone()
    }

    /// What is known now.
    pub(super) fn state(&self, now_ns: u64) -> TransmitterState {
        TransmitterState::of(&self.config, self.sights.borrow().as_ref(), now_ns)
    }

    /// Waits for news that cannot wait: another state, burst or guard.
    pub(super) async fn news(&mut self) {
        if self.sights.changed().await.is_err() {
            // the thread is gone, and what it saw last grows old by itself
            std::future::pending::<()>().await;
        }
    }
}

/// The same where there may be none.
pub(super) async fn news(guard: &mut Option<TxWatch>) {
    match guard {
        Some(guard) => guard.news().await,
        None => std::future::pending().await,
    }
}

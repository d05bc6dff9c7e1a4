//! Where rate reports come from: an application that pushes, or a trace.

use super::config::{AppConfig, AppError, AppTrace};
use crate::clock::mono_ns;
use core_bridge::app::{RateItem, RateReport, RateServer, serve_rates};
use core_bridge::trace::Trace;
use tokio::sync::mpsc;

/// A source of reports. A server ends when it is dropped.
pub(super) struct Source {
    pub(super) server: Option<RateServer>,
    pub(super) reports: mpsc::Receiver<(RateReport, u64)>,
}

impl Source {
    pub(super) async fn open(config: &AppConfig) -> Result<Self, AppError> {
        if let Some(trace) = &config.trace {
            let (out, reports) = mpsc::channel(16);
            let rows = Trace::read(&trace.file)?;
            tokio::spawn(play(rows, trace.clone(), out));
            return Ok(Self { server: None, reports });
        }
        let (server, reports) = serve_rates(config.listen, 256).await?;
        tracing::info!(address = %server.address(), "takes application rates");
        Ok(Self { server: Some(server), reports })
    }
}

/// Plays the rows over and over; a value that was not observed gives no report.
async fn play(trace: Trace, config: AppTrace, out: mpsc::Sender<(RateReport, u64)>) {
    let mut tick = tokio::time::interval(config.every);
    for (n, row) in trace.rows.iter().cycle().enumerate() {
        tick.tick().await;
        let Some(value) = row.values.first().copied().flatten() else { continue };
        let offered_bit_per_s = (f64::from(value) * config.bit_per_s_per_unit).max(0.0);
        let t_s = row.t_s.unwrap_or(n as f64 * trace.period_s.unwrap_or(1.0));
        let item = RateItem {
            supi: config.supi.clone(),
            offered_bit_per_s,
            delivered_bit_per_s: offered_bit_per_s,
            resolution: None,
            stalled: None,
        };
        if out.send((RateReport { t_s, items: vec![item] }, mono_ns())).await.is_err() {
            return;
        }
    }
}

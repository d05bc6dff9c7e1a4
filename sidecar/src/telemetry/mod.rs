//! Logs for people, metrics for Prometheus.

mod air;
mod error;
mod http;
mod logs;
mod metrics;

pub use air::add_air_metrics;
pub use error::TelemetryError;
pub(crate) use http::bears;
pub use http::{MetricsAt, MetricsServer, serve_metrics, serve_with};
pub use logs::{LogStyle, init_tracing};
pub use metrics::Metrics;

//! Logs for people, metrics for Prometheus.

mod error;
mod http;
mod logs;
mod metrics;

pub use error::TelemetryError;
pub use http::{MetricsServer, serve_metrics};
pub use logs::{LogStyle, init_tracing};
pub use metrics::Metrics;

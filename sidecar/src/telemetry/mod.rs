//! Logs for people, metrics for Prometheus.

mod air;
mod error;
mod http;
mod logs;
mod metrics;

pub use air::add_air_metrics;
pub use error::TelemetryError;
pub use http::{MetricsServer, serve_metrics};
pub use logs::{LogStyle, init_tracing};
pub use metrics::Metrics;

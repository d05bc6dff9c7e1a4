//! The data plane's counters as metrics. They are read when Prometheus asks: the data plane itself only counts.

use super::error::TelemetryError;
use super::metrics::Metrics;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, IntCounter, Opts};
use ran_bridge::air::AirStats;
use std::collections::HashMap;
use std::sync::Arc;

struct AirCollector {
    stats: Arc<AirStats>,
}

/// Adds `sidecar_air_*` to a registry.
///
/// # Errors
/// [`TelemetryError::Name`] when they are there already.
pub fn add_air_metrics(metrics: &Metrics, stats: &Arc<AirStats>) -> Result<(), TelemetryError> {
    let collector = AirCollector { stats: Arc::clone(stats) };
    metrics
        .registry()
        .register(Box::new(collector))
        .map_err(|e| TelemetryError::Name { name: "sidecar_air_*".into(), reason: e.to_string() })
}

impl AirCollector {
    fn counter(name: &str, value: u64) -> Option<IntCounter> {
        let help = name.replace('_', " ");
        let counter = IntCounter::new(format!("sidecar_air_{name}_total"), format!("Data plane: {help}")).ok()?;
        counter.inc_by(value);
        Some(counter)
    }

    fn stage(quantile: &str, value_ns: u64) -> Option<Gauge> {
        let labels = HashMap::from([("quantile".to_owned(), quantile.to_owned())]);
        let opts =
            Opts::new("sidecar_air_stage_seconds", "Time of the front-end stage for one slot").const_labels(labels);
        let gauge = Gauge::with_opts(opts).ok()?;
        gauge.set(value_ns as f64 * 1e-9);
        Some(gauge)
    }

    fn counters(&self) -> Vec<IntCounter> {
        self.stats.counters().named().into_iter().filter_map(|(name, value)| Self::counter(name, value)).collect()
    }
}

impl Collector for AirCollector {
    fn desc(&self) -> Vec<&Desc> {
        // Empty: the set is fixed, and the names are unique by their prefix.
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let stage = self.stats.stage.read();
        let quantiles = [("0.5", stage.p50_ns), ("0.99", stage.p99_ns), ("1", stage.max_ns)];
        let gauges: Vec<Gauge> = quantiles.into_iter().filter_map(|(q, ns)| Self::stage(q, ns?)).collect();
        let mut families: Vec<MetricFamily> = self.counters().iter().flat_map(Collector::collect).collect();
        families.extend(gauges.iter().flat_map(Collector::collect));
        families
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn counters_are_read_when_asked() {
        let stats = Arc::new(AirStats::default());
        let metrics = Metrics::new("air").unwrap();
        add_air_metrics(&metrics, &stats).unwrap();
        stats.dl_samples.store(7_680, Ordering::Relaxed);
        stats.stage.add(40_500);
        let text = metrics.text();
        assert!(text.contains("sidecar_air_dl_samples_total 7680\n"), "{text}");
        assert!(text.contains("sidecar_air_stage_seconds{quantile=\"0.99\"} 0.000041"), "{text}");
        assert_eq!(text.matches("# TYPE sidecar_air_stage_seconds").count(), 1, "{text}");
    }
}

//! The metrics of one process.

use super::error::TelemetryError;
use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};

/// A registry whose names keep the rule `sidecar_<noun>_<unit>[_total]`: base units, one unit a metric, `_total` on counters
/// and only there. Decibels (`_db`, `_dbfs`, calibrated `_dbm`) are the one exception to base units.
///
/// Clones share the registry.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// A registry with `sidecar_build_info{process, version} 1` and `sidecar_start_time_seconds`.
    ///
    /// # Errors
    /// None in practice; the names are ours.
    pub fn new(process: &str) -> Result<Self, TelemetryError> {
        let metrics = Self { registry: Registry::new() };
        let info = metrics.gauge_vec("sidecar_build_info", "Version of the running binary", &["process", "version"])?;
        info.with_label_values(&[process, env!("CARGO_PKG_VERSION")]).set(1.0);
        let start = metrics.gauge("sidecar_start_time_seconds", "Start of the process, seconds since the epoch")?;
        start.set(crate::clock::wall_s());
        Ok(metrics)
    }

    /// A counter; its name ends in `_total`.
    ///
    /// # Errors
    /// [`TelemetryError::Name`].
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, TelemetryError> {
        rule(name, true)?;
        self.add(name, IntCounter::new(name, help))
    }

    /// A counter by labels.
    ///
    /// # Errors
    /// [`TelemetryError::Name`].
    pub fn counter_vec(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, TelemetryError> {
        rule(name, true)?;
        self.add(name, IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// A gauge.
    ///
    /// # Errors
    /// [`TelemetryError::Name`].
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, TelemetryError> {
        rule(name, false)?;
        self.add(name, Gauge::new(name, help))
    }

    /// A gauge by labels.
    ///
    /// # Errors
    /// [`TelemetryError::Name`].
    pub fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, TelemetryError> {
        rule(name, false)?;
        self.add(name, GaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram with these upper bounds.
    ///
    /// # Errors
    /// [`TelemetryError::Name`], also for bounds that do not rise.
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram, TelemetryError> {
        rule(name, false)?;
        self.add(name, Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec())))
    }

    /// A histogram by labels.
    ///
    /// # Errors
    /// [`TelemetryError::Name`], also for bounds that do not rise.
    pub fn histogram_vec(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> Result<HistogramVec, TelemetryError> {
        rule(name, false)?;
        self.add(name, HistogramVec::new(HistogramOpts::new(name, help).buckets(bounds.to_vec()), labels))
    }

    /// The registry, for collectors of one's own.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All metrics as Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        if let Err(e) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::warn!(error = %e, "metrics cannot be written");
        }
        String::from_utf8(out).unwrap_or_default()
    }

    fn add<C: Collector + Clone + 'static>(
        &self,
        name: &str,
        made: prometheus::Result<C>,
    ) -> Result<C, TelemetryError> {
        let fail = |e: prometheus::Error| TelemetryError::Name { name: name.into(), reason: e.to_string() };
        let metric = made.map_err(fail)?;
        self.registry.register(Box::new(metric.clone())).map_err(fail)?;
        Ok(metric)
    }
}

fn rule(name: &str, counter: bool) -> Result<(), TelemetryError> {
    let fail = |reason: &str| Err(TelemetryError::Name { name: name.into(), reason: reason.into() });
    if !name.starts_with("sidecar_") {
        return fail("begins with sidecar_");
    }
    if name.ends_with("_total") != counter {
        return fail("counters, and only counters, end in _total");
    }
    if ["_ms", "_us", "_ns", "_mhz", "_khz", "_kb", "_mb"].iter().any(|u| name.trim_end_matches("_total").ends_with(u))
    {
        return fail("base units only: seconds, bytes, hertz");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_holds_what_was_counted() {
        let m = Metrics::new("ran").unwrap();
        let c = m.counter("sidecar_snippets_total", "Snippets taken").unwrap();
        c.inc_by(3);
        let h = m.histogram("sidecar_loop_seconds", "Loop time", &[1e-4, 1e-3]).unwrap();
        h.observe(5e-4);
        let text = m.text();
        assert!(text.contains("sidecar_snippets_total 3\n"), "{text}");
        assert!(text.contains("sidecar_build_info{process=\"ran\",version=\""), "{text}");
        assert!(text.contains("sidecar_loop_seconds_bucket{le=\"0.0001\"} 0\n"), "{text}");
        assert!(text.contains("sidecar_loop_seconds_bucket{le=\"0.001\"} 1\n"), "{text}");
    }

    #[test]
    fn names_keep_the_rule() {
        let m = Metrics::new("ran").unwrap();
        assert!(m.counter("sidecar_snippets", "").is_err());
        assert!(m.counter("snippets_total", "").is_err());
        assert!(m.gauge("sidecar_rows_total", "").is_err());
        assert!(m.gauge("sidecar_loop_ms", "").is_err());
        assert!(m.gauge("sidecar_snr_db", "x").is_ok());
        assert!(m.gauge("sidecar_snr_db", "x").is_err(), "twice");
    }
}

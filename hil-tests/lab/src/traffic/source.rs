//! What an application offers, ms by ms.
use super::Resolution;
use crate::config::TrafficConfig;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

/// A trace that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Reading failed.
    #[error("{path}: {source}")]
    Csv {
        /// The file.
        path: std::path::PathBuf,
        /// The reader's reason.
        source: csv::Error,
    },
    /// No such column, or nothing usable in it.
    #[error("{path}: column `{column}` is missing or holds no positive number")]
    Column {
        /// The file.
        path: std::path::PathBuf,
        /// The column.
        column: String,
    },
}

enum Shape {
    /// Frames 33 ms apart, sizes log-normal, every 30th three times as large.
    Vbr {
        rng: Box<ChaCha8Rng>,
        phase: u64,
        frame: u64,
    },
    /// Row values over their mean.
    Trace {
        rows: Vec<f64>,
        period_ms: u64,
    },
    None,
}

/// One application's load.
pub struct Source {
    shape: Shape,
    carry: f64,
}

impl Source {
    /// Opens the source of terminal `index`.
    ///
    /// # Errors
    /// [`TraceError`] where a trace cannot be read.
    pub fn open(config: &TrafficConfig, seed: u64, index: usize) -> Result<Self, TraceError> {
        let shape = match config {
            TrafficConfig::None => Shape::None,
            TrafficConfig::Vbr => {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(0x7aff_0000 + index as u64);
                // Cameras do not start together.
                Shape::Vbr { rng: Box::new(rng), phase: 5 * index as u64, frame: 0 }
            }
            TrafficConfig::Trace { path, column, period_ms } => {
                let csv_error = |source| TraceError::Csv { path: path.clone(), source };
                let no_column = || TraceError::Column { path: path.clone(), column: column.clone() };
                let mut reader = csv::Reader::from_path(path).map_err(csv_error)?;
                let at = reader.headers().map_err(csv_error)?.iter().position(|h| h == column).ok_or_else(no_column)?;
                let rows: Vec<f64> = reader
                    .records()
                    .filter_map(Result::ok)
                    .filter_map(|r| r.get(at)?.parse::<f64>().ok())
                    .filter(|v| v.is_finite() && *v >= 0.0)
                    .collect();
                let mean = rows.iter().sum::<f64>() / rows.len().max(1) as f64;
                if mean <= 0.0 || rows.is_empty() {
                    return Err(no_column());
                }
                let rows = rows.into_iter().map(|v| v / mean).collect();
                Shape::Trace { rows, period_ms: u64::from(*period_ms).max(1) }
            }
        };
        Ok(Self { shape, carry: 0.0 })
    }

    /// Bytes offered in millisecond `ms` at `resolution` and `scale`.
    pub fn bytes(&mut self, ms: u64, resolution: Resolution, scale: f64) -> u64 {
        let mean_per_ms = resolution.bit_per_s() * scale / 8.0 / 1000.0;
        self.carry += match &mut self.shape {
            Shape::None => 0.0,
            Shape::Trace { rows, period_ms } => rows[(ms / *period_ms) as usize % rows.len()] * mean_per_ms,
            Shape::Vbr { rng, phase, frame } => {
                if !(ms + *phase).is_multiple_of(33) {
                    return 0;
                }
                *frame += 1;
                let (key, sigma) = if frame.is_multiple_of(30) { (3.0, 0.2f64) } else { (27.0 / 29.0, 0.35) };
                let size = LogNormal::new(-sigma * sigma / 2.0, sigma).map_or(1.0, |d| d.sample(rng.as_mut()));
                33.0 * mean_per_ms * key * size
            }
        };
        let whole = self.carry.floor().max(0.0);
        self.carry -= whole;
        whole as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_has_its_mean_and_repeats_with_its_seed() {
        let run = |seed| {
            let mut s = Source::open(&TrafficConfig::Vbr, seed, 1).unwrap();
            (0..60_000).map(|ms| s.bytes(ms, Resolution::P1080, 0.5)).collect::<Vec<u64>>()
        };
        let bytes = run(4);
        let bit_per_s = bytes.iter().sum::<u64>() as f64 * 8.0 / 60.0;
        assert!((bit_per_s / 4e6 - 1.0).abs() < 0.05, "{bit_per_s}");
        assert_eq!(bytes, run(4));
        assert_ne!(bytes, run(5));
    }

    #[test]
    fn a_trace_keeps_its_shape_and_scales_to_the_resolution() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, "t_s,mbps\n0,1\n1,3\n").unwrap();
        let config = TrafficConfig::Trace { path: path.clone(), column: "mbps".into(), period_ms: 10 };
        let mut s = Source::open(&config, 0, 0).unwrap();
        let bytes: Vec<u64> = (0..20).map(|ms| s.bytes(ms, Resolution::P480, 1.0)).collect();
        // 2.5 Mbit/s is 312.5 bytes a ms; the rows are half and one and a half of it.
        assert_eq!(bytes[..10].iter().sum::<u64>(), 1562);
        assert_eq!(bytes[..].iter().sum::<u64>(), 6250);
        let missing = TrafficConfig::Trace { path, column: "nope".into(), period_ms: 10 };
        assert!(Source::open(&missing, 0, 0).is_err());
    }
}

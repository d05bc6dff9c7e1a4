//! Where the downlink comes from: the generator or a recording.
use super::downlink::Downlink;
use crate::iq;
use num_complex::Complex32;
use std::path::{Path, PathBuf};

/// A recording that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Reading failed.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is not what can be played here.
    #[error("{path}: {reason}")]
    Meta {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
}

/// A downlink.
pub enum Source {
    /// Made here.
    Generator(Box<Downlink>),
    /// Played from a file, over and over.
    Recording {
        /// The whole recording.
        samples: Vec<Complex32>,
        /// Next sample.
        at: usize,
    },
}

impl Source {
    /// Opens the recording that `meta` (a `.sigmf-meta` file) describes; its rate must be `rate_hz`.
    ///
    /// # Errors
    /// [`PlayError`] for anything but a non-empty cf32_le recording at that rate.
    pub fn recording(meta: &Path, rate_hz: u32) -> Result<Self, PlayError> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|source| PlayError::Read { path: path.to_path_buf(), source });
        let wrong = |reason: String| PlayError::Meta { path: meta.to_path_buf(), reason };
        let value: serde_json::Value = serde_json::from_slice(&read(meta)?).map_err(|e| wrong(e.to_string()))?;
        let global = &value["global"];
        if global["core:datatype"] != "cf32_le" {
            return Err(wrong(format!("core:datatype is {}, only cf32_le is played", global["core:datatype"])));
        }
        let rate = global["core:sample_rate"].as_f64().unwrap_or(0.0);
        if (rate - f64::from(rate_hz)).abs() > 0.5 {
            return Err(wrong(format!(
                "recorded at {rate} S/s, the cell runs at {rate_hz}: set cell.rate_hz and cell.prb"
            )));
        }
        let mut samples = Vec::new();
        iq::from_bytes(&read(&meta.with_extension("sigmf-data"))?, &mut samples);
        if samples.is_empty() {
            return Err(wrong("the recording is empty".into()));
        }
        Ok(Self::Recording { samples, at: 0 })
    }

    /// Writes the samples of slot `k` to `out`.
    pub fn slot(&mut self, k: u64, out: &mut [Complex32]) {
        match self {
            Self::Generator(downlink) => downlink.slot(k, out),
            Self::Recording { samples, at } => {
                for value in out {
                    *value = samples[*at];
                    *at = (*at + 1) % samples.len();
                }
            }
        }
    }
}

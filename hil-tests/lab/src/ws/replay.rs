//! Recorded metrics, sent again on radio time.
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A recording that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Reading failed.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A line is no `{"t": s, "raw": text}`, or there is none.
    #[error("{path}: line {line} is no {{\"t\": seconds, \"raw\": text}}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

/// A recording under way.
pub struct Replay {
    lines: Vec<(f64, Arc<str>)>,
    next: usize,
    /// Radio time of the recording's start in this round.
    origin_s: f64,
}

impl Replay {
    /// Reads a recording; command replies in it are left out.
    ///
    /// # Errors
    /// [`ReplayError`] with the line.
    pub fn open(path: &Path) -> Result<Self, ReplayError> {
        let text = std::fs::read_to_string(path).map_err(|source| ReplayError::Read { path: path.into(), source })?;
        let mut lines = Vec::new();
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let wrong = || ReplayError::Line { path: path.into(), line: i + 1 };
            let value: serde_json::Value = serde_json::from_str(line).map_err(|_| wrong())?;
            let (Some(t), Some(raw)) = (value["t"].as_f64(), value["raw"].as_str()) else { return Err(wrong()) };
            if !raw.starts_with("{\"cmd\"") {
                lines.push((t, Arc::from(raw)));
            }
        }
        let first = lines.first().map(|l| l.0).ok_or(ReplayError::Line { path: path.into(), line: 1 })?;
        lines.iter_mut().for_each(|l| l.0 -= first);
        Ok(Self { lines, next: 0, origin_s: 0.0 })
    }

    /// Messages due at radio time `now_s`; after the last the recording begins anew a second later.
    pub fn due(&mut self, now_s: f64) -> Vec<Arc<str>> {
        let mut out = Vec::new();
        while self.lines[self.next].0 <= now_s - self.origin_s {
            out.push(self.lines[self.next].1.clone());
            self.next += 1;
            if self.next == self.lines.len() {
                self.next = 0;
                self.origin_s = now_s + 1.0;
                break;
            }
        }
        out
    }
}

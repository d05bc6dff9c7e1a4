//! `sidecar bench record`: what a recorded row costs the thread that records it.

use super::list::{BenchContext, BenchError};
use super::row::{Bar, Row};
use super::stats::Percentiles;
use crate::clock::mono_ns;
use crate::record::{LogReader, RecordError, Writer};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Sample {
    stream: u32,
    sample: u64,
    snr_db: f32,
    cfo_hz: f32,
    h_re: [f32; 4],
    h_im: [f32; 4],
}

/// Rows through both kinds of log, each written row read back.
pub(super) fn run(context: &BenchContext, out: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let dir = std::env::temp_dir().join(format!("sidecar-bench-record-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(|e| BenchError::Failed(e.to_string()))?;
    let result = both(context, &dir, out).map_err(|e| BenchError::Failed(e.to_string()));
    std::fs::remove_dir_all(&dir).map_err(|e| BenchError::Failed(e.to_string()))?;
    result
}

fn both(context: &BenchContext, dir: &Path, out: &mut dyn FnMut(Row)) -> Result<(), RecordError> {
    let rows: u64 = if context.quick { 2_000 } else { 100_000 };
    for (case, log) in [("direct", Writer::open(dir, "direct")?), ("queued", Writer::open_queued(dir, "queued")?)] {
        let mut cost_us = Vec::with_capacity(usize::try_from(rows).unwrap_or(0));
        let start = mono_ns();
        for n in 0..rows {
            let sample =
                Sample { stream: 0, sample: n * 7_680, snr_db: 17.5, cfo_hz: -211.0, h_re: [0.5; 4], h_im: [-0.25; 4] };
            let before = mono_ns();
            log.row_at("csi", before, &sample);
            cost_us.push(mono_ns().saturating_sub(before) as f64 * 1e-3);
        }
        log.flush()?;
        let took_s = mono_ns().saturating_sub(start) as f64 * 1e-9;
        let counts = log.counts();
        let back = LogReader::open(log.path())?.rows().filter(|r| r.table == "csi").count() as u64;
        if let Some(p) = Percentiles::of(&cost_us) {
            out(Row::new(case, "row p50", p.p50, "us"));
            out(Row::new(case, "row p99", p.p99, "us").bar(Bar::AtMost(50.0)));
            out(Row::new(case, "row max", p.max, "us"));
        }
        out(Row::new(case, "rows a second", counts.rows as f64 / took_s, "1/s"));
        let unaccounted = rows.abs_diff(back + counts.dropped);
        out(Row::new(case, "rows neither read back nor counted as dropped", unaccounted as f64, "1")
            .bar(Bar::AtMost(0.0)));
    }
    Ok(())
}

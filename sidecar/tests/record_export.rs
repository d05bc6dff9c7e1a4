//! What a run's rows become when they are exported, read back by the Parquet library itself.

use arrow_array::{Array, Float64Array, Int64Array, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sidecar::record::{Format, RecordError, RunFolder, Start, export, summarise};
use std::fs::File;
use std::path::{Path, PathBuf};

#[derive(serde::Serialize)]
struct Csi {
    slot: u64,
    snr_db: Option<f64>,
    taps: Vec<f32>,
}

fn run_with_rows(root: &Path) -> Result<PathBuf, RecordError> {
    let run = RunFolder::create(root, "export", &Start::now(1, None))?;
    let ran = run.writer("ran")?;
    let air = run.writer("air")?;
    ran.row_at("csi", 20, &Csi { slot: 2, snr_db: None, taps: vec![] });
    ran.row_at("csi", 10, &Csi { slot: 1, snr_db: Some(12.5), taps: vec![1.0, 0.5] });
    air.row_at("csi", 30, &serde_json::json!({"slot": 3, "late_ns": 7}));
    air.row_at("slot", 30, &serde_json::json!({"n": 1}));
    run.close(None)
}

#[test]
fn parquet_holds_types_nulls_and_units() {
    let root = tempfile::tempdir().unwrap();
    let dir = run_with_rows(root.path()).unwrap();
    let out = dir.join("tables");
    let files = export(&dir, &out, Format::Parquet).unwrap();
    assert_eq!(files.iter().map(|f| (f.table.as_str(), f.rows)).collect::<Vec<_>>(), [("csi", 3), ("slot", 1)]);

    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(out.join("csi.parquet")).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let unit = |name: &str| schema.field_with_name(name).unwrap().metadata().get("unit").map(String::as_str);
    assert_eq!(unit("mono_ns"), Some("ns"));
    assert_eq!(unit("snr_db"), Some("dB"));
    assert_eq!(unit("late_ns"), Some("ns"));
    assert_eq!(unit("slot"), None);

    let batch = builder.build().unwrap().next().unwrap().unwrap();
    let column = |name: &str| batch.column_by_name(name).unwrap().clone();
    let times = column("mono_ns");
    assert_eq!(times.as_any().downcast_ref::<Int64Array>().unwrap().values(), &[10, 20, 30]);
    let snr = column("snr_db");
    let snr = snr.as_any().downcast_ref::<Float64Array>().unwrap();
    assert_eq!((snr.value(0), snr.is_null(1), snr.is_null(2)), (12.5, true, true));
    let taps = column("taps");
    let taps = taps.as_any().downcast_ref::<StringArray>().unwrap();
    assert_eq!((taps.value(0), taps.value(1), taps.is_null(2)), ("[1.0,0.5]", "[]", true));
    let process = column("process");
    let process = process.as_any().downcast_ref::<StringArray>().unwrap();
    assert_eq!((process.value(0), process.value(2)), ("ran", "air"));
}

#[test]
fn csv_holds_the_same_with_empty_cells() {
    let root = tempfile::tempdir().unwrap();
    let dir = run_with_rows(root.path()).unwrap();
    let out = root.path().join("csv");
    export(&dir, &out, Format::Csv).unwrap();
    let text = std::fs::read_to_string(out.join("csi.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "mono_ns,process,late_ns,slot,snr_db,taps");
    assert_eq!(lines[1], "10,ran,,1,12.5,\"[1.0,0.5]\"");
    assert_eq!(lines[3], "30,air,7,3,,");
}

#[test]
fn the_summary_counts_rows_and_names_damage() {
    let root = tempfile::tempdir().unwrap();
    let dir = run_with_rows(root.path()).unwrap();
    let log = dir.join("ran.sclog");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[12] ^= 1;
    bytes.extend_from_slice(&[9, 0, 0, 0, 1, 2, 3, 4, b'{']);
    std::fs::write(&log, bytes).unwrap();
    let summary = summarise(&dir).unwrap();
    assert_eq!(summary.tables["csi"].rows, 2);
    let ran = summary.logs.iter().find(|l| l.file == "ran.sclog").unwrap();
    assert_eq!((ran.rows, ran.corrupt.len(), ran.corrupt[0].0, ran.torn_bytes), (1, 1, 8, 9));
    assert_eq!(export(&dir, &dir.join("tables"), Format::Parquet).unwrap()[0].rows, 2);
}

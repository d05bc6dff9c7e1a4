//! `sidecar data import`, as typed, on small files.

#![expect(clippy::unwrap_used, reason = "tests")]

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use num_complex::Complex32;
use parquet::arrow::ArrowWriter;
use predict::data::{Trace, TraceSpec};
use ran_bridge::iq::{SigmfSink, Sink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Imports into `out.csv`.
    fn import(&self, file: &Path, args: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidecar"));
        command.args(["--json", "data", "import"]).arg(file).arg("--out").arg(self.path("out.csv"));
        command.args(args.split_whitespace()).output().unwrap()
    }

    /// What is said of an import that must do, and the text that it has written.
    fn made(&self, file: &Path, args: &str) -> (serde_json::Value, String) {
        let out = self.import(file, args);
        assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
        let text = std::fs::read_to_string(self.path("out.csv")).unwrap();
        (serde_json::from_slice(&out.stdout).unwrap(), text)
    }

    /// An import that must not do, and leaves nothing.
    fn refused(&self, file: &Path, args: &str, code: i32, words: &str) {
        let there = || std::fs::read_dir(self.0.path()).unwrap().count();
        let before = there();
        let out = self.import(file, args);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{args}: {said}");
        assert!(said.contains(words), "{args}: {said}");
        assert!(said.contains("help: ") || code == 2, "{args}: {said}");
        assert_eq!(there(), before, "{args} left something");
        assert!(out.stdout.is_empty());
    }
}

/// Two series in turns, one with a long gap and cells that are empty, NaN and infinite.
const IRREGULAR: &[u8] =
    b"\xef\xbb\xbfrun,t,snr,rate\na,10.0,1,5\na,10.4,3,\nb,0.0,7,1\na,12.1,nan,2\nb,1.1,9,inf\na,300,4,6\n";

#[test]
fn an_irregular_csv_is_put_on_a_grid() {
    let folder = Folder::new();
    let file = folder.file("in.csv", IRREGULAR);
    let (said, text) = folder.made(&file, "--series run --features snr,rate --time t --period 1");
    assert_eq!(text, "run,snr,rate\na,2,5\na,,\na,,2\nb,7,1\nb,9,\na#2,4,6\n");
    let numbers = ["rows_read", "rows", "series", "gaps", "cells_not_observed", "not_finite", "rows_empty"];
    assert_eq!(numbers.map(|n| said[n].as_u64().unwrap()), [6, 6, 3, 1, 4, 2, 1], "{said}");
    assert!((said["step_median_s"].as_f64().unwrap() - 1.7).abs() < 1e-6, "{said}");
    assert!((said["step_max_s"].as_f64().unwrap() - 287.9).abs() < 1e-3, "{said}");
    // the gap is none where a longer one is allowed
    let (said, _) = folder.made(&file, "--series run --features snr --time t --period 1 --gap 300 --force");
    assert_eq!((said["rows"].as_u64(), said["rows_empty"].as_u64()), (Some(293), Some(289)), "{said}");
    // rows as they are, and a file with other cells
    let (said, text) = folder.made(&file, "--series run --features rate --force");
    assert_eq!(text, "run,rate\na,5\na,\na,2\na,6\nb,1\nb,\n");
    assert!(said["step_median_s"].is_null() && said["period_s"].is_null());
    let file = folder.file("tabs.txt", b"x\ty\n1\t\n2\t0.1\n");
    let (said, text) = folder.made(&file, "--features y --delimiter tab --force");
    assert_eq!((text.as_str(), said["series_column"].is_null()), ("y\n\"\"\n0.1\n", true));
    let back = Trace::from_csv(text.as_bytes(), &TraceSpec::new(None, &["y"])).unwrap();
    assert_eq!(back.series[0].values, [None, Some(0.1)]);
}

#[test]
fn parquet_with_nulls_integers_and_timestamps() {
    let folder = Folder::new();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run", Arc::new(Int64Array::from(vec![1 << 60, 1 << 60, (1 << 60) + 1]))),
        ("at", Arc::new(TimestampMillisecondArray::from(vec![0, 250, 0]))),
        ("t", Arc::new(Int64Array::from(vec![0, 250, 0]))),
        ("snr", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(f64::NAN)]))),
        ("mcs", Arc::new(Int64Array::from(vec![Some(9), Some(10), None]))),
        ("text", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let file = folder.file("in.parquet", &bytes);
    let want = "run,snr,mcs\n1152921504606846976,1.5,9\n1152921504606846976,,10\n1152921504606846977,,\n";
    for time in ["--time at", "--time t --time-unit ms"] {
        let (said, text) = folder.made(&file, &format!("--series run --features snr,mcs --period 0.25 --force {time}"));
        assert_eq!(text, want);
        assert_eq!((said["not_finite"].as_u64(), said["step_max_s"].as_f64()), (Some(1), Some(0.25)), "{said}");
    }
    std::fs::remove_file(folder.path("out.csv")).unwrap();
    folder.refused(&file, "--features rsrp", 5, "no column `rsrp`; it has: run, at, t, snr, mcs, text");
    folder.refused(&file, "--features text", 5, "column `text` is of type Utf8");
    folder.refused(&file, "--features mcs --series snr", 5, "text or integers");
    folder.refused(&file, "--features mcs --time t --period 1", 5, "row 3: series `in`: time goes back");
    let torn = folder.file("torn.parquet", &bytes[..bytes.len() - 40]);
    folder.refused(&torn, "--features mcs", 5, "cannot be read as Parquet");
}

#[test]
fn the_level_of_a_recording_period_by_period() {
    let folder = Folder::new();
    // ten periods of 100.5 samples at 1, 0.1, 1 … in turns, ten that are lost, five more, and a rest
    let file = folder.path("heard.sigmf-meta");
    let level = |n: u64| if ((n as f64 / 100.5) as u64).is_multiple_of(2) { 1.0_f32 } else { 0.1 };
    let samples = |from: u64, to: u64| (from..to).map(|n| Complex32::new(0.0, level(n))).collect::<Vec<_>>();
    let mut sink = SigmfSink::create(&file, 1_005.0, None, "").unwrap();
    for (from, to) in [(0, 1_005), (2_010, 2_563)] {
        assert_eq!(sink.write(from, &samples(from, to)).unwrap() as u64, to - from);
    }
    sink.finish().unwrap();
    let (said, text) = folder.made(&file, "--period 0.1");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 25, "{text}");
    assert_eq!((lines[0], lines[1], lines[3]), ("power_dbfs", "0", "0"));
    assert!((lines[2].parse::<f32>().unwrap() + 20.0).abs() < 1e-4, "{text}");
    assert!(lines[11..21].iter().all(|l| *l == "\"\""), "{text}");
    assert_eq!((said["rows_empty"].as_u64(), said["rows_read"].as_u64()), (Some(10), Some(1_558)), "{said}");
    let (said, text) = folder.made(&file, "--period 0.1 --amplitude --gap 9 --force");
    assert_eq!((said["series"].as_u64(), said["gaps"].as_u64(), said["rows"].as_u64()), (Some(2), Some(1), Some(15)));
    assert!(text.starts_with("series,amplitude\nheard,1\nheard,0.1\n") && text.contains("\nheard#2,1\n"), "{text}");
    std::fs::remove_file(folder.path("out.csv")).unwrap();
    folder.refused(&file, "--period 3", 5, "as long as a period of 3015");
    folder.refused(&file, "--period 0.0009", 2, "shorter than a sample");
    folder.refused(&file, "", 2, "--period");
    folder.refused(&file, "--period 1 --features x", 2, "no columns");
    // damaged: another hash
    let mut bytes = std::fs::read(folder.path("heard.sigmf-data")).unwrap();
    bytes[4] ^= 1;
    folder.file("heard.sigmf-data", &bytes);
    folder.refused(&file, "--period 0.1", 5, "SHA-512");
}

#[test]
fn what_is_no_number_or_no_sound_is_counted() {
    let folder = Folder::new();
    let values = [1.0, f32::NAN, f32::INFINITY, 0.0, 0.0, 0.0];
    let bytes: Vec<u8> = values.iter().flat_map(|x| [x.to_le_bytes(), 0.0_f32.to_le_bytes()]).flatten().collect();
    folder.file("x.sigmf-data", &bytes);
    let meta = br#"{"global": {"core:datatype": "cf32_le", "core:sample_rate": 10, "core:version": "1.2.0"}}"#;
    let file = folder.file("x.sigmf-meta", meta);
    let (said, text) = folder.made(&file, "--period 0.3");
    // two of three samples are no numbers, the third has full scale; then silence
    assert_eq!((text.as_str(), said["not_finite"].as_u64()), ("power_dbfs\n0\n\"\"\n", Some(3)));
}

#[test]
fn what_is_wrong_is_refused_and_leaves_nothing() {
    let folder = Folder::new();
    let file = folder.file("in.csv", IRREGULAR);
    let grid = "--series run --time t --features snr --period";
    for period in ["0", "-1", "nan", "inf"] {
        folder.refused(&file, &format!("{grid} {period}"), 2, "finite and above 0");
    }
    folder.refused(&file, &format!("{grid} 1 --gap 0"), 2, "gap of 0");
    folder.refused(&file, &format!("{grid} 0.000001 --gap 4000000000"), 5, "100000000 cells");
    folder.refused(&file, "--features snr,rsrp", 5, "no column `rsrp`; it has: run, t, snr, rate");
    folder.refused(&file, "--features run", 5, "line 2, column `run`: `a` is not a number");
    folder.refused(&file, "--features snr --time t --period 1", 5, "line 4: series `in`: time goes back from 10.4 s");
    folder.refused(&file, "--features snr --time t", 5, "line 4: series `in`: time goes back");
    folder.refused(&file, "--features snr --time rate", 5, "line 3, column `rate`: a row without a time");
    folder.refused(&file, "--features snr,snr", 2, "named twice");
    folder.refused(&file, "--features run --series run", 2, "named twice");
    folder.refused(&file, "--features snr --period 1", 2, "--time");
    folder.refused(&file, "--features snr --amplitude", 2, "recordings");
    folder.refused(&file, "", 2, "--features");
    folder.refused(&folder.path("none.csv"), "--features snr", 5, "none.csv");
    let head = folder.file("head.csv", b"a,b\n");
    folder.refused(&head, "--features a", 5, "no row");
    let uneven = folder.file("uneven.csv", b"a,b\n1,2\n3\n");
    folder.refused(&uneven, "--features a", 5, "uneven.csv");
    // a trace that is there stays, unless it may go; the file itself always stays
    let there = folder.file("out.csv", b"mine");
    folder.refused(&file, "--features snr", 2, "--force");
    folder.refused(&head, "--features a --force", 5, "no row");
    folder.refused(&there, "--features a --force", 2, "made from");
    assert_eq!(std::fs::read(&there).unwrap(), b"mine");
    folder.made(&file, "--features snr --force");
    assert!(std::fs::read(&there).unwrap().starts_with(b"snr\n1\n"));
}

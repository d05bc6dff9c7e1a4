//! The gNB's messages as a real gNB sent them.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use ran_bridge::gnb::{Body, CellEventKind, Dialect, GapDetector, Message, ParseStats, UeKeys, parse};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Line {
    raw: String,
}

#[derive(Deserialize)]
struct Exchange {
    request: String,
    response: String,
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/ws").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn read_all(text: &str, stats: &mut ParseStats) -> Vec<Message> {
    text.lines().map(|l| serde_json::from_str::<Line>(l).unwrap()).map(|l| parse(&l.raw, stats).unwrap()).collect()
}

fn kinds(messages: &[Message]) -> BTreeMap<&'static str, usize> {
    let mut out = BTreeMap::new();
    for m in messages {
        *out.entry(m.body.name()).or_insert(0) += 1;
    }
    out
}

#[test]
fn the_attach_is_read_without_a_rest() {
    let mut stats = ParseStats::default();
    let messages = read_all(&fixture("attach_excerpt.jsonl"), &mut stats);
    assert_eq!(kinds(&messages).len(), 10, "{:?}", kinds(&messages));
    assert_eq!((stats.garbage, stats.unknown_kinds, stats.unknown_fields), (0, 0, 0), "{stats:?}");
    assert_eq!((stats.invalid_fields, stats.missing_fields), (0, 0), "{stats:?}");
    let cells: Vec<_> = messages
        .iter()
        .filter_map(|m| if let Body::Cells(c) = &m.body { Some((m.time, &c[0])) } else { None })
        .collect();
    assert!(cells.iter().all(|(_, c)| c.dialect == Some(Dialect::Srsran2510)));
    assert!(cells[0].1.ues.is_empty());
    let events: Vec<_> = cells.iter().flat_map(|(_, c)| &c.events).map(|e| (e.rnti, e.kind)).collect();
    assert_eq!(events[0], (17922, CellEventKind::UeCreate));
    assert_eq!(events.len(), 3);
    let mut keys = UeKeys::new();
    for (time, cell) in &cells {
        keys.update(*time, cell);
    }
    let key = keys.by_ue(0).unwrap();
    assert_eq!(key.rnti, 17922);
    assert!(key.created.is_some());
    assert_eq!(keys.by_rnti(17922), Some(key));
}

#[test]
fn a_busy_ue_has_the_numbers_of_its_report() {
    let mut stats = ParseStats::default();
    let message = parse(&fixture("busy_cells.json"), &mut stats).unwrap();
    let Body::Cells(cells) = &message.body else { panic!("{message:?}") };
    let ue = &cells[0].ues[0];
    assert_eq!((ue.rnti, ue.ue, ue.pci), (17921, Some(0), Some(1)));
    assert_eq!((ue.cqi, ue.dl_mcs, ue.ul_mcs), (Some(15), Some(28), Some(6)));
    assert_eq!(ue.dl_bit_per_s, Some(18_087_152.0));
    assert_eq!(ue.bsr_bytes, Some(1446));
    assert_eq!((ue.dl_bler(), ue.ul_bler()), (Some(0.0), Some(0.0)));
    assert_eq!(ue.pusch_snr_db, Some(2.962_131_500_244_140_6));
    // Absent in this report, and 0 for a time alignment nobody measured.
    assert_eq!((ue.pusch_rsrp_dbfs, ue.srs_ta_ns), (None, None));
    assert_eq!(cells[0].metrics.failed_pdcch_allocs, Some(4));
    assert_eq!(message.time.unwrap().unix_ms % 1000, 374);
}

#[test]
fn an_idle_ue_has_no_level_and_no_mcs() {
    let text = r#"{"timestamp":"2026-11-21T21:16:12.374","cells":[{"cell_metrics":{},"ue_list":[{"rnti":17921,"ue":0,
        "pusch_rsrp_db":-99.9000015258789,"dl_mcs":0,"dl_nof_ok":0,"dl_nof_nok":0,"dl_ri":1.0,"ta_ns":0.0}]}]}"#;
    let mut stats = ParseStats::default();
    let Body::Cells(cells) = parse(text, &mut stats).unwrap().body else { panic!() };
    let ue = &cells[0].ues[0];
    assert_eq!((ue.pusch_rsrp_dbfs, ue.dl_mcs, ue.dl_ri, ue.ta_ns, ue.dl_bler()), (None, None, None, None, None));
    assert_eq!((ue.dl_ok, stats.floor_fields, stats.invalid_fields), (Some(0), 1, 0));
}

#[test]
fn the_other_dialect_is_told_by_its_fields() {
    let text = r#"{"timestamp":"2026-11-21T21:16:12.374","cells":[{"cell_metrics":{"pci":1,"failed_dl_pdcch":2,"failed_ul_pdcch":3,
        "failed_common_dl_pdcch":0,"failed_common_ul_pdcch":1,"nof_conres_timer_expired":0},"ue_list":[{"rnti":1,"cqi":-1}]}]}"#;
    let mut stats = ParseStats::default();
    let Body::Cells(cells) = parse(text, &mut stats).unwrap().body else { panic!() };
    assert_eq!(cells[0].dialect, Some(Dialect::Ocudu2604));
    assert_eq!(cells[0].metrics.failed_pdcch_allocs, Some(6));
    assert_eq!(cells[0].ues[0].cqi, None);
    assert_eq!((stats.unknown_fields, stats.invalid_fields), (0, 0));
    assert!(stats.missing_fields > 10);
}

#[test]
fn wrong_values_are_counted_and_none() {
    let text = r#"{"timestamp":"x","new_kind_beside":1,"cells":[{"cell_metrics":{"pci":1008,"max_latency":-3,"brand_new":[1]},
        "ue_list":[{"rnti":17921,"cqi":16,"dl_brate":NaN,"ul_brate":1e999,"pusch_snr_db":140.0,"bsr":-1,"ue":"0"},{"rnti":70000},7]},null]}"#;
    let mut stats = ParseStats::default();
    let Body::Cells(cells) = parse(text, &mut stats).unwrap().body else { panic!() };
    assert_eq!(cells.len(), 1);
    assert_eq!(cells[0].ues.len(), 1);
    let ue = &cells[0].ues[0];
    assert_eq!(
        (ue.cqi, ue.dl_bit_per_s, ue.ul_bit_per_s, ue.pusch_snr_db, ue.bsr_bytes, ue.ue),
        (None, None, None, None, None, None)
    );
    // pci, max_latency, cqi, pusch_snr_db, bsr, ue, rnti of the second, the 7, the null cell
    assert_eq!(stats.invalid_fields, 9);
    assert_eq!((stats.null_fields, stats.sanitised), (2, 1));
    assert_eq!(stats.unknown_fields, 2);
}

#[test]
fn every_recorded_reply_is_what_it_says() {
    for line in fixture("commands.jsonl").lines() {
        let exchange: Exchange = serde_json::from_str(line).unwrap();
        let body = parse(&exchange.response, &mut ParseStats::default()).unwrap().body;
        let refused = exchange.response.contains("\"error\"");
        match body {
            Body::Failed { error, .. } => assert!(refused && !error.is_empty(), "{}", exchange.request),
            Body::Done { cmd } => assert!(!refused && exchange.request.contains(&cmd), "{}", exchange.request),
            other => panic!("{}: {other:?}", exchange.request),
        }
    }
}

#[test]
fn a_stalled_radio_gives_only_the_reply() {
    let mut stats = ParseStats::default();
    let messages = read_all(&fixture("stalled_no_samples.jsonl"), &mut stats);
    assert!(matches!(messages.as_slice(), [Message { body: Body::Done { .. }, .. }]));
}

fn captures() -> Option<PathBuf> {
    std::env::var_os("SIDECAR_CAPTURES").map(|d| PathBuf::from(d).join("ws")).filter(|d| d.is_dir())
}

#[test]
fn the_full_recordings_are_read_without_a_rest() {
    let Some(dir) = captures() else {
        println!("skipped: gnb_golden: recordings not found");
        return;
    };
    for (name, want) in [("ws_attach.jsonl", 568), ("ws_attached.jsonl", 325)] {
        let mut stats = ParseStats::default();
        let messages = read_all(&std::fs::read_to_string(dir.join(name)).unwrap(), &mut stats);
        assert_eq!(messages.len(), want, "{name}");
        assert_eq!(
            stats,
            ParseStats { messages: want as u64, floor_fields: stats.floor_fields, ..ParseStats::default() },
            "{name}"
        );
        let mut gaps = GapDetector::new();
        let times = messages.iter().filter(|m| m.body.name() == "cells").filter_map(|m| m.time);
        let missed: u64 = times.filter_map(|t| gaps.push(t)).map(|g| g.missed).sum();
        println!("{name}: {stats:?}, period {:?} ms, missed {missed}", gaps.period_ms());
    }
}

//! Answers of a real core.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use core_bridge::identity::Identities;
use core_bridge::open5gs::info::{self, GnbInfo, InfoError, PduInfo, UeInfo};
use core_bridge::open5gs::metrics::{self, FamilyKind};
use proptest::prelude::*;
use std::net::Ipv4Addr;
use std::path::Path;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/core").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_network_functions_metrics_are_read_without_a_rest() {
    for name in ["amf_metrics.prom", "smf_metrics.prom", "upf_metrics.prom", "pcf_metrics.prom"] {
        let text = fixture(name);
        let e = metrics::parse(&text);
        // Counted by another route: lines that begin with `# TYPE`, and lines that are neither empty nor a comment.
        let types = text.lines().filter(|l| l.starts_with("# TYPE")).count();
        let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).count();
        assert_eq!((e.families.len(), e.samples.len()), (types, lines), "{name}");
        assert_eq!((e.bad_lines, e.not_finite, e.left_out), (0, 0, 0), "{name}");
    }
}

#[test]
fn what_the_core_counts() {
    let amf = metrics::parse(&fixture("amf_metrics.prom"));
    assert_eq!(amf.get("ran_ue", &[]), Some(1.0));
    assert_eq!(amf.families["fivegs_amffunction_rm_regtime"], FamilyKind::Histogram);
    assert_eq!(amf.sum("fivegs_amffunction_rm_regtime"), None, "a family without a sample is not observed");
    assert_eq!(amf.get("process_virtual_memory_max_bytes", &[]), Some(-1.0));
    let smf = metrics::parse(&fixture("smf_metrics.prom"));
    let requested = "fivegs_smffunction_sm_pdusessioncreationreq";
    assert_eq!(smf.get(requested, &[("plmnid", ""), ("snssai", "")]), Some(1.0));
    assert_eq!(smf.sum(requested), Some(1.0), "the series without a PLMN is the same session again");
    let flows = [("plmnid", "00101"), ("snssai", "1"), ("fiveqi", "9")];
    assert_eq!(smf.get("fivegs_smffunction_sm_qos_flow_nbr", &flows), Some(1.0));
}

#[test]
fn timestamps_in_both_of_their_forms() {
    let double = info::parse::<UeInfo>(&fixture("amf_ue-info.json")).unwrap();
    let whole = info::parse::<UeInfo>(&fixture("after_reattaches/amf_ue-info.json")).unwrap();
    let at = |p: &info::Page<UeInfo>| p.items[0].location.as_ref().unwrap().timestamp_us;
    assert_eq!(at(&double), Some(1_795_295_694_783_780));
    assert_eq!(at(&whole), Some(1_795_296_640_959_349));
    let odd = r#"{"items":[{"supi":"a","location":{"timestamp":"x"}}],"pager":{"count":1}}"#;
    assert_eq!(at(&info::parse::<UeInfo>(odd).unwrap()), None);
}

#[test]
fn who_is_who_and_who_is_gone() {
    let ues = info::parse::<UeInfo>(&fixture("amf_ue-info.json")).unwrap().items;
    let pdus = info::parse::<PduInfo>(&fixture("smf_pdu-info.json")).unwrap().items;
    let gnbs = info::parse::<GnbInfo>(&fixture("amf_gnb-info.json")).unwrap().items;
    assert_eq!((gnbs[0].gnb_id, gnbs[0].num_connected_ues), (411, Some(1)));
    let mut ids = Identities::new();
    ids.ues(&ues);
    ids.pdus(&pdus);
    let id = ids.by_ipv4(Ipv4Addr::new(10, 45, 0, 2)).unwrap();
    assert_eq!((id.supi.as_str(), id.connected, id.ran_ue_ngap_id), ("imsi-001010123456780", Some(true), Some(0)));
    assert_eq!(ids.by_upf_teid(1616), Some(id));
    assert_eq!(ids.by_ran_id(411, 0), Some(id));
    assert_eq!((id.sessions[0].gnb_teid, id.sessions[0].sst, id.sessions[0].sd), (Some(1), Some(1), None));
    // After new attaches the same UE has another address.
    let later = info::parse::<PduInfo>(&fixture("after_reattaches/smf_pdu-info.json")).unwrap().items;
    ids.pdus(&later);
    assert!(ids.by_ipv4(Ipv4Addr::new(10, 45, 0, 2)).is_none());
    assert!(ids.by_ipv4(Ipv4Addr::new(10, 45, 0, 7)).is_some());
    // A UE that vanished is first not connected, then unknown.
    let idle = r#"{"items":[{"supi":"imsi-001010123456780","cm_state":"idle","gnb":{"ostream_id":1,"status":"not-connected"}}],"pager":{"count":1}}"#;
    ids.ues(&info::parse::<UeInfo>(idle).unwrap().items);
    let id = ids.by_supi("imsi-001010123456780").unwrap();
    assert_eq!((id.connected, id.ran_ue_ngap_id), (Some(false), None));
    ids.ues(&[]);
    ids.pdus(&[]);
    assert_eq!(ids.iter().count(), 0);
}

#[test]
fn pages_that_are_cut_lie_or_are_truncated() {
    let whole = fixture("amf_ue-info.json");
    for at in 1..whole.trim_end().len() {
        let e = info::parse::<UeInfo>(&whole[..at]).unwrap_err();
        assert!(matches!(e, InfoError::Cut { bytes } if bytes == at), "{at}: {e}");
    }
    let parse = |text: &str| info::parse::<UeInfo>(text).unwrap_err();
    assert_eq!(parse(r#"{"items":[{"supi":"a"}],"pager":{"count":2}}"#), InfoError::Count { said: 2, got: 1 });
    assert_eq!(
        parse(r#"{"items":[{"supi":"a"}],"pager":{"count":1,"truncated":true}}"#),
        InfoError::Truncated { got: 1 }
    );
    assert!(matches!(parse(r#"{"items":[{"nobody":1}],"pager":{"count":1}}"#), InfoError::Malformed { .. }));
    assert!(matches!(parse("Bad Request\n"), InfoError::Malformed { .. }));
}

proptest! {
    #[test]
    fn damaged_pages(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        for name in ["amf_ue-info.json", "smf_pdu-info.json", "amf_metrics.prom"] {
            let mut bytes = fixture(name).into_bytes();
            for (at, with) in &edits {
                let at = at.index(bytes.len());
                bytes[at] = *with;
            }
            let text = String::from_utf8_lossy(&bytes);
            let mut ids = Identities::new();
            if let Ok(page) = info::parse::<UeInfo>(&text) {
                ids.ues(&page.items);
            }
            if let Ok(page) = info::parse::<PduInfo>(&text) {
                ids.pdus(&page.items);
            }
            let _ = metrics::parse(&text);
        }
    }
}

//! Code, dashboard and table of metrics name the same things.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn names(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !word(c)).filter(|w| w.starts_with("sidecar_") && w.len() > 8).map(str::to_owned).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names that a line of the sources registers with a registry.
fn registered(dir: &Path, out: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()) {
        if entry.is_dir() {
            registered(&entry, out);
        } else if entry.extension().is_some_and(|e| e == "rs") && !entry.ends_with("telemetry/metrics.rs") {
            let text = std::fs::read_to_string(&entry).unwrap_or_default();
            for call in ["counter(", "counter_vec(", "gauge(", "gauge_vec(", "histogram(", "histogram_vec("] {
                for after in text.split(call).skip(1) {
                    let quoted = after.trim_start().strip_prefix('"').and_then(|a| a.split('"').next());
                    out.extend(quoted.filter(|n| n.starts_with("sidecar_")).map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn every_name_of_the_dashboard_and_the_code_is_in_the_table() {
    let table = names(&std::fs::read_to_string(root().join("configs/METRICS.md")).unwrap());
    let dashboard = std::fs::read_to_string(root().join("configs/grafana/dashboards/sidecar.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&dashboard).unwrap();
    let shown = names(&dashboard);
    assert!(shown.len() > 10);
    assert_eq!(shown.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "in the dashboard only");
    let alerts = names(&std::fs::read_to_string(root().join("configs/prometheus/alerts.yml")).unwrap());
    assert!(alerts.len() > 3);
    assert_eq!(alerts.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "in the alerts only");
    let mut code = BTreeSet::new();
    registered(&root().join("sidecar/src"), &mut code);
    assert!(code.len() > 10);
    // The data plane's counters are named after its fields.
    let air = ran_bridge::air::Counters::default().named();
    code.extend(air.into_iter().map(|(name, _)| format!("sidecar_air_{name}_total")));
    code.insert("sidecar_air_stage_seconds".into());
    // Every registry has these two by itself.
    code.extend(["sidecar_build_info", "sidecar_start_time_seconds"].map(str::to_owned));
    assert_eq!(code.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "in the code only");
    assert_eq!(table.difference(&code).collect::<Vec<_>>(), Vec::<&String>::new(), "in the table only");
}

//! A real Prometheus with the committed configuration beside a running loop: every target answers, every query of the dashboard
//! and every metric of the table has data. Skipped by name where no `prometheus` is on `PATH`.

#![expect(clippy::unwrap_used, reason = "helpers of the test")]

use e2e::{Program, System, json, wait_until};
use serde_json::Value;
use sidecar::free_ports::FreePorts;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Metrics that have no sample before something goes wrong.
const ONLY_ON_OCCASION: [&str; 1] = ["sidecar_ran_drops"];

struct Prometheus {
    _program: Program,
    url: String,
}

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs")
}

impl Prometheus {
    /// The committed configuration with this system's ports in place of the usual ones; `None` where there is no such program.
    fn start(dir: &Path, system: &System) -> Option<Self> {
        let c = system.config();
        let mut text = std::fs::read_to_string(configs().join("prometheus/prometheus.yml")).unwrap();
        let metrics =
            [&c.air.metrics, &c.ran.metrics, &c.core.metrics, &c.app.metrics, &c.controller.metrics, &c.up.metrics];
        for (section, usual) in metrics.into_iter().zip(9700..) {
            let usual = format!("\"127.0.0.1:{usual}\"");
            assert_eq!(text.matches(&usual).count(), 1, "{usual}");
            text = text.replace(&usual, &format!("\"{}\"", section.listen));
        }
        let file = dir.join("prometheus.yml");
        std::fs::write(&file, text).unwrap();
        let listen = FreePorts::stock(1).unwrap().address().unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("prometheus").display()))
            .arg(format!("--web.listen-address={listen}"));
        match Program::try_start(&mut command, dir.join("prometheus.log")) {
            Ok(program) => Some(Self { _program: program, url: format!("http://{listen}/api/v1") }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => panic!("cannot start prometheus: {e}"),
        }
    }

    /// Series that an expression gives now.
    fn series(&self, expression: &str) -> usize {
        let answer = json(&format!("{}/query", self.url), &[("query", expression)]);
        answer["data"]["result"].as_array().map_or(0, Vec::len)
    }

    fn targets_up(&self) -> usize {
        let answer = json(&format!("{}/targets", self.url), &[]);
        let up = |targets: &Vec<Value>| targets.iter().filter(|t| t["health"] == "up").count();
        answer["data"]["activeTargets"].as_array().map_or(0, up)
    }
}

fn queries() -> Vec<String> {
    let text = std::fs::read_to_string(configs().join("grafana/dashboards/sidecar.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|p| p["targets"].as_array().cloned().unwrap_or_default());
    targets.map(|t| t["expr"].as_str().unwrap().to_owned()).collect()
}

fn table() -> Vec<String> {
    let text = std::fs::read_to_string(configs().join("METRICS.md")).unwrap();
    // those of processes that this system does not have are looked at where these are tested
    let is_ours = |l: &&str| !["gnb", "tx-guard"].contains(&l.split('|').nth(4).unwrap_or_default().trim());
    let name = |l: &str| Some(l.strip_prefix("| `sidecar_")?.split('`').next()?.to_owned());
    text.lines().filter(is_ours).filter_map(name).map(|n| format!("sidecar_{n}")).collect()
}

#[test]
fn every_target_is_up_and_every_query_has_data() {
    let dir = tempfile::tempdir().unwrap();
    let system = System::start(dir.path(), 5);
    let Some(prometheus) = Prometheus::start(dir.path(), &system) else {
        println!("skipped: prometheus: no such program on PATH");
        return;
    };
    assert!(wait_until(60, || prometheus.targets_up() == 6), "{} of 6 targets are up", prometheus.targets_up());
    let mut wanted = queries();
    assert!(wanted.len() > 20);
    wanted.extend(table().into_iter().filter(|n| !ONLY_ON_OCCASION.contains(&n.as_str())));
    wait_until(90, || {
        wanted.retain(|q| prometheus.series(q) == 0);
        wanted.is_empty()
    });
    assert_eq!(wanted, Vec::<String>::new(), "no data");
}

//! A real Prometheus with the committed configuration beside a running loop and a guard that has sent: every target answers, every query of the
//! dashboard and every metric of the table has data, and the alerts are evaluated. Skipped by name where no `prometheus` is on `PATH`.

#![expect(clippy::unwrap_used, reason = "helpers of the test")]

mod tx_support;

use e2e::{Program, System, json, wait_until};
use serde_json::Value;
use sidecar::free_ports::FreePorts;
use std::path::{Path, PathBuf};
use std::process::Command;
use tx_support::{Bench, err};

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
        let nobody = FreePorts::stock(1).unwrap().address().unwrap();
        let mut text = std::fs::read_to_string(configs().join("prometheus/prometheus.yml")).unwrap();
        let metrics =
            [&c.air.metrics, &c.ran.metrics, &c.core.metrics, &c.app.metrics, &c.controller.metrics, &c.up.metrics];
        // no `sidecar gnb` runs here
        let ports = metrics.map(|m| m.listen).into_iter().chain([nobody, c.tx.metrics.listen]);
        for (listen, usual) in ports.zip(9700..) {
            let usual = format!("\"127.0.0.1:{usual}\"");
            assert_eq!(text.matches(&usual).count(), 1, "{usual}");
            text = text.replace(&usual, &format!("\"{listen}\""));
        }
        std::fs::copy(configs().join("prometheus/alerts.yml"), dir.join("alerts.yml")).unwrap();
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

    /// How the rules were evaluated last, by name.
    fn rules(&self) -> Vec<(String, String)> {
        let answer = json(&format!("{}/rules", self.url), &[]);
        let rules = answer["data"]["groups"].as_array().into_iter().flatten().flat_map(|g| g["rules"].as_array());
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        rules.flatten().map(|r| (text(&r["name"]), text(&r["health"]))).collect()
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
    let is_ours = |l: &&str| !["gnb", "relay"].contains(&l.split('|').nth(4).unwrap_or_default().trim());
    let name = |l: &str| Some(l.strip_prefix("| `sidecar_")?.split('`').next()?.to_owned());
    text.lines().filter(is_ours).filter_map(name).map(|n| format!("sidecar_{n}")).collect()
}

#[test]
fn every_target_is_up_and_every_query_has_data() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::new(|_| ());
    let guard = bench.guard();
    let system = System::start_with(dir.path(), 5, |config| config.tx = bench.config.tx.clone());
    let Some(prometheus) = Prometheus::start(dir.path(), &system) else {
        println!("skipped: prometheus: no such program on PATH");
        return;
    };
    assert!(wait_until(60, || prometheus.targets_up() == 7), "{} of 7 targets are up", prometheus.targets_up());
    let fire =
        |gain: &str| bench.run(&["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", gain, "--for", "5 ms"]);
    let fired = fire("0 dB");
    assert!(fired.status.success(), "{}{}", err(&fired), bench.log());
    assert!(err(&fire("30 dB")).contains("(cap)"), "{}", guard.log());
    let mut wanted = queries();
    assert!(wanted.len() > 20);
    wanted.extend(table().into_iter().filter(|n| !ONLY_ON_OCCASION.contains(&n.as_str())));
    wait_until(90, || {
        wanted.retain(|q| prometheus.series(q) == 0);
        wanted.is_empty()
    });
    assert_eq!(wanted, Vec::<String>::new(), "no data");
    let evaluated = || prometheus.rules().len() == 5 && prometheus.rules().iter().all(|(_, health)| health == "ok");
    assert!(wait_until(10, evaluated), "{:?}", prometheus.rules());
}

/// The alerts come when they should and only then: `configs/prometheus/alerts.test.yml`, judged by Prometheus' own tool.
#[test]
fn alerts_come_when_they_should() {
    let test =
        Command::new("promtool").args(["test", "rules"]).arg(configs().join("prometheus/alerts.test.yml")).output();
    match test {
        Ok(tested) => assert!(tested.status.success(), "{tested:?}"),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => println!("skipped: promtool: no such program on PATH"),
        Err(e) => panic!("cannot start promtool: {e}"),
    }
}

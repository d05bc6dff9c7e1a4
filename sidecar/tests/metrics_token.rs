//! Every process's metrics: on loopback for whoever asks, elsewhere only with a token.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use sidecar::config::{Config, Loaded};
use sidecar::controller::ControllerError;
use sidecar::demo::Plan;
use sidecar::ran::RanError;
use sidecar::telemetry::{MetricsAt, TelemetryError};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const PROCESSES: [&str; 6] = ["air", "ran", "core", "app", "controller", "up"];

fn metrics<'a>(config: &'a mut Config, process: &str) -> &'a mut sidecar::config::MetricsSection {
    match process {
        "air" => &mut config.air.metrics,
        "ran" => &mut config.ran.metrics,
        "core" => &mut config.core.metrics,
        "app" => &mut config.app.metrics,
        "controller" => &mut config.controller.metrics,
        _ => &mut config.up.metrics,
    }
}

#[test]
fn beyond_loopback_the_configuration_asks_for_a_token() {
    for process in PROCESSES {
        let load = |token: &str| {
            let text = format!("{process}: {{metrics: {{listen: \"0.0.0.0:9799\"{token}}}}}\n");
            Loaded::from_text(&text, "lab.yaml", &[])
        };
        let words = load("").unwrap_err().to_string();
        assert!(words.contains(&format!("`{process}.metrics.listen`: 0.0.0.0:9799 can be reached")), "{words}");
        load(", token: secret").unwrap();
    }
}

#[test]
fn a_process_that_is_given_no_token_refuses_by_itself() {
    let (stop, config) = (Arc::new(AtomicBool::new(false)), Config::default());
    let any = Some(MetricsAt::open("0.0.0.0:0".parse().unwrap()));
    let mut ran = config.ran_process(1);
    ran.metrics.clone_from(&any);
    let refused = sidecar::ran::run(&ran, None, &stop);
    assert!(matches!(refused, Err(RanError::Telemetry(TelemetryError::NeedsToken(_)))));
    let mut controller = config.controller_process(1, "x");
    controller.metrics = any;
    let refused = sidecar::controller::run(&controller, None, &stop);
    assert!(matches!(refused, Err(ControllerError::Telemetry(TelemetryError::NeedsToken(_)))));
}

struct Up(Child);

impl Drop for Up {
    fn drop(&mut self) {
        // SIGTERM first: `up` then ends its children in order.
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        if !told.is_ok_and(|s| s.success()) {
            let _ended = self.0.kill();
        }
        let _status = self.0.wait();
    }
}

/// All processes, each with its metrics on every address of this host.
fn up(dir: &Path, token: Option<&str>) -> (Up, Config) {
    let root = dir.join("runs");
    let mut config = Plan::prepare(&dir.join("plan"), Path::new("/bin/true"), &root, 1, false).unwrap().config;
    config.up.extra.clear();
    config.learn.enabled = false;
    for process in PROCESSES {
        let section = metrics(&mut config, process);
        section.token = token.map(|t| format!("{t}-{process}"));
        if token.is_some() {
            section.listen.set_ip([0, 0, 0, 0].into());
        }
    }
    let file = dir.join("sidecar.yaml");
    std::fs::write(&file, config.to_yaml().unwrap()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecar"));
    (Up(command.args(["up", "-c"]).arg(&file).stderr(Stdio::null()).spawn().unwrap()), config)
}

/// The answer, once there is one.
async fn get(port: u16, token: Option<&str>) -> (u16, String) {
    let client = reqwest::Client::new();
    for _ in 0..600 {
        let mut request = client.get(format!("http://127.0.0.1:{port}/metrics"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Ok(answer) = request.send().await {
            return (answer.status().as_u16(), answer.text().await.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody serves metrics at port {port}")
}

#[tokio::test]
async fn every_process_takes_its_token_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (_up, mut config) = up(dir.path(), Some("secret"));
    for process in PROCESSES {
        let port = metrics(&mut config, process).listen.port();
        assert_eq!(get(port, None).await.0, 401, "{process}");
        assert_eq!(get(port, Some("secret")).await.0, 401, "{process}");
        let (status, text) = get(port, Some(&format!("secret-{process}"))).await;
        assert_eq!(status, 200, "{process}");
        assert!(text.contains(&format!("sidecar_build_info{{process=\"{process}\"")), "{text}");
    }
}

#[tokio::test]
async fn on_loopback_none_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let (_up, mut config) = up(dir.path(), None);
    for process in PROCESSES {
        let (status, text) = get(metrics(&mut config, process).listen.port(), None).await;
        assert_eq!(status, 200, "{process}");
        // What an agent may be ordered is counted before the first order.
        let orders = format!("sidecar_{process}_orders_total{{result=\"failed\"}} 0");
        assert_eq!(text.contains(&orders), ["core", "app"].contains(&process), "{text}");
    }
}

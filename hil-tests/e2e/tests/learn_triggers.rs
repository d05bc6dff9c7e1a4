//! Training that begins when it is asked for: a goal begins one run, an error above its threshold another, and both stand in the record with the orders that follow.

use e2e::{System, wait_until};
use serde_json::Value;
use sidecar::config::{Duration, TrainWhen};
use sidecar::record::{Finding, LogReader};
use std::path::Path;

/// Rows of the controller's log so far: table and row.
fn rows(run: &Path) -> Vec<(String, Value)> {
    let Ok(log) = LogReader::open(&run.join("controller.sclog")) else { return Vec::new() };
    let row = |f| if let Finding::Row(row) = f { Some((row.table, row.fields.into_iter().collect())) } else { None };
    log.filter_map(row).collect()
}

fn training<'a>(rows: &'a [(String, Value)], what: &str, cause: &str) -> Option<(usize, &'a Value)> {
    let is_it = |t: &str, r: &Value| t == "training" && r["what"] == what && r["cause"] == cause;
    rows.iter().enumerate().find(|(_, (t, r))| is_it(t, r)).map(|(k, (_, r))| (k, r))
}

#[test]
fn a_goal_begins_a_run_and_an_error_another() {
    let dir = tempfile::tempdir().unwrap();
    let system = System::start_with(dir.path(), 5, |config| {
        let learn = &mut config.learn;
        learn.when = TrainWhen::Triggered;
        learn.batch = 2;
        learn.round_every = Duration::new(0.2);
        learn.stop.most_rounds = 4;
        // every error is above it, once the goal's run has rested
        learn.trigger.o_error = Some(0.0);
        learn.trigger.forecast = None;
        learn.trigger.pause = Duration::new(3.0);
    });
    assert!(wait_until(60, || system.loops() > 5), "the loop never started: {:#}", system.api());
    let run = system.run_dir().unwrap();
    let http = system.config().controller.http;
    let post = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let goal = serde_json::json!({"text": "sharper video for everyone"});
            let sent = reqwest::Client::new().post(format!("http://{http}/api/goal")).json(&goal).send().await;
            sent.is_ok_and(|answer| answer.status().is_success())
        })
    };
    assert!(wait_until(20, post), "the goal was not taken");
    let done = || {
        let rows = rows(&run);
        let ended = training(&rows, "ended", "o_error").map(|(at, _)| at);
        let action = |t: &str, r: &Value| t == "order" && r["action"].is_object() && r["goal"] == "quality";
        ended.is_some() && rows.iter().any(|(t, r)| action(t, r))
    };
    // a goal that came while an error's run was under way waits for none: it is stated again
    let both = || {
        let rows = rows(&run);
        if training(&rows, "began", "goal").is_none() {
            post();
        }
        training(&rows, "ended", "goal").is_some() && done()
    };
    assert!(wait_until(120, both), "{:#?}", rows(&run).iter().filter(|(t, _)| t == "training").collect::<Vec<_>>());
    let rows = rows(&run);
    for cause in ["goal", "o_error"] {
        let ((began, b), (ended, e)) =
            (training(&rows, "began", cause).unwrap(), training(&rows, "ended", cause).unwrap());
        assert!(began < ended && b["id"] == e["id"], "{b} {e}");
        assert_eq!((&e["rounds"], &e["why"]), (&Value::from(4), &Value::from("most_rounds")), "{e}");
        assert!(e["megabytes"].as_f64().unwrap() > 0.1 && e["o_error"].as_f64().unwrap() > 0.0, "{e}");
        // its rounds stand between
        assert!(rows[began..ended].iter().filter(|(t, _)| t == "round").count() >= 3 * 3, "{cause}");
    }
    assert_eq!(training(&rows, "began", "goal").unwrap().1["detail"], "sharper video for everyone");
    let after = |t: &str, r: &Value| t == "order" && r["action"].is_object() && r["training"].as_u64().is_some();
    assert!(rows.iter().any(|(t, r)| after(t, r)), "no action was ordered after a training run");
    // between runs nothing is trained: each round that was has its run
    let trained: u64 = rows.iter().filter(|(t, _)| t == "round").count() as u64;
    let runs = rows.iter().filter(|(t, r)| t == "training" && r["what"] == "began").count() as u64;
    assert!(trained <= runs * 4 * 3, "{trained} contributions in {runs} runs of 4 rounds");
    assert!(system.stop());
}

#[test]
fn what_was_learned_outlives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let system = System::start_with(dir.path(), 6, |config| {
        config.learn.batch = 2;
        config.learn.round_every = Duration::new(0.2);
        config.learn.keep_every = Duration::new(0.1);
    });
    let rounds = || system.api()["rounds"]["rounds"].as_u64().unwrap_or(0);
    assert!(wait_until(60, || rounds() > 4), "no rounds: {:#}", system.api());
    let run = system.run_dir().unwrap();
    for process in ["app", "controller"] {
        let trained = rows(&run).iter().filter(|(t, _)| t == "round").count();
        let old = system.kill_9(process);
        assert!(wait_until(30, || system.pid(process).is_some_and(|p| p != old)), "{process} did not come back");
        let goes_on = || {
            let log = std::fs::read_to_string(run.join(format!("{process}.log"))).unwrap_or_default();
            log.contains("what was learned in this run goes on")
        };
        assert!(wait_until(30, goes_on), "{process} began anew");
        assert!(wait_until(60, || rounds() > 2), "no rounds after {process}, {trained} contributions before");
    }
    // a new log was begun by the new controller: its rounds are none of those of the first
    let round = |(t, r): &(String, Value)| if t == "round" { r["round"].as_u64() } else { None };
    let last = rows(&run).iter().filter_map(round).max().unwrap();
    let log = LogReader::open(&run.join("controller.2.sclog")).unwrap();
    let first =
        log.filter_map(|f| if let Finding::Row(row) = f { Some(row) } else { None }).find(|r| r.table == "round");
    let first = first.unwrap().get("round").and_then(Value::as_u64).unwrap();
    assert!(first + 3 > last && first > 3, "from round {last} to {first}");
    assert!(system.stop());
}

//! `sidecar experiment`, as typed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output};

fn sidecar(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidecar")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn all_are_listed_and_a_wrong_name_says_so() {
    let list = text(&sidecar(&["experiment", "list"]).stdout);
    let names = [
        "sanet-fig1",
        "sanet-fig5",
        "sanet-fig6",
        "sanet-fig7",
        "sanet-fig8",
        "sanet-fig9",
        "sanet-fig10",
        "sanet-fig11",
        "sanet-fig12",
        "sanet-table3",
        "processes",
    ];
    assert_eq!(list.lines().count(), names.len(), "{list}");
    for (line, name) in list.lines().zip(names) {
        assert!(line.starts_with(&format!("{name} ")), "{line}");
    }
    let wrong = sidecar(&["experiment", "sanet-fig2"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = text(&wrong.stderr);
    assert!(said.contains("sanet-fig2") && said.contains("sidecar experiment list"), "{said}");
    assert_eq!(sidecar(&["experiment", "sanet-fig1", "--seeds", "0"]).status.code(), Some(2));
}

#[test]
fn a_page_has_its_numbers_its_picture_and_how_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let make = || sidecar(&["experiment", "sanet-fig10", "--quick", "--rounds", "1", "--out", out]);
    let made = make();
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let page = std::fs::read_to_string(dir.path().join("sanet-fig10/README.md")).unwrap();
    for wanted in ["| pAgent |", "--quick --rounds 1 --seeds 1 --step sgd", "no measure", "(figure.svg)", "the paper's"]
    {
        assert!(page.contains(wanted), "{wanted} is not in {page}");
    }
    let csv = std::fs::read_to_string(dir.path().join("sanet-fig10/data.csv")).unwrap();
    // two ways, three agents, two looks
    assert_eq!(csv.lines().count(), 1 + 2 * 3 * 2, "{csv}");
    assert!(std::fs::read_to_string(dir.path().join("sanet-fig10/figure.svg")).unwrap().contains("scheme 2, dynamic"));
    // the same again, from what is kept
    let runs = std::fs::read_dir(dir.path().join("runs")).unwrap().count();
    assert_eq!(runs, 2);
    assert_eq!(text(&make().stdout), text(&made.stdout));
    // a folder without the series
    let missing = sidecar(&["experiment", "sanet-fig10", "--data", out, "--out", out]);
    assert_eq!(missing.status.code(), Some(5), "{}", text(&missing.stderr));
    assert!(text(&missing.stderr).contains("p_5gsa_oai_phy_kpi_1280ms.csv"));
}

/// SIGKILL to each of four processes, over links that lose, double, delay and reorder: the weights are those of one process, bit for bit.
#[test]
fn four_processes_that_are_killed_train_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let made = sidecar(&["experiment", "processes", "--quick", "--rounds", "10", "--out", out]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let page = std::fs::read_to_string(dir.path().join("processes/README.md")).unwrap();
    let row = |name: &str| -> Vec<String> {
        let found = page.lines().find(|l| l.starts_with(&format!("| {name}"))).unwrap();
        found.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect()
    };
    for (name, kills) in [("four processes |", "0"), ("four processes, state", "0"), ("5 %", "0"), ("the same", "4")] {
        let cells = row(name);
        assert_eq!([&cells[8], &cells[9], &cells[10]], [kills, "0", "yes"], "{page}");
    }
    let bad = row("5 %");
    let faults: u64 = bad[4..8].iter().map(|c| c.parse::<u64>().unwrap()).sum();
    assert!(faults > 10, "the bad link was good: {bad:?}");
    let lines = std::fs::read_to_string(dir.path().join("runs/processes-3/rounds.jsonl")).unwrap();
    assert!(lines.lines().count() >= 10);
    // one curve a crew, and one of one process
    let csv = std::fs::read_to_string(dir.path().join("processes/data.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2 * 5 * 10, "{csv}");
}

#[test]
fn forecasts_have_quantiles_and_runs_kept_before_still_load() {
    let dir = tempfile::tempdir().unwrap();
    let make = || {
        let out = dir.path().to_str().unwrap();
        let made = sidecar(&["experiment", "sanet-fig8", "--quick", "--rounds", "1", "--out", out]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let page = std::fs::read_to_string(dir.path().join("sanet-fig8/README.md")).unwrap();
        let table = page.split("Quantiles around the pAgent's forecasts").nth(1).unwrap().to_owned();
        table.lines().filter(|l| l.ends_with(" |")).skip(2).take(8).map(str::to_owned).collect::<Vec<_>>()
    };
    let rows = make();
    assert!(rows[4].starts_with("| MoPS | ") && rows[7].starts_with("| DLinear | "), "{rows:?}");
    for row in &rows {
        let share: f64 = row.split('|').nth(2).unwrap().trim().trim_end_matches(" %").parse().unwrap();
        assert!((50.0..=100.0).contains(&share), "{row}");
    }
    // as they were kept before there were quantiles
    let runs: Vec<_> = std::fs::read_dir(dir.path().join("runs")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(runs.len(), 5);
    for path in &runs {
        let mut run: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for agent in run["agents"].as_array_mut().unwrap() {
            assert!(agent.as_object_mut().unwrap().remove("quantiles").is_some(), "{}", path.display());
        }
        std::fs::write(path, run.to_string()).unwrap();
    }
    let again = make();
    assert!(again[..5].iter().all(|row| row.ends_with("| not seen | not seen |")), "{again:?}");
    assert_eq!(again[5..], rows[5..]);
}

/// A controller that was killed after the last round finds its agents gone, and ends all the same.
#[test]
fn a_controller_that_is_started_after_the_last_round_ends() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let begin = |what: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidecar"));
        let bind = format!("ipc://{folder}/link");
        let link = if what[0] == "controller" { "--bind" } else { "--connect" };
        command.arg("learn").args(what).args([link, &bind, "--dir", folder, "--rounds", "1"]).spawn().unwrap()
    };
    let all: [&[&str]; 4] = [
        &["controller"],
        &["agent", "ran", "--batch", "1"],
        &["agent", "core", "--batch", "1"],
        &["agent", "app", "--batch", "1"],
    ];
    let crew = all.map(begin);
    for mut member in crew {
        assert!(member.wait().unwrap().success());
    }
    let weights = dir.path().join("controller.weights");
    let first = std::fs::read(&weights).unwrap();
    std::fs::remove_file(&weights).unwrap();
    assert!(begin(all[0]).wait().unwrap().success());
    assert!(std::fs::read(&weights).unwrap() == first);
}

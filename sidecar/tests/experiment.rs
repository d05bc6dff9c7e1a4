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
fn all_ten_are_listed_and_a_wrong_name_says_so() {
    let list = text(&sidecar(&["experiment", "list"]).stdout);
    let names = ["fig1", "fig5", "fig6", "fig7", "fig8", "fig9", "fig10", "fig11", "fig12", "table3"];
    assert_eq!(list.lines().count(), names.len(), "{list}");
    for (line, name) in list.lines().zip(names) {
        assert!(line.starts_with(&format!("sanet-{name} ")), "{line}");
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

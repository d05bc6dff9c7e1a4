//! The console of a real gNB. Opt-in: without the program it says that it is skipped.
//!
//! ```sh
//! SIDECAR_GNB=/path/to/gnb SIDECAR_GNB_CONFIG=gnb_no_core.yml cargo test -p e2e --test gnb_console_real -- --nocapture
//! ```
//!
//! The gNB has the ZeroMQ radio and nobody at the other end of it: gains are refused, offsets are taken. `SIDECAR_GNB_CONFIG` has `no_core: true`
//! where there is no core.

use e2e::{Program, binary, wait_until};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(|b| String::from_utf8_lossy(b).into_owned()).concat()
}

#[test]
fn a_real_gnb_answers_as_its_sources_say() {
    let Some(gnb) = variable("SIDECAR_GNB") else {
        eprintln!("skipped: gnb_console_real needs a real gNB: set SIDECAR_GNB to the program");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let gnb_config = variable("SIDECAR_GNB_CONFIG").map_or_else(|| ours.join("gnb/gnb.yml"), PathBuf::from);
    let root = format!("run.root={}", dir.path().join("runs").display());
    let options = ["--set", &root, "--set", "gnb_console.metrics.listen=127.0.0.1:0", "-c"];
    let config = ours.join("gnb-console.yaml");
    let mut command = Command::new(binary("sidecar"));
    command.args(options).arg(&config).args(["gnb", "--"]).arg(gnb).arg("-c").arg(gnb_config);
    command.current_dir(dir.path());
    let mut sidecar = Program::start(&mut command, dir.path().join("out"));
    let ask = |words: &[&str]| {
        Command::new(binary("sidecar")).args(options).arg(&config).arg("gnb").args(words).output().unwrap()
    };
    let ready = wait_until(120, || said(&ask(&["status"])).contains("console ready"));
    assert!(ready, "{}\n{}", said(&ask(&["status"])), sidecar.tail());

    let out = ask(&["set", "--cfo", "-100 Hz"]);
    println!("{}", said(&out));
    assert_eq!((out.status.code(), said(&out).trim()), (Some(0), "CFO set to -100Hz for sector 0."));
    let out = ask(&["set", "--tx-gain", "21 dB"]);
    println!("{}", said(&out));
    assert_eq!(out.status.code(), Some(4));
    assert!(said(&out).contains("Setting TX gain was not successful."), "{}", said(&out));
    let out = ask(&["handover", "--serving", "1", "--rnti", "0x4601", "--target", "2"]);
    println!("{}", said(&out));
    assert!(said(&out).contains("Handover triggered for UE with pci=1 rnti=0x4601 to pci=2."), "{}", said(&out));
    for words in [&["log", "error"][..], &["table", "ue"], &["table", "off"]] {
        let out = ask(words);
        assert_eq!(out.status.code(), Some(0), "{words:?}: {}", said(&out));
    }
    let status = said(&ask(&["status"]));
    println!("{status}");
    assert!(status.contains("ends with us"), "{status}");
    let code = sidecar.end();
    println!("ended with {code:?}");
    assert!(matches!(code, Some(0 | 137)), "{}", sidecar.tail());
    assert_eq!(sidecar.said("Available commands"), 0, "nothing was glued or empty");
}

//! What a person gets told about a configuration.

use sidecar::config::{Config, ConfigError, Frequency, Loaded, Override, schema};
use std::path::{Path, PathBuf};

fn load(text: &str) -> Result<Loaded, ConfigError> {
    Loaded::from_text(text, "lab.yaml", &[])
}

fn error(text: &str) -> String {
    load(text).map_or_else(|e| e.to_string(), |_| "it loads".into())
}

#[test]
fn an_empty_document_is_the_demo_cell() {
    assert_eq!(load("").unwrap().config, Config::default());
}

#[test]
fn quantities_have_units() {
    let c = load("air:\n  sample_rate: 11.52 MHz\nran: {cell: {prb: 52}}\n").unwrap().config;
    assert_eq!(c.air.sample_rate, Frequency::new(11.52e6));
    assert_eq!(c.ran.cell.prb, 52);
    assert_eq!(c.ran.cell.scs, Frequency::new(15e3), "keys beside it keep their defaults");
}

#[test]
fn a_wrong_or_missing_unit_is_named_with_its_line_and_an_example() {
    let e = error("air:\n  sample_rate: 7680000\n");
    assert_eq!(
        e,
        "lab.yaml:2: `air.sample_rate`: `7680000` has no unit: write a frequency as for example \"7.68 MHz\" \
         (units: Hz, kHz, MHz, GHz)"
    );
    let e = error("air:\n\n  slot: 1 MHz\n");
    assert!(e.starts_with("lab.yaml:3: `air.slot`: `MHz` is not a unit of a duration"), "{e}");
    let e = error("air:\n  ues:\n    - name: a\n    - name: b\n      link:\n        cfo: 3 dB\n");
    assert!(e.starts_with("lab.yaml:6: `air.ues[1].link.cfo`: `dB` is not a unit of a frequency"), "{e}");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
    assert_eq!(
        error("air:\n  antennas: 4\n  sampel_rate: 7.68 MHz\n"),
        "lab.yaml:3: unknown key `air.sampel_rate`, did you mean `sample_rate`?"
    );
    assert_eq!(error("run:\n  seed: 3\nrann: {}\n"), "lab.yaml:3: unknown key `rann`, did you mean `ran`?");
    assert_eq!(
        error("air:\n  ues:\n    - name: a\n      eavesdroper: true\n"),
        "lab.yaml:4: unknown key `air.ues[0].eavesdroper`, did you mean `eavesdropper`?"
    );
    let e = error("sample_rate: 7.68 MHz\n");
    assert!(e.contains("did you mean `air.sample_rate` or `tx.sample_rate`?"), "{e}");
    assert_eq!(error("tx:\n  channel: 0\n"), "lab.yaml:2: unknown key `tx.channel`, did you mean `channels`?");
    assert_eq!(
        error("tx:\n  listen: {channel: 1}\n"),
        "lab.yaml:2: unknown key `tx.listen.channel`, did you mean `channels`?"
    );
    let e = error("run: {zzz: 1}\n");
    assert!(e.contains("known here: name, root, seed"), "{e}");
}

#[test]
fn a_value_of_another_kind_is_named() {
    assert!(error("air: 3\n").starts_with("lab.yaml:1: `air`: is a section with keys"));
    assert!(error("run:\n  seed: {a: 1}\n").starts_with("lab.yaml:2: `run.seed`: is one value"));
    let e = error("run:\n  seed: many\n");
    assert!(e.starts_with("lab.yaml:2: `run.seed`: invalid type: string \"many\""), "{e}");
    let e = error("up:\n  processes: [air, rna]\n");
    assert!(e.starts_with("lab.yaml:2: `up.processes[1]`: unknown variant `rna`, expected one of"), "{e}");
    assert!(error("air: [\n").starts_with("lab.yaml:"));
}

#[test]
fn all_broken_rules_are_reported_at_once() {
    let e = error(
        "air:\n  sample_rate: 1.92 MHz\n  metrics:\n    listen: 0.0.0.0:9700\nran:\n  metrics: {listen: \"127.0.0.1:9702\"}\n",
    );
    assert!(e.contains("lab.yaml:4: `air.metrics.listen`: 0.0.0.0:9700 can be reached from other hosts"), "{e}");
    assert!(e.contains("port 9702 is already that of `ran.metrics.listen`"), "{e}");
    assert!(e.contains("`ran.cell.prb`: a carrier of 4.50 MHz does not fit a sample rate of 1.92 MHz"), "{e}");
    assert!(e.contains("`air.sample_rate`: must be 256 to 8192 times the subcarrier spacing"), "{e}");
    let e = error("air: {slot: 250 us}\nran: {cell: {scs: 60 kHz}}\n");
    assert!(e.contains("`ran.cell.scs`: must be 15 kHz or 30 kHz"), "{e}");
    let e = error("air: {sample_rate: 10 MHz}\n");
    assert!(e.contains("a multiple of 1.92 MHz"), "{e}");
    let e = error("air: {sample_rate: 61.44 MHz}\nran: {cell: {ssb_period: 160 ms}}\n");
    assert!(e.contains("`ran.cell.ssb_period`: to find the cell takes 162 ms of samples"), "{e}");
    load("air: {sample_rate: 61.44 MHz}\nran: {cell: {ssb_period: 40 ms}}\n").unwrap();
    load("air: {metrics: {listen: \"0.0.0.0:9700\", token: secret}}\n").unwrap();
    let e = error("app: {listen: \"0.0.0.0:9097\"}\n");
    assert!(e.contains("`app.listen`: 0.0.0.0:9097 can be reached from other hosts"), "{e}");
    let e = error("controller: {bind: \"tcp://0.0.0.0:7700\"}\n");
    assert!(e.contains("has no protection of its own"), "{e}");
}

#[test]
fn channels_of_the_radio_are_named_once_each() {
    let two = "tx:\n  channels: [1, 0]\n  listen: {channels: [0, 1], gain: 5 dB, gain_elements: {PGA0: 7.5 dB}}\n";
    let radio = load(two).unwrap().config.tx_radio().unwrap();
    let (tx, rx) = (radio.tx.unwrap(), radio.rx.unwrap());
    assert_eq!((tx.channels, rx.channels, rx.gain_db), (vec![1, 0], vec![0, 1], 5.0));
    assert_eq!(rx.gain_elements_db, [("PGA0".to_owned(), 7.5)]);
    for bad in ["[]", "[0, 0]", "[1, 0, 1]"] {
        let e = error(&format!("tx:\n  channels: {bad}\n  listen:\n    channels: {bad}\n"));
        assert!(e.contains("lab.yaml:2: `tx.channels`: must name at least one channel"), "{e}");
        assert!(e.contains("lab.yaml:4: `tx.listen.channels`: must name at least one channel"), "{e}");
    }
    let e = error("tx:\n  listen:\n    gain_elements: {PGA0: 7.5}\n");
    assert!(e.starts_with("lab.yaml:3: `tx.listen.gain_elements.PGA0`: `7.5` has no unit"), "{e}");
}

#[test]
fn set_wins_over_the_file_and_every_value_has_its_origin() {
    let set: Override = "air.antennas=2".parse().unwrap();
    let loaded =
        Loaded::from_text("air:\n  antennas: 8\n  slot: 1 ms\n  ues:\n  - name: x\n", "lab.yaml", &[set]).unwrap();
    assert_eq!(loaded.config.air.antennas, 2);
    let all = loaded.effective();
    let origin = |key: &str| all.iter().find(|e| e.key == key).map(|e| e.origin.as_str());
    assert_eq!(origin("air.antennas"), Some("--set"));
    assert_eq!(origin("air.slot"), Some("lab.yaml:3"));
    assert_eq!(origin("air.late_after"), Some("default"));
    assert_eq!(origin("air.ues[0].name"), Some("lab.yaml:5"));
    assert_eq!(origin("air.ues[0].link.cfo"), Some("default"));
    assert!("air.antennas".parse::<Override>().is_err());
    let e = Loaded::from_text("", "x", &["air.antenas=2".parse().unwrap()]).unwrap_err().to_string();
    assert_eq!(e, "--set: unknown key `air.antenas`, did you mean `antennas`?");
    let e = Loaded::from_text("", "x", &["air.sample_rate=7".parse().unwrap()]).unwrap_err().to_string();
    assert!(e.starts_with("--set: `air.sample_rate`: `7` has no unit"), "{e}");
}

#[test]
fn what_is_written_loads_to_the_same() {
    let mut config = Config::default();
    config.run.seed = 42;
    config.air.pace = Some(1.0);
    config.air.ues[1].link.noise = None;
    let yaml = config.to_yaml().unwrap();
    assert_eq!(load(&yaml).unwrap_or_else(|e| panic!("{e}\n{yaml}")).config, config);
}

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/sidecar.schema.json");
    let committed: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(committed == schema(), "run: sidecar config schema > configs/sidecar.schema.json");
}

#[test]
fn the_committed_configurations_load() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    // the lab's own file is another schema's
    let ours = |p: &PathBuf| p.extension().is_some_and(|e| e == "yaml");
    let files: Vec<PathBuf> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).filter(ours).collect();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        Config::load(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
}

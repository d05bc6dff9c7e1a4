//! The ZMQ radio's wires: who binds, who connects, and that they meet.

use crate::config::Config;
use crate::doctor::finding::Found;
use crate::doctor::subject::{Gnb, Lab, Ue};
use crate::doctor::text::Wire;

/// An end of a wire.
#[derive(Debug, Clone)]
struct End {
    /// `gNB tx_port 0`.
    name: String,
    wire: Wire,
    /// It binds; else it connects.
    binds: bool,
}

/// Names of programs that may rightly hold a wire's end.
const RADIOS: &[&str] = &["gnb", "srsue", "sidecar", "lab"];

pub(in crate::doctor) fn wires(lab: &Lab, found: &mut Found) {
    let mut ends = Vec::new();
    let gnb = lab.gnb.as_ref().filter(|g| g.is_zmq());
    let ues: Vec<&Ue> = lab.ues.iter().filter(|u| u.is_zmq()).collect();
    if gnb.is_none() && ues.is_empty() {
        return found.skip("neither a gNB nor a UE on the ZMQ radio given");
    }
    let before = found.count();
    if let Some(gnb) = gnb {
        ends.extend(of_gnb(gnb, found));
    }
    ends.extend(ues.iter().flat_map(|ue| of_ue(ue, found)));
    match &lab.config {
        Some(config) => {
            if let Some(gnb) = gnb {
                gnb_meets_air(gnb, config, found);
            }
            ues.iter().for_each(|ue| ue_meets_air(ue, config, found));
        }
        None => direct(gnb, &ues, found),
    }
    doubled(&ends, found);
    in_use(&ends, lab, found);
    if found.clean_since(before) {
        let all: Vec<String> = ends
            .iter()
            .map(|e| format!("{} {} {}", e.name, if e.binds { "binds" } else { "connects to" }, e.wire))
            .collect();
        found.ok(all.join(", "));
    }
}

fn ends(name: &str, kind: &str, texts: &[&str], found: &mut Found) -> Vec<End> {
    let end = |(i, text): (usize, &&str)| {
        let wire = Wire::parse(text);
        if wire.is_none() {
            found.fail(
                format!("{name}: {kind} `{text}` is no address of the ZMQ radio"),
                "write tcp://127.0.0.1:2000; ipc:// is not taken",
            );
        }
        Some(End {
            name: format!("{name} {kind}{}", if texts.len() > 1 { i.to_string() } else { String::new() }),
            wire: wire?,
            binds: kind == "tx_port",
        })
    };
    texts.iter().enumerate().filter_map(end).collect()
}

fn of_gnb(gnb: &Gnb, found: &mut Found) -> Vec<End> {
    let (tx, rx) = (gnb.args.all("tx_port"), gnb.args.all("rx_port"));
    let (mut need_tx, mut need_rx) = (0, 0);
    for cell in &gnb.cells {
        let (down, up) = cell.antennas();
        (need_tx, need_rx) = (need_tx + down, need_rx + up);
    }
    for (kind, has, needs) in [("tx_port", tx.len(), need_tx), ("rx_port", rx.len(), need_rx)] {
        if has < needs {
            found.fail(
                format!(
                    "{} has {has} {kind}, its antennas need {needs}: the gNB ends with \"arguments out of bounds\"",
                    gnb.key("ru_sdr.device_args")
                ),
                format!("write {kind}0=tcp://127.0.0.1:…,{kind}1=… one for each antenna"),
            );
        } else if has > needs {
            found.warn(
                format!(
                    "{} has {has} {kind} for {needs} antennas: the rest is not used",
                    gnb.key("ru_sdr.device_args")
                ),
                "leave them out, or set `cell_cfg.nof_antennas_dl` and `nof_antennas_ul`",
            );
        }
    }
    let mut all = ends("gNB", "tx_port", &tx, found);
    all.extend(ends("gNB", "rx_port", &rx, found));
    all
}

fn of_ue(ue: &Ue, found: &mut Found) -> Vec<End> {
    let mut all = ends(&ue.file, "tx_port", &ue.ports("tx_port"), found);
    all.extend(ends(&ue.file, "rx_port", &ue.ports("rx_port"), found));
    if all.len() < 2 {
        found.fail(
            format!("{} lacks a tx_port or rx_port", ue.key("rf.device_args")),
            "write tx_port=tcp://127.0.0.1:2101,rx_port=tcp://127.0.0.1:2100,base_srate=…",
        );
    }
    all
}

fn parsed<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Wire> {
    texts.into_iter().filter_map(Wire::parse).collect()
}

fn same(ours: &[Wire], theirs: &[Wire]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.meets(b))
}

fn show(wires: &[Wire]) -> String {
    let all: Vec<String> = wires.iter().map(Wire::to_string).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

/// The gNB's wires are those of `air.gnb`.
fn gnb_meets_air(gnb: &Gnb, config: &Config, found: &mut Found) {
    let air = &config.air.gnb;
    if air.play.is_some() {
        return found.warn(
            "`air.gnb.play` is set: a recording is played, the gNB is not heard",
            "take `play` out of `air.gnb`",
        );
    }
    let (tx, rx) = (parsed(gnb.args.all("tx_port")), parsed(gnb.args.all("rx_port")));
    let ours_tx = parsed(air.tx.iter().map(String::as_str));
    let ours_rx = parsed(std::iter::once(&air.rx).chain(&air.further_rx).map(String::as_str));
    let key = gnb.key("ru_sdr.device_args");
    if same(&tx, &ours_rx) && same(&rx, &ours_tx) {
        return found.fail(
            format!(
                "{key}: tx_port and rx_port are crossed with `air.gnb.tx` and `air.gnb.rx`: both sides bind one address"
            ),
            "exchange tx_port and rx_port in `device_args`",
        );
    }
    for (kind, theirs, ours, name) in
        [("tx_port", &tx, &ours_tx, "air.gnb.tx"), ("rx_port", &rx, &ours_rx, "air.gnb.rx")]
    {
        if !same(theirs, ours) {
            found.fail(
                format!("{key}: {kind} is {}, `{name}` is {}", show(theirs), show(ours)),
                format!("make `{name}` and the gNB's {kind} the same"),
            );
        }
    }
}

/// A UE's wires are those of one of `air.ues`.
fn ue_meets_air(ue: &Ue, config: &Config, found: &mut Found) {
    let (tx, rx) = (parsed(ue.ports("tx_port")), parsed(ue.ports("rx_port")));
    let entry = |of: &crate::config::UeSection| (parsed(of.tx.as_deref()), parsed(of.rx.as_deref()));
    let all: Vec<_> = config.air.ues.iter().map(|of| (of.name.as_str(), entry(of))).collect();
    if all.iter().any(|(_, (t, r))| same(&tx, t) && same(&rx, r)) {
        return;
    }
    let key = ue.key("rf.device_args");
    if let Some((name, _)) = all.iter().find(|(_, (t, r))| same(&tx, r) && same(&rx, t)) {
        return found.fail(format!("{key}: tx_port and rx_port are crossed with those of `{name}` in `air.ues`: both sides bind one address"), "exchange tx_port and rx_port in `device_args`");
    }
    let near = all.iter().find(|(_, (t, r))| same(&tx, t) || same(&rx, r)).or(all.first());
    let ours = near.map_or_else(
        || "`air.ues` is empty".into(),
        |(name, (t, r))| format!("`{name}` of `air.ues` has tx {}, rx {}", show(t), show(r)),
    );
    found.fail(
        format!("{key}: tx_port {}, rx_port {}; {ours}", show(&tx), show(&rx)),
        "make one entry of `air.ues` and this UE the same",
    );
}

/// Without `air` between them, gNB and UE are each other's peer.
fn direct(gnb: Option<&Gnb>, ues: &[&Ue], found: &mut Found) {
    let (Some(gnb), [ue]) = (gnb, ues) else {
        return found
            .skip("whether the wires meet: no configuration of `air` given (-c), and not exactly one gNB and one UE");
    };
    let (tx, rx) = (parsed(gnb.args.all("tx_port")), parsed(gnb.args.all("rx_port")));
    let (ue_tx, ue_rx) = (parsed(ue.ports("tx_port")), parsed(ue.ports("rx_port")));
    if !(same(&tx, &ue_rx) && same(&rx, &ue_tx)) {
        found.fail(
            format!("gNB (tx {}, rx {}) and {} (tx {}, rx {}) do not meet without `air`", show(&tx), show(&rx), ue.file, show(&ue_tx), show(&ue_rx)),
            "give the configuration of `air` with -c, or make the UE's rx_port the gNB's tx_port and the other way round",
        );
    }
}

/// No two ends bind one address, and no end is there twice.
fn doubled(ends: &[End], found: &mut Found) {
    for (i, end) in ends.iter().enumerate() {
        for other in ends[..i].iter().filter(|o| o.binds == end.binds && o.wire.meets(&end.wire)) {
            found.fail(format!("{} and {} are both {}", other.name, end.name, end.wire), "give each its own port");
        }
    }
}

/// Nobody else sits on a port.
fn in_use(ends: &[End], lab: &Lab, found: &mut Found) {
    let mut ports: Vec<u16> = ends.iter().map(|e| e.wire.port).collect();
    ports.sort_unstable();
    ports.dedup();
    for listener in ports.iter().flat_map(|port| lab.host.listening_on(*port)) {
        match &listener.owner {
            Some(owner) if RADIOS.contains(&owner.as_str()) => found.warn(
                format!("`{owner}` already listens at {}", listener.at),
                "fine if it is the one that you mean; else stop it",
            ),
            Some(owner) => found.fail(
                format!("port {} is taken by `{owner}` ({})", listener.at.port(), listener.at),
                "stop it, or use another port on both sides",
            ),
            None => found.warn(
                format!("somebody listens at {} already", listener.at),
                "`ss -ltnp` as root tells who; stop it, or use another port on both sides",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::config::Loaded;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, LAB, UE, changed, gnb, lab, ue};
    use crate::doctor::host::{Host, Pretend};
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn with(gnb_args: &str, ue_args: &str) -> Vec<Finding> {
        let mut lab = lab();
        let old = "tx_port=tcp://127.0.0.1:2000,rx_port=tcp://127.0.0.1:2001,";
        lab.gnb = Some(gnb(&changed(GNB, old, gnb_args)));
        lab.ues = vec![ue(&changed(UE, "tx_port=tcp://127.0.0.1:2101,rx_port=tcp://127.0.0.1:2100,", ue_args))];
        look(wires, &lab)
    }

    const G: &str = "tx_port=tcp://127.0.0.1:2000,rx_port=tcp://127.0.0.1:2001,";
    const U: &str = "tx_port=tcp://127.0.0.1:2101,rx_port=tcp://127.0.0.1:2100,";

    #[test]
    fn wires_that_carried_samples_are_good() {
        let found = look(wires, &lab());
        clean(&found);
        says(&found, Good, &["gNB tx_port binds tcp://127.0.0.1:2000", "ue.conf rx_port connects to"]);
    }

    #[test]
    fn crossed_missing_and_foreign_wires() {
        let crossed = "tx_port=tcp://127.0.0.1:2001,rx_port=tcp://127.0.0.1:2000,";
        says(&with(crossed, U), Failure, &["gnb.yml:", "crossed with `air.gnb.tx`"]);
        says(
            &with(G, "tx_port=tcp://127.0.0.1:2100,rx_port=tcp://127.0.0.1:2101,"),
            Failure,
            &["crossed with those of `ue0`"],
        );
        says(
            &with(G, "tx_port=tcp://127.0.0.1:2201,rx_port=tcp://127.0.0.1:2200,"),
            Failure,
            &["`ue0` of `air.ues` has tx tcp://127.0.0.1:2101"],
        );
        says(
            &with("tx_port=tcp://127.0.0.1:3000,rx_port=tcp://127.0.0.1:2001,", U),
            Failure,
            &["tx_port is tcp://127.0.0.1:3000", "`air.gnb.tx`"],
        );
        says(&with("rx_port=tcp://127.0.0.1:2001,", U), Failure, &["0 tx_port", "out of bounds"]);
        says(&with("tx_port=ipc:///tmp/x,rx_port=tcp://127.0.0.1:2001,", U), Failure, &["ipc:// is not taken"]);
        says(
            &with("tx_port=tcp://127.0.0.1:2101,rx_port=tcp://127.0.0.1:2001,", U),
            Failure,
            &["are both tcp://127.0.0.1:2101"],
        );
    }

    #[test]
    fn without_air_the_two_must_meet() {
        let mut lab = lab();
        lab.config = None;
        says(&look(wires, &lab), Failure, &["do not meet without `air`"]);
        lab.ues = vec![ue(&changed(UE, U, "tx_port=tcp://127.0.0.1:2001,rx_port=tcp://localhost:2000,"))];
        clean(&look(wires, &lab));
        lab.ues.clear();
        says(&look(wires, &lab), Skipped, &["no configuration of `air`"]);
        lab.gnb = None;
        says(&look(wires, &lab), Skipped, &["neither a gNB nor a UE"]);
    }

    #[test]
    fn ports_that_others_hold() {
        let row = "  sl\n   0: 0100007F:07D0 00000000:0000 0A 0:0 0:0 0 0 0 1161 1\n";
        let held = |name: &str| {
            let system = Pretend::good()
                .file("/proc/net/tcp", row)
                .file("/proc/77/comm", name)
                .file("/proc/77/fd/3", "socket:[1161]");
            let mut lab = lab();
            lab.host = Host::look(&system, None, "runs");
            look(wires, &lab)
        };
        says(&held("nginx"), Failure, &["port 2000 is taken by `nginx`"]);
        says(&held("gnb"), Warning, &["`gnb` already listens"]);
        let mut lab = lab();
        lab.host = Host::look(&Pretend::good().file("/proc/net/tcp", row), None, "runs");
        says(&look(wires, &lab), Warning, &["ss -ltnp"]);
    }

    #[test]
    fn a_recording_in_the_gnbs_place() {
        let mut lab = lab();
        let text = changed(LAB, "air:\n", "air:\n  gnb: {play: some.sigmf-meta}\n");
        lab.config = Some(Loaded::from_text(&text, "x", &[]).unwrap().config);
        says(&look(wires, &lab), Warning, &["a recording is played"]);
    }
}

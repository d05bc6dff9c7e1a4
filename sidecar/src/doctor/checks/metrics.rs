//! Why the tables and dashboards stay empty: metrics that are off, or elsewhere.

use crate::config::CoreSection;
use crate::doctor::finding::Found;
use crate::doctor::subject::{Gnb, Lab, NetworkFunction, Ue};
use crate::doctor::text::Wire;

pub(in crate::doctor) fn metrics(lab: &Lab, found: &mut Found) {
    match &lab.gnb {
        Some(gnb) => of_gnb(gnb, lab.config.as_ref().and_then(|c| c.ran.gnb_ws.as_deref()), found),
        None => found.skip("the gNB's: no gNB given (--gnb FILE)"),
    }
    if lab.core.functions.is_empty() {
        found.skip("the core's: no configuration of it given (--core)");
    }
    for nf in &lab.core.functions {
        of_core(nf, lab.config.as_ref().map(|c| &c.core), found);
    }
    lab.ues.iter().for_each(|ue| of_ue(ue, found));
}

fn of_gnb(gnb: &Gnb, ws: Option<&str>, found: &mut Found) {
    let before = found.count();
    if !gnb.truth("remote_control.enabled", false) {
        found.fail(
            format!("{}: the gNB has no WebSocket, neither metrics nor commands", gnb.key("remote_control.enabled")),
            "set `remote_control.enabled: true`",
        );
    }
    if !gnb.truth("metrics.enable_json", false) {
        found.fail(
            format!("{}: the gNB makes no metrics for the WebSocket", gnb.key("metrics.enable_json")),
            "set `metrics.enable_json: true`",
        );
    }
    for old in ["metrics.addr", "metrics.port"] {
        if gnb.has(old) {
            found.fail(
                format!("{} is of releases before 25.04: later ones do not start with it", gnb.key(old)),
                "take it out; metrics come by the WebSocket of `remote_control`",
            );
        }
    }
    if !gnb.truth("metrics.layers.enable_sched", true) {
        found.fail(
            format!("{}: no CQI, MCS, SINR nor rates of UEs", gnb.key("metrics.layers.enable_sched")),
            "set `metrics.layers.enable_sched: true`",
        );
    }
    for (layer, what) in [
        ("rlc", "traffic and delay of each bearer are"),
        ("mac", "delays of the scheduler's slots are"),
        ("du_low", "times of the lower layers are"),
    ] {
        let key = format!("metrics.layers.enable_{layer}");
        if !gnb.truth(&key, false) {
            found.warn(format!("{}: {what} not seen", gnb.key(&key)), format!("set `{key}: true`"));
        }
    }
    period(gnb, found);
    address(gnb, ws, found);
    if found.clean_since(before) {
        found.ok("the gNB sends scheduler, RLC, MAC and lower-layer metrics by its WebSocket");
    }
}

fn period(gnb: &Gnb, found: &mut Found) {
    let key = "metrics.periodicity.du_report_period";
    let ms = gnb.number(key).unwrap_or(1000.0);
    if ms < 1.0 {
        found.fail(format!("{} is {ms} ms: the gNB divides by it", gnb.key(key)), "set 100 to 1000");
    } else if ms < 10.0 {
        found.warn(
            format!("{} is {ms} ms: rates are counted in whole ms and get coarse, the report costs time", gnb.key(key)),
            "set 20 or more",
        );
    } else if ms > 1000.0 {
        found.warn(format!("{} is {ms} ms: what is decided on it is that old", gnb.key(key)), "set 1000 or less");
    }
}

/// The gNB's WebSocket is where `ran` looks for it.
fn address(gnb: &Gnb, ws: Option<&str>, found: &mut Found) {
    let port = gnb.number("remote_control.port").map_or(8001, |p| p as u16);
    let Some(ws) = ws else { return };
    let there = ws.strip_prefix("ws://").map(|rest| rest.split('/').next().unwrap_or_default());
    match there.and_then(|rest| Wire::parse(&format!("tcp://{rest}"))) {
        Some(wire) if wire.port != port => found.fail(
            format!("`ran.gnb_ws` is {ws}, the gNB's WebSocket is at port {port} ({})", gnb.key("remote_control.port")),
            format!("set `ran.gnb_ws: \"ws://{}:{port}\"`", wire.host),
        ),
        Some(_) => {}
        None => found.fail(format!("`ran.gnb_ws` {ws} is no address of a WebSocket"), "write \"ws://127.0.0.1:8001\""),
    }
}

/// An Open5GS function's metrics server is where `core` looks for it.
fn of_core(nf: &NetworkFunction, ours: Option<&CoreSection>, found: &mut Found) {
    if !["amf", "smf", "upf", "pcf"].contains(&nf.name) {
        return;
    }
    let servers = nf.servers("metrics");
    let Some((host, port)) = servers.first().map(|(host, port)| (host.clone(), port.unwrap_or(9090))) else {
        return found.fail(
            format!("{}: the {} has no metrics nor information API", nf.key("metrics"), nf.name.to_uppercase()),
            format!("add `metrics: {{server: [{{address: 127.0.0.5, port: 9090}}]}}` below `{}`", nf.name),
        );
    };
    let url = ours.and_then(|c| match nf.name {
        "amf" => c.amf.as_deref(),
        "smf" => c.smf.as_deref(),
        "upf" => c.upf.as_deref(),
        _ => c.pcf.as_deref(),
    });
    let is = format!("http://{host}:{port}");
    match url {
        Some(url) if url.trim_end_matches('/') != is && host != "0.0.0.0" => {
            found.fail(
                format!("`core.{}` is {url}, its metrics server is {is} ({})", nf.name, nf.key("metrics.server")),
                format!("set `core.{}: {is}`", nf.name),
            );
        }
        Some(_) => found.ok(format!("{} at {is}", nf.name.to_uppercase())),
        None if ours.is_some() => found.warn(
            format!("`core.{}` is not set: its metrics at {is} are not read", nf.name),
            format!("set `core.{}: {is}`", nf.name),
        ),
        None => found.ok(format!("{} has metrics at {is}", nf.name.to_uppercase())),
    }
}

fn of_ue(ue: &Ue, found: &mut Found) {
    let key = "general.metrics_csv_enable";
    if !ue.truth(key) {
        return found.ok(format!(
            "{}: no channel state from the UE; `metrics_csv_enable = true` below `[general]` writes it",
            ue.key(key)
        ));
    }
    let flush = "general.metrics_csv_flush_period_sec";
    if ue.number(flush, -1.0) < 0.0 {
        found.warn(
            format!("{}: srsUE writes its CSV in large, late pieces", ue.key(flush)),
            "set `metrics_csv_flush_period_sec = 1` below `[general]`",
        );
    } else {
        found.ok(format!("{} writes its metrics", ue.file));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::config::Loaded;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, LAB, UE, changed, core_with, gnb, lab, ue};
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn with(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.gnb = Some(gnb(&changed(GNB, from, to)));
        look(metrics, &lab)
    }

    #[test]
    fn metrics_that_came_are_good() {
        let found = look(metrics, &lab());
        clean(&found);
        says(&found, Good, &["AMF at http://127.0.0.5:9090"]);
        says(&found, Good, &["scheduler, RLC, MAC"]);
    }

    #[test]
    fn what_is_off_at_the_gnb() {
        says(&with("  enabled: true", "  enabled: false"), Failure, &["remote_control.enabled: true"]);
        says(&with("enable_json: true", "enable_json: false"), Failure, &["metrics.enable_json: true"]);
        says(&with("enable_sched: true", "enable_sched: false"), Failure, &["no CQI"]);
        says(&with("    enable_rlc: true\n", ""), Warning, &["enable_rlc: true", "not written"]);
        says(&with("period: 1000", "period: 0"), Failure, &["divides"]);
        says(&with("period: 1000", "period: 5"), Warning, &["coarse"]);
        says(&with("port: 8001", "port: 8055"), Failure, &["ws://127.0.0.1:8055"]);
        says(&with("  enable_json: true", "  enable_json: true\n  addr: 127.0.0.1"), Failure, &["before 25.04"]);
    }

    #[test]
    fn servers_of_the_core() {
        let mut lab = lab();
        lab.core = core_with("metrics:", "metric:");
        says(&look(metrics, &lab), Failure, &["the AMF has no metrics"]);
        lab.core = core_with("port: 9090", "port: 9099");
        says(
            &look(metrics, &lab),
            Failure,
            &["`core.smf` is http://127.0.0.4:9090", "core.smf: http://127.0.0.4:9099"],
        );
        lab.core.functions.clear();
        lab.gnb = None;
        let found = look(metrics, &lab);
        says(&found, Skipped, &["--core"]);
        says(&found, Skipped, &["--gnb"]);
    }

    #[test]
    fn our_own_addresses() {
        let mut lab = lab();
        lab.config =
            Some(Loaded::from_text(&changed(LAB, "amf: http://127.0.0.5:9090", "amf: null"), "x", &[]).unwrap().config);
        says(&look(metrics, &lab), Warning, &["`core.amf` is not set"]);
    }

    #[test]
    fn the_ues_csv() {
        let mut lab = lab();
        lab.ues = vec![ue(&format!("{UE}\n[general]\nmetrics_csv_enable = true\n"))];
        says(&look(metrics, &lab), Warning, &["metrics_csv_flush_period_sec = 1"]);
    }
}

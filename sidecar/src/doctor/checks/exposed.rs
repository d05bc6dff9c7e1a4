//! Who else can reach control and metrics. The gNB's WebSocket has no password and takes `quit` from anybody.

use crate::config::Config;
use crate::doctor::finding::Found;
use crate::doctor::subject::{Gnb, Lab, NetworkFunction};
use crate::doctor::text::is_loopback_host;
use std::net::SocketAddr;

pub(in crate::doctor) fn exposed(lab: &Lab, found: &mut Found) {
    let mut looked = false;
    if let Some(gnb) = &lab.gnb {
        looked = true;
        of_gnb(gnb, lab, found);
    }
    for nf in &lab.core.functions {
        looked = true;
        of_core(nf, found);
    }
    if let Some(config) = &lab.config {
        looked = true;
        ours(config, found);
    }
    if !looked {
        found.skip("neither a gNB, a core nor a configuration given");
    }
}

fn of_gnb(gnb: &Gnb, lab: &Lab, found: &mut Found) {
    if !gnb.truth("remote_control.enabled", false) {
        return found.ok("the gNB's remote control is off");
    }
    let bind = gnb.text("remote_control.bind_addr").unwrap_or_else(|| "127.0.0.1".into());
    let port = gnb.number("remote_control.port").map_or(8001, |p| p as u16);
    let open: Vec<String> =
        lab.host.listening_on(port).filter(|l| !l.at.ip().is_loopback()).map(|l| l.at.to_string()).collect();
    let fix = "set `remote_control.bind_addr: 127.0.0.1` and restart the gNB; from elsewhere use `ssh -L`";
    if !is_loopback_host(&bind) {
        found.fail(
            format!(
                "{} is {bind}: anybody on the network can end the gNB (it has no password, `quit` works)",
                gnb.key("remote_control.bind_addr")
            ),
            fix,
        );
    } else if let Some(at) = open.first() {
        found.fail(
            format!("somebody listens at {at}, the port of the gNB's remote control: other hosts can reach it"),
            fix,
        );
    } else {
        found.ok(format!("the gNB's remote control is at {bind}:{port}, for this host only"));
    }
}

fn of_core(nf: &NetworkFunction, found: &mut Found) {
    for service in ["sbi", "metrics"] {
        for (host, _) in nf.servers(service).into_iter().filter(|(host, _)| !is_loopback_host(host)) {
            found.warn(
                format!("{} is {host}: Open5GS asks nobody for a password there", nf.key(&format!("{service}.server"))),
                "use an address of 127.0.0.0/8, or a network of the core's own",
            );
        }
    }
}

/// Everything of ours that listens.
fn ours(config: &Config, found: &mut Found) {
    let before = found.count();
    let all: [(&str, SocketAddr, Option<&String>); 8] = [
        ("air.metrics.listen", config.air.metrics.listen, config.air.metrics.token.as_ref()),
        ("ran.metrics.listen", config.ran.metrics.listen, config.ran.metrics.token.as_ref()),
        ("core.metrics.listen", config.core.metrics.listen, config.core.metrics.token.as_ref()),
        ("app.metrics.listen", config.app.metrics.listen, config.app.metrics.token.as_ref()),
        ("controller.metrics.listen", config.controller.metrics.listen, config.controller.metrics.token.as_ref()),
        ("up.metrics.listen", config.up.metrics.listen, config.up.metrics.token.as_ref()),
        ("app.listen", config.app.listen, None),
        ("controller.http", config.controller.http, config.controller.token.as_ref()),
    ];
    for (key, at, token) in all.into_iter().filter(|(_, at, _)| !at.ip().is_loopback()) {
        match token.filter(|t| !t.is_empty()) {
            None => found.fail(
                format!("`{key}` is {at} and has no token: anybody on the network can use it"),
                format!("set `{key}` to 127.0.0.1, or the `token` beside it"),
            ),
            Some(_) => found.warn(
                format!("`{key}` is {at}: the token travels in clear"),
                "only in a network of the lab's own; else 127.0.0.1 and `ssh -L`",
            ),
        }
    }
    if found.clean_since(before) {
        found.ok("everything of ours listens on this host only");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::config::Loaded;
    use crate::doctor::finding::Verdict;
    use crate::doctor::fixtures::{GNB, LAB, changed, core_with, gnb, lab};
    use crate::doctor::host::{Host, Pretend};
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    #[test]
    fn loopback_is_good() {
        let found = look(exposed, &lab());
        clean(&found);
        says(&found, Good, &["127.0.0.1:8001"]);
        says(&found, Good, &["everything of ours"]);
    }

    #[test]
    fn the_gnb_on_every_address() {
        let mut lab = lab();
        lab.gnb = Some(gnb(&changed(GNB, "  bind_addr: 127.0.0.1\n", "  bind_addr: 0.0.0.0\n")));
        says(&look(exposed, &lab), Failure, &["0.0.0.0", "`quit`", "remote_control.bind_addr: 127.0.0.1"]);
        lab.gnb = Some(gnb(&changed(GNB, "  enabled: true", "  enabled: false")));
        says(&look(exposed, &lab), Good, &["off"]);
    }

    #[test]
    fn a_gnb_that_listens_elsewhere_than_it_says() {
        let mut lab = lab();
        let row = "  sl\n   0: 00000000:1F41 00000000:0000 0A 0:0 0:0 0 0 0 1161 1\n";
        lab.host = Host::look(&Pretend::good().file("/proc/net/tcp", row), None, "runs");
        says(&look(exposed, &lab), Failure, &["0.0.0.0:8001"]);
    }

    #[test]
    fn core_and_ours() {
        let mut lab = lab();
        lab.core = core_with("- address: 127.0.0.5\n        port: 7777", "- address: 0.0.0.0\n        port: 7777");
        says(&look(exposed, &lab), Warning, &["`amf.sbi.server`", "password"]);
        let text = format!("{LAB}\ncontroller:\n  http: 0.0.0.0:7780\n  token: x\n");
        let mut config = Loaded::from_text(&text, "x", &[]).unwrap().config;
        lab.config = Some(config.clone());
        says(&look(exposed, &lab), Warning, &["controller.http", "in clear"]);
        config.controller.token = None;
        lab.config = Some(config);
        says(&look(exposed, &lab), Failure, &["controller.http", "no token"]);
    }

    #[test]
    fn nothing_given() {
        let mut lab = lab();
        (lab.gnb, lab.config) = (None, None);
        lab.core.functions.clear();
        says(&look(exposed, &lab), Skipped, &["neither"]);
    }
}

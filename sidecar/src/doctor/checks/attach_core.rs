//! Why the gNB gets no NG setup, or its UEs no registration: gNB and core do not speak of the same network.

use crate::doctor::finding::Found;
use crate::doctor::subject::{Gnb, Lab, NetworkFunction, Slice, TrackingArea};
use crate::doctor::text::is_loopback_host;
use std::net::Ipv4Addr;

pub(in crate::doctor) fn attach_core(lab: &Lab, found: &mut Found) {
    let Some(gnb) = &lab.gnb else {
        return found.skip("no gNB given: --gnb FILE");
    };
    if gnb.truth("cu_cp.amf.no_core", false) {
        return found.warn(
            format!(
                "{}: without a core a UE attaches up to RRC and is released, again and again",
                gnb.key("cu_cp.amf.no_core")
            ),
            "with a core: take it out",
        );
    }
    let before = found.count();
    areas(gnb, found);
    let amf = lab.core.get("amf");
    address(gnb, amf, lab, found);
    match amf {
        Some(amf) => {
            for area in &gnb.areas {
                known(area, amf, gnb, found);
                for name in ["nssf", "smf"] {
                    lab.core.get(name).into_iter().for_each(|nf| slices(area, nf, found));
                }
            }
            if found.clean_since(before) {
                found.ok("PLMN, TAC, slices and address of the gNB fit the core");
            }
        }
        None => found.skip("no AMF configuration given: --core FILE or its folder"),
    }
}

/// Every cell's PLMN and TAC are told to the AMF.
fn areas(gnb: &Gnb, found: &mut Found) {
    for cell in &gnb.cells {
        let told = gnb.areas.iter().any(|a| a.tac == cell.tac && Some(&a.plmn) == cell.plmn.as_ref());
        if let Some(plmn) = cell.plmn.as_ref().filter(|_| !told) {
            found.fail(
                format!(
                    "{} {} of PLMN {plmn} is not among {}",
                    cell.key("tac"),
                    cell.tac,
                    gnb.key("cu_cp.amf.supported_tracking_areas")
                ),
                format!("add `- tac: {}` with `plmn: \"{plmn}\"` there", cell.tac),
            );
        }
    }
}

/// The AMF knows the area.
fn known(area: &TrackingArea, amf: &NetworkFunction, gnb: &Gnb, found: &mut Found) {
    let ours = gnb.key("cu_cp.amf.supported_tracking_areas");
    let TrackingArea { tac, plmn, slices } = area;
    let in_tai =
        |(p, codes): &(_, Vec<(u32, u32)>)| p == plmn && codes.iter().any(|(low, high)| (low..=high).contains(&tac));
    if !amf.areas().iter().any(in_tai) {
        found.fail(
            format!(
                "TAC {tac} of PLMN {plmn} ({ours}) is not in {}: NG setup fails, or no UE is registered",
                amf.key("tai")
            ),
            format!("add `tac: {tac}` with mcc and mnc of {plmn} to `amf.tai`, or change the gNB's"),
        );
    }
    let supported = amf.plmns();
    let Some((_, theirs)) = supported.iter().find(|(p, _)| p == plmn) else {
        return found.fail(
            format!("PLMN {plmn} ({ours}) is not in {}: NG setup fails", amf.key("plmn_support")),
            format!("write mcc and mnc of {plmn} into `amf.plmn_support` and `amf.guami`"),
        );
    };
    for slice in slices.iter().filter(|s| !theirs.contains(s)) {
        let all: Vec<String> = theirs.iter().map(Slice::to_string).collect();
        found.fail(
            format!("slice {slice} ({ours}) is not in {}, which has {}", amf.key("plmn_support"), all.join(", ")),
            differentiator(*slice, theirs).unwrap_or_else(|| {
                format!(
                    "add {slice} to `amf.plmn_support…s_nssai`, or take it out of the gNB's `tai_slice_support_list`"
                )
            }),
        );
    }
}

/// The usual slip: the same SST, one side with a differentiator; decimal in the gNB, hexadecimal in the core.
fn differentiator(slice: Slice, theirs: &[Slice]) -> Option<String> {
    let near = theirs.iter().find(|s| s.sst == slice.sst)?;
    Some(match near.sd {
        None => "take `sd` out of the gNB's `tai_slice_support_list`, or write it into the core's".into(),
        Some(sd) => format!(
            "write `sd: {sd}` into the gNB's `tai_slice_support_list` (decimal; the core writes it as {sd:06x})"
        ),
    })
}

/// NSSF and SMF serve the slices.
fn slices(area: &TrackingArea, nf: &NetworkFunction, found: &mut Found) {
    let (theirs, key) = (nf.slices(), if nf.name == "nssf" { "sbi.client.nsi" } else { "info" });
    for slice in area.slices.iter().filter(|s| !theirs.is_empty() && !theirs.contains(s)) {
        found.fail(
            format!("slice {slice} of the gNB is not in {}", nf.key(key)),
            format!("add `s_nssai` with {slice} to `{}.{key}`", nf.name),
        );
    }
}

/// The gNB's address for the AMF is where the AMF listens.
fn address(gnb: &Gnb, amf: Option<&NetworkFunction>, lab: &Lab, found: &mut Found) {
    let Some(to) = gnb.text("cu_cp.amf.addr") else {
        return found.fail(
            format!("{}: the gNB does not know where the AMF is", gnb.key("cu_cp.amf.addr")),
            "set `cu_cp.amf.addr`, or `cu_cp.amf.no_core: true`",
        );
    };
    let port = gnb.number("cu_cp.amf.port").map_or(38_412, |p| p as u16);
    let servers = amf.map(|amf| amf.servers("ngap")).unwrap_or_default();
    let there = |(host, at): &(String, Option<u16>)| (*host == to || host == "0.0.0.0") && at.unwrap_or(38_412) == port;
    if let Some(amf) = amf.filter(|_| !servers.is_empty() && !servers.iter().any(there)) {
        let all: Vec<String> = servers.iter().map(|(host, at)| format!("{host}:{}", at.unwrap_or(38_412))).collect();
        found.fail(
            format!(
                "{} is {to}:{port}, the AMF listens at {} ({})",
                gnb.key("cu_cp.amf.addr"),
                all.join(", "),
                amf.key("ngap.server")
            ),
            "make them the same",
        );
    }
    if let Some(bind) = gnb.text("cu_cp.amf.bind_addr") {
        own_end(gnb, &to, &bind, lab, found);
    }
    let local = to.parse().ok().and_then(|ip: Ipv4Addr| lab.host.has_address(ip));
    match &lab.host.sctp_listening {
        Some(all) if local == Some(true) => {
            if all.iter().any(|(host, at)| *at == port && (*host == to || host == "0.0.0.0")) {
                found.ok(format!("an AMF listens at {to}:{port}"));
            } else {
                found.warn(format!("nobody listens for NG at {to}:{port} yet"), "start the core before the gNB");
            }
        }
        _ if local == Some(true) => found.skip("whether the AMF runs: this kernel has no SCTP loaded"),
        _ => found.skip(format!("whether the AMF at {to} runs: it is on another host")),
    }
}

/// The gNB's own end of NG.
fn own_end(gnb: &Gnb, to: &str, bind: &str, lab: &Lab, found: &mut Found) {
    let key = gnb.key("cu_cp.amf.bind_addr");
    if is_loopback_host(bind) && !is_loopback_host(to) {
        found.fail(
            format!("{key} is {bind}, from where {to} cannot be reached"),
            "set it to this host's address in the AMF's network",
        );
    }
    if let Some(false) = bind.parse().ok().and_then(|ip: Ipv4Addr| lab.host.has_address(ip)) {
        found.warn(
            format!("{key} {bind} is no address of this host"),
            "does the gNB run elsewhere? Else set an address that `ip addr` shows",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, changed, core_with, gnb, lab};
    use crate::doctor::host::{Host, Pretend};
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn with_gnb(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.gnb = Some(gnb(&changed(GNB, from, to)));
        look(attach_core, &lab)
    }

    fn with_core(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.core = core_with(from, to);
        look(attach_core, &lab)
    }

    #[test]
    fn what_registered_is_good() {
        let found = look(attach_core, &lab());
        clean(&found);
        says(&found, Good, &["PLMN, TAC, slices"]);
        says(&found, Good, &["an AMF listens at 127.0.0.5:38412"]);
    }

    #[test]
    fn each_disagreement_has_its_fix() {
        says(&with_core("tac: 7", "tac: 1"), Failure, &["TAC 7", "amf.yaml:", "amf.tai"]);
        says(&with_gnb("  tac: 7\n  pci", "  tac: 9\n  pci"), Failure, &["gnb.yml:", "add `- tac: 9`"]);
        let plmn = with_core("mnc: 01", "mnc: 001");
        says(&plmn, Failure, &["PLMN 00101", "plmn_support"]);
        says(&with_core("- sst: 1", "- sst: 1\n          sd: 010203"), Failure, &["SST 1 SD 010203", "`sd: 66051`"]);
        says(
            &with_gnb("              - sst: 1", "              - sst: 2"),
            Failure,
            &["SST 2 ", "is not in `amf.plmn_support`"],
        );
        says(
            &with_gnb("              - sst: 1", "              - sst: 2"),
            Failure,
            &["SST 2 ", "nssf.sbi.client.nsi"],
        );
        says(&with_gnb("addr: 127.0.0.5", "addr: 127.0.0.6"), Failure, &["127.0.0.6:38412", "127.0.0.5:38412"]);
        says(&with_gnb("    addr: 127.0.0.5\n", ""), Failure, &["does not know where the AMF is"]);
    }

    #[test]
    fn the_gnbs_own_end() {
        let found = with_gnb("addr: 127.0.0.5", "addr: 10.1.1.5");
        says(&found, Failure, &["from where 10.1.1.5 cannot be reached"]);
        says(&with_gnb("bind_addr: 127.0.0.100", "bind_addr: 10.9.9.9"), Warning, &["no address of this host"]);
    }

    #[test]
    fn a_core_that_does_not_run_and_a_kernel_without_sctp() {
        let mut lab = lab();
        let empty = Pretend::good().file("/proc/net/sctp/eps", "ENDPT\n");
        lab.host = Host::look(&empty, None, "runs");
        says(&look(attach_core, &lab), Warning, &["start the core"]);
        lab.host = Host::look(&empty.without("/proc/net/sctp"), None, "runs");
        says(&look(attach_core, &lab), Skipped, &["no SCTP"]);
    }

    #[test]
    fn without_a_core() {
        says(&with_gnb("    addr: 127.0.0.5", "    no_core: true\n    addr: 127.0.0.5"), Warning, &["again and again"]);
        let mut lab = lab();
        lab.core.functions.clear();
        says(&look(attach_core, &lab), Skipped, &["--core"]);
    }
}

//! Why the core refuses a UE, or gives it no session. Keys are compared, never shown.

use crate::doctor::finding::Found;
use crate::doctor::subject::{Lab, Pool, Secret, Subscriber, Ue};

pub(in crate::doctor) fn attach_subscriber(lab: &Lab, found: &mut Found) {
    if lab.ues.is_empty() {
        return found.skip("no UE given: --ue FILE");
    }
    apart(&lab.ues, found);
    for ue in &lab.ues {
        let before = found.count();
        keys(ue, found);
        match (&lab.core.subscribers, ue.imsi()) {
            (Some(all), Some(imsi)) => match all.iter().find(|s| s.imsi == imsi) {
                Some(subscriber) => subscribed(ue, subscriber, lab, found),
                None => found.fail(
                    format!("{}: the core has no subscriber with this IMSI ({} others)", ue.key("usim.imsi"), all.len()),
                    "add it, e.g. `open5gs-dbctl add IMSI K OPC`, or correct the IMSI",
                ),
            },
            (Some(_), None) => found.fail(format!("{} is missing", ue.key("usim.imsi")), "write the IMSI of a subscriber"),
            (None, _) => found.skip(format!(
                "{}: whether IMSI, K and OPc are the core's: no list of subscribers given (`mongoexport -d open5gs -c subscribers -o FILE.json`, then --core FILE.json)",
                ue.file
            )),
        }
        session(ue, lab, found);
        namespace(ue, lab, found);
        if found.clean_since(before) {
            let compared = if lab.core.subscribers.is_some() { ", the same as the core's" } else { "" };
            found.ok(format!(
                "{}: identity and keys{compared}; session and network namespace are as they must be",
                ue.file
            ));
        }
    }
    pools(lab, found);
}

/// The UE's own keys can be keys.
fn keys(ue: &Ue, found: &mut Found) {
    for (key, secret) in [("usim.k", ue.k()), ("usim.opc", ue.opc())] {
        if secret.is_some_and(|s| !s.is_128_bits()) {
            found.fail(format!("{} is not 32 hexadecimal digits", ue.key(key)), "write the 128 bits as 32 digits");
        }
    }
    if ue.text("usim.opc").is_some() && ue.text("usim.op").is_some() {
        found.fail(format!("{} and `op` are both written: srsUE stops there", ue.key("usim.opc")), "leave one of them");
    }
}

/// What the core knows of it.
fn subscribed(ue: &Ue, subscriber: &Subscriber, lab: &Lab, found: &mut Found) {
    let differ =
        |ours: Option<Secret>, theirs: &Option<Secret>| matches!((ours, theirs), (Some(a), Some(b)) if a != *b);
    if differ(ue.k(), &subscriber.k) {
        found.fail(
            format!("{} is not the subscriber's: authentication fails (MAC failure)", ue.key("usim.k")),
            "make K the same on both sides",
        );
    }
    if differ(ue.opc(), &subscriber.opc) {
        found.fail(
            format!("{} is not the subscriber's: authentication fails (MAC failure)", ue.key("usim.opc")),
            "make OPc the same; an OP is not an OPc",
        );
    }
    if ue.opc().is_some() && subscriber.opc.is_none() {
        found.warn(
            format!("{} is an OPc, the subscriber has an OP or none", ue.key("usim.opc")),
            "write the OPc into the subscriber",
        );
    }
    if let Some(apn) =
        ue.text("nas.apn").filter(|apn| !subscriber.slices.iter().any(|(_, names)| names.iter().any(|n| n == apn)))
    {
        found.fail(
            format!("{} `{apn}` is no session of the subscriber", ue.key("nas.apn")),
            format!("add a session `{apn}` to the subscriber's slice, or change the APN"),
        );
    }
    if let Some(slice) = ue.slice().filter(|s| !subscriber.slices.iter().any(|(theirs, _)| theirs == s)) {
        found.fail(
            format!("{}: slice {slice} is not the subscriber's", ue.key("slicing.nssai-sst")),
            "set `enable = false` below `[slicing]`, or subscribe to it",
        );
    }
    let offered: Vec<_> = lab.gnb.iter().flat_map(|g| &g.areas).flat_map(|a| &a.slices).collect();
    if !offered.is_empty() && !subscriber.slices.iter().any(|(slice, _)| offered.contains(&slice)) {
        found.fail(
            "no slice of the subscriber is one of the gNB's: registration is refused",
            "give both the same S-NSSAI",
        );
    }
}

/// The session that it asks for is one that the SMF gives.
fn session(ue: &Ue, lab: &Lab, found: &mut Found) {
    let Some(apn) = ue.text("nas.apn") else {
        return found.warn(format!("{} is empty", ue.key("nas.apn")), "set `apn = internet` below `[nas]`");
    };
    for name in ["smf", "upf"] {
        let Some(nf) = lab.core.get(name) else { continue };
        let pools = nf.pools();
        let given = |p: &Pool| p.dnn.as_deref().is_none_or(|dnn| dnn == apn);
        if pools.is_empty() {
            found.fail(
                format!("{} has no addresses for UEs", nf.key("session")),
                format!("add `- subnet: 10.45.0.0/16` to `{name}.session`"),
            );
        } else if !pools.iter().any(given) {
            found.fail(
                format!("{} `{apn}`: {} is for other data networks", ue.key("nas.apn"), nf.key("session")),
                format!("add a subnet with `dnn: {apn}`, or one without `dnn`"),
            );
        }
    }
}

/// Its network namespace is there.
fn namespace(ue: &Ue, lab: &Lab, found: &mut Found) {
    match ue.text("gw.netns") {
        Some(name) if !lab.host.namespaces.iter().any(|n| n == name) => {
            found.fail(
                format!("{} `{name}` does not exist: srsUE ends after attaching", ue.key("gw.netns")),
                format!("ip netns add {name}   (as root)"),
            );
        }
        Some(_) => {}
        None => found.warn(
            format!(
                "{}: the UE's interface is in the host's own namespace, packets to it take the short way",
                ue.key("gw.netns")
            ),
            "set `netns = ue1` below `[gw]`, and `ip netns add ue1`",
        ),
    }
}

/// No two UEs are the same.
fn apart(ues: &[Ue], found: &mut Found) {
    for (i, ue) in ues.iter().enumerate() {
        for other in &ues[..i] {
            for (key, what) in [("usim.imsi", "IMSI"), ("gw.netns", "network namespace"), ("usim.imei", "IMEI")] {
                if ue.text(key).is_some() && ue.text(key) == other.text(key) {
                    found.fail(
                        format!("{} is that of {}, too: each UE has its own {what}", ue.key(key), other.file),
                        format!("give {} another {what}", ue.file),
                    );
                }
            }
        }
    }
}

/// SMF and UPF give the same addresses, and the host routes them.
fn pools(lab: &Lab, found: &mut Found) {
    let (Some(smf), Some(upf)) = (lab.core.get("smf"), lab.core.get("upf")) else {
        return found.skip("address pools: SMF and UPF configurations are not both given");
    };
    let subnets = |pools: Vec<Pool>| pools.into_iter().map(|p| (p.subnet, p.dnn)).collect::<Vec<_>>();
    if subnets(smf.pools()) != subnets(upf.pools()) {
        found.fail(
            format!(
                "{} and {} differ: a UE gets an address that is routed nowhere",
                smf.key("session"),
                upf.key("session")
            ),
            "make them the same",
        );
    }
    for pool in upf.pools() {
        if lab.host.interfaces.iter().any(|i| i.name == pool.device) {
            found.ok(format!("addresses {} behind `{}`", pool.subnet, pool.device));
        } else {
            found.warn(
                format!("no interface `{}` on this host for {}", pool.device, pool.subnet),
                format!("where the UPF runs: ip tuntap add name {0} mode tun; ip addr add GATEWAY dev {0}; ip link set {0} up", pool.device),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{SUBSCRIBERS, UE, changed, core_with, lab, ue};
    use crate::doctor::host::{Host, Pretend};
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn with_ue(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.ues = vec![ue(&changed(UE, from, to))];
        look(attach_subscriber, &lab)
    }

    fn with_subscribers(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.core.subscribers = Subscriber::list(&changed(SUBSCRIBERS, from, to));
        look(attach_subscriber, &lab)
    }

    #[test]
    fn what_got_its_session_is_good() {
        let found = look(attach_subscriber, &lab());
        clean(&found);
        says(&found, Good, &["ue.conf", "the same as the core's", "as they must be"]);
        says(&found, Good, &["10.45.0.0/16 behind `ogstun`"]);
    }

    #[test]
    fn each_slip_has_its_fix_and_no_key_is_shown() {
        let cases = [
            with_ue("imsi = 001010123456780", "imsi = 001010123456781"),
            with_ue("k    = 00112233445566778899aabbccddeeff", "k    = 00112233445566778899aabbccddee00"),
            with_ue("opc  = 63BFA50EE6523365FF14C1F45F88737D", "opc  = 63BFA50EE6523365FF14C1F45F887300"),
            with_ue("k    = 00112233445566778899aabbccddeeff", "k    = 0011223344"),
            with_ue("apn = internet", "apn = srsapn"),
            with_ue("netns = ue1", "netns = ue7"),
        ];
        says(&cases[0], Failure, &["no subscriber with this IMSI"]);
        says(&cases[1], Failure, &["`[usim] k`", "MAC failure"]);
        says(&cases[2], Failure, &["`[usim] opc`", "MAC failure"]);
        says(&cases[3], Failure, &["32 hexadecimal digits"]);
        says(&cases[4], Failure, &["`srsapn` is no session"]);
        says(&cases[5], Failure, &["ip netns add ue7"]);
        let all = format!("{cases:?}").to_lowercase();
        for secret in ["00112233", "63bfa50e"] {
            assert!(!all.contains(secret), "{all}");
        }
    }

    #[test]
    fn slices_and_sessions_of_the_core() {
        says(&with_subscribers("\"sst\": 1", "\"sst\": 2"), Failure, &["no slice of the subscriber"]);
        let mut lab = lab();
        lab.core = core_with("- subnet: 10.45.0.0/16", "- subnet: 10.45.0.0/16\n      dnn: ims");
        let found = look(attach_subscriber, &lab);
        says(&found, Failure, &["`smf.session`", "dnn: internet"]);
        lab.core = core_with("smf:", "smf:");
        lab.core.functions.retain(|f| f.name != "upf");
        says(&look(attach_subscriber, &lab), Skipped, &["address pools"]);
        lab.core.subscribers = None;
        says(&look(attach_subscriber, &lab), Skipped, &["mongoexport"]);
    }

    #[test]
    fn two_ues_are_two() {
        let mut lab = lab();
        lab.ues.push(ue(UE));
        let found = look(attach_subscriber, &lab);
        says(&found, Failure, &["its own IMSI"]);
        says(&found, Failure, &["its own network namespace"]);
    }

    #[test]
    fn a_host_without_the_cores_interface() {
        let mut lab = lab();
        lab.host = Host::look(&Pretend::good().without("/sys/class/net/ogstun"), None, "runs");
        says(&look(attach_subscriber, &lab), Warning, &["no interface `ogstun`"]);
    }
}

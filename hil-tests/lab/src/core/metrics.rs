//! `/metrics` of the core's functions: the real texts with the lab's values.
use crate::world::World;
use std::collections::BTreeMap;

/// A network function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Access and mobility.
    Amf,
    /// Sessions.
    Smf,
    /// User plane.
    Upf,
    /// Policy.
    Pcf,
}

impl Function {
    const fn template(self) -> &'static str {
        match self {
            Self::Amf => include_str!("../../templates/amf_metrics.prom"),
            Self::Smf => include_str!("../../templates/smf_metrics.prom"),
            Self::Upf => include_str!("../../templates/upf_metrics.prom"),
            Self::Pcf => include_str!("../../templates/pcf_metrics.prom"),
        }
    }
}

/// Slices of registered UEs with their number: (`sst` text, count).
fn by_slice(world: &World, count: impl Fn(&crate::world::Ue) -> u64) -> BTreeMap<u8, u64> {
    let mut out = BTreeMap::new();
    for ue in world.ues.iter().filter(|u| !u.eavesdropper) {
        *out.entry(ue.sst).or_insert(0) += count(ue);
    }
    out
}

/// The text of `function`.
#[must_use]
pub fn text(function: Function, world: &World) -> String {
    let plmn = &world.config.cell.plmn;
    let connected = world.ues.iter().filter(|u| u.attached.is_some()).count() as u64;
    let registered = by_slice(world, |u| u64::from(u.registered));
    let total: u64 = registered.values().sum();
    let sessions_created = by_slice(world, |u| u.registrations);
    let (registrations, sessions) = (world.core.registrations, world.core.sessions);
    let plain = |name: &str| -> Option<u64> {
        Some(match name {
            "ran_ue" => connected,
            "amf_session"
            | "ues_active"
            | "bearers_active"
            | "pfcp_sessions_active"
            | "fivegs_upffunction_upf_sessionnbr" => total,
            "fivegs_amffunction_rm_reginitreq"
            | "fivegs_amffunction_rm_reginitsucc"
            | "fivegs_amffunction_amf_authreq"
            | "fivegs_amffunction_mm_confupdate"
            | "fivegs_amffunction_mm_confupdatesucc" => registrations,
            "fivegs_upffunction_sm_n4sessionestabreq" => sessions,
            _ => return None,
        })
    };
    let label = |sst: &u8| format!("{{plmnid=\"{plmn}\",snssai=\"{sst}\"}}");
    let labelled = |name: &str| -> Option<String> {
        let lines = |values: &BTreeMap<u8, u64>, factor: u64| -> String {
            values
                .iter()
                .filter(|(_, v)| **v > 0)
                .map(|(sst, v)| format!("{name}{} {}\n", label(sst), v * factor))
                .collect()
        };
        Some(match name {
            "fivegs_amffunction_rm_registeredsubnbr"
            | "fivegs_smffunction_sm_sessionnbr"
            | "fivegs_pcffunction_pa_sessionnbr" => lines(&registered, 1),
            "fivegs_smffunction_sm_pdusessioncreationreq" => {
                format!("{name}{{plmnid=\"\",snssai=\"\"}} {sessions}\n") + &lines(&sessions_created, 1)
            }
            // The real one counts two a session.
            "fivegs_smffunction_sm_pdusessioncreationsucc" => lines(&sessions_created, 2),
            "fivegs_pcffunction_pa_policyamassoreq"
            | "fivegs_pcffunction_pa_policyamassosucc"
            | "fivegs_pcffunction_pa_policysmassoreq"
            | "fivegs_pcffunction_pa_policysmassosucc" => lines(&sessions_created, 1),
            // Grows with every registration that follows no release.
            "fivegs_smffunction_sm_qos_flow_nbr" => sessions_created
                .iter()
                .filter(|(_, v)| **v > 0)
                .map(|(sst, v)| format!("{name}{{plmnid=\"{plmn}\",snssai=\"{sst}\",fiveqi=\"9\"}} {v}\n"))
                .collect(),
            "fivegs_upffunction_upf_qosflows" => format!("{name}{{dnn=\"internet\"}} {total}\n"),
            _ => return None,
        })
    };
    let mut out = String::new();
    let mut written = String::new();
    for line in function.template().split_inclusive('\n') {
        let name = line.split(['{', ' ', '\n']).next().unwrap_or_default();
        if line.starts_with('#') || name.is_empty() {
            out += line;
        } else if let Some(value) = plain(name) {
            out += &format!("{name} {value}\n");
        } else if let Some(lines) = labelled(name) {
            // A family of several series in the template is written once.
            if written != name {
                out += &lines;
                name.clone_into(&mut written);
            }
        } else {
            out += line;
        }
    }
    out
}

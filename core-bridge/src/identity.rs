//! Who is who: SUPI ↔ IP ↔ tunnel endpoints ↔ the gNB's id of the UE.

use crate::open5gs::info::{PduInfo, UeInfo};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// One UE's names in the network. `None` = the core does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Identity {
    /// Permanent identity.
    pub supi: String,
    /// `true` where the UE is connected to a gNB now.
    pub connected: Option<bool>,
    /// gNB's id of the UE on N2.
    pub ran_ue_ngap_id: Option<u64>,
    /// AMF's id of the UE on N2.
    pub amf_ue_ngap_id: Option<u64>,
    /// gNB.
    pub gnb_id: Option<u64>,
    /// Sessions.
    pub sessions: Vec<Session>,
}

/// One PDU session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Session {
    /// PDU session identity.
    pub psi: Option<u8>,
    /// Data network.
    pub dnn: Option<String>,
    /// Address of the UE.
    pub ipv4: Option<Ipv4Addr>,
    /// Tunnel endpoint at the gNB (downlink packets carry it).
    pub gnb_teid: Option<u32>,
    /// Tunnel endpoint at the UPF (uplink packets carry it).
    pub upf_teid: Option<u32>,
    /// Slice/service type.
    pub sst: Option<u8>,
    /// Slice differentiator; `None` = none.
    pub sd: Option<u32>,
}

/// All UEs the core knows, from its last answers. RAN-UE-NGAP-IDs and TEIDs are unique per gNB and UPF, so the lookups take both.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Identities {
    by_supi: BTreeMap<String, Identity>,
}

impl Identities {
    /// Nobody known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the AMF's list. A UE that is no longer in it loses its association.
    pub fn ues(&mut self, ues: &[UeInfo]) {
        for id in self.by_supi.values_mut() {
            (id.connected, id.ran_ue_ngap_id, id.amf_ue_ngap_id, id.gnb_id) = (None, None, None, None);
        }
        for ue in ues {
            let id = self.entry(&ue.supi);
            let gnb = ue.gnb.clone().unwrap_or_default();
            let connected =
                gnb.status.as_deref() != Some("not-connected") && ue.cm_state.as_deref() == Some("connected");
            id.connected = ue.cm_state.is_some().then_some(connected);
            id.ran_ue_ngap_id = gnb.ran_ue_ngap_id;
            id.amf_ue_ngap_id = gnb.amf_ue_ngap_id;
            id.gnb_id = gnb.gnb_id;
        }
        self.forget();
    }

    /// Takes the SMF's list. A UE that is no longer in it loses its sessions.
    pub fn pdus(&mut self, pdus: &[PduInfo]) {
        for id in self.by_supi.values_mut() {
            id.sessions.clear();
        }
        for info in pdus {
            let sessions = info.pdu.iter().map(|p| {
                let n3 = p.n3.clone().unwrap_or_default();
                Session {
                    psi: p.psi,
                    dnn: p.dnn.clone(),
                    ipv4: p.ipv4,
                    gnb_teid: n3.gnb.and_then(|e| e.teid),
                    upf_teid: n3.upf.and_then(|e| e.teid),
                    sst: p.snssai.as_ref().and_then(|s| s.sst),
                    sd: p.snssai.as_ref().and_then(super::open5gs::info::Snssai::sd),
                }
            });
            self.entry(&info.supi).sessions.extend(sessions);
        }
        self.forget();
    }

    /// The UE of this permanent identity.
    #[must_use]
    pub fn by_supi(&self, supi: &str) -> Option<&Identity> {
        self.by_supi.get(supi)
    }

    /// The UE that has this address.
    #[must_use]
    pub fn by_ipv4(&self, ip: Ipv4Addr) -> Option<&Identity> {
        self.by_supi.values().find(|id| id.sessions.iter().any(|s| s.ipv4 == Some(ip)))
    }

    /// The UE whose uplink packets carry this endpoint.
    #[must_use]
    pub fn by_upf_teid(&self, teid: u32) -> Option<&Identity> {
        self.by_supi.values().find(|id| id.sessions.iter().any(|s| s.upf_teid == Some(teid)))
    }

    /// The UE to which the gNB gave this id on N2.
    #[must_use]
    pub fn by_ran_id(&self, gnb_id: u64, ran_ue_ngap_id: u64) -> Option<&Identity> {
        self.by_supi.values().find(|id| id.gnb_id == Some(gnb_id) && id.ran_ue_ngap_id == Some(ran_ue_ngap_id))
    }

    /// All UEs, by SUPI.
    pub fn iter(&self) -> impl Iterator<Item = &Identity> {
        self.by_supi.values()
    }

    fn entry(&mut self, supi: &str) -> &mut Identity {
        self.by_supi.entry(supi.to_owned()).or_insert_with(|| Identity { supi: supi.to_owned(), ..Identity::default() })
    }

    fn forget(&mut self) {
        self.by_supi.retain(|_, id| id.connected.is_some() || id.amf_ue_ngap_id.is_some() || !id.sessions.is_empty());
    }
}

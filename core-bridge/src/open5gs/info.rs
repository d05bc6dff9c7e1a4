//! The information API: who is registered, which sessions they have, which gNBs are there.

use serde::{Deserialize, Deserializer, Serialize};

/// Slice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Snssai {
    /// Slice/service type.
    pub sst: Option<u8>,
    /// Slice differentiator as six hex digits; `ffffff` = none.
    pub sd: Option<String>,
}

impl Snssai {
    /// The differentiator; `None` where there is none.
    #[must_use]
    pub fn sd(&self) -> Option<u32> {
        let sd = u32::from_str_radix(self.sd.as_deref()?, 16).ok()?;
        (sd < 0xFF_FFFF).then_some(sd)
    }
}

/// The UE's association with its gNB, from `/ue-info`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct UeGnb {
    /// AMF's id of the UE on N2.
    pub amf_ue_ngap_id: Option<u64>,
    /// gNB's id of the UE on N2.
    pub ran_ue_ngap_id: Option<u64>,
    /// gNB.
    pub gnb_id: Option<u64>,
    /// Cell within the gNB.
    pub cell_id: Option<u64>,
    /// `not-connected` where the UE has no association.
    pub status: Option<String>,
}

/// Where the UE was last heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Location {
    /// When, µs since 1970; the core prints it as a double.
    #[serde(deserialize_with = "micros", rename = "timestamp")]
    pub timestamp_us: Option<u64>,
    /// Cell.
    pub nr_cgi: Option<NrCgi>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct NrCgi {
    /// MCC and MNC.
    pub plmn: Option<String>,
    /// NR cell identity.
    pub nci: Option<u64>,
}

/// Aggregate maximum bit rate of the subscription. Open5GS does not enforce it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Ambr {
    /// bit/s.
    #[serde(rename = "downlink")]
    pub downlink_bit_per_s: Option<u64>,
    /// bit/s.
    #[serde(rename = "uplink")]
    pub uplink_bit_per_s: Option<u64>,
}

/// A UE as the AMF sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UeInfo {
    /// Permanent identity, `imsi-…`.
    pub supi: String,
    /// `connected` or `idle`.
    #[serde(default)]
    pub cm_state: Option<String>,
    /// `registered`, …
    #[serde(default)]
    pub mm_state: Option<String>,
    /// Association with the gNB.
    #[serde(default)]
    pub gnb: Option<UeGnb>,
    /// Last location.
    #[serde(default)]
    pub location: Option<Location>,
    /// Subscribed rate.
    #[serde(default)]
    pub ambr: Option<Ambr>,
    /// Slices it may use.
    #[serde(default)]
    pub allowed_slices: Vec<Snssai>,
}

/// One end of a GTP-U tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct TunnelEnd {
    /// Tunnel endpoint identifier.
    pub teid: Option<u32>,
    /// `[address]:port`.
    pub addr: Option<String>,
}

/// A GTP-U tunnel on N3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct N3 {
    /// At the gNB.
    pub gnb: Option<TunnelEnd>,
    /// At the UPF.
    pub upf: Option<TunnelEnd>,
}

/// A QoS flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct QosFlow {
    /// Flow.
    pub qfi: Option<u8>,
    /// Class.
    #[serde(rename = "5qi")]
    pub five_qi: Option<u16>,
}

/// A PDU session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Pdu {
    /// PDU session identity, 1…15.
    pub psi: Option<u8>,
    /// Data network.
    pub dnn: Option<String>,
    /// Address of the UE.
    pub ipv4: Option<std::net::Ipv4Addr>,
    /// Address of the UE.
    pub ipv6: Option<String>,
    /// Slice.
    pub snssai: Option<Snssai>,
    /// Flows.
    pub qos_flows: Vec<QosFlow>,
    /// Tunnel.
    pub n3: Option<N3>,
    /// `active`, `inactive`, …
    pub pdu_state: Option<String>,
    /// Last location, µs since 1970; the core prints it as a double.
    #[serde(deserialize_with = "micros", rename = "ue_location_timestamp")]
    pub ue_location_timestamp_us: Option<u64>,
}

/// A UE's sessions as the SMF sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PduInfo {
    /// Permanent identity.
    pub supi: String,
    /// Sessions.
    #[serde(default)]
    pub pdu: Vec<Pdu>,
    /// `active`, `idle`, …
    #[serde(default)]
    pub ue_activity: Option<String>,
}

/// A gNB as the AMF sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GnbInfo {
    /// Its identity.
    pub gnb_id: u64,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// MCC and MNC.
    #[serde(default)]
    pub plmn: Option<String>,
    /// UEs in connected state.
    #[serde(default)]
    pub num_connected_ues: Option<u32>,
}

/// How the core splits long answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pager {
    /// This page, from 0.
    #[serde(default)]
    pub page: i64,
    /// Items a page, at most 100.
    #[serde(default)]
    pub page_size: u64,
    /// Items on this page.
    #[serde(default)]
    pub count: u64,
    /// The core itself cut the answer.
    #[serde(default)]
    pub truncated: bool,
    /// Path of the next page.
    #[serde(default)]
    pub next: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What it lists.
    pub items: Vec<T>,
    /// Where in the list.
    pub pager: Pager,
}

/// Why a text is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InfoError {
    /// The text ends before the page does.
    #[error("the page ends after {bytes} bytes, in the middle")]
    Cut {
        /// Length of the text.
        bytes: usize,
    },
    /// Not JSON, or without what a page must have.
    #[error("no page of the information API: {reason}")]
    Malformed {
        /// The parser's words.
        reason: String,
    },
    /// The pager counts other items than there are.
    #[error("the pager says {said} items, the page has {got}")]
    Count {
        /// As announced.
        said: u64,
        /// As listed.
        got: u64,
    },
    /// The core cut the answer itself.
    #[error("the core cut the list at {got} items (pager.truncated): ask with a smaller page_size")]
    Truncated {
        /// Items that came.
        got: u64,
    },
}

/// Reads one page. Unknown fields are ignored, absent optional ones are `None`.
///
/// # Errors
/// [`InfoError`]; a page marked `truncated` that names no next page is an error, because what it lacks cannot be asked for.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<Page<T>, InfoError> {
    let page: Page<T> = serde_json::from_str(text).map_err(|e| {
        if e.is_eof() { InfoError::Cut { bytes: text.len() } } else { InfoError::Malformed { reason: e.to_string() } }
    })?;
    let got = page.items.len() as u64;
    if page.pager.count != got {
        return Err(InfoError::Count { said: page.pager.count, got });
    }
    if page.pager.truncated && page.pager.next.is_none() {
        return Err(InfoError::Truncated { got });
    }
    Ok(page)
}

/// `1.79529569478378e+15` or `1795296199990375`; anything else is not observed.
fn micros<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(d)?;
    Ok(value
        .and_then(|v| v.as_u64().or_else(|| v.as_f64().filter(|x| (0.0..9e15).contains(x)).map(|x| x.round() as u64))))
}

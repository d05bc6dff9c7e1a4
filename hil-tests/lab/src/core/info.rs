//! `/ue-info`, `/gnb-info`, `/pdu-info`.
use crate::world::{Ue, World};
use std::fmt::Write as _;

/// Microseconds as the core's JSON printer writes a double: 15 digits where they suffice, else all 16.
#[must_use]
pub fn double_us(us: u64) -> String {
    if us.is_multiple_of(10) && us >= 1_000_000_000_000_000 {
        let digits = us.to_string();
        let (first, rest) = digits.split_at(1);
        format!("{first}.{}e+{}", rest.trim_end_matches('0'), digits.len() - 1).replace(".e", "e")
    } else {
        us.to_string()
    }
}

fn sd(ue: &Ue) -> String {
    ue.sd.map_or_else(|| "ffffff".into(), |sd| format!("{sd:06x}"))
}

/// `items` on page `page` of `page_size` and the pager below them.
fn paged(items: &[String], path: &str, query: &str) -> String {
    let number = |key: &str| query.split('&').find_map(|p| p.strip_prefix(key)?.strip_prefix('=')?.parse::<i64>().ok());
    let size = number("page_size").filter(|s| (1..=100).contains(s)).unwrap_or(100) as usize;
    let asked = number("page").unwrap_or(0);
    let page = asked.max(0) as usize;
    let all = asked < 0;
    let shown: Vec<&String> =
        if all { items.iter().collect() } else { items.iter().skip(page.saturating_mul(size)).take(size).collect() };
    let mut pager = format!("\"page\":{page},\"page_size\":{size},\"count\":{}", shown.len());
    let link = |page: usize| {
        if size == 100 { format!("{path}?page={page}") } else { format!("{path}?page={page}&page_size={size}") }
    };
    if !all && page > 0 {
        // Writing to a String cannot fail.
        let _ = write!(pager, ",\"prev\":\"{}\"", link(page - 1));
    }
    if !all && (page + 1).saturating_mul(size) < items.len() {
        let _ = write!(pager, ",\"next\":\"{}\"", link(page + 1));
    }
    let list: Vec<&str> = shown.iter().map(|s| s.as_str()).collect();
    format!("{{\"items\":[{}],\"pager\":{{{pager}}}}}", list.join(","))
}

fn registered(world: &World) -> impl Iterator<Item = &Ue> {
    world.ues.iter().filter(|u| u.registered)
}

/// AMF: UEs.
#[must_use]
pub fn ue_info(world: &World, query: &str) -> String {
    let cell = &world.config.cell;
    let (plmn, nci) = (&cell.plmn, cell.nci);
    let gnb_id = nci >> 14;
    let items: Vec<String> = registered(world)
        .map(|u| {
            let msin = u.supi.strip_prefix("imsi-00101").unwrap_or_default();
            let (sst, sd) = (u.sst, sd(u));
            let tmsi = 0xC000_0000_u64 + 99 + u.index as u64;
            let (state, gnb) = match u.attached {
                Some((_, ran)) => (
                    "connected",
                    format!(
                        "{{\"ostream_id\":1,\"amf_ue_ngap_id\":{},\"ran_ue_ngap_id\":{ran},\"gnb_id\":{gnb_id},\"cell_id\":0}}",
                        u.amf_id
                    ),
                ),
                None => ("idle", "{\"ostream_id\":1,\"status\":\"not-connected\"}".into()),
            };
            format!(
                "{{\"supi\":\"{supi}\",\"suci\":\"suci-0-001-01-0000-0-0-{msin}\",\"pei\":\"imeisv-35349006987331{index:02}\",\
                 \"cm_state\":\"{state}\",\"mm_state\":\"registered\",\"guti\":\"{plmn}-020040-C{tmsi:08X}\",\"m_tmsi\":{tmsi},\
                 \"gnb\":{gnb},\"location\":{{\"timestamp\":{stamp},\"nr_tai\":{{\"plmn\":\"{plmn}\",\"tac_hex\":\"000007\",\"tac\":7}},\
                 \"nr_cgi\":{{\"plmn\":\"{plmn}\",\"nci\":{nci},\"gnb_id\":{gnb_id},\"cell_id\":0}},\"last_visited_plmn_id\":\"000000\"}},\
                 \"msisdn\":[],\"security\":{{\"valid\":1,\"enc\":\"nea0\",\"int\":\"nia2\"}},\
                 \"ambr\":{{\"downlink\":1000000000,\"uplink\":1000000000}},\
                 \"pdu_sessions\":[{{\"psi\":1,\"dnn\":\"internet\",\"snssai\":{{\"sst\":{sst},\"sd\":\"{sd}\"}},\
                 \"lbo_roaming_allowed\":false,\"resource_status\":0,\"n1_released\":false,\"n2_released\":false}}],\
                 \"pdu_sessions_count\":1,\"requested_slices\":[],\"allowed_slices\":[{{\"sst\":{sst},\"sd\":\"{sd}\"}}],\
                 \"requested_slices_count\":0,\"allowed_slices_count\":1,\"am_policy_features\":4,\
                 \"am_policy_features_info\":{{\"hex\":\"0x0000000000000004\",\"bits\":[2],\"labels\":[\"QoS Policy Control\"]}}}}",
                supi = u.supi,
                index = u.index,
                stamp = double_us(u.location_us),
            )
        })
        .collect();
    paged(&items, "/ue-info", query)
}

/// SMF: PDU sessions.
#[must_use]
pub fn pdu_info(world: &World, query: &str) -> String {
    let items: Vec<String> = registered(world)
        .map(|u| {
            let active = if u.attached.is_some() { "active" } else { "inactive" };
            format!(
                "{{\"supi\":\"{supi}\",\"pdu\":[{{\"psi\":1,\"dnn\":\"internet\",\"ipv4\":\"10.45.0.{ip}\",\
                 \"snssai\":{{\"sst\":{sst},\"sd\":\"{sd}\"}},\"qos_flows\":[{{\"qfi\":1,\"5qi\":9}}],\
                 \"n3\":{{\"gnb\":{{\"teid\":{teid},\"addr\":\"[127.0.0.100]:2152\"}},\
                 \"upf\":{{\"teid\":{upf},\"addr\":\"[127.0.0.7]:2152\",\"pdr_id\":2}}}},\
                 \"pdu_state\":\"{active}\",\"ue_location_timestamp\":{stamp}}}],\"ue_activity\":\"{active}\"}}",
                supi = u.supi,
                ip = u.index + 2,
                sst = u.sst,
                sd = sd(u),
                teid = u.index + 1,
                upf = 1616 + 17 * u.index,
                stamp = double_us(u.location_us),
            )
        })
        .collect();
    paged(&items, "/pdu-info", query)
}

/// AMF: gNBs.
#[must_use]
pub fn gnb_info(world: &World, query: &str) -> String {
    let cell = &world.config.cell;
    let (plmn, gnb_id) = (&cell.plmn, cell.nci >> 14);
    let slices: Vec<String> = world
        .slices
        .iter()
        .map(|s| {
            let sd = s.sd.map_or_else(|| "ffffff".into(), |sd| format!("{sd:06x}"));
            format!("{{\"sst\":{},\"sd\":\"{sd}\"}}", s.sst)
        })
        .collect();
    let connected = world.ues.iter().filter(|u| u.attached.is_some()).count();
    let item = format!(
        "{{\"gnb_id\":{gnb_id},\"name\":\"labgnb01\",\"plmn\":\"{plmn}\",\
         \"network\":{{\"amf_name\":\"open5gs-amf0\",\"ngap_port\":38412}},\
         \"ng\":{{\"sctp\":{{\"peer\":\"[127.0.0.100]:36000\",\"max_out_streams\":10,\"next_ostream_id\":1}},\"setup_success\":true}},\
         \"supported_ta_list\":[{{\"tac\":\"000007\",\"bplmns\":[{{\"plmn\":\"{plmn}\",\"snssai\":[{}]}}]}}],\
         \"num_connected_ues\":{connected}}}",
        slices.join(",")
    );
    paged(&[item], "/gnb-info", query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_take_both_forms_of_the_recordings() {
        assert_eq!(double_us(1_795_295_694_783_780), "1.79529569478378e+15");
        assert_eq!(double_us(1_795_296_199_990_375), "1795296199990375");
    }

    #[test]
    fn pages_as_recorded() {
        let one = vec!["{}".to_owned()];
        assert_eq!(paged(&one, "/ue-info", ""), r#"{"items":[{}],"pager":{"page":0,"page_size":100,"count":1}}"#);
        assert_eq!(
            paged(&one, "/ue-info", "page=5"),
            r#"{"items":[],"pager":{"page":5,"page_size":100,"count":0,"prev":"/ue-info?page=4"}}"#
        );
        assert_eq!(paged(&one, "/x", "page=-1"), r#"{"items":[{}],"pager":{"page":0,"page_size":100,"count":1}}"#);
        let three: Vec<String> = (0..3).map(|i| i.to_string()).collect();
        assert_eq!(
            paged(&three, "/x", "page=1&page_size=1"),
            r#"{"items":[1],"pager":{"page":1,"page_size":1,"count":1,"prev":"/x?page=0&page_size=1","next":"/x?page=2&page_size=1"}}"#
        );
    }
}

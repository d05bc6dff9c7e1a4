//! `sidecar air status`.

use crate::air::{AskError, ask_status};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use ran_bridge::air::Status;

/// Prints what a running `air` says of itself.
pub(super) fn show(address: &str, as_json: bool) -> Result<Exit, CliError> {
    let status = ask_status(address)?;
    if as_json {
        text::json(&status)?;
    } else {
        text::out(&shown(&status))?;
    }
    Ok(Exit::Ok)
}

impl From<AskError> for CliError {
    fn from(e: AskError) -> Self {
        let (exit, help) = match &e {
            AskError::Address(_) => (Exit::Config, "`air.control` names it"),
            AskError::Away { .. } => (
                Exit::Peer,
                "is `sidecar up` running with this configuration? -c FILE or --set air.control=… names another",
            ),
            AskError::Refused(_) => (Exit::Usage, "`sidecar air status` shows what there is"),
            AskError::Silent(_) | AskError::Closed(_) => (Exit::Peer, "the end of its log tells why"),
            AskError::Wire(_) => (Exit::Peer, "install the same release on both sides"),
        };
        Self::new(exit, e, help)
    }
}

fn shown(status: &Status) -> String {
    let rate = status.rate_hz;
    let mut peers = vec![["peer", "state", "samples given", "samples taken"].map(str::to_owned).to_vec()];
    for p in &status.peers {
        let state = format!("{:?}", p.state).to_lowercase();
        peers.push(vec![p.name.clone(), state, p.given_samples.to_string(), p.taken_samples.to_string()]);
    }
    let us = |ns: Option<u64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{:.0}", ns as f64 / 1e3));
    let slots = status.counters.green_slots + status.counters.yellow_slots + status.counters.red_slots;
    let share = |n: u64| if slots == 0 { "-".to_owned() } else { format!("{:.2} %", 100.0 * n as f64 / slots as f64) };
    let bands = [status.counters.green_slots, status.counters.yellow_slots, status.counters.red_slots].map(share);
    let mut counters = vec![vec!["counter".to_owned(), "value".to_owned()]];
    counters.extend(status.counters.named().into_iter().map(|(name, n)| vec![name.to_owned(), n.to_string()]));
    format!(
        "radio time {:.3} s: downlink sample {}, uplink sample {}, {:.2} MS/s\nstage a slot: p50 {} us, p99 {} us, max {} us over {} slots\nslots within a quarter of a slot {}, within a slot {}, beyond {}; integrity faults: {}\n\n{}\n{}",
        status.dl_sample as f64 / rate,
        status.dl_sample,
        status.ul_sample,
        rate / 1e6,
        us(status.stage.p50_ns),
        us(status.stage.p99_ns),
        us(status.stage.max_ns),
        status.stage.slots,
        bands[0],
        bands[1],
        bands[2],
        status.counters.hard(),
        text::columns(&peers),
        text::columns(&counters),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ran_bridge::air::{Counters, PeerState, PeerStatus, StageTime};

    #[test]
    fn peers_and_counters_are_there() {
        let peer = PeerStatus { name: "gnb".into(), state: PeerState::Present, given_samples: 5, taken_samples: 7 };
        let said = shown(&Status {
            dl_sample: 11_520_000,
            ul_sample: 5,
            rate_hz: 11.52e6,
            counters: Counters { late_samples: 3, ..Counters::default() },
            stage: StageTime::default(),
            peers: vec![peer],
        });
        assert!(said.starts_with("radio time 1.000 s: downlink sample 11520000"), "{said}");
        let rows: Vec<Vec<&str>> = said.lines().map(|l| l.split_whitespace().collect()).collect();
        assert!(rows.contains(&vec!["gnb", "present", "5", "7"]), "{said}");
        assert!(rows.contains(&vec!["late_samples", "3"]), "{said}");
    }
}

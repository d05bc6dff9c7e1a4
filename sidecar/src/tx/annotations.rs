//! Own transmissions as SigMF annotations: what the log says of each burst, on one line of samples.

use governor::{Burst, Event};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Record {
    at: Timestamp,
    mono_ns: u64,
    what: Event,
}

/// SigMF metadata without a dataset, and how many bursts it has. Sample 0 is the first sample of the first burst since each start of the guard, which
/// begins a capture of its own; the rate is the first burst's.
#[must_use]
pub fn annotations(log: &str) -> (Value, usize) {
    let records = log.lines().filter_map(|l| serde_json::from_str::<Record>(l.split_once(' ')?.1).ok());
    // with whether it is a chain
    let mut approved: BTreeMap<u64, (Burst, bool)> = BTreeMap::new();
    let (mut captures, mut notes) = (Vec::new(), Vec::new());
    let (mut rate_hz, mut next) = (None, 0_u64);
    // host time of the sample at which this capture begins
    let mut origin: Option<(u64, u64)> = None;
    for record in records {
        match record.what {
            Event::Begin { .. } => {
                approved.clear();
                origin = None;
            }
            Event::Fire { id, burst, .. } => drop(approved.insert(id, (burst, false))),
            Event::Relay { id, burst, .. } => drop(approved.insert(id, (burst, true))),
            Event::End { id, sent, first_ns: Some(first_ns), .. } => {
                let Some((burst, is_chain)) = approved.remove(&id) else { continue };
                let rate = *rate_hz.get_or_insert(burst.rate_hz);
                let (at_sample, at_ns) = *origin.get_or_insert_with(|| {
                    let back = SignedDuration::from_nanos(record.mono_ns.saturating_sub(first_ns) as i64);
                    let centre = (burst.band.low_hz + burst.band.high_hz) / 2.0;
                    captures.push(json!({
                        "core:sample_start": next,
                        "core:frequency": centre,
                        "core:datetime": record.at.saturating_sub(back).unwrap_or(record.at).to_string(),
                    }));
                    (next, first_ns)
                });
                let start = at_sample + (first_ns.saturating_sub(at_ns) as f64 * 1e-9 * rate).round() as u64;
                // a chain may have gaps: it lasted until its end was written down
                let chain_s = record.mono_ns.saturating_sub(first_ns) as f64 * 1e-9;
                let count = if is_chain { chain_s * rate } else { sent as f64 * rate / burst.rate_hz }.round() as u64;
                let what = if is_chain {
                    format!("chain {id}: {sent} samples")
                } else {
                    format!("burst {id}: {sent} of {} samples", burst.samples)
                };
                next = start + count;
                notes.push(json!({
                    "core:sample_start": start,
                    "core:sample_count": count,
                    "core:freq_lower_edge": burst.band.low_hz,
                    "core:freq_upper_edge": burst.band.high_hz,
                    "core:label": "own transmission",
                    "core:comment": format!("{what}, gain setting {} dB", burst.gain_db),
                    "core:generator": "sidecar tx-guard",
                }));
            }
            _ => {}
        }
    }
    let count = notes.len();
    let global = json!({
        "core:datatype": "cf32_le",
        "core:version": "1.2.0",
        "core:metadata_only": true,
        "core:sample_rate": rate_hz.unwrap_or(1.0),
        "core:description": "own transmissions, from the transmit log",
        "core:recorder": "sidecar",
    });
    (json!({"global": global, "captures": captures, "annotations": notes}), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::{Band, Chain, Disk, Token};

    #[derive(Default)]
    struct Memory(Vec<u8>);
    impl Disk for Memory {
        fn append(&mut self, line: &[u8]) -> std::io::Result<()> {
            self.0.extend_from_slice(line);
            Ok(())
        }
    }

    #[test]
    fn bursts_lie_where_they_were_sent() {
        let (mut disk, mut chain) = (Memory::default(), Chain::default());
        let burst = Burst {
            token: Token([1; 16]),
            samples: 1000,
            rate_hz: 1e6,
            band: Band { low_hz: 3.4995e9, high_hz: 3.5005e9 },
            gain_db: 7.0,
        };
        let begin = Event::Begin { policy: None, who: String::new() };
        let fire = |id| Event::Fire { id, policy: String::new(), serial: "1".into(), burst };
        let end = |id, sent, first_ns| Event::End { id, sent, first_ns, first_radio_ns: Some(0) };
        let events = [
            (begin.clone(), 0),
            (fire(1), 0),
            (end(1, 1000, Some(5_000_000)), 6_000_000),
            (fire(2), 0),
            // stopped before its first sample
            (end(2, 0, None), 7_000_000),
            (fire(3), 0),
            (end(3, 400, Some(9_000_000)), 9_500_000),
            // a new guard: its clock may be another's
            (begin, 0),
            (fire(1), 0),
            (end(1, 1000, Some(1_000_000)), 2_000_000),
        ];
        for (event, mono_ns) in events {
            chain.append(&mut disk, &event, "2026-11-22T12:00:00Z".parse().unwrap(), mono_ns).unwrap();
        }
        let (meta, bursts) = annotations(std::str::from_utf8(&disk.0).unwrap());
        assert_eq!(bursts, 3);
        let starts: Vec<(u64, u64)> = meta["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| (a["core:sample_start"].as_u64().unwrap(), a["core:sample_count"].as_u64().unwrap()))
            .collect();
        // 4 ms after the first at 1 MS/s; then a capture of its own, behind all before it
        assert_eq!(starts, [(0, 1000), (4000, 400), (4400, 1000)]);
        assert_eq!(meta["annotations"][0]["core:freq_lower_edge"], 3.4995e9);
        // 1 ms before its end was written down
        assert_eq!(meta["captures"][0]["core:datetime"], "2026-11-22T11:59:59.999Z");
        assert_eq!(meta["captures"].as_array().unwrap().len(), 2);
    }
}

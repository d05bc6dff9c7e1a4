//! What a device says of itself, for people.

use crate::cli::text;
use ran_bridge::radio::{ChannelLimits, DeviceLimits, Span};

fn spans(all: &[Span], unit: &str, by: f64) -> String {
    let of = |s: &Span| Span { low: s.low / by, high: s.high / by, step: s.step / by }.to_string();
    // a device that divides a clock names every rate
    let words: Vec<String> = if all.len() > 8 {
        vec![of(&all[0]), "...".to_owned(), of(&all[all.len() - 1]), format!("({} of them)", all.len())]
    } else {
        all.iter().map(of).collect()
    };
    format!("{} {unit}", words.join(", "))
}

fn pairs(all: &[(String, String)]) -> String {
    let words: Vec<String> = all.iter().map(|(k, v)| format!("{k} {v}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

pub(super) fn shown(d: &DeviceLimits) -> String {
    let mut rows = vec![
        vec!["hardware".to_owned(), format!("{} by driver {}", d.hardware, d.driver)],
        vec!["serial".to_owned(), if d.serial.is_empty() { "none told".to_owned() } else { d.serial.clone() }],
        vec!["clock".to_owned(), d.clock_sources.join(", ")],
        vec![
            "time".to_owned(),
            format!(
                "{}; {}",
                d.time_sources.join(", "),
                if d.has_time { "timed bursts" } else { "no time of its own" }
            ),
        ],
        vec!["sensors".to_owned(), pairs(&d.sensors)],
        vec!["told".to_owned(), pairs(&d.info)],
    ];
    for (name, channels) in [("tx", &d.tx), ("rx", &d.rx)] {
        for (i, channel) in channels.iter().enumerate() {
            rows.extend(of_channel(&format!("{name} {i}"), channel));
        }
    }
    text::columns(&rows)
}

fn of_channel(name: &str, c: &ChannelLimits) -> Vec<Vec<String>> {
    let elements: Vec<String> = c.gain_elements_db.iter().map(|(n, s)| format!("{n} {s} dB")).collect();
    let row = |what: &str, text: String| vec![format!("{name} {what}"), text];
    vec![
        row("frequency", spans(&c.frequency_hz, "MHz", 1e6)),
        row("rate", spans(&c.rate_hz, "MS/s", 1e6)),
        row("gain", format!("{} dB ({})", c.gain_db, elements.join(", "))),
        row("antennas", c.antennas.join(", ")),
        row("sensors", pairs(&c.sensors)),
    ]
}

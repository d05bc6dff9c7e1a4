//! `sidecar tx status`.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::tx::{Answer, Ask, GuardConfig, GuardStatus, TxClient};
use governor::State;
use std::io::IsTerminal;
use std::time::Duration;

pub(super) fn show(config: &GuardConfig, as_json: bool) -> Result<Exit, CliError> {
    let mut guard = TxClient::connect(&config.control)?;
    let answer = guard.ask(&Ask::Status, Duration::from_secs(2), |a| matches!(a, Answer::Status(_)))?;
    let Answer::Status(status) = answer else { return Ok(Exit::Peer) };
    if as_json {
        text::json(&status)?;
    } else {
        text::out(&shown(&status, std::io::stdout().is_terminal()))?;
    }
    Ok(Exit::Ok)
}

fn shown(s: &GuardStatus, colour: bool) -> String {
    let loud = |text: &str| if colour { format!("\x1b[1;37;41m {text} \x1b[0m") } else { text.to_owned() };
    let state = match (s.state, s.on_air) {
        (_, Some(b)) => format!("{} burst {}, {} of {} samples", loud("ON AIR"), b.id, b.sent, b.samples),
        (State::Armed, _) => format!("armed, {:.1} s left", s.armed_ms.unwrap_or(0) as f64 * 1e-3),
        _ if s.radio_is_safe => "safe: lowest gain, stream closed".to_owned(),
        _ => "on the way to the safe state".to_owned(),
    };
    let fed = |by: &str| match s.fed_ms.get(by).copied().flatten() {
        Some(ms) => format!("{ms} ms ago"),
        None => "never".to_owned(),
    };
    let peak = s.reception.peak_dbfs.map_or_else(|| "nothing heard".to_owned(), |p| format!("peak {p:.1} dBFS"));
    let refusals: Vec<String> = s.refusals.iter().map(|(why, n)| format!("{why} {n}")).collect();
    let mut rows = vec![
        vec!["state".to_owned(), state],
        vec!["radio".to_owned(), format!("{} at {} ({:?}), {} MS/s", s.radio, s.band, s.mode, s.rate_hz * 1e-6)],
        vec!["policy".to_owned(), s.policy.clone().unwrap_or_else(|| "NONE: nothing may be sent".to_owned())],
        vec!["allowed by".to_owned(), s.who.clone()],
        vec!["until".to_owned(), s.until.clone().unwrap_or_else(|| "-".to_owned())],
        vec!["dead-man fed".to_owned(), format!("by the loop {}, by the monitor {}", fed("loop"), fed("monitor"))],
        vec!["receiver".to_owned(), format!("{peak}, {} samples, {} lost", s.reception.samples, s.reception.lost)],
        vec!["bursts".to_owned(), format!("{}, {} samples, dry {} times", s.bursts, s.sent_samples, s.underflows)],
        vec!["stops".to_owned(), s.last_stop.map_or_else(|| "none".to_owned(), |w| format!("{}, last {w:?}", s.stops))],
        vec!["refused".to_owned(), if refusals.is_empty() { "nothing".to_owned() } else { refusals.join(", ") }],
        vec!["log".to_owned(), format!("{} lines, head {}", s.log_lines, s.log_head)],
    ];
    rows.push(vec!["process".to_owned(), s.pid.to_string()]);
    text::columns(&rows)
}

//! `sidecar tx status`.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::tx::{CalibrationReport, GuardConfig, GuardStatus, look, why};
use std::io::IsTerminal;
use std::time::Duration;

pub(super) fn show(config: &GuardConfig, as_json: bool) -> Result<Exit, CliError> {
    let status = look(&config.control, Duration::from_secs(2))?;
    if as_json {
        text::json(&status)?;
    } else {
        let is_terminal = std::io::stdout().is_terminal();
        let loud =
            |t: &str| if is_terminal { t.replacen("ON AIR", "\x1b[1;37;41m ON AIR \x1b[0m", 1) } else { t.to_owned() };
        text::out(&loud(&table(&status)))?;
    }
    Ok(Exit::Ok)
}

/// All of it, a line each.
pub(super) fn table(s: &GuardStatus) -> String {
    let fed = |by: &str| match s.fed_ms.get(by).copied().flatten() {
        Some(ms) => format!("{ms} ms ago"),
        None => "never".to_owned(),
    };
    let peak = s.reception.peak_dbfs.map_or_else(|| "nothing heard".to_owned(), |p| format!("peak {p:.1} dBFS"));
    let reference = match s.reference {
        None => "not watched",
        Some(true) => "locked",
        Some(false) => "NOT LOCKED: nothing is armed",
    };
    let lowered = if s.reception.is_lowered {
        "; OVERLOADED: its gain is at its lowest until tx-guard is started anew"
    } else {
        ""
    };
    let refusals: Vec<String> = s.refusals.iter().map(|(why, n)| format!("{why} {n}")).collect();
    let mut rows = vec![
        vec!["state".to_owned(), s.headline()],
        vec!["radio".to_owned(), format!("{} at {} ({:?}), {} MS/s", s.radio, s.band, s.mode, s.rate_hz * 1e-6)],
        vec!["policy".to_owned(), s.policy.clone().unwrap_or_else(|| "NONE: nothing may be sent".to_owned())],
        vec!["allowed by".to_owned(), s.who.clone()],
        vec!["until".to_owned(), s.until.clone().unwrap_or_else(|| "-".to_owned())],
        vec!["dead-man fed".to_owned(), format!("by the loop {}, by the monitor {}", fed("loop"), fed("monitor"))],
        vec![
            "receiver".to_owned(),
            format!("{peak}, {} samples, {} lost{lowered}", s.reception.samples, s.reception.lost),
        ],
        vec!["reference".to_owned(), reference.to_owned()],
        vec!["calibration".to_owned(), calibration(s.calibration.as_ref())],
        vec!["bursts".to_owned(), format!("{}, {} samples, dry {} times", s.bursts, s.sent_samples, s.underflows)],
        vec![
            "stops".to_owned(),
            s.last_stop.map_or_else(|| "none".to_owned(), |w| format!("{}, last {}", s.stops, why(w))),
        ],
        vec!["refused".to_owned(), if refusals.is_empty() { "nothing".to_owned() } else { refusals.join(", ") }],
        vec!["log".to_owned(), format!("{} lines, head {}", s.log_lines, s.log_head)],
    ];
    rows.push(vec!["process".to_owned(), s.pid.to_string()]);
    text::columns(&rows)
}

fn calibration(of: Option<&CalibrationReport>) -> String {
    let Some(c) = of else { return "none".to_owned() };
    let chains = c.holds_for.transmit.len();
    let what = format!("{chains} chains at {} dB, {:.0} s ago", c.holds_for.gain_db, c.age_s);
    match &c.stale {
        None => format!("{what}, holds up to {:.0} s", c.max_age_s),
        Some(why) => format!("{what}, STALE: {why}"),
    }
}

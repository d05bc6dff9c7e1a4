//! One trial: a burst, what must end it, and what the radio's record says.

use super::rig::{GAIN_DB, Process, RATE_HZ, Rig, SAFE_ANTENNA, SWITCH};
use super::trigger::Trigger;
use crate::clock::mono_ns;
use crate::tx::TxClient;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest wait for the antenna to fall silent, ns.
const SILENT_NS: u64 = 3_000_000_000;
/// It is silent when nothing came out for so long, ns.
const QUIET_NS: u64 = 60_000_000;
/// Length of a burst that is to be ended, ms: some hundreds in a row are within an hour of air time, which is charged as approved.
const BURST_MS: u64 = 2_500;
/// A policy or token that ends during the burst holds so long, ms.
const SHORT_MS: u64 = 900;
const PATIENCE: Duration = Duration::from_secs(5);

/// What was seen.
pub(super) struct Seen {
    /// From the trigger to the last sample that is not zero, ms; 0 = it was out before.
    pub(super) after_ms: f64,
    /// Samples that are not zero.
    pub(super) radiated: u64,
    /// Of them those beyond the approved number, gain or band, or later than the bar.
    pub(super) unauthorised: u64,
}

fn u(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

pub(super) fn trial(rig: &mut Rig, trigger: Trigger) -> Result<Seen, String> {
    let policy_ms = (trigger == Trigger::PolicyEnd).then_some(SHORT_MS as i64 + 600);
    let mut client = rig.ready(policy_ms)?;
    let file = rig.guard_config.stop_file.clone();
    let _ = std::fs::remove_file(&file);
    // a token's end meets a burst that is late only
    let burst_ms = if trigger == Trigger::TokenEnd { SHORT_MS } else { BURST_MS };
    let mut source = fire(rig, burst_ms)?;
    await_air(rig, &mut client, &mut source)?;
    // at any moment of a millisecond, a piece and a look of the desk
    let began_ns = mono_ns();
    let wait_us = rig.rng.random_range(20_000..60_000);
    std::thread::sleep(Duration::from_micros(wait_us));
    let at_ns = pull(rig, trigger, &mut client, &source)?;
    let last_ns = silent(rig)?;
    says_so(rig, trigger, began_ns)?;
    let seen = judge(rig, trigger, at_ns, last_ns, burst_ms)?;
    clean(rig, trigger, source)?;
    Ok(seen)
}

fn fire(rig: &Rig, burst_ms: u64) -> Result<Process, String> {
    let (gain, long) = (format!("{GAIN_DB} dB"), format!("{burst_ms} ms"));
    rig.start(&[
        "tx",
        "fire",
        "--noise",
        "--level",
        "-20 dBFS",
        "--gain",
        &gain,
        "--for",
        &long,
        "--hand-over",
        "--no-feed",
    ])
}

fn await_air(rig: &Rig, client: &mut TxClient, source: &mut Process) -> Result<(), String> {
    let until_ns = mono_ns() + SILENT_NS;
    while rig.radio.on_air()?["on"] != true {
        if let Ok(Some(status)) = source.0.try_wait() {
            return Err(format!("the burst was not fired: {status}; {:?}", rig.status(client)));
        }
        if mono_ns() > until_ns {
            return Err(format!("nothing is on air: {:?}", rig.status(client)));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Does it, and gives when.
fn pull(rig: &mut Rig, trigger: Trigger, client: &mut TxClient, source: &Process) -> Result<u64, String> {
    let pid = |p: &Option<Process>| Pid::from_raw(p.as_ref().map_or(0, |p| p.0.id() as i32));
    let (guard, feeder) = (pid(&rig.guard), pid(&rig.feeder));
    let source = Pid::from_raw(source.0.id() as i32);
    let send = |to: Pid, signal: Signal| kill(to, signal).map_err(|e| format!("{signal}: {e}"));
    let now_ns = mono_ns();
    match trigger {
        Trigger::Sigterm => send(guard, Signal::SIGTERM)?,
        Trigger::Sigint => send(guard, Signal::SIGINT)?,
        Trigger::KillGuard => send(guard, Signal::SIGKILL)?,
        Trigger::KillSource => send(source, Signal::SIGKILL)?,
        Trigger::AbortSource => send(source, Signal::SIGABRT)?,
        Trigger::KillLoop => send(feeder, Signal::SIGKILL)?,
        Trigger::HangLoop => send(feeder, Signal::SIGSTOP)?,
        Trigger::PolicyEnd => {
            let status = rig.status(client)?;
            let until: jiff::Timestamp = status.until.unwrap_or_default().parse().map_err(|e| format!("{e}"))?;
            let left = until.duration_since(crate::clock::wall()).as_nanos();
            return Ok(mono_ns() + u64::try_from(left).map_err(|_| "the policy ended before the burst")?);
        }
        Trigger::TokenEnd => {
            // the burst stands still for longer than the token has beyond it, then goes on
            let (left, at_ns) = (rig.status(client)?.armed_ms, mono_ns());
            let left_ms = left.ok_or("the token ended before the burst")?;
            send(source, Signal::SIGSTOP)?;
            std::thread::sleep(Duration::from_millis(left_ms.saturating_sub(150)));
            send(source, Signal::SIGCONT)?;
            return Ok(at_ns + left_ms * 1_000_000);
        }
        Trigger::Http => post(rig)?,
        Trigger::CommandLine => {
            let status = rig.command(&["tx", "stop"])?.status().map_err(|e| e.to_string())?;
            if !status.success() {
                return Err(format!("sidecar tx stop: {status}"));
            }
        }
        Trigger::StopFile => std::fs::write(&rig.guard_config.stop_file, "").map_err(|e| e.to_string())?,
        Trigger::DeviceError => drop(rig.radio.control("write-error")?),
        Trigger::Vanished => drop(rig.radio.control("vanish")?),
        Trigger::HungWrite => drop(rig.radio.control("hang-write")?),
        Trigger::Overload => drop(rig.radio.control("inject 0 0 200000")?),
        Trigger::Reference => drop(rig.radio.control("unlock")?),
    }
    Ok(now_ns)
}

fn post(rig: &Rig) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("POST /stop: {e}");
    let mut http = TcpStream::connect(rig.guard_config.metrics.listen).map_err(fail)?;
    http.set_read_timeout(Some(PATIENCE)).map_err(fail)?;
    http.write_all(b"POST /stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .map_err(fail)?;
    let mut answer = String::new();
    http.read_to_string(&mut answer).map_err(fail)?;
    if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(format!("POST /stop: {answer}")) }
}

/// Waits until nothing comes out any more; when the last sample did that is not zero, ns.
fn silent(rig: &Rig) -> Result<u64, String> {
    let until_ns = mono_ns() + SILENT_NS;
    loop {
        let air = rig.radio.on_air()?;
        let last_ns = u(&air["last_nonzero_ns"]);
        if air["on"] == false && mono_ns() > last_ns + QUIET_NS {
            return Ok(last_ns);
        }
        if mono_ns() > until_ns {
            return Err("the antenna does not fall silent".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the guard's log has this trigger's reason, and not another's that came before.
fn says_so(rig: &Rig, trigger: Trigger, began_ns: u64) -> Result<(), String> {
    let until_ns = mono_ns() + SILENT_NS;
    loop {
        let said = rig.last_stop(began_ns)?;
        if said == trigger.expected() {
            return Ok(());
        }
        if said.is_some() || mono_ns() > until_ns {
            return Err(format!("the log says {said:?}, not {:?}", trigger.expected()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn judge(rig: &mut Rig, trigger: Trigger, at_ns: u64, last_ns: u64, burst_ms: u64) -> Result<Seen, String> {
    let (events, seen) = rig.radio.events(rig.seen)?;
    rig.seen = seen;
    let stretches: Vec<&Value> = events.iter().filter(|e| e["what"] == "radiated").collect();
    let is_gain = |e: &&Value| e["setting"] == "gain" && e["direction"] == "tx" && e["channel"] == 0;
    let gain = events.iter().rfind(is_gain).and_then(|e| e["value"].as_f64());
    let last = |setting: &str| events.iter().rfind(|e| e["setting"] == setting && e["direction"] != "rx");
    let (antenna, switch) = (last("antenna").map(|e| &e["value"]), last(SWITCH).map(|e| &e["value"]));
    let is_off = antenna.is_some_and(|a| a == SAFE_ANTENNA) && switch.is_some_and(|s| s == "false");
    if trigger.reaches_the_radio() && (gain != Some(0.0) || !is_off) {
        return Err(format!("afterwards the gain is {gain:?} dB, the antenna {antenna:?}, the switch {switch:?}"));
    }
    let radiated: u64 = stretches.iter().map(|s| u(&s["nonzero"])).sum();
    let approved = (burst_ms as f64 * 1e-3 * RATE_HZ) as u64;
    let wrong = |s: &&&Value| {
        s["gain_db"].as_f64().is_none_or(|g| g > GAIN_DB)
            || s["frequency_hz"].as_f64().is_none_or(|f| (f - 3.5e9).abs() > 1.0)
            || s["peak"].as_f64().is_none_or(|p| p > 0.5 + 1e-4)
    };
    let beyond: u64 = stretches.iter().filter(wrong).map(|s| u(&s["nonzero"])).sum();
    let limit_ns = at_ns + (trigger.bar_ms() * 1e6) as u64;
    let late: f64 = stretches
        .iter()
        .map(|s| {
            let last = u(&s["last_nonzero_ns"]);
            let from = u(&s["from_ns"]).max(limit_ns);
            (last.saturating_sub(from) as f64 * 1e-9 * RATE_HZ).ceil()
        })
        .sum();
    Ok(Seen {
        after_ms: last_ns.saturating_sub(at_ns) as f64 * 1e-6,
        radiated,
        unauthorised: radiated.saturating_sub(approved) + beyond + late as u64,
    })
}

/// Puts the rig back.
fn clean(rig: &mut Rig, trigger: Trigger, source: Process) -> Result<(), String> {
    drop(source);
    match trigger {
        Trigger::HangLoop | Trigger::KillLoop => rig.feeder = None,
        Trigger::HungWrite | Trigger::DeviceError | Trigger::Overload | Trigger::Reference => {
            rig.radio.control("clear")?;
        }
        Trigger::Vanished => drop(rig.radio.control("come-back")?),
        _ => {}
    }
    let _ = std::fs::remove_file(&rig.guard_config.stop_file);
    if matches!(
        trigger,
        Trigger::Sigterm
            | Trigger::Sigint
            | Trigger::KillGuard
            | Trigger::PolicyEnd
            | Trigger::Vanished
            | Trigger::HungWrite
            | Trigger::DeviceError
    ) {
        // those that end by themselves have ended, and the rest is started anew, too
        rig.guard = None;
        rig.feeder = None;
    }
    Ok(())
}

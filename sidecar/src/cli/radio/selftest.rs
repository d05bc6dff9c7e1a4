//! `sidecar radio selftest`: through the guard, which has the radio.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::clock::mono_ns;
use crate::config::Config;
use crate::tx::{Answer, ArmOrder, Ask, Ended, FireOrder, GuardConfig, GuardStatus, Over, TxClient, TxError, Wave};
use std::time::Duration;

/// The receiver is watched for so long, ms.
const WATCH_MS: u64 = 2_000;
/// The receiver's rate may differ from what is set by so much: what is in flight at both looks, and the two clocks.
const RATE_PART: f64 = 0.01;
/// Of the silent burst, ms; the tone's.
const SILENT_MS: u64 = 1_000;
const TONE_MS: u64 = 100;
const TONE_DBFS: f32 = -20.0;
const FEED: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(serde::Serialize)]
struct Check {
    what: String,
    good: bool,
    seen: String,
}

pub(super) fn run(
    config: &Config,
    loop_gain_db: Option<f64>,
    least_dbfs: f64,
    as_json: bool,
) -> Result<Exit, CliError> {
    let guard = config.tx_guard(0).map_err(TxError::from)?;
    let mut client = TxClient::connect(&guard.control)?;
    let mut checks = reception(&mut client)?;
    checks.push(silent(&mut client, &guard));
    if let Some(gain_db) = loop_gain_db {
        for channel in 0..guard.radio.tx.as_ref().map_or(1, |tx| tx.channels.len()) {
            checks.push(tone(&mut client, &guard, channel, gain_db, least_dbfs));
        }
    }
    let good = checks.iter().all(|c| c.good);
    if as_json {
        text::json(&checks)?;
    } else {
        let row = |c: &Check| vec![(if c.good { "ok" } else { "FAILED" }).to_owned(), c.what.clone(), c.seen.clone()];
        text::out(&text::columns(&checks.iter().map(row).collect::<Vec<_>>()))?;
    }
    if good {
        return Ok(Exit::Ok);
    }
    Err(CliError::new(
        Exit::Peer,
        "the radio did not pass",
        "`sidecar doctor` looks at the host: frame size, buffers, clock governor",
    ))
}

fn status(client: &mut TxClient) -> Result<GuardStatus, TxError> {
    match client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_)))? {
        Answer::Status(status) => Ok(*status),
        _ => Err(TxError::Silent("its socket".into())),
    }
}

fn reception(client: &mut TxClient) -> Result<Vec<Check>, TxError> {
    let (from, from_ns) = (status(client)?, mono_ns());
    std::thread::sleep(Duration::from_millis(WATCH_MS));
    let (to, to_ns) = (status(client)?, mono_ns());
    let samples = (to.reception.samples + to.reception.lost) - (from.reception.samples + from.reception.lost);
    let rate_hz = samples as f64 / (to_ns - from_ns) as f64 * 1e9;
    let lost = to.reception.lost - from.reception.lost;
    Ok(vec![
        Check {
            what: "rate of the receiver against the host's clock".to_owned(),
            good: (rate_hz / to.rate_hz - 1.0).abs() < RATE_PART,
            seen: format!("{:.3} MS/s of {:.3}", rate_hz * 1e-6, to.rate_hz * 1e-6),
        },
        Check {
            what: "samples lost by the receiver".to_owned(),
            good: lost == 0,
            seen: format!("{lost} in {WATCH_MS} ms"),
        },
    ])
}

fn silent(client: &mut TxClient, guard: &GuardConfig) -> Check {
    let what = "a silent burst of 1 s: timed start, never dry, whole".to_owned();
    match burst(client, guard, SILENT_MS, None, Wave::Zeros, 0) {
        Ok((e, _)) => Check {
            what,
            good: e.why.is_none() && e.underflows == 0,
            seen: format!("{} of {} samples, dry {} times", e.sent, e.samples, e.underflows),
        },
        Err(e) => Check { what, good: false, seen: e.to_string() },
    }
}

fn tone(client: &mut TxClient, guard: &GuardConfig, channel: usize, gain_db: f64, least_dbfs: f64) -> Check {
    let of = |channel| format!(", from transmit channel {channel} of the stream");
    let what = format!("a tone of 100 ms through the loop{}", if channel == 0 { String::new() } else { of(channel) });
    let wave = Wave::Tone { offset_hz: guard.radio.rate_hz / 8.0, amplitude: 10_f32.powf(TONE_DBFS / 20.0) };
    let before = status(client).ok().and_then(|s| s.reception.peak_dbfs);
    match burst(client, guard, TONE_MS, Some(gain_db), wave, channel) {
        Ok((e, heard)) => {
            let heard = heard.unwrap_or(f32::NEG_INFINITY);
            let silence = before.unwrap_or(f32::NEG_INFINITY);
            Check {
                what,
                good: e.why.is_none() && f64::from(heard) >= least_dbfs && heard > silence + 6.0,
                seen: format!("heard at {heard:.1} dBFS, before it {silence:.1} dBFS; wanted {least_dbfs:.1}"),
            }
        }
        Err(e) => Check { what, good: false, seen: e.to_string() },
    }
}

/// Fires and gives how it ended, and the largest peak that the receiver had meanwhile.
fn burst(
    client: &mut TxClient,
    guard: &GuardConfig,
    ms: u64,
    gain_db: Option<f64>,
    wave: Wave,
    channel: usize,
) -> Result<(Ended, Option<f32>), TxError> {
    let order = ArmOrder { for_ms: ms + 2_000, jam: None, relay: false, phrase: String::new() };
    let armed = client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. }))?;
    let Answer::Armed { token, .. } = armed else { return Err(TxError::Silent("its socket".into())) };
    client.tell(&Ask::Feed { alive_ns: None })?;
    let samples = (ms as f64 * 1e-3 * guard.radio.rate_hz) as u64;
    let order = FireOrder { token, samples, gain_db: gain_db.unwrap_or(0.0), wave, over: Over::Channel(channel) };
    client.ask(&Ask::Fire(order), PATIENCE, |a| matches!(a, Answer::Fired { .. }))?;
    let mut heard: Option<f32> = None;
    loop {
        client.tell(&Ask::Feed { alive_ns: None })?;
        if let Some(Answer::Ended(ended)) = client.wait(FEED, |a| matches!(a, Answer::Ended(_)))? {
            return Ok((ended, heard));
        }
        let peak = status(client)?.reception.peak_dbfs;
        heard = match (heard, peak) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
    }
}

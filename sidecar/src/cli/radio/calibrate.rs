//! `sidecar radio calibrate`: through the guard, which has the radio.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::config::{Config, Duration, GainDb, PowerDbfs};
use crate::tx::{Answer, ArmOrder, Ask, CalibrateOrder, CalibrationReport, TxClient, TxError};
use clap::Args;

/// Time that the bursts take at most, beside the time that the stream is to stay open, ms.
const FEED: std::time::Duration = std::time::Duration::from_millis(20);
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// The last word is waited for so often, [`FEED`] each.
const LOOKS: usize = 1500;

/// What can be typed after it.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Gain setting of every chain: the result holds for this one only.
    #[arg(long)]
    pub gain: GainDb,
    /// Which of `tx.listen.channels` listens, by its place from 0; all chains must be heard there.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub receive: usize,
    /// Of the bursts, relative to full scale; the policy's amplitude bounds it.
    #[arg(long, default_value = "-12 dBFS", allow_hyphen_values = true)]
    pub level: PowerDbfs,
    /// Bursts of each chain, in turns.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rounds: usize,
    /// The stream stays open so long, 60 s at most, with nothing sent: whoever wants the factors arms within it.
    #[arg(long, value_name = "DURATION", default_value = "60 s")]
    pub hold: Duration,
    /// The phrase that the policy wants typed before anything goes into the air.
    #[arg(long, default_value = "")]
    pub phrase: String,
}

pub(super) fn run(args: &CalibrateArgs, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let guard = config.tx_guard(0).map_err(TxError::from)?;
    let mut client = TxClient::connect(&guard.control)?;
    let for_ms = (args.hold.s() * 1e3).max(0.0) as u64;
    let order = ArmOrder { for_ms, jam: None, relay: false, phrase: args.phrase.clone() };
    client.tell(&Ask::Feed { alive_ns: None })?;
    let armed = client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. }))?;
    let Answer::Armed { token, .. } = armed else { return Err(TxError::Silent(guard.control).into()) };
    let amplitude = 10_f32.powf(args.level.dbfs() as f32 / 20.0);
    let order =
        CalibrateOrder { token, gain_db: args.gain.db(), receive: args.receive, amplitude, rounds: args.rounds };
    client.tell(&Ask::Feed { alive_ns: None })?;
    client.tell(&Ask::Calibrate(order))?;
    for _ in 0..LOOKS {
        client.tell(&Ask::Feed { alive_ns: None })?;
        let Some(Answer::Calibrated(report)) = client.wait(FEED, |a| matches!(a, Answer::Calibrated(_)))? else {
            continue;
        };
        if as_json {
            text::json(&report)?;
        } else {
            text::out(&shown(&report))?;
        }
        return Ok(Exit::Ok);
    }
    Err(TxError::Silent(guard.control).into())
}

fn shown(r: &CalibrationReport) -> String {
    let heads = ["chain", "channel", "level", "against 0", "phase", "95 %", "delay", "SNR", "spread"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for (k, c) in r.chains.iter().enumerate() {
        let spread = c.spread_deg.map_or_else(|| "-".to_owned(), |s| format!("{s:.2} deg"));
        rows.push(vec![
            k.to_string(),
            r.holds_for.transmit.get(k).map_or_else(String::new, ToString::to_string),
            format!("{:.2} dB", c.level_db),
            format!("{:+.2} dB", c.relative_db),
            format!("{:+.2} deg", c.phase_deg),
            format!("{:.2} deg", c.error_deg),
            format!("{:.2} samples", c.delay_samples),
            format!("{:.1} dB", c.snr_db),
            spread,
        ]);
    }
    let h = &r.holds_for;
    format!(
        "{}holds for radio {} at {} MHz, {} MS/s, gain {} dB, as long as the stream stays open and {:.0} s at most\n",
        text::columns(&rows),
        h.serial,
        h.frequency_hz * 1e-6,
        h.rate_hz * 1e-6,
        h.gain_db,
        r.max_age_s,
    )
}

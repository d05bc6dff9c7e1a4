//! `sidecar tx arm` and `fire`.

use super::args::{ArmArgs, FireArgs};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::tx::{Answer, ArmOrder, Ask, Ended, FireOrder, GuardConfig, Over, Source, TxClient, TxError, Wave};
use governor::Token;
use indicatif::{ProgressBar, ProgressStyle};
use num_complex::Complex32;
use std::time::Duration;

/// Longest wait for the guard's word; before jamming it listens for some 40 ms, and searches what it heard.
const PATIENCE: Duration = Duration::from_secs(5);
/// The dead-man is fed this often.
const FEED: Duration = Duration::from_millis(40);
/// Time that a token of one's own has beyond the burst, ms.
const MARGIN_MS: u64 = 2_000;
/// Noise is limited at so many times its root mean square: 1.2e-4 of its power are above.
const CREST: f32 = 3.0;

pub(super) fn arm(args: &ArmArgs, config: &GuardConfig, as_json: bool) -> Result<Exit, CliError> {
    let mut guard = TxClient::connect(&config.control)?;
    let for_ms = (args.duration.s() * 1e3).max(0.0) as u64;
    let (token, answer) = armed(&mut guard, for_ms, args.jam, &args.phrase)?;
    if as_json {
        text::json(&answer)?;
    } else {
        text::out(&format!("{}\n", String::from(token)))?;
    }
    Ok(Exit::Ok)
}

fn armed(guard: &mut TxClient, for_ms: u64, jam: Option<u16>, phrase: &str) -> Result<(Token, Answer), TxError> {
    let order = ArmOrder { for_ms, jam, relay: false, phrase: phrase.to_owned() };
    let answer = guard.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. }))?;
    match answer {
        Answer::Armed { token, .. } => Ok((token, answer)),
        _ => Err(TxError::Silent("its socket".into())),
    }
}

pub(super) fn fire(args: &FireArgs, config: &GuardConfig, as_json: bool) -> Result<Exit, CliError> {
    let rate_hz = config.radio.rate_hz;
    let mut own = Own::new(args, rate_hz)?;
    let samples = match &own {
        Own::Recording(all, _) => all.len() as u64,
        _ => args.samples.unwrap_or_else(|| (args.duration.map_or(0.0, |d| d.s()) * rate_hz).round() as u64),
    };
    let mut guard = TxClient::connect(&config.control)?;
    let token = match args.token {
        Some(token) => token,
        None => {
            let for_ms = (samples as f64 / rate_hz * 1e3) as u64 + MARGIN_MS;
            armed(&mut guard, for_ms, args.jam, &args.phrase)?.0
        }
    };
    let feeds = !args.no_feed;
    if feeds {
        guard.tell(&Ask::Feed { alive_ns: None })?;
    }
    let order = FireOrder {
        token,
        samples,
        gain_db: args.gain.db(),
        wave: own.wave(),
        over: match args {
            FireArgs { coherent: true, .. } => Over::InPhase,
            FireArgs { spare: true, .. } => Over::Cancelling,
            FireArgs { channel, .. } => Over::Channel(*channel),
        },
    };
    guard.ask(&Ask::Fire(order), PATIENCE, |a| matches!(a, Answer::Fired { .. }))?;
    let bar = bar(samples, rate_hz, as_json);
    let ended = loop {
        if feeds {
            guard.tell(&Ask::Feed { alive_ns: None })?;
        }
        bar.set_position(u64::try_from(bar.elapsed().as_millis()).unwrap_or(0));
        match guard.wait(FEED, |a| matches!(a, Answer::Ended(_) | Answer::Credit { .. }))? {
            Some(Answer::Credit { samples, .. }) => own.hand_over(&mut guard, samples)?,
            Some(Answer::Ended(ended)) => break ended,
            _ => {}
        }
    };
    bar.finish_and_clear();
    if as_json {
        text::json(&ended)?;
    } else {
        text::out(&said(&ended, rate_hz))?;
    }
    match ended.why {
        None => Ok(Exit::Ok),
        Some(why) => Err(CliError::new(
            Exit::Refused,
            format!("the burst was stopped: {why:?}"),
            "`sidecar tx status` and `sidecar tx log` tell more",
        )),
    }
}

/// Feeds the dead-man until this process ends.
pub(super) fn feed(config: &GuardConfig) -> Result<Exit, CliError> {
    let mut guard = TxClient::connect(&config.control)?;
    loop {
        guard.tell(&Ask::Feed { alive_ns: None })?;
        guard.wait(FEED, |_| true)?;
    }
}

/// A bar where somebody looks and the burst is long enough to see one.
fn bar(samples: u64, rate_hz: f64, quiet: bool) -> ProgressBar {
    let long_ms = (samples as f64 / rate_hz * 1e3) as u64;
    let bar = if quiet || long_ms < 500 { ProgressBar::hidden() } else { ProgressBar::new(long_ms) };
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} ms, {eta} to go") {
        bar.set_style(style);
    }
    bar.set_message("ON AIR");
    bar
}

/// What is sent, and who makes it.
enum Own {
    /// The guard.
    Theirs(Wave),
    /// This process.
    Made(Box<Source>),
    /// This process, from a recording; how many are handed over.
    Recording(Vec<Complex32>, usize),
}

impl Own {
    fn new(args: &FireArgs, rate_hz: f64) -> Result<Self, CliError> {
        if let Some(file) = &args.play {
            let input = |e: &dyn std::fmt::Display| CliError::new(Exit::Input, e, "");
            let recording = ran_bridge::iq::read(file).map_err(|e| input(&e))?;
            if (recording.rate_hz - rate_hz).abs() > 1e-6 * rate_hz {
                let what = format!("the recording has {} Hz, the radio {rate_hz} Hz", recording.rate_hz);
                return Err(CliError::new(Exit::Input, what, "set `tx.sample_rate`, or convert it"));
            }
            return Ok(Self::Recording(recording.samples, 0));
        }
        let wave = wave(args)?;
        Ok(if args.hand_over { Self::Made(Box::new(Source::new(wave, rate_hz))) } else { Self::Theirs(wave) })
    }

    fn wave(&self) -> Wave {
        if let Self::Theirs(wave) = self { *wave } else { Wave::Stream }
    }

    /// Hands over the next samples.
    fn hand_over(&mut self, guard: &mut TxClient, samples: u64) -> Result<(), TxError> {
        let n = usize::try_from(samples).unwrap_or(usize::MAX);
        match self {
            Self::Theirs(_) => Ok(()),
            Self::Made(source) => {
                let mut next = vec![Complex32::ZERO; n];
                source.fill(&mut next);
                guard.hand_over(&next)
            }
            Self::Recording(all, at) => {
                let next = &all[*at..all.len().min(*at + n)];
                *at += next.len();
                guard.hand_over(next)
            }
        }
    }
}

fn wave(args: &FireArgs) -> Result<Wave, CliError> {
    let amplitude = || 10_f32.powf(args.level.map_or(0.0, |l| l.dbfs()) as f32 / 20.0);
    match args {
        FireArgs { tone: Some(offset), .. } => Ok(Wave::Tone { offset_hz: offset.hz(), amplitude: amplitude() }),
        FireArgs { noise: true, .. } => {
            Ok(Wave::Noise { rms: amplitude(), peak: CREST * amplitude(), seed: args.seed })
        }
        FireArgs { zeros: true, .. } => Ok(Wave::Zeros),
        _ => Err(CliError::new(Exit::Usage, "what is to be sent?", "--tone OFFSET, --noise, --play FILE or --zeros")),
    }
}

fn said(e: &Ended, rate_hz: f64) -> String {
    format!(
        "burst {}: {} of {} samples sent ({:.3} ms){}\n",
        e.id,
        e.sent,
        e.samples,
        e.sent as f64 / rate_hz * 1e3,
        if e.underflows > 0 { format!("; the radio ran dry {} times", e.underflows) } else { String::new() },
    )
}

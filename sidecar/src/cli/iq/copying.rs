//! The copy, and what is said of it.

use super::{FromArgs, IqArgs, Place};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::stop::Stop;
use crate::cli::text;
use crate::clock::mono_ns;
use crate::config::Config;
use indicatif::ProgressBar;
use ran_bridge::iq::{Copied, Recording, SigmfSink, Sink, Source, StreamError, WireSink, copy};
use std::path::Path;

/// Without a sample for so long a source is given up, ns.
const PATIENCE_NS: u64 = 30_000_000_000;

pub(in crate::cli) fn run(args: &IqArgs, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let (from, to, rate) = (Place::of(&args.from), Place::of(&args.to), args.much.rate);
    if args.repeat && !matches!((&from, &to), (Place::File(_), Place::Wire(_))) {
        return Err(CliError::new(Exit::Usage, "--repeat plays a recording onto a wire", ""));
    }
    let open = || from.open(rate, args.repeat, config);
    let (mut source, mut sink): (_, Box<dyn Sink>) = match &to {
        Place::Radio => {
            return Err(CliError::new(
                Exit::Usage,
                "a radio transmits through tx-guard alone",
                "`sidecar tx fire --play FILE` sends a recording, where a policy allows it",
            ));
        }
        Place::Wire(address) => (open()?, Box::new(WireSink::open(address, to.rate_hz(rate, config))?)),
        Place::File(path) => {
            is_free(path)?;
            let source = open()?;
            let sink = SigmfSink::create(path, source.rate_hz(), source.frequency_hz(), &format!("from {from}"));
            (source, Box::new(sink.map_err(StreamError::from)?))
        }
    };
    let done = watched(&mut *source, &mut *sink, &args.much, matches!(to, Place::Wire(_)), as_json);
    // what came until then is kept, however it ended
    let kept = sink.finish();
    let done = done.map_err(|e| match &to {
        Place::File(path) if kept.is_ok() => {
            CliError { help: format!("what came until then is in {}", path.display()), ..e }
        }
        _ => e,
    })?;
    kept?;
    if as_json {
        text::json(&done)?;
    } else {
        text::out(&said(&done, source.rate_hz(), &from, &to))?;
    }
    Ok(Exit::Ok)
}

/// Samples of a place, in memory.
pub(in crate::cli) fn gather(from: &Place, much: &FromArgs, config: &Config) -> Result<Recording, CliError> {
    let mut source = from.open(much.rate, false, config)?;
    let mut all = Recording::empty(source.rate_hz(), source.frequency_hz(), "");
    all.nonfinite = watched(&mut *source, &mut all, much, false, true)?.nonfinite;
    Ok(all)
}

fn is_free(path: &Path) -> Result<(), CliError> {
    match SigmfSink::files(path).into_iter().find(|p| p.exists()) {
        Some(there) => Err(CliError::new(
            Exit::Usage,
            format!("{} is there already", there.display()),
            "name another, or remove it",
        )),
        None => Ok(()),
    }
}

/// Copies until the end, SIGINT or SIGTERM. A sink that `waits` may wait for its peer as long as that takes.
fn watched(
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    much: &FromArgs,
    waits: bool,
    quiet: bool,
) -> Result<Copied, CliError> {
    let stop = Stop::on_signals(None)?;
    let samples = much.duration.map(|d| (d.s() * source.rate_hz()).round() as u64);
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(samples.unwrap_or(0)) };
    let (mut at, mut since_ns, mut is_silent) = (0, mono_ns(), false);
    let done = copy(source, sink, samples, &mut |done| {
        let now_ns = mono_ns();
        if done.samples != at {
            (at, since_ns) = (done.samples, now_ns);
            bar.set_position(at + done.lost);
        }
        is_silent = !waits && now_ns - since_ns > PATIENCE_NS;
        !is_silent && !stop.given()
    });
    bar.finish_and_clear();
    let done = done?;
    if is_silent {
        let what = format!("no sample came for {} s, after {}", PATIENCE_NS / 1_000_000_000, done.samples);
        return Err(CliError::new(Exit::Peer, what, "is there a transmitter, and does nobody else ask there?"));
    }
    Ok(done)
}

fn said(done: &Copied, rate_hz: f64, from: &Place, to: &Place) -> String {
    let mut text = format!(
        "{} samples ({:.3} ms) from {from} to {to}, the first with index {}",
        done.samples,
        done.samples as f64 / rate_hz * 1e3,
        done.first.unwrap_or(0),
    );
    if done.lost > 0 {
        text += &format!("; {} were lost in between", done.lost);
    }
    if done.nonfinite > 0 {
        text += &format!("; {} were no finite numbers and are zeros", done.nonfinite);
    }
    text + "\n"
}

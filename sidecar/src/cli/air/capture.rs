//! `sidecar air capture`.

use super::args::CaptureArgs;
use crate::air::AirClient;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::config::Config;
use ran_bridge::air::{CaptureOrder, CaptureStatus, Command, Direction, Event, PeerState, Status, Tap};
use ran_bridge::iq::describe;
use std::path::Path;

/// Between two looks how far it is, ns.
const LOOK_NS: u64 = 200_000_000;
/// Without a sample for this many looks, it is given up.
const LOOKS: u32 = 150;

pub(super) fn run(args: &CaptureArgs, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let write = |what: &Path, e: std::io::Error| {
        CliError::new(Exit::Record, format!("cannot write {}: {e}", what.display()), "")
    };
    std::fs::create_dir_all(&args.out).map_err(|e| write(&args.out, e))?;
    let folder = std::fs::canonicalize(&args.out).map_err(|e| write(&args.out, e))?;
    let mut air = AirClient::connect(&config.air.control)?;
    let Event::Status(status) = air.ask(&Command::Status)? else {
        return Err(CliError::new(Exit::Peer, "air answers something else", "install the same release on both sides"));
    };
    let taps = if args.wires.is_empty() { usual(config, &status) } else { named(&args.wires)? };
    let samples = (args.duration.s() * status.rate_hz).round() as u64;
    let order = CaptureOrder { folder: folder.clone(), taps, samples };
    let done = wait(&mut air, &order, &status)?;
    for tap in &done.order.taps {
        let first = if tap.direction() == Direction::Downlink { done.first_dl } else { done.first_ul };
        let what = format!("wire {} of air", tap.file());
        describe(&folder.join(tap.file()), status.rate_hz, first, &what)
            .map_err(|e| CliError::new(Exit::Record, e, ""))?;
    }
    let yaml = folder.join("config.yaml");
    std::fs::write(&yaml, config.to_yaml()?).map_err(|e| write(&yaml, e))?;
    let json = serde_json::to_vec_pretty(&done).map_err(|e| CliError::new(Exit::Internal, e, ""))?;
    std::fs::write(folder.join("capture.json"), json).map_err(|e| write(&folder, e))?;
    if as_json {
        text::json(&done)?;
    } else {
        let names: Vec<String> = done.order.taps.iter().map(Tap::file).collect();
        text::out(&format!("{} samples each of {} in {}\n", samples, names.join(", "), folder.display()))?;
    }
    Ok(Exit::Ok)
}

fn wait(air: &mut AirClient, order: &CaptureOrder, before: &Status) -> Result<CaptureStatus, CliError> {
    air.ask(&Command::Capture { order: order.clone() })?;
    let bar = indicatif::ProgressBar::new(order.samples);
    let (mut at, mut still) = (before.dl_sample, 0);
    loop {
        if let Some(Event::Capture(done)) =
            air.wait(LOOK_NS, |e| matches!(e, Event::Capture(c) if c.order == *order && c.is_over()))?
        {
            bar.finish_and_clear();
            return match &done.fault {
                None => Ok(done),
                Some(fault) => Err(CliError::new(
                    Exit::Peer,
                    format!("the capture is not whole: {fault}"),
                    "a peer was away; do it again",
                )),
            };
        }
        if let Event::Status(now) = air.ask(&Command::Status)? {
            still = if now.dl_sample == at { still + 1 } else { 0 };
            at = now.dl_sample;
            bar.set_position(at.saturating_sub(before.dl_sample).min(order.samples));
        }
        if still >= LOOKS {
            return Err(CliError::new(
                Exit::Peer,
                "no sample goes through air",
                "`sidecar air status` tells who is missing",
            ));
        }
    }
}

/// Every port of the gNB, and what every present receiver gets.
fn usual(config: &Config, status: &Status) -> Vec<Tap> {
    let ports = if config.air.gnb.play.is_some() { 1 } else { config.air.gnb.tx.len() };
    let ports = (0..ports as u32).map(|port| Tap::GnbTx { port });
    let ues = (0_u32..).zip(status.peers.iter().skip(1));
    ports.chain(ues.filter(|(_, p)| p.state == PeerState::Present).map(|(stream, _)| Tap::UeRx { stream })).collect()
}

fn named(wires: &[String]) -> Result<Vec<Tap>, CliError> {
    wires
        .iter()
        .map(|name| {
            let numbered = |prefix: &str, suffix: &str| name.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok();
            let tap = numbered("gnb_tx", "").map(|port| Tap::GnbTx { port });
            let tap = tap.or_else(|| numbered("gnb_rx", "").map(|port| Tap::GnbRx { port }));
            let tap = tap.or_else(|| numbered("input", "").map(|column| Tap::Input { column }));
            let tap = tap.or_else(|| numbered("ue", "_rx").map(|stream| Tap::UeRx { stream }));
            tap.or_else(|| numbered("ue", "_tx").map(|stream| Tap::UeTx { stream })).ok_or_else(|| {
                CliError::new(
                    Exit::Usage,
                    format!("{name} is no wire"),
                    "gnb_tx0, gnb_rx0, ue0_rx and ue0_tx are, and so on",
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_wires() {
        let taps =
            named(&["gnb_tx0".into(), "ue12_rx".into(), "ue0_tx".into(), "gnb_rx1".into(), "input3".into()]).unwrap();
        let want = [
            Tap::GnbTx { port: 0 },
            Tap::UeRx { stream: 12 },
            Tap::UeTx { stream: 0 },
            Tap::GnbRx { port: 1 },
            Tap::Input { column: 3 },
        ];
        assert_eq!(taps, want);
        for tap in want {
            assert_eq!(named(&[tap.file()]).unwrap(), [tap]);
        }
        assert!(named(&["ue_rx".into()]).is_err());
    }
}

//! Asks a running `sidecar gnb`, and prints what it answers.

use super::args::{GnbCommand, SetArgs};
use crate::cli::args::Args;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::config::Config;
use crate::gnb::{Answer, AskError, Console, FindError, Outcome, Request, Status, find, socket_in};
use ran_bridge::gnb::console::{ConsoleCommand, LogLayer, Thousandths, ValueError, Verdict};

pub(in crate::cli) fn ask(command: &GnbCommand, args: &Args, config: &Config) -> Result<Exit, CliError> {
    let request = request(command).map_err(|e| CliError::new(Exit::Usage, e, ""))?;
    let path = match &args.run_dir {
        Some(dir) => socket_in(dir),
        None => find(&config.run.root)?,
    };
    match Console::connect(&path)?.ask(&request)? {
        Answer::Status(status) => {
            if args.json {
                text::json(&status)?;
            } else {
                text::out(&shown(&status))?;
            }
            Ok(Exit::Ok)
        }
        Answer::Outcome(outcome) => said(&outcome, args.json),
    }
}

fn request(command: &GnbCommand) -> Result<Request, ValueError> {
    let command = match command {
        GnbCommand::Status => return Ok(Request::Status),
        GnbCommand::Table { show } => return Ok(Request::Table { show: show.table() }),
        GnbCommand::Set(args) => setting(args)?,
        GnbCommand::Handover { serving, rnti, target } => {
            ConsoleCommand::Handover { serving_pci: *serving, rnti: *rnti, target_pci: *target }
        }
        GnbCommand::Log { level } => ConsoleCommand::Log { layer: LogLayer::Phy, level: (*level).into() },
    };
    Ok(Request::Command { command })
}

fn setting(args: &SetArgs) -> Result<ConsoleCommand, ValueError> {
    let (port, sector) = (args.port, args.sector);
    if let Some(gain) = args.tx_gain {
        return Ok(ConsoleCommand::TxGain { port, gain_db: Thousandths::new(gain.db())? });
    }
    if let Some(gain) = args.rx_gain {
        return Ok(ConsoleCommand::RxGain { port, gain_db: Thousandths::new(gain.db())? });
    }
    if let Some(offset) = args.tx_time_offset {
        return Ok(ConsoleCommand::TxTimeOffset { sector, offset_us: Thousandths::new(offset.s() * 1e6)? });
    }
    // one of the four is there
    let offset_hz = Thousandths::new(args.cfo.map_or(f64::NAN, crate::config::Frequency::hz))?;
    Ok(ConsoleCommand::Cfo { sector, offset_hz })
}

/// Prints an outcome; good only where the gNB said that it did it.
fn said(outcome: &Outcome, as_json: bool) -> Result<Exit, CliError> {
    if as_json {
        text::json(outcome)?;
    }
    let text = outcome.text.trim_end_matches(';');
    let (what, help) = match outcome.verdict {
        Verdict::Done => {
            if !as_json {
                let words = if outcome.words.is_empty() { "done without a word" } else { &outcome.words };
                text::out(&format!("{words}\n"))?;
            }
            return Ok(Exit::Ok);
        }
        Verdict::Refused(_) => ("the gNB does not do it", "the ZeroMQ radio has no gains; a USRP has a range of them"),
        Verdict::Partly => ("the gNB did it for what it transmits, not for what it receives", ""),
        Verdict::NotKnown => ("the gNB does not have this command", "which release is it?"),
        Verdict::Unconfirmed => (
            "the gNB did not answer in time: it may or may not have been done",
            "`sidecar gnb status` tells whether its console is back; the run's table `gnb_command` has an answer that comes late",
        ),
    };
    let words = if outcome.words.is_empty() { String::new() } else { format!(": {}", outcome.words) };
    Err(CliError::new(Exit::Peer, format!("{text}: {what}{words}"), help))
}

fn shown(status: &Status) -> String {
    let console = format!("{:?}", status.console).to_lowercase();
    let stopping = if status.is_stopping { ", being stopped" } else { "" };
    let tied = match status.is_tied {
        Some(true) => "ends with us",
        Some(false) => "DOES NOT end when we are killed: its program has rights of its own",
        None => "not known yet whether it ends with us",
    };
    let mut values = vec![["set", "port or sector", "value"].map(str::to_owned).to_vec()];
    for v in &status.values {
        let is_known = v.least.to_bits() == v.most.to_bits();
        let value = if is_known { v.least.to_string() } else { format!("{} to {}: not confirmed", v.least, v.most) };
        values.push(vec![v.name.clone(), v.place.to_string(), value]);
    }
    let mut counts = vec![["commands", "count"].map(str::to_owned).to_vec()];
    counts.extend(status.outcomes.iter().map(|c| vec![c.name.clone(), c.count.to_string()]));
    let refused = status.refusals.iter().filter(|c| c.count > 0);
    counts.extend(refused.map(|c| vec![format!("not written: {}", c.name), c.count.to_string()]));
    format!(
        "gNB pid {}, running {:.0} s{stopping}; {tied}\nconsole {console}\n\n{}\n{}",
        status.pid,
        status.running_s,
        text::columns(&values),
        text::columns(&counts),
    )
}

impl From<AskError> for CliError {
    fn from(e: AskError) -> Self {
        let help = match &e {
            AskError::Away { .. } => "`sidecar gnb -- gnb -c gnb.yml` starts one; --run-dir names the run of another",
            AskError::Refused { .. } => {
                "`sidecar gnb status` tells what was set; `gnb_console` in the configuration of `sidecar gnb` what is allowed"
            }
            AskError::Silent | AskError::Closed => "the end of its log tells why",
            AskError::Wire(_) => "install the same release on both sides",
        };
        Self::new(Exit::Peer, e, help)
    }
}

impl From<FindError> for CliError {
    fn from(e: FindError) -> Self {
        match e {
            FindError::Record(e) => e.into(),
            e @ FindError::None { .. } => Self::new(
                Exit::Peer,
                e,
                "`sidecar gnb -- gnb -c gnb.yml` starts one; --run-dir or --set run.root=DIR looks elsewhere",
            ),
            e @ FindError::Several { .. } => Self::new(Exit::Usage, e, "--run-dir names one"),
        }
    }
}

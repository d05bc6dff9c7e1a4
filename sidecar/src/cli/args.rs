//! What can be typed.

use super::air::AirCommand;
use super::data_cmd::DataCommand;
use super::gnb::GnbCommand;
use super::iq::{FromArgs, IqArgs};
use super::radio::RadioCommand;
use super::tx::TxCommand;
use crate::config::{Override, WeightingMethod};
use crate::experiment::StepRule;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  sidecar doctor -c lab.yaml --gnb gnb.yml --ue ue.conf   what will not work, and the fix
  sidecar demo                                   a closed loop, one minute, no hardware
  sidecar up -c configs/lab.yaml                 every process of this host, supervised
  sidecar config check configs/lab.yaml          is it right?
  sidecar config show -c lab.yaml --set run.seed=7   every value in force and where it came from
  sidecar air set --power '-6 dB'                what the radio sends, while it runs
  sidecar air fault run --on ue0 --for '50 ms' blank   a fault on exactly these samples
  sidecar gnb -- gnb -c gnb.yml                  a gNB that owns its radio, its console behind a guard
  sidecar csi recording.sigmf-meta --json        SSBs, MIBs, CFO of a recording
  sidecar iq radio heard --for '1 s'             what the radio hears, as a SigMF recording
  sidecar run list                               runs so far, also those that crashed
  sidecar run export last                        its tables as Parquet, units in column metadata
  sidecar data import kpi.csv --out trace.csv --features snr_db   a series of your own
  sidecar bench list                             what can be measured

Exit codes: 0 done · 2 usage · 3 configuration · 4 peer · 5 input file · 6 bench bar missed · 7 run or record · 8 port or process · 9 integrity · 10 doctor · 11 refused to transmit · 70 our fault
(`sidecar exit-codes` says more). Logs go to standard error; SIDECAR_LOG=debug or -v, -vv for more.";

/// Closes the loop around a live 5G network: sense, predict, decide, guard, act, observe.
#[derive(Debug, Parser)]
#[command(name = "sidecar", version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 110)]
pub struct Args {
    /// The configuration; every key has a default, so none is needed.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets one value of the configuration, e.g. --set air.sample_rate='11.52 MHz'. May be given more than once.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Prints JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Joins the run in this folder instead of starting one.
    #[arg(long, global = true, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// More logs; twice for still more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Logs as JSON, one object a line.
    #[arg(long, global = true)]
    pub log_json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The data plane: every IQ stream between gNB, antennas, channels and UEs.
    #[command(args_conflicts_with_subcommands = true)]
    Air {
        /// Ends with exit code 9 as soon as a sample is lost, invented, late or no number, or a message is malformed.
        #[arg(long)]
        strict: bool,
        /// Asks the one that runs instead.
        #[command(subcommand)]
        ask: Option<AirCommand>,
    },
    /// Works on samples for an `air` that holds the connections; `air` starts it by itself.
    #[command(hide = true)]
    AirWorker {
        /// Where that `air` listens.
        door: PathBuf,
    },
    /// Runs a gNB that owns its radio, and drives its console through a guard; or asks the one that runs.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  sidecar gnb -c configs/gnb-console.yaml -- gnb -c gnb.yml
  sidecar gnb status
  sidecar gnb set --tx-gain '20 dB' --port 0

The exit code is the gNB's own; 128 + N where signal N ended it; 0 where it ended by the SIGTERM that we passed on."
    )]
    Gnb {
        /// Asks the one that runs instead.
        #[command(subcommand)]
        ask: Option<GnbCommand>,
        /// The gNB: program and arguments. A script must `exec` it.
        #[arg(last = true, value_name = "PROGRAM")]
        command: Vec<std::ffi::OsString>,
    },
    /// The agent of the physical layer: CSI in, weights out; gNB metrics and control.
    Ran,
    /// The agent of the network layer: the core's metrics, rate limits.
    Core,
    /// The agent of the application layer: rates in, resolutions out.
    App,
    /// The agent controller: decisions, coordination rounds, the HTTP interface.
    Controller,
    /// The guard of the radio that may transmit: opens it alone, and lets nothing through that no signed policy allows.
    TxGuard,
    /// Puts ZMQ radios (a gNB behind `air`, a UE) on the air of the radio that tx-guard has, under a policy that allows it.
    Relay {
        /// The phrase that the policy wants typed before anything goes into the air.
        #[arg(long, default_value = "")]
        phrase: String,
    },
    /// What is sent, if anything: status, arm, fire, stop, the log.
    #[command(subcommand)]
    Tx(TxCommand),
    /// Radios: which are there, what they can do, whether they keep up.
    #[command(subcommand)]
    Radio(RadioCommand),
    /// Starts and supervises all of them; SIGTERM or Ctrl-C ends all.
    Up {
        /// Ends by itself after this long, e.g. '60 s'.
        #[arg(long = "for", value_name = "DURATION")]
        duration: Option<crate::config::Duration>,
    },
    /// A closed loop in about a minute: the lab twice, left alone and with the loop; no root, no hardware, no gNB.
    Demo {
        /// Radio time of each of the two runs.
        #[arg(long = "for", value_name = "DURATION", default_value = "20 s")]
        duration: crate::config::Duration,
        /// The lab's program; by default the one beside this.
        #[arg(long, value_name = "FILE")]
        lab: Option<PathBuf>,
        /// Lines in place of the live screen.
        #[arg(long)]
        plain: bool,
    },
    /// What lies between a lab and a working loop: gNB, UE, core, wires, radio, policy, this host; each cause with its fix.
    Doctor(crate::doctor::DoctorArgs),
    /// Cell, SS/PBCH blocks and MIBs of a recording, a wire or what a radio hears; with --study how well they are found under noise.
    #[command(after_help = "\
Examples:
  sidecar csi recording.sigmf-meta --json
  sidecar csi radio -c configs/usrp.yaml
  sidecar csi tcp://127.0.0.1:2101 --rate '11.52 MHz' --for '100 ms'")]
    Csi {
        /// What is asked.
        #[command(flatten)]
        csi: crate::csi::CsiArgs,
        /// How much of what.
        #[command(flatten)]
        from: FromArgs,
    },
    /// Copies samples: from a radio's receiver, a wire or a recording, into a recording or onto a wire.
    #[command(after_help = super::iq::HELP)]
    Iq(IqArgs),
    /// Channel state from a gNB's log and uplink grid dump, or from srsUE's metrics file.
    Sources(crate::csi::SourcesArgs),
    /// Runs kept on disk.
    #[command(subcommand)]
    Run(RunCommand),
    /// The configuration: its schema, whether a file is right, what is in force.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Measures: `bench list`, or `bench NAME`.
    Bench(BenchArgs),
    /// Series of your own: made into traces of the project's form.
    #[command(subcommand)]
    Data(DataCommand),
    /// The prediction models: training ahead of time.
    #[command(subcommand)]
    Learn(LearnCommand),
    /// Makes a table or figure of SANet again, on real series: numbers, picture, and a page beside the paper's.
    #[command(after_help = "\
Examples:
  sidecar experiment list
  sidecar experiment sanet-fig11 --quick             a first look, in a minute or two
  sidecar experiment sanet-fig11 --data DIR          the whole, on the full series; killed, it goes on where it was
  sidecar experiment sanet-table3 --step adamw       the optimiser of the loop in place of plain gradient steps")]
    Experiment(ExperimentArgs),
    /// Every exit code and what it means.
    ExitCodes,
    /// Becomes a command that ends when its parent does.
    #[command(hide = true)]
    ChildOf {
        /// Pid of the parent.
        parent: u32,
        /// Program and arguments.
        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
}

/// `sidecar run …`
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Every run, oldest first: status, length, size.
    List,
    /// One run: who, when, with what; its tables, damage and losses.
    #[command(after_help = "Example: sidecar run show last")]
    Show {
        /// Any part of its name, its folder, or `last`.
        run: String,
    },
    /// Makes one Parquet file per table, also of a run that crashed.
    #[command(
        after_help = "Examples:\n  sidecar run export last\n  sidecar run export demo-3fa9 --csv --out /tmp/tables"
    )]
    Export {
        /// Any part of its name, its folder, or `last`.
        run: String,
        /// CSV instead of Parquet.
        #[arg(long)]
        csv: bool,
        /// Where the files go; `tables` in the run's folder unless told.
        #[arg(short, long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// `sidecar config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Prints the JSON Schema of the configuration.
    Schema,
    /// Says whether a file is right.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Prints every value in force and where it came from.
    Show {
        /// As one YAML document that can be loaded again.
        #[arg(long)]
        yaml: bool,
    },
}

/// `sidecar bench …`
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// `list`, or the name of a bench.
    pub name: String,
    /// Much less work, for a first look; the figures are no measure.
    #[arg(long)]
    pub quick: bool,
}

/// `sidecar experiment …`
#[derive(Debug, clap::Args)]
pub struct ExperimentArgs {
    /// `list`, or the name of an experiment.
    pub name: String,
    /// Much less work, for a first look; the numbers are no measure.
    #[arg(long)]
    pub quick: bool,
    /// Seeds 1 to N; 3 where nothing is said, 1 with --quick. More are added to those that are there.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100))]
    pub seeds: Option<u64>,
    /// Coordination rounds, in place of the plan's 1000 (--quick: 40).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rounds: Option<u64>,
    /// What steps are taken by when errors are studied; forecasts are trained with AdamW.
    #[arg(long, value_enum, default_value_t = StepRule::Sgd)]
    pub step: StepRule,
    /// Step size η of the weights of dynamic weighting, in place of Table 2's 0.1 (range 0 to 10).
    #[arg(long, value_name = "NUMBER", value_parser = step_size)]
    pub eta: Option<f64>,
    /// Folder with the full series; without it the built-in excerpts are used.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where the pages go, and the runs behind them.
    #[arg(long, value_name = "DIR", default_value = "experiments")]
    pub out: PathBuf,
}

/// A share of messages.
fn fault_share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|e| format!("{e}"))?;
    if (0.0..=0.25).contains(&number) { Ok(number) } else { Err("not in 0 to 0.25".to_owned()) }
}

/// A step size of the weights.
fn step_size(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|e| format!("{e}"))?;
    if (0.0..=10.0).contains(&number) { Ok(number) } else { Err("not in 0 to 10".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_behind_the_command() {
        let a = Args::try_parse_from(["sidecar", "--set", "run.seed=3", "config", "show", "--json", "-c", "x.yaml"])
            .unwrap();
        assert!(a.json && a.config.is_some() && a.set.len() == 1);
        assert!(Args::try_parse_from(["sidecar", "--set", "nonsense", "air"]).is_err());
    }
}

/// What to do about the prediction models.
#[derive(Debug, Subcommand)]
pub enum LearnCommand {
    /// Trains the models of all agents on real traces and writes weights with their manifest.
    Pretrain {
        /// Folder with the full traces; without it the built-in excerpts are used.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Where the weights go.
        #[arg(long, value_name = "DIR", default_value = "weights")]
        out: PathBuf,
        /// Coordination rounds.
        #[arg(long, default_value_t = 500)]
        rounds: u64,
        /// Seed of initialisation and order.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Trains the shared part, as the controller of three agents in processes of their own; goes on where it was killed.
    Controller {
        /// Where agents connect.
        #[arg(long, value_name = "ADDRESS", default_value = "tcp://127.0.0.1:7790")]
        bind: String,
        /// As the others.
        #[command(flatten)]
        common: RemoteArgs,
    },
    /// Trains one agent's part against a controller; goes on where it was killed.
    Agent {
        /// Which: ran, core or app.
        #[arg(value_parser = ["ran", "core", "app"])]
        name: String,
        /// Where the controller listens.
        #[arg(long, value_name = "ADDRESS", default_value = "tcp://127.0.0.1:7790")]
        connect: String,
        /// Folder with the full traces; without it the built-in excerpts are used.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Windows of a draw.
        #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
        batch: u16,
        /// Share of messages, each way, that are lost, doubled, delayed and reordered, each of the four, to try the protocol (0 to 0.25).
        #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = fault_share)]
        faults: f64,
        /// As the others.
        #[command(flatten)]
        common: RemoteArgs,
    },
}

/// What agents and controller of `sidecar learn` have in common.
#[derive(Debug, Clone, clap::Args)]
pub struct RemoteArgs {
    /// Folder of states and weights, of all processes of this host or of this one.
    #[arg(long, value_name = "DIR", default_value = "training")]
    pub dir: PathBuf,
    /// Coordination rounds.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub rounds: u64,
    /// How the agents are weighted; agents and controller must agree.
    #[arg(long, value_enum, default_value_t = WeightingMethod::Dynamic)]
    pub weighting: WeightingMethod,
    /// Seed of the initialisation of an agent's part and of its draws, and of PCGrad's order.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keep no state: faster, and a killed process begins anew.
    #[arg(long)]
    pub forgetful: bool,
}

//! The command line.

mod air;
mod args;
mod bench_cmd;
mod child_of;
mod config_cmd;
mod csi_cmd;
mod data_cmd;
mod demo_cmd;
mod doctor_cmd;
mod entry;
mod error;
mod exit;
mod experiment_cmd;
mod from_process;
mod gnb;
mod iq;
mod joined;
mod learn_cmd;
mod process_cmd;
mod radio;
mod relay_cmd;
mod run_cmd;
mod stop;
mod text;
mod tx;

pub use args::{Args, BenchArgs, Command, ConfigCommand, ExperimentArgs, LearnCommand, RunCommand};
pub use data_cmd::{DataCommand, ImportArgs};
pub use entry::main;
pub use error::CliError;
pub use exit::{EXIT_CODES, Exit};
pub use radio::RadioCommand;
pub use stop::Stop;
pub use tx::TxCommand;

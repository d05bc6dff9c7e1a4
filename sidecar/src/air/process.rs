//! Starts the data-plane thread and waits for it.

use super::config::{AirProcessConfig, AirProcessError};
use super::control::ControlSocket;
use super::rows::{TruthRow, WorkerRow};
use crate::record::Writer;
use ran_bridge::air::{self, Counters, Given, Hold, Standing, Summary, Truth};
use ran_bridge::iq::Channel;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Runs `air` until `stop` is set (or a recording has been played), recording to `run_dir` where there is one.
///
/// # Errors
/// [`AirProcessError`] when it cannot start.
pub fn run(config: &AirProcessConfig, run_dir: Option<&Path>, stop: &AtomicBool) -> Result<Summary, AirProcessError> {
    let writer = match run_dir {
        Some(dir) => Writer::open_queued(dir, "air").map_err(|e| AirProcessError::Record(e.to_string()))?,
        None => Writer::nowhere(),
    };
    let address = config.control.as_deref();
    let mut port = ControlSocket::bind(address, config.run, writer.clone(), Arc::clone(&config.stats))
        .map_err(|source| AirProcessError::Control { address: address.unwrap_or_default().to_owned(), source })?;
    let records = writer.clone();
    let mut truth = move |t: &Truth<'_>| {
        let (h_re, h_im) = t.h.iter().map(|z| (z.re, z.im)).unzip();
        records.row("air_truth", &TruthRow { stream: t.stream, sample: t.sample, h_re, h_im });
    };
    if let Some(cpu) = config.cpu {
        pin(cpu)?;
    }
    let done = match &config.door {
        None => air::run(&config.air, &mut port, stop, &mut truth, &config.stats)?,
        Some(door) => {
            let channel = Channel::knock(door).map_err(AirProcessError::Door)?;
            let (mut given, ledger) = Given::receive(channel, &config.air).map_err(AirProcessError::Door)?;
            let from = Standing::read(&ledger);
            let noted = Counters::noted(&ledger);
            let held_samples = noted.held_dl_samples + noted.held_ul_samples;
            writer.row(
                "air_worker",
                &WorkerRow { pid: std::process::id(), restarts: noted.worker_restarts, held_samples },
            );
            let hold = Hold { connections: &mut given, ledger, from, works: true };
            let done = air::run_held(&config.air, hold, &mut port, stop, &mut truth, &config.stats)?;
            given.done();
            done
        }
    };
    writer.flush().map_err(|e| AirProcessError::Record(e.to_string()))?;
    tracing::info!(dl_sample = done.dl_sample, ul_sample = done.ul_sample, counters = ?done.counters, "air ended");
    Ok(done)
}

/// Pins the calling thread.
fn pin(cpu: usize) -> Result<(), AirProcessError> {
    let fail = |e: nix::errno::Errno| AirProcessError::Thread(format!("CPU {cpu}: {e}"));
    let mut set = nix::sched::CpuSet::new();
    set.set(cpu).map_err(fail)?;
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set).map_err(fail)
}

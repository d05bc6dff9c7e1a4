//! `bench loop`: from the arrival in `air` of the message with an SSB's last sample to new weights armed in `air`, in eight phases.

use super::loop_lab::{LabChild, Ports, Receivers, World, tcp};
use super::{Bar, BenchContext, BenchError, Row};
use crate::air::AirProcessConfig;
use crate::clock::mono_ns;
use crate::learn::{DataSet, SharedConfig, SharedLearner, Trainer, TrainerConfig, Work, built_in, source};
use crate::ran::config::{Monitor, RanConfig};
use crate::ran::process::start_threads;
use crate::ran::shared::Shared;
use crate::ran::slow_thread::MibBook;
use crate::record::Writer;
use crate::wire::Agent;
use predict::TransformerConfig;
use predict::optim::OptimiserConfig;
use ran_bridge::air::{AirConfig, GnbEnd, UeEnd};
use ran_bridge::emulator::LinkConfig;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Loops that are measured.
const LOOPS: u64 = 2000;
/// Bars, µs.
const MEAN_US: f64 = 450.0;
const P99_US: f64 = 1000.0;
/// Longest wait for the loops, s.
const PATIENCE_S: u64 = 240;

/// One UE and nobody else.
const ONE: Receivers = Receivers { ues: 1, eavesdropper: false };
/// The demo's cell.
const FOUR: Receivers = Receivers { ues: 3, eavesdropper: true };

/// Runs the three cases.
///
/// # Errors
/// [`BenchError::Failed`] where the lab, `air` or `ran` cannot run or the loop does not close.
pub fn run(context: &BenchContext, out: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    case(context, "one UE, lab at real time", ONE, false, out)?;
    case(context, "three UEs and an eavesdropper", FOUR, false, out)?;
    case(context, "the same with training beside", FOUR, true, out)
}

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::Failed(error.to_string())
}

fn case(
    context: &BenchContext,
    name: &str,
    receivers: Receivers,
    train: bool,
    out: &mut dyn FnMut(Row),
) -> Result<(), BenchError> {
    let want = if context.quick { 200 } else { LOOPS };
    let dir = std::env::temp_dir().join(format!("sidecar-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let result = measure(context.seed, &dir, want, receivers, train);
    // a folder in the system's place for temporary things; what stays does no harm
    let _left = std::fs::remove_dir_all(&dir);
    let (rows, loops) = result?;
    for row in rows {
        let total = row.phase == "total";
        for (metric, ns) in [
            ("mean", row.stats.mean_ns),
            ("p50", row.stats.p50_ns),
            ("p99", row.stats.p99_ns),
            ("max", row.stats.max_ns),
        ] {
            let figure = Row::new(name, &format!("{} {metric}", row.phase), ns / 1e3, "us");
            let bar = match metric {
                "mean" => Some(Bar::AtMost(MEAN_US)),
                "p99" => Some(Bar::AtMost(P99_US)),
                _ => None,
            };
            out(match bar.filter(|_| total && !train) {
                Some(bar) => figure.bar(bar),
                None => figure,
            });
        }
    }
    let loops = Row::new(name, "loops", loops as f64, "1");
    out(if context.quick { loops } else { loops.bar(Bar::AtLeast(LOOPS as f64)) });
    Ok(())
}

type Measured = (Vec<crate::ran::phases::PhaseRow>, u64);

fn measure(seed: u64, dir: &Path, want: u64, receivers: Receivers, train: bool) -> Result<Measured, BenchError> {
    let ports = Ports::free(receivers).map_err(failed)?;
    let log = dir.join("world.jsonl");
    let mut lab =
        LabChild::start(dir, &ports, &World { receivers, seed, pace: Some(1.0), duration_s: 3600.0, log: &log })
            .map_err(failed)?;
    let stop = Arc::new(AtomicBool::new(false));
    let control = format!("ipc://{}", dir.join("air.sock").display());
    let mut air = AirProcessConfig::new(air_config(&ports, receivers), Some(control.clone()));
    air.run = 1;
    let air_stop = Arc::clone(&stop);
    let plane = std::thread::Builder::new()
        .name("air".into())
        .spawn(move || crate::air::run(&air, None, &air_stop))
        .map_err(failed)?;
    let monitors = (0..receivers.count() as u32)
        .map(|stream| Monitor { stream, eavesdropper: stream as usize == receivers.ues, supi: None })
        .collect();
    let config = RanConfig::demo(&control, monitors);
    let shared = Arc::new(Shared::new(Arc::clone(&stop)));
    shared.beam_on.store(true, Ordering::Relaxed);
    let started = start_threads(&config, &shared, &MibBook::default(), &Writer::nowhere()).map_err(failed);
    let trainer = if train { Some(train_beside(Arc::clone(&stop))?) } else { None };
    let result = started.and_then(|(actions, threads)| {
        let waited = wait(&shared, &mut lab, want);
        stop.store(true, Ordering::Relaxed);
        drop(actions);
        threads.into_iter().for_each(|t| drop(t.join()));
        waited
    });
    stop.store(true, Ordering::Relaxed);
    if let Some(trainer) = trainer {
        drop(trainer.join());
    }
    match plane.join() {
        Ok(Ok(_)) => result,
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(failed("air ended in a panic")),
    }
}

fn wait(shared: &Shared, lab: &mut LabChild, want: u64) -> Result<Measured, BenchError> {
    let until = mono_ns() + PATIENCE_S * 1_000_000_000;
    // the first loops warm caches and branch predictors; they are not measured
    let mut warm = false;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        if lab.ended() {
            return Err(failed(lab.early()));
        }
        {
            let mut view = shared.view();
            let log = view.ssb_log.as_ref();
            let loops = log.map_or(0, |l| l.loops);
            if !warm && loops >= 50 {
                warm = true;
                view.forget_latency = true;
                continue;
            }
            if warm && !view.forget_latency && loops >= want {
                return Ok((log.map(crate::ran::phases::PhaseLog::rows).unwrap_or_default(), loops));
            }
        }
        if mono_ns() > until {
            let view = shared.view();
            let loops = view.ssb_log.as_ref().map_or(0, |l| l.loops);
            return Err(failed(format!(
                "{loops} loops in {PATIENCE_S} s, state: {}, drops {:?}",
                view.phase, view.drops
            )));
        }
    }
}

fn air_config(ports: &Ports, receivers: Receivers) -> AirConfig {
    let link = |angle_deg: f64, angle_deg_per_s: f64| LinkConfig {
        gain_db: -6.0,
        rician_k_db: Some(6.0),
        doppler_hz: 5.0,
        angle_deg,
        angle_deg_per_s,
        angle_limit_deg: 55.0,
        noise_dbfs: Some(-32.0),
        ..LinkConfig::default()
    };
    let links = [link(-30.0, 4.0), link(10.0, -3.0), link(35.0, 2.0), link(-5.0, 1.0)];
    let ues = ports
        .terminals
        .iter()
        .zip(links)
        .enumerate()
        .map(|(k, ((rx, tx), link))| {
            let uplink = (k < receivers.ues).then(|| tcp(*tx));
            UeEnd { link, ..UeEnd::cable(&format!("ue{k}"), Some(&tcp(*rx)), uplink.as_deref()) }
        })
        .collect();
    AirConfig::lab(7.68e6, 4, GnbEnd::Zmq { tx: vec![tcp(ports.gnb.0)], rx: vec![tcp(ports.gnb.1)] }, ues)
}

/// Rounds of one agent and the shared part, one after the other without a pause.
fn train_beside(stop: Arc<AtomicBool>) -> Result<std::thread::JoinHandle<()>, BenchError> {
    let source = source(Agent::Ran).ok_or_else(|| failed("no trace for training"))?;
    let trace = source.read().map_err(failed)?;
    let window = TransformerConfig::table2(trace.width()).window();
    let data = DataSet::new(trace, source.split, window).map_err(failed)?;
    let weights = built_in(Agent::Ran);
    let config = TrainerConfig {
        agent: Agent::Ran,
        run: 1,
        batch: 32,
        draws: 1,
        seed: 1,
        optimiser: OptimiserConfig::default(),
    };
    let mut trainer = Trainer::new(config, &data, weights.map(|w| w.agent)).map_err(failed)?;
    let shared_config = SharedConfig { run: 1, agents: vec![Agent::Ran], ..SharedConfig::default() };
    let mut shared = SharedLearner::new(shared_config, data.config(), weights.map(|w| w.shared)).map_err(failed)?;
    let body = move || {
        while !stop.load(Ordering::Relaxed) {
            let mut round = || -> Result<(), crate::learn::LearnError> {
                for message in trainer.messages(mono_ns())? {
                    drop(shared.on_message(&message, mono_ns()));
                }
                loop {
                    match shared.work(mono_ns())? {
                        Work::Idle => return Ok(()),
                        Work::Reckoned { .. } | Work::Watched { .. } => {}
                        Work::Ended { messages, .. } => {
                            for (_, gradient) in messages {
                                trainer.on_message(&gradient)?;
                            }
                        }
                    }
                }
            };
            if let Err(error) = round() {
                tracing::warn!(%error, "training beside the bench ended");
                return;
            }
        }
    };
    std::thread::Builder::new().name("training".into()).spawn(body).map_err(failed)
}

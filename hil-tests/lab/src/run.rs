//! Puts the world together and runs it.
use crate::config::LabConfig;
use crate::core::{self, Function};
use crate::gnb::{Downlink, Node, PlayError, Radio, RadioError, Source, Summary};
use crate::http::{self, ListenError};
use crate::outlets::Outlets;
use crate::truth;
use crate::ue::{FrameNumbers, Power, Switch, Terminal, TerminalError};
use crate::uplink::UplinkMeter;
use crate::world::{SharedWorld, World};
use crate::ws::{self, Replay, ReplayError};
use crate::{traffic::TraceError, world::UeReport};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// Why the lab cannot run.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The configuration does not fit.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// A trace cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A recording cannot be played.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// A recording of metrics cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The gNB's radio failed.
    #[error(transparent)]
    Radio(#[from] RadioError),
    /// A terminal failed.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// A file cannot be written, or the runtime cannot start.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A thread panicked: a fault of the lab.
    #[error("{0} panicked")]
    Panic(&'static str),
}

fn write_json(path: &Path, value: &serde_json::Value) -> Result<(), LabError> {
    std::fs::write(path, format!("{value:#}\n")).map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> LabError {
    LabError::Io { what: path.display().to_string(), source }
}

fn create(path: &PathBuf) -> Result<std::io::BufWriter<std::fs::File>, LabError> {
    std::fs::File::create(path).map(std::io::BufWriter::new).map_err(|source| io(path, source))
}

/// Runs the lab until `stop` or its duration; the result tells radio and wall time and the world's last view.
///
/// # Errors
/// [`LabError`]; every variant says which address, file or value it is.
pub fn run(config: &LabConfig, stop: &Arc<AtomicBool>) -> Result<(Summary, serde_json::Value), LabError> {
    config.check()?;
    let n = config.cell.numerology().ok_or(crate::config::ConfigError::Value("cell: sizes".into()))?;
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let sfn0 = config.gnb.sfn0.unwrap_or_else(|| rng.random_range(0..1024)) % 1024;
    let source = match &config.gnb.play {
        Some(meta) => Source::recording(meta, config.cell.rate_hz)?,
        None => {
            let downlink = Downlink::new(&config.cell, sfn0, config.seed);
            Source::Generator(Box::new(downlink.ok_or(crate::config::ConfigError::Value("cell: sizes".into()))?))
        }
    };
    if let Some(path) = &config.world.truth {
        write_json(path, &truth::of(config, &n, sfn0))?;
    }
    let world = SharedWorld::new(World::new(config, u64::from(sfn0) * 10)?);
    let (metrics, _) = tokio::sync::broadcast::channel(4096);
    let (rates_in, rates_out) = tokio::sync::mpsc::channel(64);
    let outlets = Outlets {
        metrics: metrics.clone(),
        rates: (!config.core.rates_url.is_empty()).then_some(rates_in),
        log: config.world.log.as_ref().map(create).transpose()?,
        replay: config.ws.replay.as_deref().map(Replay::open).transpose()?,
        switches: config.ues.iter().map(|u| Arc::new(Switch::new(if u.on { Power::On } else { Power::Off }))).collect(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|source| LabError::Io { what: "the network runtime".into(), source })?;
    runtime.block_on(open_doors(config, &world, metrics, stop, rates_out))?;

    let context = zmq::Context::new();
    let radio = Radio::open(&context, &config.gnb.tx_port, &config.gnb.rx_port, config.gnb.first_reply_samples)?;
    let (report_in, reports) = std::sync::mpsc::channel();
    let (terminals, uplink) = terminals(config, &outlets.switches, stop, &report_in);
    drop(report_in);
    let node = Node {
        radio,
        source,
        numerology: n,
        world: world.clone(),
        reports,
        outlets,
        uplink: (UplinkMeter::new(n, config.cell.pci, uplink.len()), uplink),
        lead_slots: config.gnb.lead_slots,
        pace: config.pace,
        last_slot: config.duration_s.map(|s| (s * 1000.0).round() as u64),
    };
    let result = std::thread::scope(|scope| {
        let threads: Vec<_> = terminals
            .into_iter()
            .map(|t| {
                let (context, stop) = (context.clone(), stop.clone());
                scope.spawn(move || {
                    let result = t.run(&context);
                    if result.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    result
                })
            })
            .collect();
        let summary = node.run(stop);
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().map_err(|_| LabError::Panic("a terminal"))??;
        }
        summary.map_err(LabError::from)
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    let view = world.lock().view();
    result.map(|summary| (summary, view))
}

/// The terminals' threads-to-be, and the terminal index of each that transmits.
fn terminals(
    config: &LabConfig,
    switches: &[Arc<Switch>],
    stop: &Arc<AtomicBool>,
    reports: &Sender<UeReport>,
) -> (Vec<Terminal>, Vec<usize>) {
    let frame_numbers = Arc::new(FrameNumbers::new(&config.cell));
    let mut uplink = Vec::new();
    let terminals = config
        .ues
        .iter()
        .zip(switches)
        .enumerate()
        .map(|(index, (ue, on))| {
            let slot = (!ue.eavesdropper).then(|| {
                uplink.push(index);
                uplink.len() - 1
            });
            Terminal {
                index,
                uplink: slot,
                tx_port: ue.tx_port(index),
                rx_port: ue.rx_port(index),
                cell: config.cell.clone(),
                lead_slots: ue.lead_slots,
                report_period_ms: config.mac.cqi_period_ms,
                frame_numbers: frame_numbers.clone(),
                power: on.clone(),
                stop: stop.clone(),
                reports: reports.clone(),
            }
        })
        .collect();
    (terminals, uplink)
}

/// Starts every server; addresses left empty are not opened.
async fn open_doors(
    config: &LabConfig,
    world: &SharedWorld,
    metrics: tokio::sync::broadcast::Sender<Arc<str>>,
    stop: &Arc<AtomicBool>,
    rates: tokio::sync::mpsc::Receiver<String>,
) -> Result<(), ListenError> {
    let c = &config.core;
    let doors = [
        (&c.amf, core::function(Function::Amf, world.clone())),
        (&c.smf, core::function(Function::Smf, world.clone())),
        (&c.upf, core::function(Function::Upf, world.clone())),
        (&c.pcf, core::function(Function::Pcf, world.clone())),
        (&c.userplane, core::userplane(world.clone())),
        (&c.app, core::application(world.clone())),
        (&config.world.listen, core::world(world.clone())),
    ];
    for (address, handler) in doors.into_iter().filter(|(a, _)| !a.is_empty()) {
        let listener = http::listen(address).await?;
        tokio::spawn(http::serve(listener, handler));
    }
    if !config.ws.listen.is_empty() {
        let listener = http::listen(&config.ws.listen).await?;
        tracing::info!("Remote control server listening on {}", config.ws.listen);
        tokio::spawn(ws::serve(listener, ws::Remote { world: world.clone(), metrics, stop: stop.clone() }));
    }
    if !c.rates_url.is_empty() {
        let world = world.clone();
        tokio::spawn(http::forward(c.rates_url.clone(), rates, move || world.lock().rates_lost += 1));
    }
    Ok(())
}

//! The `lab` command.
use clap::Parser;
use lab::LabConfig;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A 5G world without hardware: gNB, UEs, eavesdropper, core and application behind the sockets of the real ones.
///
/// Without arguments: the demo cell (n3, 5 MHz at 7.68 MS/s, PCI 1), three UEs and an eavesdropper, as fast as the machine and
/// the relay between gNB and UEs go. The lab stands still until something relays samples between the gNB's sockets
/// (transmit: REP bound at 2000; receive: REQ to 2001) and the terminals' (REP bound at 2101, 2111 …; REQ to 2100, 2110 …).
#[derive(Parser)]
#[command(
    name = "lab",
    version,
    after_help = "\
Start    lab --truth truth.json --world-log world.jsonl
Verify   curl http://127.0.0.1:9098/world      the whole world as JSON
         curl http://127.0.0.1:9091/ue-info    the core's UEs
         websocket ws://127.0.0.1:8001         {\"cmd\":\"metrics_subscribe\"}
Steer    curl -X POST -d '{\"state\":\"off\"}' http://127.0.0.1:9098/world/ue/1   (on, off, dead)
         curl -X PUT -d '{\"supi\":\"imsi-001010123456780\",\"dl_bit_per_s\":1e6}' http://127.0.0.1:9095/userplane/limit
         curl -X PUT -d '{\"supi\":\"imsi-001010123456780\",\"resolution\":\"720p\"}' http://127.0.0.1:9096/app/resolution
Stop     Ctrl-C, SIGTERM, or {\"cmd\":\"quit\"} on the websocket

Exit codes: 0 ended as asked, 1 failed while running, 2 bad arguments or configuration."
)]
struct Arguments {
    /// YAML configuration; without it every default holds.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the effective configuration and end.
    #[arg(long)]
    show_config: bool,
    /// Print the configuration's JSON Schema and end.
    #[arg(long)]
    schema: bool,
    /// Draws everything that is drawn; the same seed gives the same world per radio time.
    #[arg(long)]
    seed: Option<u64>,
    /// Radio seconds per wall second, at most; 1 is real time. Absent: unpaced.
    #[arg(long)]
    pace: Option<f64>,
    /// End after this much radio time.
    #[arg(long, value_name = "S")]
    duration_s: Option<f64>,
    /// Write the ground truth of the downlink here at start.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Write the world here as JSON lines, one every 100 ms of radio time.
    #[arg(long, value_name = "FILE")]
    world_log: Option<PathBuf>,
    /// Play this SigMF recording (its .sigmf-meta) as the gNB's downlink.
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,
    /// Send the metrics of this recording (`{"t", "raw"}` lines) on the websocket.
    #[arg(long, value_name = "FILE")]
    ws_replay: Option<PathBuf>,
    /// Report period of the websocket's metrics in ms of radio time.
    #[arg(long, value_name = "MS")]
    metrics_period_ms: Option<u64>,
}

impl Arguments {
    fn config(&self) -> Result<LabConfig, lab::config::ConfigError> {
        let mut config = match &self.config {
            Some(path) => LabConfig::load(path)?,
            None => LabConfig::default(),
        };
        config.seed = self.seed.unwrap_or(config.seed);
        config.pace = self.pace.or(config.pace);
        config.duration_s = self.duration_s.or(config.duration_s);
        config.world.truth = self.truth.clone().or(config.world.truth);
        config.world.log = self.world_log.clone().or(config.world.log);
        config.gnb.play = self.play.clone().or(config.gnb.play);
        config.ws.replay = self.ws_replay.clone().or(config.ws.replay);
        config.ws.period_ms = self.metrics_period_ms.unwrap_or(config.ws.period_ms);
        config.check()?;
        Ok(config)
    }
}

/// Sets `stop` at the first SIGINT or SIGTERM.
fn watch_signals(stop: Arc<AtomicBool>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
            else {
                tracing::error!("signals cannot be caught; stop with quit on the websocket");
                return;
            };
            tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
            stop.store(true, Ordering::Relaxed);
        });
    })?;
    Ok(())
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    let arguments = Arguments::parse();
    if arguments.schema {
        println!("{:#}", LabConfig::schema());
        return ExitCode::SUCCESS;
    }
    let config = match arguments.config() {
        Ok(config) => config,
        Err(e) => {
            eprintln!("lab: {e}");
            return ExitCode::from(2);
        }
    };
    if arguments.show_config {
        return match serde_yaml::to_string(&config) {
            Ok(text) => {
                println!("{text}");
                ExitCode::SUCCESS
            }
            Err(e) => {
                eprintln!("lab: {e}");
                ExitCode::FAILURE
            }
        };
    }
    let stop = Arc::new(AtomicBool::new(false));
    if let Err(e) = watch_signals(stop.clone()) {
        eprintln!("lab: {e}");
        return ExitCode::FAILURE;
    }
    match lab::run(&config, &stop) {
        Ok((summary, view)) => {
            eprintln!(
                "lab: {:.1} s of radio time in {:.1} s ({:.2} × real time), {:.1} Mbit delivered",
                summary.radio_s,
                summary.wall_s,
                summary.radio_s / summary.wall_s.max(1e-9),
                view["totals"]["delivered_bits"].as_f64().unwrap_or(0.0) / 1e6
            );
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("lab: {e}");
            ExitCode::FAILURE
        }
    }
}

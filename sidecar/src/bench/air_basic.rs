//! `sidecar bench air-basic`: the round trip through `air` against that of a bare ZMQ relay of the same bytes.
//!
//! A synthetic gNB and a synthetic UE make the calls of the real ones (a request of one byte, a reply of one slot, the
//! next request at once). A round trip is the time from the gNB's reply with a downlink slot to the moment it holds the
//! uplink slot that the UE sent in answer. The relay and `air` take turns in the same run. Each sample is compared with
//! what was sent, after the clock has been read.

use super::air_basic_peer::{Path, Peers};
use super::list::{BenchContext, BenchError as ListError};
use super::row::{Bar, Row};
use ran_bridge::air::{self, AirConfig, AirError, AirStats, Counters, GnbEnd, NoControl, UeEnd};
use ran_bridge::emulator::LinkConfig;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Sample rate of the bench.
const RATE_HZ: f64 = 23.04e6;
/// Samples of a slot at 15 kHz.
const SLOT: usize = 23_040;
/// Length of one turn.
const TURN_NS: u64 = 1_000_000_000;
/// How much of the relay's round trip `air` may take.
const BAR_RATIO: f64 = 2.2;
/// Most time of the stage a slot.
const BAR_STAGE_US: f64 = 100.0;

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Wall time of each of the two paths, s.
    pub seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seconds: 60 }
    }
}

impl Options {
    /// A short run, to see that it works.
    #[must_use]
    pub const fn quick() -> Self {
        Self { seconds: 5 }
    }
}

/// Why the bench cannot run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A socket of a synthetic peer failed.
    #[error("a peer of the bench cannot use its socket: {0}")]
    Socket(#[from] zmq::Error),
    /// No port is free.
    #[error("no free port on 127.0.0.1: {0}")]
    Ports(#[from] std::io::Error),
    /// `air` failed.
    #[error(transparent)]
    Air(#[from] AirError),
    /// A thread failed or no temporary folder could be made.
    #[error("the bench cannot run: {0}")]
    Thread(String),
}

/// `air` on its thread.
struct AirThread {
    stop: Arc<AtomicBool>,
    stats: Arc<AirStats>,
    thread: JoinHandle<Result<(), AirError>>,
}

impl AirThread {
    fn start(path: &Path, link: LinkConfig, antennas: usize) -> Result<Self, BenchError> {
        let mut ue = UeEnd::cable("ue0", Some(&path.ue_rx), Some(&path.ue_tx));
        ue.link = link;
        let gnb = GnbEnd::Zmq { tx: vec![path.gnb_tx.clone()], rx: vec![path.gnb_rx.clone()] };
        let mut config = AirConfig::lab(RATE_HZ, antennas, gnb, vec![ue]);
        config.start_wait_ms = 10_000;
        config.emulator.truth_period_ms = 0;
        let (stop, stats) = (Arc::new(AtomicBool::new(false)), Arc::new(AirStats::default()));
        let thread = {
            let (stop, stats) = (Arc::clone(&stop), Arc::clone(&stats));
            std::thread::Builder::new()
                .name("air".into())
                .spawn(move || air::run(&config, &mut NoControl, &stop, &mut |_| {}, &stats).map(|_| ()))
                .map_err(|e| BenchError::Thread(e.to_string()))?
        };
        Ok(Self { stop, stats, thread })
    }

    fn end(self) -> Result<Arc<AirStats>, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(result) => result?,
            Err(_) => return Err(BenchError::Thread("air panicked".into())),
        }
        Ok(self.stats)
    }
}

/// The channel of the second case: four antennas, a moving Rician tap, noise.
fn channel() -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        rician_k_db: Some(6.0),
        doppler_hz: 30.0,
        angle_deg: 20.0,
        angle_deg_per_s: 5.0,
        angle_limit_deg: 60.0,
        noise_dbfs: Some(-40.0),
        ..LinkConfig::default()
    }
}

/// Runs the bench; `progress` gets the share that is done, 0 … 1.
///
/// # Errors
/// [`BenchError`] when a socket or thread cannot be had.
pub fn run(options: &Options, progress: &mut dyn FnMut(f64)) -> Result<Vec<Row>, BenchError> {
    let bare_path = Path::free()?;
    let cable_path = Path::free()?;
    let channel_path = Path::free()?;
    let mut bare = Peers::start(&bare_path, SLOT, true)?;
    let mut cable = Peers::start(&cable_path, SLOT, true)?;
    let mut faded = Peers::start(&channel_path, SLOT, false)?;
    let relay = super::air_basic_relay::Relay::start(&bare_path)?;
    let air_cable = AirThread::start(&cable_path, LinkConfig::default(), 1)?;
    let air_faded = AirThread::start(&channel_path, channel(), 4)?;
    let mut pump = || -> Result<(), BenchError> {
        for peers in [&mut bare, &mut cable, &mut faded] {
            peers.warm_up(50)?;
        }
        let turns = options.seconds.max(1);
        for turn in 0..turns {
            bare.pump(TURN_NS)?;
            cable.pump(TURN_NS)?;
            faded.pump(TURN_NS / 2)?;
            progress((turn + 1) as f64 / turns as f64);
        }
        Ok(())
    };
    if let Err(error) = pump() {
        // Where `air` could not start, its own words say more than the silence that a peer noticed.
        air_cable.end()?;
        air_faded.end()?;
        return Err(error);
    }
    let (bare, cable, faded) = (bare.end()?, cable.end()?, faded.end()?);
    relay.end()?;
    let (cable_stats, faded_stats) = (air_cable.end()?, air_faded.end()?);
    let mut rows = Vec::new();
    for (metric, value) in percentiles(&bare.round_trip_ns) {
        rows.push(Row::new("bare relay", metric, value, "us"));
    }
    rows.push(Row::new("bare relay", "slots", bare.round_trip_ns.len() as f64, "slots"));
    for (case, got, stats) in [("air, cable", &cable, &cable_stats), ("air, channel", &faded, &faded_stats)] {
        for ((metric, value), (_, peer)) in
            percentiles(&got.round_trip_ns).into_iter().zip(percentiles(&bare.round_trip_ns))
        {
            let row = Row::new(case, metric, value, "us").against_cost("bare relay", peer);
            let barred = metric != "round trip max";
            rows.push(if barred { row.bar(Bar::AtMost((BAR_RATIO * peer * 10.0).round() / 10.0)) } else { row });
        }
        let stage = stats.stage.read();
        for (metric, ns, bar) in [
            ("stage p50 a slot", stage.p50_ns, None),
            ("stage p99 a slot", stage.p99_ns, Some(BAR_STAGE_US)),
            ("stage max a slot", stage.max_ns, None),
        ] {
            let row = Row::new(case, metric, ns.map_or(f64::NAN, |ns| ns as f64 / 1000.0), "us");
            rows.push(match bar {
                Some(bar) => row.bar(Bar::AtMost(bar)),
                None => row,
            });
        }
        let faults = (got.faults + faults(&stats.counters())) as f64;
        rows.push(Row::new(case, "samples lost, invented or changed", faults, "samples").bar(Bar::AtMost(0.0)));
        rows.push(Row::new(case, "slots", got.round_trip_ns.len() as f64, "slots"));
    }
    Ok(rows)
}

/// The bench as [`super::BENCHES`] has it.
pub(super) fn bench(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), ListError> {
    let options = if context.quick { Options::quick() } else { Options::default() };
    let bar = indicatif::ProgressBar::new(100);
    let rows = run(&options, &mut |done| bar.set_position((100.0 * done) as u64));
    bar.finish_and_clear();
    rows.map_err(|e| ListError::Failed(e.to_string()))?.into_iter().for_each(row);
    Ok(())
}

const fn faults(c: &Counters) -> u64 {
    c.lost_samples
        + c.invented_samples
        + c.absent_zero_samples
        + c.late_samples
        + c.nonfinite_samples
        + c.clipped_samples
}

fn percentiles(ns: &[u64]) -> Vec<(&'static str, f64)> {
    let mut sorted = ns.to_vec();
    sorted.sort_unstable();
    let at = |share: f64| {
        let i = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(i).map_or(0.0, |ns| *ns as f64 / 1000.0)
    };
    vec![("round trip p50", at(0.5)), ("round trip p99", at(0.99)), ("round trip max", at(1.0))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_known_set() {
        let ns: Vec<u64> = (1..=200).rev().map(|i| i * 1000).collect();
        assert_eq!(percentiles(&ns), [("round trip p50", 100.0), ("round trip p99", 198.0), ("round trip max", 200.0)]);
    }
}

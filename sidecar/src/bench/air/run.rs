//! The rounds: every path in turn, so that what the machine does meanwhile meets all of them.
//!
//! A synthetic gNB and synthetic UEs make the calls of the real ones: a request, a reply of one slot, the next request at once. A
//! round trip is the time from the gNB's reply with a downlink slot to the moment it holds the uplink slot that the UEs sent in
//! answer, with one slot under way at a time. The throughput is that of four slots under way, as a gNB's downlink is ahead of its
//! uplink. Samples are compared with what was sent after the clock has been read.

use super::super::list::{BenchContext, BenchError as ListError};
use super::super::machine::Ticks;
use super::super::row::Row;
use super::case::Case;
use super::data_plane::{DataPlane, Done};
use super::figures::Rounds;
use super::gnuradio::{Flow, Flowgraph, Installed, find};
use super::path::Path;
use super::peers::{Kind, Peers};
use super::relay::Relay;
use super::report;
use ran_bridge::air::AirError;

/// Slots before the first round, and how many a flowgraph of fading gets.
const WARM_UP: u64 = 50;
const WARM_UP_SLOW: u64 = 2;

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Rounds of each path.
    pub rounds: u64,
    /// Length of a round, ms.
    pub round_ms: u64,
    /// Whether GNU Radio is run where it is installed.
    pub gnuradio: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { rounds: 24, round_ms: 1000, gnuradio: true }
    }
}

impl Options {
    /// A short run, to see that it works.
    #[must_use]
    pub const fn quick() -> Self {
        Self { rounds: 5, round_ms: 400, gnuradio: true }
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
    /// A thread or process failed.
    #[error("the bench cannot run: {0}")]
    Thread(String),
}

/// What stands between the peers of a path.
enum Between {
    Relay(Relay),
    Air(Case, Box<DataPlane>),
    GnuRadio(Flow, Flowgraph),
}

/// A path and what it was given.
struct Lane {
    peers: Peers,
    between: Between,
}

impl Lane {
    fn relay(ues: usize) -> Result<Self, BenchError> {
        let path = Path::free(ues)?;
        let peers = Peers::start(&path, Kind { exact: true })?;
        Ok(Self { peers, between: Between::Relay(Relay::start(&path)?) })
    }

    fn air(case: Case) -> Result<Self, BenchError> {
        let path = Path::free(case.ues())?;
        let peers = Peers::start(&path, Kind { exact: case == Case::Cable })?;
        let air = DataPlane::start(case, &path, peers.slots())?;
        Ok(Self { peers, between: Between::Air(case, Box::new(air)) })
    }

    fn gnuradio(installed: &Installed, flow: Flow) -> Result<Self, BenchError> {
        let path = Path::free(1)?;
        let peers = Peers::start(&path, Kind { exact: flow == Flow::Constant })?;
        Ok(Self { peers, between: Between::GnuRadio(flow, Flowgraph::start(installed, flow, &path)?) })
    }

    const fn name(&self) -> &'static str {
        match &self.between {
            Between::Relay(_) => "bare relay",
            Between::Air(case, _) => case.name(),
            Between::GnuRadio(..) => "GNU Radio",
        }
    }

    const fn warm_up_slots(&self) -> u64 {
        if matches!(self.between, Between::GnuRadio(Flow::TdlA, _)) { WARM_UP_SLOW } else { WARM_UP }
    }
}

/// What all paths gave.
#[derive(Default)]
pub(super) struct Results {
    /// The relay with one UE, and with four.
    pub bare: [Rounds; 2],
    pub air: Vec<(Case, Rounds, Done)>,
    pub gnuradio: Vec<(Flow, Rounds)>,
    /// GNU Radio, or why it is not compared with; `None` = it was not asked for.
    pub installed: Option<Result<Installed, String>>,
}

impl Results {
    /// The relay of the same bytes.
    pub const fn bare(&self, ues: usize) -> &Rounds {
        &self.bare[if ues == 1 { 0 } else { 1 }]
    }
}

/// Runs the bench; `progress` gets the share that is done, 0 … 1.
///
/// # Errors
/// [`BenchError`] when a socket, thread or process cannot be had.
pub fn run(options: &Options, progress: &mut dyn FnMut(f64)) -> Result<Vec<Row>, BenchError> {
    let mut results = Results { installed: options.gnuradio.then(find), ..Results::default() };
    let mut lanes = Vec::new();
    // What is compared stands side by side: the relay, then what has its number of UEs.
    for ues in [1, 4] {
        lanes.push(Lane::relay(ues)?);
        for case in Case::ALL.into_iter().filter(|c| c.ues() == ues) {
            lanes.push(Lane::air(case)?);
        }
    }
    if let Some(Ok(installed)) = &results.installed {
        for flow in Flow::ALL {
            lanes.push(Lane::gnuradio(installed, flow)?);
        }
    }
    let since = Ticks::now();
    let measured = measure(options, &mut lanes, progress);
    let stolen = Ticks::row(since);
    for lane in lanes {
        end(lane, &mut results, measured.is_err())?;
    }
    measured?;
    Ok(report::rows(&results).into_iter().chain(stolen).collect())
}

fn measure(options: &Options, lanes: &mut [Lane], progress: &mut dyn FnMut(f64)) -> Result<(), BenchError> {
    for lane in &mut *lanes {
        let slots = lane.warm_up_slots();
        lane.peers.warm_up(slots).map_err(|e| of(lane, &e))?;
    }
    let rounds = options.rounds.max(1);
    for round in 0..rounds {
        for lane in &mut *lanes {
            // GNU Radio's source keeps a slot's last samples until the next slot or its timeout, so a slot alone says nothing of it.
            let trips = !matches!(lane.between, Between::GnuRadio(..));
            lane.peers.round(options.round_ms * 1_000_000, trips).map_err(|e| of(lane, &e))?;
        }
        progress((round + 1) as f64 / rounds as f64);
    }
    Ok(())
}

/// An error with the path that it is of.
fn of(lane: &Lane, error: &BenchError) -> BenchError {
    BenchError::Thread(format!("{}: {error}", lane.name()))
}

/// Ends a path. Where the measurement failed, what stood between knows more of it than the peers, so its own words are the error.
fn end(lane: Lane, results: &mut Results, failed: bool) -> Result<(), BenchError> {
    match lane.between {
        Between::Relay(relay) => {
            relay.end()?;
            let rounds = lane.peers.end()?;
            let place = usize::from(results.bare[0].slots() > 0);
            results.bare[place] = rounds;
        }
        Between::Air(case, air) => {
            // The peers first: once the data plane has gone they wait in vain.
            let rounds = lane.peers.end();
            let done = air.end()?;
            results.air.push((case, rounds?, done));
        }
        Between::GnuRadio(flow, graph) => {
            let rounds = lane.peers.end();
            let said = graph.end();
            if failed && !said.is_empty() {
                return Err(BenchError::Thread(format!("GNU Radio: {said}")));
            }
            results.gnuradio.push((flow, rounds?));
        }
    }
    Ok(())
}

/// The bench as [`super::super::BENCHES`] has it.
pub(in super::super) fn bench(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), ListError> {
    let options = if context.quick { Options::quick() } else { Options::default() };
    let bar = indicatif::ProgressBar::new(100);
    let rows = run(&options, &mut |done| bar.set_position((100.0 * done) as u64));
    bar.finish_and_clear();
    rows.map_err(|e| ListError::Failed(e.to_string()))?.into_iter().for_each(row);
    Ok(())
}

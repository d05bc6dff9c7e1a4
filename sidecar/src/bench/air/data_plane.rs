//! `air` on its thread, with its connections kept and its records written as in the process of its own that it usually is.

use super::case::Case;
use super::path::Path;
use super::run::BenchError;
use nix::time::{ClockId, clock_gettime};
use num_complex::Complex32;
use ran_bridge::air::{
    self, AirStats, At, Command, ControlPort, Counters, Event, Hold, Keeper, SnippetMeta, StageTime,
};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// New weights for each slot that the gNB sends.
struct NewWeights {
    case: Case,
    slots: Arc<AtomicU64>,
    sent: u64,
}

impl ControlPort for NewWeights {
    fn poll_fds<'a>(&'a self, _each: &mut dyn FnMut(BorrowedFd<'a>)) {}

    fn recv(&mut self) -> Option<(u64, Command)> {
        let slots = if self.case == Case::EightAntennas { self.slots.load(Ordering::Relaxed) } else { 0 };
        if self.sent >= slots {
            return None;
        }
        self.sent = slots;
        Some((slots, Command::Weights { at: At::NextSlot, weights: self.case.weights(slots), cause: 0 }))
    }

    fn snippet(&mut self, _meta: &SnippetMeta, _samples: &[Complex32]) {}
    fn event(&mut self, _event: &Event) {}
}

/// What it did.
pub(super) struct Done {
    pub stage: StageTime,
    pub counters: Counters,
    /// Processor time of its thread.
    pub cpu: Duration,
}

/// `air`, running.
pub(super) struct DataPlane {
    stop: Arc<AtomicBool>,
    stats: Arc<AirStats>,
    thread: JoinHandle<Result<Duration, BenchError>>,
}

impl DataPlane {
    /// Starts it. `slots`: how many the gNB has sent, at any time.
    ///
    /// # Errors
    /// [`BenchError::Thread`].
    pub fn start(case: Case, path: &Path, slots: Arc<AtomicU64>) -> Result<Self, BenchError> {
        let config = case.config(path);
        let (stop, stats) = (Arc::new(AtomicBool::new(false)), Arc::new(AirStats::default()));
        let thread = {
            let (stop, stats) = (Arc::clone(&stop), Arc::clone(&stats));
            let mut port = NewWeights { case, slots, sent: 0 };
            std::thread::Builder::new()
                .name("air".into())
                .spawn(move || {
                    let mut keeper = Keeper::open(&config)?;
                    let ledger = keeper.ledger();
                    let hold = Hold { connections: &mut keeper, ledger, from: None, works: true };
                    air::run_held(&config, hold, &mut port, &stop, &mut |_| {}, &stats)?;
                    let used = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
                    used.map(Duration::from).map_err(|e| BenchError::Thread(e.to_string()))
                })
                .map_err(|e| BenchError::Thread(e.to_string()))?
        };
        Ok(Self { stop, stats, thread })
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`BenchError`] with its own words.
    pub fn end(self) -> Result<Done, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        let cpu = self.thread.join().map_err(|_| BenchError::Thread("air panicked".into()))??;
        Ok(Done { stage: self.stats.stage.read(), counters: self.stats.counters(), cpu })
    }
}

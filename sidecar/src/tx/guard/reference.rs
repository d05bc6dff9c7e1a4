//! The reference: whether the radio's clock follows what it should. It is read on a thread of its own, where a driver's call that does not come back
//! keeps nobody: a reading that is too old counts as a lost reference.

use super::core::Shared;
use crate::tx::calibration::Stale;
use governor::Stop;
use ran_bridge::radio::Reference;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// It is read this often.
const EVERY: Duration = Duration::from_millis(50);
/// A reading counts for so long, ns: some of the driver's calls may take their time.
const FRESH_NS: u64 = 200_000_000;

/// What was read last.
#[derive(Debug, Default)]
pub(super) struct Watch {
    is_watched: AtomicBool,
    /// When it was asked that has last said *locked*, monotonic ns; 0 = never, or it has said *not locked* since.
    locked_ns: AtomicU64,
}

impl Watch {
    /// Whether it is locked; `None` = nobody looks.
    pub(super) fn is_locked(&self, now_ns: u64) -> Option<bool> {
        let locked_ns = self.locked_ns.load(SeqCst);
        let is_locked = locked_ns > 0 && now_ns.saturating_sub(locked_ns) <= FRESH_NS;
        self.is_watched.load(SeqCst).then_some(is_locked)
    }

    /// From now on it counts.
    pub(super) fn begin(&self) {
        self.is_watched.store(true, SeqCst);
    }
}

/// Reads it until `end`.
pub(super) fn watch(mut reference: Box<dyn Reference>, shared: &Shared, end: &AtomicBool) {
    let mut was_locked = true;
    while !end.load(SeqCst) {
        let asked_ns = shared.now_ns().max(1);
        let said = reference.is_locked();
        let is_locked = matches!(said, Ok(true));
        shared.reference.locked_ns.store(if is_locked { asked_ns } else { 0 }, SeqCst);
        if !is_locked {
            let mut core = shared.core();
            core.spoil(Stale::Reference);
            core.stop(Stop::Reference);
        }
        if is_locked != was_locked {
            match said {
                Ok(true) => tracing::info!("the radio's clock follows its reference again"),
                Ok(false) => tracing::warn!("the radio's clock does not follow its reference"),
                Err(error) => tracing::warn!(%error, "whether the radio's clock follows its reference is not known"),
            }
            was_locked = is_locked;
        }
        std::thread::sleep(EVERY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_counts_for_200_ms_and_nobody_looks_at_first() {
        let watch = Watch::default();
        assert_eq!(watch.is_locked(0), None);
        watch.begin();
        assert_eq!(watch.is_locked(0), Some(false), "nothing was read yet");
        watch.locked_ns.store(1_000_000_000, SeqCst);
        assert_eq!((watch.is_locked(1_200_000_000), watch.is_locked(1_200_000_001)), (Some(true), Some(false)));
        watch.locked_ns.store(0, SeqCst);
        assert_eq!(watch.is_locked(1_000_000_000), Some(false));
    }
}

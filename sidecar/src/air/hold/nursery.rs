//! When the next worker is started: at once after one that lasted, later and later after those that did not.

use super::worker::{Worker, WorkerCommand};
use std::io;
use std::path::Path;
use std::process::ExitStatus;

/// A worker that ended sooner than this after its hello makes the next one wait, longer each time.
const STABLE_NS: u64 = 5_000_000_000;
/// First of these pauses, and the longest.
const FIRST_PAUSE_NS: u64 = 20_000_000;
const LONGEST_PAUSE_NS: u64 = 5_000_000_000;
/// A worker that has not said hello after so long is ended.
const HELLO_NS: u64 = 20_000_000_000;

/// How long nobody is started.
#[derive(Debug, Default)]
struct Rest {
    pause_ns: u64,
}

impl Rest {
    /// The pause after a worker that worked this long.
    fn after(&mut self, lasted_ns: u64) -> u64 {
        let longer = || (self.pause_ns * 2).clamp(FIRST_PAUSE_NS, LONGEST_PAUSE_NS);
        self.pause_ns = if lasted_ns >= STABLE_NS { 0 } else { longer() };
        self.pause_ns
    }
}

/// Starts workers, one at a time.
#[derive(Debug)]
pub(super) struct Nursery<'a> {
    command: &'a WorkerCommand,
    door: &'a Path,
    worker: Option<Worker>,
    rest: Rest,
    /// When the present worker was started, or the next one will be.
    at_ns: u64,
}

impl<'a> Nursery<'a> {
    /// The first worker is due now.
    pub(super) fn new(command: &'a WorkerCommand, door: &'a Path) -> Self {
        Self { command, door, worker: None, rest: Rest::default(), at_ns: 0 }
    }

    /// Before a worker's hello: starts one where one is due; how it ended, where it did. Then the next one waits.
    ///
    /// # Errors
    /// What the system says where none can be started; then it is tried again later.
    pub(super) fn look(&mut self, now_ns: u64) -> io::Result<Option<ExitStatus>> {
        let Some(worker) = &mut self.worker else {
            if now_ns >= self.at_ns {
                self.at_ns = now_ns;
                match Worker::start(self.command, self.door) {
                    Ok(worker) => self.worker = Some(worker),
                    Err(error) => {
                        self.at_ns = now_ns + self.rest.after(0);
                        return Err(error);
                    }
                }
            }
            return Ok(None);
        };
        let how = if now_ns.saturating_sub(self.at_ns) > HELLO_NS { worker.end() } else { worker.ended() };
        if how.is_some() {
            self.worker = None;
            self.at_ns = now_ns + self.rest.after(0);
        }
        Ok(how)
    }

    /// Ends the worker that has worked this long; it is gone when this comes back.
    pub(super) fn end(&mut self, now_ns: u64, lasted_ns: u64) -> Option<ExitStatus> {
        self.at_ns = now_ns + self.rest.after(lasted_ns);
        self.worker.take().and_then(|mut worker| worker.end())
    }

    /// The worker there is.
    pub(super) const fn take(&mut self) -> Option<Worker> {
        self.worker.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn those_that_do_not_last_are_started_later_and_later() {
        let mut rest = Rest::default();
        let pauses: Vec<u64> = (0..10).map(|_| rest.after(4_999 * MS) / MS).collect();
        assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000]);
        assert_eq!((rest.after(5_000 * MS), rest.after(0) / MS), (0, 20));
    }

    #[test]
    fn a_program_that_ends_at_once_is_not_started_again_before_its_time() {
        let command = WorkerCommand { program: "/bin/false".into(), arguments: Vec::new() };
        let mut nursery = Nursery::new(&command, Path::new("x"));
        // the program that ties it to this process is missing from `false`, which ends with 1 whatever it is told
        let (mut now, mut starts, mut ends) = (1, 0, Vec::new());
        while ends.len() < 4 {
            let was_there = nursery.worker.is_some();
            if nursery.look(now).unwrap().is_some() {
                ends.push(nursery.at_ns - now);
            }
            starts += u64::from(!was_there && nursery.worker.is_some());
            std::thread::sleep(std::time::Duration::from_millis(1));
            now += MS;
        }
        assert_eq!((starts, ends), (4, vec![20 * MS, 40 * MS, 80 * MS, 160 * MS]));
        let missing = WorkerCommand { program: "/nowhere/at/all".into(), arguments: Vec::new() };
        let mut nursery = Nursery::new(&missing, Path::new("x"));
        assert!(nursery.look(1).is_err() && nursery.look(2).is_ok_and(|h| h.is_none()));
    }
}

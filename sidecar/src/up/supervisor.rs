//! Keeps processes running. Polls every 20 ms: no signal handler, no thread of its own, and a crash of one never touches another.

use super::backoff::Backoff;
use super::process::Spec;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(20);

/// What happened to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Runs.
    Started,
    /// Could not be started; tried again after the wait.
    NotStarted,
    /// Ended by itself or by a signal that was not ours; started again after the wait.
    Died,
    /// Taken down because the process it hangs on died.
    TakenDown,
    /// Ended after the order to stop.
    Stopped,
    /// Did not end in time and was killed.
    Killed,
}

/// A row of table `up_process`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ProcessEvent {
    /// Its name.
    pub name: String,
    /// What happened.
    pub what: What,
    /// Its pid, where it has one.
    pub pid: Option<u32>,
    /// Exit code, where it ended with one.
    pub code: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// How long it had run.
    pub ran_s: Option<f64>,
    /// Wait before it is started again.
    pub wait_s: Option<f64>,
    /// Restarts so far.
    pub restarts: u64,
}

/// Told of everything that happens.
pub trait Observer {
    /// One event.
    fn event(&mut self, event: &ProcessEvent);
}

/// Waits of a supervisor.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// First wait before a restart.
    pub backoff_min: Duration,
    /// Longest wait before a restart.
    pub backoff_max: Duration,
    /// A process that ran this long starts again with the first wait.
    pub stable_after: Duration,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
}

/// The processes and how each stands.
#[derive(Debug)]
pub struct Supervisor {
    kept: Vec<Kept>,
    grace: Duration,
}

#[derive(Debug)]
struct Kept {
    spec: Spec,
    child: Option<Child>,
    started_ns: u64,
    /// When it is to be started.
    due_ns: u64,
    /// Told to end, to be started again with what it hangs on.
    taken_down: bool,
    /// When it was told to end, ns; 0 = it was not.
    told_ns: u64,
    restarts: u64,
    backoff: Backoff,
}

impl Supervisor {
    /// Starts nothing yet. The waits' jitter comes from `seed`.
    #[must_use]
    pub fn new(specs: Vec<Spec>, timing: &Timing, seed: u64) -> Self {
        let kept = specs.into_iter().zip(1_u64..).map(|(spec, n)| Kept {
            spec,
            child: None,
            started_ns: 0,
            due_ns: 0,
            taken_down: false,
            told_ns: 0,
            restarts: 0,
            backoff: Backoff::new(timing.backoff_min, timing.backoff_max, timing.stable_after, seed.wrapping_add(n)),
        });
        Self { kept: kept.collect(), grace: timing.grace }
    }

    /// Keeps all running until `stop` or until an essential one ends, then takes all down.
    /// Gives back the name and the end of the essential one, where that was the reason.
    pub fn run(&mut self, stop: &AtomicBool, observer: &mut dyn Observer) -> Option<(String, String)> {
        let mut reason = None;
        while !stop.load(Relaxed) && reason.is_none() {
            reason = self.step(crate::clock::mono_ns(), observer);
            std::thread::sleep(POLL);
        }
        self.take_down(observer);
        reason
    }

    /// One look at every process.
    fn step(&mut self, now_ns: u64, observer: &mut dyn Observer) -> Option<(String, String)> {
        for i in 0..self.kept.len() {
            if let Some(status) = self.kept[i].ended() {
                let name = self.kept[i].spec.name.clone();
                let was_told = self.kept[i].died(&status, now_ns, observer);
                if self.kept[i].spec.essential && !was_told {
                    return Some((name, status.to_string()));
                }
                for other in self.kept.iter_mut().filter(|k| k.spec.restart_with.as_ref() == Some(&name)) {
                    other.take_down_for_restart(now_ns);
                }
            }
        }
        for i in 0..self.kept.len() {
            let (first, waits) = (&self.kept[i], self.kept[i].spec.restart_with.clone());
            // What hangs on another comes after it.
            let leader_up = waits.is_none_or(|leader| {
                self.kept.iter().find(|k| k.spec.name == leader).is_none_or(|k| k.child.is_some())
            });
            if first.child.is_none() && now_ns >= first.due_ns && leader_up {
                self.kept[i].start(now_ns, observer);
            }
            self.kept[i].kill_if_late(now_ns, self.grace);
        }
        None
    }

    /// SIGTERM to all, SIGKILL to those that still run after the grace.
    fn take_down(&mut self, observer: &mut dyn Observer) {
        let begun_ns = crate::clock::mono_ns();
        for kept in &mut self.kept {
            kept.signal(Signal::SIGTERM);
        }
        let mut killed = false;
        while self.kept.iter().any(|k| k.child.is_some()) {
            for kept in &mut self.kept {
                if let Some(status) = kept.ended() {
                    let what = if killed && status.signal() == Some(9) { What::Killed } else { What::Stopped };
                    kept.tell(what, Some(&status), crate::clock::mono_ns(), None, observer);
                    kept.child = None;
                }
            }
            let waited = Duration::from_nanos(crate::clock::mono_ns().saturating_sub(begun_ns));
            if !killed && waited > self.grace {
                killed = true;
                for kept in &mut self.kept {
                    kept.signal(Signal::SIGKILL);
                }
            }
            std::thread::sleep(POLL / 4);
        }
    }
}

impl Kept {
    fn ended(&mut self) -> Option<ExitStatus> {
        // A child that cannot be asked about is asked again at the next look.
        self.child.as_mut()?.try_wait().ok()?
    }

    fn start(&mut self, now_ns: u64, observer: &mut dyn Observer) {
        if self.started_ns > 0 {
            self.restarts += 1;
        }
        self.started_ns = now_ns;
        match self.spec.start() {
            Ok(child) => {
                self.child = Some(child);
                self.tell(What::Started, None, now_ns, None, observer);
            }
            Err(e) => {
                let wait = self.backoff.after(Duration::ZERO);
                self.due_ns = now_ns + nanos(wait);
                tracing::error!(process = %self.spec.name, error = %e, "cannot be started");
                self.tell(What::NotStarted, None, now_ns, Some(wait), observer);
            }
        }
    }

    /// Plans the restart; whether the end was ordered.
    fn died(&mut self, status: &ExitStatus, now_ns: u64, observer: &mut dyn Observer) -> bool {
        let told = std::mem::take(&mut self.taken_down);
        let wait = if told {
            Duration::ZERO
        } else {
            self.backoff.after(Duration::from_nanos(now_ns.saturating_sub(self.started_ns)))
        };
        self.due_ns = now_ns + nanos(wait);
        self.told_ns = 0;
        let what = if told { What::TakenDown } else { What::Died };
        self.tell(what, Some(status), now_ns, Some(wait), observer);
        self.child = None;
        told
    }

    fn take_down_for_restart(&mut self, now_ns: u64) {
        if self.child.is_some() {
            self.taken_down = true;
            self.told_ns = now_ns;
            self.signal(Signal::SIGTERM);
        }
    }

    fn kill_if_late(&mut self, now_ns: u64, grace: Duration) {
        if self.told_ns > 0 && now_ns.saturating_sub(self.told_ns) > nanos(grace) {
            self.told_ns = 0;
            self.signal(Signal::SIGKILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.as_ref().and_then(|c| i32::try_from(c.id()).ok()) {
            // It may have ended a moment ago; then there is nobody to tell. Not reaped yet, its pid is nobody else's.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    fn tell(
        &self,
        what: What,
        status: Option<&ExitStatus>,
        now_ns: u64,
        wait: Option<Duration>,
        observer: &mut dyn Observer,
    ) {
        observer.event(&ProcessEvent {
            name: self.spec.name.clone(),
            what,
            pid: self.child.as_ref().map(Child::id),
            code: status.and_then(ExitStatus::code),
            signal: status.and_then(ExitStatusExt::signal),
            ran_s: status.map(|_| now_ns.saturating_sub(self.started_ns) as f64 * 1e-9),
            wait_s: wait.map(|w| w.as_secs_f64()),
            restarts: self.restarts,
        });
    }
}

impl Drop for Supervisor {
    /// Whatever way the supervisor ends, its children do.
    fn drop(&mut self) {
        for kept in &mut self.kept {
            if let Some(child) = &mut kept.child {
                // Both fail only for a child that has ended.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

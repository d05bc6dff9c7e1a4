//! The one thread that reads, writes and looks after everything, so that the gNB's parent lives as long as we do.

use super::super::child::{GnbChild, code_of};
use super::super::config::{GnbError, GnbProcessConfig};
use super::super::control::{Asker, Control};
use super::super::counters::Counters;
use super::super::guard::ConsoleGuard;
use super::super::output::Output;
use super::super::rows::StateRow;
use super::super::table::Shown;
use crate::clock::mono_ns;
use crate::record::Writer;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::PtyMaster;
use ran_bridge::gnb::console::{Session, Timing};
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ChildStderr, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Longest sleep between two looks at everything.
const LOOK_MS: u16 = 20;
/// Bytes of the gNB's output taken in one turn, so that one that never stops printing does not hold up the rest.
const READ_AT_ONCE: usize = 256 << 10;

/// How the gNB ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What we end with: its own exit code, 128 and the signal that ended it, or 0 where it ended by the SIGTERM that it was sent.
    pub code: u8,
    /// In words.
    pub words: String,
}

/// Runs a gNB until it ends, or until `stop` and then at most `stop_grace` longer.
///
/// # Errors
/// [`GnbError`] when it cannot be started.
pub fn run(config: &GnbProcessConfig, dir: &Path, counters: &Counters, stop: &AtomicBool) -> Result<Ended, GnbError> {
    let path = config.socket.display();
    let control = Control::bind(&config.socket, config.run)
        .map_err(GnbError::doing(format!("bind the control socket {path}")))?;
    let output = Output::open(dir).map_err(GnbError::doing("open gnb.log"))?;
    let writer = Writer::open(dir, "gnb")?;
    let program = config.command.first().map_or_else(String::new, |p| p.to_string_lossy().into_owned());
    let (child, master, stderr) =
        GnbChild::start(&config.sidecar, &config.command).map_err(GnbError::doing(format!("start {program}")))?;
    fcntl(&stderr, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(|e| GnbError::doing("read from it")(e.into()))?;
    let timing = Timing { reply_ns: ns(config.reply_timeout), question_ns: ns(config.question_every) };
    let mut process = Process {
        grace_ns: ns(config.stop_grace),
        started_ns: mono_ns(),
        session: Session::new(timing),
        guard: ConsoleGuard::new(config.limits.clone()),
        shown: Shown::Known(config.table),
        shown_before: Shown::Known(config.table),
        seq: 0,
        written_seq: 0,
        under_way: None,
        is_tied: None,
        stopping: Stopping::No,
        child,
        master,
        stderr,
        control,
        output,
        writer,
        counters,
    };
    process.state("started", &format!("pid {}: {program}", process.child.pid()));
    let status = process.until_ended(stop);
    Ok(process.finish(status))
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopping {
    No,
    Since(u64),
    Killed,
}

pub(super) struct Process<'a> {
    pub(super) grace_ns: u64,
    pub(super) started_ns: u64,
    pub(super) session: Session,
    pub(super) guard: ConsoleGuard,
    pub(super) shown: Shown,
    /// Before the last toggle.
    pub(super) shown_before: Shown,
    pub(super) seq: u64,
    /// Of the last command that was written.
    pub(super) written_seq: u64,
    /// Who asked for what was written last, under our number.
    pub(super) under_way: Option<(u64, Asker)>,
    pub(super) is_tied: Option<bool>,
    pub(super) stopping: Stopping,
    pub(super) child: GnbChild,
    pub(super) master: PtyMaster,
    pub(super) stderr: ChildStderr,
    pub(super) control: Control,
    pub(super) output: Output,
    pub(super) writer: Writer,
    pub(super) counters: &'a Counters,
}

impl Process<'_> {
    fn until_ended(&mut self, stop: &AtomicBool) -> ExitStatus {
        loop {
            self.sleep();
            self.read();
            self.console();
            self.requests();
            if stop.load(Ordering::Relaxed) && self.stopping == Stopping::No {
                self.stop("it was told to");
            }
            if let Some(status) = self.child.ended() {
                return status;
            }
            if self.child.has_others() && self.stopping == Stopping::No {
                self.stop("the program ended and left others behind");
            }
            if let Stopping::Since(since) = self.stopping
                && mono_ns().saturating_sub(since) >= self.grace_ns
            {
                self.stopping = Stopping::Killed;
                self.state("killed", "it did not end in time");
                self.child.kill();
            }
        }
    }

    /// Until there is something to read, or a moment has passed.
    fn sleep(&self) {
        let mut items = vec![
            PollFd::new(self.master.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.stderr.as_fd(), PollFlags::POLLIN),
        ];
        items.extend(self.control.fds().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        poll(&mut items, PollTimeout::from(LOOK_MS)).ok();
        let hung_up = |at: usize| items[at].revents().is_some_and(|e| e == PollFlags::POLLHUP);
        if hung_up(0) || hung_up(1) {
            // an end that is closed is always "ready": the other things are looked at now and then
            std::thread::sleep(Duration::from_millis(u64::from(LOOK_MS)));
        }
    }

    /// What the gNB printed.
    fn read(&mut self) {
        let mut bytes = [0; 8192];
        let mut taken = 0;
        while taken < READ_AT_ONCE {
            match self.master.read(&mut bytes) {
                Ok(n) if n > 0 => {
                    self.session.read(mono_ns(), &bytes[..n]);
                    self.output.out(&bytes[..n]);
                    taken += n;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // nothing, or nobody has the other end open
                _ => break,
            }
        }
        while let Ok(n @ 1..) = self.stderr.read(&mut bytes) {
            self.output.err(&bytes[..n]);
            taken += n;
            if taken >= 2 * READ_AT_ONCE {
                break;
            }
        }
    }

    fn stop(&mut self, why: &str) {
        self.stopping = Stopping::Since(mono_ns());
        self.state("stopping", why);
        self.child.terminate();
    }

    /// The gNB has ended: its last words, and how.
    fn finish(mut self, status: ExitStatus) -> Ended {
        self.read();
        // what was under way will not be answered any more
        self.session.broke(mono_ns());
        self.console();
        self.counters.console(false);
        self.control.turn();
        let code = match self.stopping {
            Stopping::Since(_) if code_of(status) == 143 => 0,
            _ => code_of(status),
        };
        let words = format!("the gNB ended: {status}");
        self.state("ended", &words);
        self.output.close();
        if let Err(error) = self.writer.flush() {
            tracing::error!(%error, "the record is not complete");
        }
        Ended { code, words }
    }

    pub(super) fn state(&self, state: &str, detail: &str) {
        tracing::info!(state, detail, "gNB");
        self.writer.row("gnb_state", &StateRow { state, detail });
    }
}

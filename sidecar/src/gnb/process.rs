//! The process: one thread that reads, writes and looks after everything, so that the gNB's parent lives as long as we do.

use super::child::{GnbChild, code_of};
use super::config::{GnbError, GnbProcessConfig};
use super::control::{Asker, Control};
use super::counters::{Counters, name_of};
use super::guard::{ConsoleGuard, Refusal};
use super::output::Output;
use super::protocol::{Answer, Outcome, Request, Status, ValueStatus};
use super::rows::{CommandRow, StateRow};
use super::table::Shown;
use crate::clock::mono_ns;
use crate::record::Writer;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::PtyMaster;
use ran_bridge::gnb::console::{ConsoleCommand, ConsoleEvent, Session, SessionState, Timing, Verdict};
use std::io::{ErrorKind, Read, Write};
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
enum Stopping {
    No,
    Since(u64),
    Killed,
}

struct Process<'a> {
    grace_ns: u64,
    started_ns: u64,
    session: Session,
    guard: ConsoleGuard,
    shown: Shown,
    /// Before the last toggle.
    shown_before: Shown,
    seq: u64,
    /// Of the last command that was written.
    written_seq: u64,
    /// Who asked for what was written last, under our number.
    under_way: Option<(u64, Asker)>,
    is_tied: Option<bool>,
    stopping: Stopping,
    child: GnbChild,
    master: PtyMaster,
    stderr: ChildStderr,
    control: Control,
    output: Output,
    writer: Writer,
    counters: &'a Counters,
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

    /// What is to be written to the console, and what happened there.
    fn console(&mut self) {
        self.session.tick(mono_ns());
        while let Some(text) = self.session.next_write() {
            match self.master.write(text.as_bytes()) {
                Ok(n) if n == text.len() => {}
                went => {
                    tracing::error!(?went, text, "the console takes no more bytes");
                    self.session.broke(mono_ns());
                }
            }
        }
        while let Some(event) = self.session.next_event() {
            match event {
                ConsoleEvent::Ready => self.ready(),
                ConsoleEvent::Outcome { command, verdict, words, waited_ns } => {
                    self.settled(command, verdict);
                    self.outcome(command, verdict, words, waited_ns);
                }
                ConsoleEvent::Late { command, verdict, words, waited_ns } => {
                    self.settled(command, verdict);
                    let what = format!("late_{}", name_of(verdict));
                    self.row(self.written_seq, &what, &command.text(), &words, Some(waited_ns), None);
                }
            }
        }
        let up = matches!(self.session.state(), SessionState::Ready | SessionState::Busy);
        self.counters.console(up);
    }

    fn ready(&mut self) {
        if self.is_tied.is_none() {
            self.is_tied = self.child.is_tied();
            if self.is_tied == Some(false) {
                let why = "the gNB's program has capabilities or another user's rights: the kernel does not end it when we are killed";
                tracing::warn!(why, "see docs/operation.md");
                self.state("not_tied", why);
            }
        }
        self.state("console_ready", "");
    }

    fn settled(&mut self, command: ConsoleCommand, verdict: Verdict) {
        self.guard.settled(command, verdict);
        self.shown.settled(command, self.shown_before, verdict);
    }

    fn outcome(&mut self, command: ConsoleCommand, verdict: Verdict, words: String, waited_ns: u64) {
        self.counters.outcome(verdict);
        let text = command.text();
        let (seq, asker) = self.under_way.take().unzip();
        let seq = seq.unwrap_or(self.written_seq);
        self.row(seq, name_of(verdict), &text, &words, Some(waited_ns), asker);
        tracing::info!(seq, text, outcome = name_of(verdict), words, "console");
        if let Some(asker) = asker {
            let outcome = Outcome { seq, text, verdict, words, waited_s: waited_ns as f64 * 1e-9 };
            self.control.answer(asker, &Answer::Outcome(outcome));
        }
    }

    fn requests(&mut self) {
        self.control.turn();
        while let Some((asker, request)) = self.control.next() {
            match request {
                Request::Status => {
                    let status = Box::new(self.status());
                    self.control.answer(asker, &Answer::Status(status));
                }
                Request::Command { command: ConsoleCommand::ToggleTable { .. } } => {
                    let reason = "a table is asked for by `table`, not toggled".to_owned();
                    self.control.refuse(asker, "malformed", reason);
                }
                Request::Command { command } => self.give(asker, command),
                Request::Table { show } => match self.shown.toggle(show) {
                    Ok(Some(command)) => self.give(asker, command),
                    Ok(None) => {
                        let (seq, words) = (self.seq, "it is so already".to_owned());
                        let outcome =
                            Outcome { seq, text: String::new(), verdict: Verdict::Done, words, waited_s: 0.0 };
                        self.control.answer(asker, &Answer::Outcome(outcome));
                    }
                    Err(refusal) => self.refuse(asker, "t", &refusal),
                },
            }
        }
    }

    /// A command passes the guard and is written, or is refused.
    fn give(&mut self, asker: Asker, command: ConsoleCommand) {
        let (now, text) = (mono_ns(), command.text());
        if self.stopping != Stopping::No {
            return self.refuse(asker, &text, &Refusal::Stopping);
        }
        let permit = match self.guard.check(now, command) {
            Ok(permit) => permit,
            Err(refusal) => return self.refuse(asker, &text, &refusal),
        };
        if let Err(not) = self.session.is_free() {
            return self.refuse(asker, &text, &not.into());
        }
        self.seq += 1;
        // on record before it is done
        self.row(self.seq, "written", &text, "", None, Some(asker));
        if let Err(not) = self.session.give(now, permit.command()) {
            return self.refuse(asker, &text, &not.into());
        }
        self.guard.written(now, &permit);
        if matches!(command, ConsoleCommand::ToggleTable { .. }) {
            self.shown_before = self.shown;
        }
        self.written_seq = self.seq;
        self.under_way = Some((self.seq, asker));
        self.console();
    }

    fn refuse(&mut self, asker: Asker, text: &str, refusal: &Refusal) {
        self.counters.refusal(refusal);
        self.seq += 1;
        self.row(self.seq, "refused_by_guard", text, &refusal.to_string(), None, Some(asker));
        tracing::warn!(text, reason = %refusal, "console command refused");
        self.control.refuse(asker, refusal.name(), refusal.to_string());
    }

    fn status(&self) -> Status {
        let value = |(name, place, possible): (&str, u8, super::guard::Possible)| ValueStatus {
            name: name.to_owned(),
            place,
            least: possible.least.into(),
            most: possible.most.into(),
        };
        Status {
            pid: self.child.pid(),
            running_s: mono_ns().saturating_sub(self.started_ns) as f64 * 1e-9,
            console: self.session.state(),
            is_stopping: self.stopping != Stopping::No,
            is_tied: self.is_tied,
            values: self.guard.values().map(value).collect(),
            outcomes: self.counters.outcomes(),
            refusals: self.counters.refusals(),
            dropped_bytes: self.output.dropped_bytes(),
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

    fn state(&self, state: &str, detail: &str) {
        tracing::info!(state, detail, "gNB");
        self.writer.row("gnb_state", &StateRow { state, detail });
    }

    fn row(&self, seq: u64, what: &str, text: &str, words: &str, waited_ns: Option<u64>, asker: Option<Asker>) {
        let peer = asker.and_then(|a| a.peer);
        let program = peer.and_then(|p| std::fs::read_to_string(format!("/proc/{}/comm", p.pid)).ok());
        let row = CommandRow {
            seq,
            what,
            text,
            words,
            waited_s: waited_ns.map(|ns| ns as f64 * 1e-9),
            uid: peer.map(|p| p.uid),
            pid: peer.map(|p| p.pid),
            program: program.as_deref().map(str::trim_end),
        };
        self.writer.row("gnb_command", &row);
    }
}

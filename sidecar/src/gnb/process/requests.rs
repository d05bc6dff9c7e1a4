//! What is asked over the control socket.

use super::super::control::Asker;
use super::super::guard::{Possible, Refusal};
use super::super::protocol::{Answer, Outcome, Request, Status, ValueStatus};
use super::run::{Process, Stopping};
use crate::clock::mono_ns;
use ran_bridge::gnb::console::{ConsoleCommand, Verdict};

impl Process<'_> {
    pub(super) fn requests(&mut self) {
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
        let value = |(name, place, possible): (&str, u8, Possible)| ValueStatus {
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
}

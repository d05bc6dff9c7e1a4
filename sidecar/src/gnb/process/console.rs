//! What goes to and comes from the gNB's console.

use super::super::control::Asker;
use super::super::counters::name_of;
use super::super::protocol::{Answer, Outcome};
use super::super::rows::CommandRow;
use super::run::Process;
use crate::clock::mono_ns;
use ran_bridge::gnb::console::{ConsoleCommand, ConsoleEvent, SessionState, Verdict};
use std::io::Write;

impl Process<'_> {
    /// What is to be written to the console, and what happened there.
    pub(super) fn console(&mut self) {
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

    pub(super) fn row(
        &self,
        seq: u64,
        what: &str,
        text: &str,
        words: &str,
        waited_ns: Option<u64>,
        asker: Option<Asker>,
    ) {
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

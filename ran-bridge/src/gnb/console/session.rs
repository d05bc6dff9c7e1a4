//! One console from its first byte on: what to write, and what became of each command.
//!
//! A gNB that is still starting, or hangs, has not read what was written: a command in the terminal's buffer would be done at some later time. So
//! a command is written only while the console is *proven*: the last question was answered. The first question goes out at the start; after a
//! command without an answer in time comes another, and nothing else until it is answered.

use super::command::ConsoleCommand;
use super::lines::Lines;
use super::reply::{Reply, Verdict, fence, parse};
use std::collections::VecDeque;

/// Questions that may lie unread; all of them with a command are far from [`super::MAX_BATCH_BYTES`].
const MAX_QUESTIONS: u32 = 8;
/// Most of the gNB's words that are kept with an outcome.
const MAX_WORDS: usize = 512;

/// How long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For the answer to a command, ns.
    pub reply_ns: u64,
    /// Between two questions to a console that does not answer, ns.
    pub question_ns: u64,
}

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// The console has not answered yet, or no more: nothing is written but questions.
    Unproven,
    /// A command may be given.
    Ready,
    /// A command is under way.
    Busy,
    /// A write failed: nothing is written any more.
    Broken,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleEvent {
    /// The console answers.
    Ready,
    /// What became of the command that was given.
    Outcome {
        /// As given.
        command: ConsoleCommand,
        /// What.
        verdict: Verdict,
        /// The gNB's words, lines joined by ` / `; empty where it said nothing.
        words: String,
        /// From writing to knowing, ns.
        waited_ns: u64,
    },
    /// What became of a command that was unconfirmed: its answer came after all, or the console went on without one
    /// ([`Verdict::Unconfirmed`]; a command that has no answer was done).
    Late {
        /// As given.
        command: ConsoleCommand,
        /// What.
        verdict: Verdict,
        /// The gNB's words.
        words: String,
        /// From writing to knowing, ns.
        waited_ns: u64,
    },
}

/// Why a command was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// See [`SessionState::Unproven`].
    #[error("the gNB's console does not answer: it is still starting, or does not read its standard input")]
    Unproven,
    /// See [`SessionState::Busy`].
    #[error("another command is under way: one at a time")]
    Busy,
    /// See [`SessionState::Broken`].
    #[error("the gNB's console takes no more bytes")]
    Broken,
}

#[derive(Debug)]
struct Pending {
    command: ConsoleCommand,
    since_ns: u64,
    words: String,
}

#[derive(Debug)]
enum State {
    Unproven { first: u64, asked: u32, next_ns: u64, left: Option<Pending> },
    Ready,
    Busy { pending: Pending, until_ns: u64, fence: Option<u64> },
    Broken,
}

/// The session.
#[derive(Debug)]
pub struct Session {
    timing: Timing,
    lines: Lines,
    state: State,
    fences: u64,
    out: VecDeque<String>,
    events: VecDeque<ConsoleEvent>,
}

impl Session {
    /// A console that has not answered yet.
    #[must_use]
    pub const fn new(timing: Timing) -> Self {
        let state = State::Unproven { first: 1, asked: 0, next_ns: 0, left: None };
        Self { timing, lines: Lines::new(), state, fences: 0, out: VecDeque::new(), events: VecDeque::new() }
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> SessionState {
        match self.state {
            State::Unproven { .. } => SessionState::Unproven,
            State::Ready => SessionState::Ready,
            State::Busy { .. } => SessionState::Busy,
            State::Broken => SessionState::Broken,
        }
    }

    /// Whether a command would be taken.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub const fn is_free(&self) -> Result<(), NotTaken> {
        match self.state {
            State::Ready => Ok(()),
            State::Unproven { .. } => Err(NotTaken::Unproven),
            State::Busy { .. } => Err(NotTaken::Busy),
            State::Broken => Err(NotTaken::Broken),
        }
    }

    /// Gives a command, at `now_ns` of any clock that only goes forward.
    ///
    /// # Errors
    /// [`NotTaken`]; then nothing was written.
    pub fn give(&mut self, now_ns: u64, command: ConsoleCommand) -> Result<(), NotTaken> {
        self.is_free()?;
        self.out.push_back(command.text());
        let fence = command.is_silent().then(|| self.ask());
        let pending = Pending { command, since_ns: now_ns, words: String::new() };
        self.state = State::Busy { pending, until_ns: now_ns.saturating_add(self.timing.reply_ns), fence };
        Ok(())
    }

    /// What to write next, whole and in one write.
    pub fn next_write(&mut self) -> Option<String> {
        self.out.pop_front()
    }

    /// A write failed or was cut short. What was under way is unconfirmed.
    pub fn broke(&mut self, now_ns: u64) {
        self.out.clear();
        if let State::Busy { pending, .. } = std::mem::replace(&mut self.state, State::Broken) {
            self.events.push_back(outcome(now_ns, pending, Verdict::Unconfirmed));
        }
    }

    /// What happened next.
    pub fn next_event(&mut self) -> Option<ConsoleEvent> {
        self.events.pop_front()
    }

    /// What the gNB printed.
    pub fn read(&mut self, now_ns: u64, bytes: &[u8]) {
        for line in self.lines.push(bytes) {
            self.line(now_ns, &line);
        }
    }

    /// Time went on.
    pub fn tick(&mut self, now_ns: u64) {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Busy { pending, until_ns, .. } if now_ns >= until_ns => {
                let copy = Pending { words: pending.words.clone(), ..pending };
                self.events.push_back(outcome(now_ns, copy, Verdict::Unconfirmed));
                // only a question asked from now on shows that the command is over
                let first = self.fences + 1;
                self.state = State::Unproven { first, asked: 0, next_ns: now_ns, left: Some(pending) };
                self.tick(now_ns);
            }
            State::Unproven { first, asked, next_ns, left } if now_ns >= next_ns && asked < MAX_QUESTIONS => {
                let next_ns = now_ns.saturating_add(self.timing.question_ns);
                self.ask();
                self.state = State::Unproven { first, asked: asked + 1, next_ns, left };
            }
            same => self.state = same,
        }
    }

    fn ask(&mut self) -> u64 {
        self.fences += 1;
        self.out.push_back(fence(self.fences));
        self.fences
    }

    fn line(&mut self, now_ns: u64, line: &str) {
        let reply = parse(line);
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Busy { mut pending, until_ns, fence } => {
                let verdict = verdict(&mut pending, fence, reply, line);
                match verdict {
                    Some(verdict) => {
                        self.events.push_back(outcome(now_ns, pending, verdict));
                        self.state = State::Ready;
                    }
                    None => self.state = State::Busy { pending, until_ns, fence },
                }
            }
            State::Unproven { first, asked, next_ns, mut left } => {
                let answer = reply.and_then(|reply| reply.judge(left.as_ref()?.command));
                if let Some(verdict) = answer
                    && let Some(mut pending) = left.take()
                {
                    add(&mut pending.words, line);
                    self.events.push_back(late(now_ns, pending, verdict));
                }
                if matches!(reply, Some(Reply::Fence(number)) if (first..=self.fences).contains(&number)) {
                    if let Some(pending) = left {
                        let silent = pending.command.is_silent();
                        let verdict = if silent { Verdict::Done } else { Verdict::Unconfirmed };
                        self.events.push_back(late(now_ns, pending, verdict));
                    }
                    self.events.push_back(ConsoleEvent::Ready);
                    self.state = State::Ready;
                } else {
                    self.state = State::Unproven { first, asked, next_ns, left };
                }
            }
            same => self.state = same,
        }
    }
}

/// What a line makes of the command under way.
fn verdict(pending: &mut Pending, fence: Option<u64>, reply: Option<Reply>, line: &str) -> Option<Verdict> {
    if let Some(Reply::Fence(number)) = reply {
        return (fence == Some(number)).then_some(Verdict::Done);
    }
    let verdict = reply.and_then(|reply| reply.judge(pending.command));
    // The driver's own words come before the command's.
    if verdict.is_some() || line.starts_with("Error: ") {
        add(&mut pending.words, line);
    }
    verdict
}

fn add(words: &mut String, line: &str) {
    if !words.is_empty() {
        words.push_str(" / ");
    }
    let room = MAX_WORDS.saturating_sub(words.len());
    words.extend(line.chars().take(room));
}

fn outcome(now_ns: u64, pending: Pending, verdict: Verdict) -> ConsoleEvent {
    let waited_ns = now_ns.saturating_sub(pending.since_ns);
    ConsoleEvent::Outcome { command: pending.command, verdict, words: pending.words, waited_ns }
}

fn late(now_ns: u64, pending: Pending, verdict: Verdict) -> ConsoleEvent {
    let waited_ns = now_ns.saturating_sub(pending.since_ns);
    ConsoleEvent::Late { command: pending.command, verdict, words: pending.words, waited_ns }
}

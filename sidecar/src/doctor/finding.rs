//! What a check says.

use serde::Serialize;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Could not be looked at.
    Skipped,
    /// As it must be.
    Ok,
    /// It may work, worse than it could.
    Warning,
    /// It will not work, or not safely.
    Failure,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the check.
    pub check: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was seen; the cause where it is a warning or failure; why not where it was skipped.
    pub what: String,
    /// The key or command to change; only with a warning or failure.
    pub fix: Option<String>,
}

/// What one check found so far.
#[derive(Debug)]
pub struct Found {
    check: &'static str,
    list: Vec<Finding>,
}

impl Found {
    /// Nothing yet.
    #[must_use]
    pub const fn new(check: &'static str) -> Self {
        Self { check, list: Vec::new() }
    }

    fn push(&mut self, verdict: Verdict, what: String, fix: Option<String>) {
        self.list.push(Finding { check: self.check, verdict, what, fix });
    }

    /// As it must be.
    pub fn ok(&mut self, seen: impl Into<String>) {
        self.push(Verdict::Ok, seen.into(), None);
    }

    /// May work.
    pub fn warn(&mut self, cause: impl Into<String>, fix: impl Into<String>) {
        self.push(Verdict::Warning, cause.into(), Some(fix.into()));
    }

    /// Will not work.
    pub fn fail(&mut self, cause: impl Into<String>, fix: impl Into<String>) {
        self.push(Verdict::Failure, cause.into(), Some(fix.into()));
    }

    /// Could not be looked at.
    pub fn skip(&mut self, why: impl Into<String>) {
        self.push(Verdict::Skipped, why.into(), None);
    }

    /// Whether nothing is a warning or failure from this many findings on.
    #[must_use]
    pub fn clean_since(&self, from: usize) -> bool {
        self.list.iter().skip(from).all(|f| f.verdict <= Verdict::Ok)
    }

    /// How many findings there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// All of it.
    #[must_use]
    pub fn done(self) -> Vec<Finding> {
        self.list
    }
}

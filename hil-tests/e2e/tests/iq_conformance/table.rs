//! Runs cases and says what held where.

use crate::rig::{Rig, Verdict};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A case: its words, and how it is run.
pub struct Case {
    pub name: &'static str,
    pub run: fn(&mut dyn Rig) -> Verdict,
}

enum Cell {
    Holds,
    Cannot(usize),
    Failed(String),
}

/// Case by back end.
pub struct Table {
    names: Vec<&'static str>,
    rows: Vec<(&'static str, Vec<Cell>)>,
    reasons: Vec<&'static str>,
}

impl Table {
    pub fn new(names: Vec<&'static str>) -> Self {
        Self { names, rows: Vec::new(), reasons: Vec::new() }
    }

    pub fn run(&mut self, case: &Case, rigs: &mut [Box<dyn Rig>]) {
        let mut row = Vec::new();
        for rig in rigs {
            let verdict = match rig.cannot(case.name) {
                Some(why) => Ok(Verdict::Cannot(why)),
                None => catch_unwind(AssertUnwindSafe(|| (case.run)(&mut **rig))),
            };
            row.push(match verdict {
                Ok(Verdict::Holds) => Cell::Holds,
                Ok(Verdict::Cannot(why)) => Cell::Cannot(self.reason(why)),
                Err(panic) => {
                    let said = panic.downcast_ref::<String>().cloned();
                    Cell::Failed(
                        said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default(),
                    )
                }
            });
        }
        self.rows.push((case.name, row));
    }

    fn reason(&mut self, why: &'static str) -> usize {
        let at = self.reasons.iter().position(|r| *r == why);
        at.unwrap_or_else(|| {
            self.reasons.push(why);
            self.reasons.len() - 1
        })
    }

    pub fn is_good(&self) -> bool {
        self.rows.iter().all(|(_, row)| row.iter().all(|cell| !matches!(cell, Cell::Failed(_))))
    }

    /// To the standard output itself, which the test harness does not keep back.
    pub fn print(&self, rigs: &[Box<dyn Rig>]) {
        let mut text =
            format!("\n| case | {} |\n| --- |{}\n", self.names.join(" | "), " --- |".repeat(self.names.len()));
        let mut failures = String::new();
        for (name, row) in &self.rows {
            text += &format!("| {name} |");
            for (cell, rig) in row.iter().zip(&self.names) {
                text += &match cell {
                    Cell::Holds => " ok |".to_owned(),
                    Cell::Cannot(why) => format!(" n/a ({}) |", why + 1),
                    Cell::Failed(said) => {
                        failures += &format!("FAILED: {name}, {rig}: {said}\n");
                        " **FAILED** |".to_owned()
                    }
                };
            }
            text += "\n";
        }
        text += "\n";
        for (i, why) in self.reasons.iter().enumerate() {
            text += &format!("{}. n/a: {why}\n", i + 1);
        }
        for rig in rigs.iter().filter(|r| r.repeated() > 0) {
            text += &format!(
                "{}: {} passes repeated, because this machine was too slow for them\n",
                rig.name(),
                rig.repeated()
            );
        }
        std::io::stdout().write_all((text + "\n" + &failures).as_bytes()).unwrap();
    }
}

//! Findings for people.

use super::finding::{Finding, Verdict};
use super::list::CHECKS;

const RESET: &str = "\x1b[0m";

/// Word and colour of a verdict.
const fn look(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Ok => ("ok", "\x1b[32m"),
        Verdict::Warning => ("warning", "\x1b[33m"),
        Verdict::Failure => ("FAILURE", "\x1b[1;31m"),
        Verdict::Skipped => ("skipped", "\x1b[2m"),
    }
}

/// One line a finding, below it the fix; at the end how many of each.
#[must_use]
pub fn lines(found: &[Finding], colour: bool) -> String {
    let wide = found.iter().map(|f| f.check.len()).max().unwrap_or(0);
    let mut text = String::new();
    for f in found {
        let (word, paint) = look(f.verdict);
        let (on, off) = if colour { (paint, RESET) } else { ("", "") };
        text.push_str(&format!("{on}{word:<7}{off}  {:<wide$}  {}\n", f.check, f.what));
        if let Some(fix) = &f.fix {
            text.push_str(&format!("{:7}  {:<wide$}  {on}fix:{off} {fix}\n", "", ""));
        }
    }
    let count = |verdict| found.iter().filter(|f| f.verdict == verdict).count();
    let (failures, warnings) = (count(Verdict::Failure), count(Verdict::Warning));
    text + &format!(
        "{failures} failure{}, {warnings} warning{}, {} ok, {} skipped\n",
        if failures == 1 { "" } else { "s" },
        if warnings == 1 { "" } else { "s" },
        count(Verdict::Ok),
        count(Verdict::Skipped),
    )
}

/// Name and subject of each check.
#[must_use]
pub fn list_lines() -> String {
    let wide = CHECKS.iter().map(|c| c.name.len()).max().unwrap_or(0);
    CHECKS.iter().map(|c| format!("{:<wide$}  {}\n", c.name, c.about)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Vec<Finding> {
        let of = |verdict, what: &str, fix: Option<&str>| Finding {
            check: "wires",
            verdict,
            what: what.into(),
            fix: fix.map(str::to_owned),
        };
        vec![of(Verdict::Ok, "fits", None), of(Verdict::Failure, "crossed", Some("exchange"))]
    }

    #[test]
    fn plain_lines_and_a_sum() {
        let expected = "ok       wires  fits\nFAILURE  wires  crossed\n                fix: exchange\n1 failure, 0 warnings, 1 ok, 0 skipped\n";
        assert_eq!(lines(&found(), false), expected);
    }

    #[test]
    fn colour_only_where_it_is_asked_for() {
        assert!(!lines(&found(), false).contains('\x1b') && lines(&found(), true).contains("\x1b[1;31mFAILURE"));
        assert_eq!(list_lines().lines().count(), CHECKS.len());
    }
}

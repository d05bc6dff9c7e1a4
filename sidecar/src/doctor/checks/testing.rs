//! What tests of checks say in one line.

use crate::doctor::finding::{Finding, Found, Verdict};
use crate::doctor::subject::Lab;

/// What a check finds.
pub(super) fn look(check: fn(&Lab, &mut Found), lab: &Lab) -> Vec<Finding> {
    let mut found = Found::new("test");
    check(lab, &mut found);
    found.done()
}

/// Exactly one finding of this verdict says all of these words in cause or fix.
#[track_caller]
pub(super) fn says(found: &[Finding], verdict: Verdict, words: &[&str]) {
    let text = |f: &Finding| format!("{} {}", f.what, f.fix.as_deref().unwrap_or_default());
    let those = found.iter().filter(|f| f.verdict == verdict);
    let count = those.filter(|f| words.iter().all(|w| text(f).contains(w))).count();
    assert_eq!(count, 1, "{words:?} in {found:#?}");
}

/// No warning and no failure.
#[track_caller]
pub(super) fn clean(found: &[Finding]) {
    assert!(found.iter().all(|f| f.verdict <= Verdict::Ok), "{found:#?}");
}

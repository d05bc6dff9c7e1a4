//! A short soak: UEs come, leave and die, the worker of `air` is killed again and again, `ran` closes its loop beside; nothing is lost that is
//! not counted, nothing grows, everybody is there at the end.

use sidecar::bench::Row;
use sidecar::bench::soak::{SoakPlan, soak};

#[test]
fn every_bar_of_a_short_soak_is_kept() {
    let plan = SoakPlan { radio_s: 36.0, kill_every_s: 10.0, look_every_s: 1.0, ..SoakPlan::quick(3) };
    let mut rows: Vec<Row> = Vec::new();
    let svg = soak(&plan, &mut |row| rows.push(row)).unwrap();
    let missed: Vec<&Row> = rows.iter().filter(|r| r.missed()).collect();
    assert!(missed.is_empty(), "{missed:#?}\nof {}", sidecar::bench::markdown(&rows));
    let figure = |metric: &str| rows.iter().find(|r| r.metric == metric).and_then(|r| r.value);
    assert!(figure("workers killed").is_some_and(|n| n >= 2.0));
    assert!(figure("UEs died").unwrap_or(0.0) + figure("UEs left").unwrap_or(0.0) > 0.0);
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{}", &svg[svg.len() - 40..]);
}

//! Whatever must end a burst ends it in time, by the virtual radio's own record of what left its antenna: twenty trials of each.

use sidecar::bench::safe_state::{Trigger, safe_state};

#[test]
fn nothing_is_radiated_beyond_its_time_or_authority() {
    let mut rows = Vec::new();
    safe_state(20, 4, Trigger::ALL, &mut |row| rows.push(row)).unwrap();
    println!("{}", sidecar::bench::markdown(&rows));
    let missed: Vec<_> = rows.iter().filter(|r| r.ok == Some(false)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    let barred = rows.iter().filter(|r| r.ok == Some(true)).count();
    assert_eq!(barred, 2 * Trigger::ALL.len());
    // it is about bursts that are on air
    let radiated = rows.iter().find(|r| r.metric.starts_with("samples radiated")).unwrap().value.unwrap();
    assert!(radiated > 340.0 * 20_000.0, "{radiated} samples were radiated in 340 trials");
}

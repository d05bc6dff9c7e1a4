//! From what was seen to rows.

use super::SoakPlan;
use super::process::Usage;
use super::series::{Kill, Look, Series, slope};
use crate::bench::row::{Bar, Row};
use crate::bench::stats::Percentiles;

const MIB: f64 = (1_u64 << 20) as f64;
/// Growth that counts as none: so many MiB, or this part.
const FLAT_MIB: f64 = 8.0;
const FLAT_PART: f64 = 0.05;
/// Share of the looks that there must have been; a worker that is just being replaced cannot be looked at.
const LOOKS: f64 = 0.8;
/// Growth of a worker in a life after its first part that counts as none, MiB.
const LIFE_MIB: f64 = 1.0;
/// A worker's memory counts from this age on, s of radio time, or from that part of a short life.
const WARM_LIFE_S: f64 = 10.0;
/// Memory counts from here on, s of radio time, or from this part of a short run.
const WARM_S: f64 = 120.0;
const WARM_PART: f64 = 0.3;

/// All rows.
pub(super) fn rows(
    case: &str,
    plan: &SoakPlan,
    series: &Series,
    (radio_s, wall_s): (f64, f64),
    out: &mut dyn FnMut(Row),
) {
    out(Row::new(case, "radio time", radio_s / 60.0, "min"));
    out(Row::new(case, "wall time", wall_s / 60.0, "min"));
    // without looks there would be no figure to miss its bar
    let looks = LOOKS * radio_s / plan.look_every_s;
    out(Row::new(case, "looks at counters, memory and files", series.looks.len() as f64, "1").bar(Bar::AtLeast(looks)));
    integrity(case, series, out);
    restarts(case, series, out);
    peers(case, series, out);
    let warm_s = WARM_S.min(radio_s * WARM_PART);
    // a worker's memory is that of its whole life: the last look at each, shortly before it is killed
    let last_of = |w: &[Look]| w[1].worker_age_s < w[0].worker_age_s;
    let mut workers: Vec<Look> = series.looks.windows(2).filter(|w| last_of(w)).map(|w| w[0]).collect();
    workers.extend(series.looks.last());
    memory(case, "holder", &series.looks, |l| l.holder, warm_s, out);
    memory(case, "worker", &workers, |l| l.worker, warm_s, out);
    one_life(case, &series.looks, WARM_LIFE_S.min(plan.kill_every_s * WARM_PART), out);
    files(case, "holder", &series.looks, |l| l.holder, out);
    files(case, "worker", &series.looks, |l| l.worker, out);
    let zombies = series.looks.iter().map(|l| l.zombies).max().unwrap_or(0);
    out(Row::new(case, "zombies, most", zombies as f64, "1").bar(Bar::AtMost(0.0)));
}

fn integrity(case: &str, series: &Series, out: &mut dyn FnMut(Row)) {
    let Some(c) = series.looks.last().map(|l| l.counters) else { return };
    out(Row::new(case, "hard counters, all", c.hard() as f64, "1").bar(Bar::AtMost(0.0)));
    for (name, n) in [
        ("lost_samples", c.lost_samples),
        ("invented_samples", c.invented_samples),
        ("late_samples", c.late_samples),
        ("nonfinite_samples", c.nonfinite_samples),
        ("oversize_messages", c.oversize_messages),
        ("odd_size_messages", c.odd_size_messages),
    ] {
        if n > 0 {
            out(Row::new(case, name, n as f64, "1"));
        }
    }
    for (name, n) in [
        ("dl_samples", c.dl_samples),
        ("ul_samples", c.ul_samples),
        ("held_dl_samples", c.held_dl_samples),
        ("held_ul_samples", c.held_ul_samples),
        ("resumed_dl_samples", c.resumed_dl_samples),
        ("resumed_ul_samples", c.resumed_ul_samples),
        ("absent_zero_samples", c.absent_zero_samples),
        ("joins", c.joins),
        ("disconnects", c.disconnects),
    ] {
        out(Row::new(case, name, n as f64, "1"));
    }
    out(Row::new(case, "late_peers", c.late_peers as f64, "1").bar(Bar::AtMost(0.0)));
}

fn restarts(case: &str, series: &Series, out: &mut dyn FnMut(Row)) {
    let kills = series.kills.len() as f64;
    let counted = series.looks.last().map_or(0, |l| l.counters.worker_restarts) as f64;
    out(Row::new(case, "workers killed", kills, "1"));
    out(Row::new(case, "kills and restarts counted, difference", (kills - counted).abs(), "1").bar(Bar::AtMost(0.0)));
    let stood: fn(&Kill) -> f64 = |k| k.stood_ms;
    let back: fn(&Kill) -> f64 = |k| k.back_ms;
    for (what, get) in [("radio time stood still", stood), ("next worker answers", back)] {
        let all: Vec<f64> = series.kills.iter().map(get).collect();
        if let Some(p) = Percentiles::of(&all) {
            out(Row::new(case, &format!("{what}, p50"), p.p50, "ms"));
            out(Row::new(case, &format!("{what}, max"), p.max, "ms"));
        }
    }
}

fn peers(case: &str, series: &Series, out: &mut dyn FnMut(Row)) {
    let c = &series.comings;
    for (what, n) in [("UEs left", c.left), ("UEs died", c.died), ("UEs joined", c.joined)] {
        out(Row::new(case, what, n as f64, "1"));
    }
    if let Some(p) = Percentiles::of(&c.attach_s) {
        out(Row::new(case, "order to join until attached, p50", p.p50, "s"));
        out(Row::new(case, "order to join until attached, max", p.max, "s"));
    }
    out(Row::new(case, "times the cell lost a UE that was on", c.dropped as f64, "1").bar(Bar::AtMost(0.0)));
    out(Row::new(case, "joins that failed", c.failed as f64, "1").bar(Bar::AtMost(0.0)));
    out(Row::new(case, "UEs not attached at the end", c.absent as f64, "1").bar(Bar::AtMost(0.0)));
}

fn memory(case: &str, who: &str, looks: &[Look], of: fn(&Look) -> Usage, warm_s: f64, out: &mut dyn FnMut(Row)) {
    let all: Vec<(f64, f64)> = looks.iter().map(|l| (l.t_s, of(l).rss as f64 / MIB)).collect();
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return };
    let max = all.iter().map(|p| p.1).fold(0.0, f64::max);
    for (what, value) in [("first", first.1), ("last", last.1), ("max", max)] {
        out(Row::new(case, &format!("{who}: memory, {what}"), value, "MiB"));
    }
    let warm: Vec<(f64, f64)> = all.iter().copied().filter(|p| p.0 >= warm_s).collect();
    let Some(from) = warm.first() else { return };
    out(Row::new(case, &format!("{who}: memory, slope"), slope(&warm) * 60.0 * 1024.0, "KiB/min"));
    let bar = FLAT_MIB.max(FLAT_PART * from.1);
    let grown = Row::new(case, &format!("{who}: memory, grown since {:.0} s", from.0), last.1 - from.1, "MiB");
    out(grown.bar(Bar::AtMost(bar)));
}

/// What a worker grows by while it lives: from one to the next a leak of the same size would not show.
fn one_life(case: &str, looks: &[Look], warm_s: f64, out: &mut dyn FnMut(Row)) {
    let lives = looks.chunk_by(|a, b| b.worker_age_s >= a.worker_age_s);
    let grown = lives.filter_map(|life| {
        let warm = life.iter().find(|l| l.worker_age_s >= warm_s)?;
        Some((life.last()?.worker.rss as f64 - warm.worker.rss as f64) / MIB)
    });
    let all: Vec<f64> = grown.collect();
    if let Some(p) = Percentiles::of(&all) {
        let row = |what, value| Row::new(case, &format!("worker: memory, grown in one life, {what}"), value, "MiB");
        out(row("p50", p.p50).bar(Bar::AtMost(LIFE_MIB)));
        out(row("max", p.max));
    }
}

/// Files are compared between moments at which every UE is there.
fn files(case: &str, who: &str, looks: &[Look], of: fn(&Look) -> Usage, out: &mut dyn FnMut(Row)) {
    let all: Vec<f64> = looks.iter().filter(|l| l.is_full).map(|l| of(l).files as f64).collect();
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return };
    out(Row::new(case, &format!("{who}: open files, first"), *first, "1"));
    out(Row::new(case, &format!("{who}: open files, more at the end"), last - first, "1").bar(Bar::AtMost(0.0)));
}

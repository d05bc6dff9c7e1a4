//! Rows with their bars.

use super::super::row::{Bar, Row};
use super::case::Case;
use super::data_plane::Done;
use super::figures::{Figure, MAX, P50, P99, RATE, Rounds};
use super::gnuradio::Flow;
use super::run::Results;
use ran_bridge::air::Counters;

/// How much of the relay's round trip one UE may take, p50 and p99.
const ONE_UE_TRIP: f64 = 1.5;
/// How much of its p99 four UEs may take.
const FOUR_UES_TRIP: f64 = 1.3;
/// Share of the relay's throughput that four UEs must keep.
const FOUR_UES_RATE: f64 = 0.8;
/// What TDL-A may add to the stage of a single tap at p99, µs a slot.
const TDL_OVER_TAP_US: f64 = 300.0;
/// Throughput against GNU Radio's.
const OVER_GNURADIO: f64 = 3.0;
/// Changes of weights a slot where they change with every one; the slots before all peers are there have none.
const CHANGES: f64 = 0.95;
/// p99 of a slot in others' work, µs: ocudu-gpu-channel's reference on a CPU at 23.04 MS/s.
const PUBLISHED: [(&str, f64); 3] =
    [("one edge, single tap", 627.0), ("four edges, single tap", 2269.0), ("one edge, TDL-A", 7365.0)];

/// Everything as rows.
pub(super) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, bare) in ["bare relay, 1 UE", "bare relay, 4 UEs"].into_iter().zip(&results.bare) {
        absolute(&mut rows, name, bare);
        rows.push(lossless(name, true, bare.faults));
    }
    for (case, rounds, done) in &results.air {
        one_case(&mut rows, results, *case, rounds, done);
    }
    tdl_over_tap(&mut rows, results);
    gnuradio(&mut rows, results);
    for (metric, us) in PUBLISHED {
        rows.push(Row::new(
            "published, another machine: ocudu-gpu-channel on a CPU",
            &format!("{metric}, p99"),
            us,
            "us",
        ));
    }
    rows
}

/// Medians over the rounds, and the longest trip of all.
fn absolute(rows: &mut Vec<Row>, name: &str, rounds: &Rounds) {
    for (metric, figure) in [("round trip p50", P50), ("round trip p99", P99)] {
        rows.push(Row::new(name, metric, rounds.median(figure), "us"));
    }
    rows.push(Row::new(name, "round trip max", rounds.most(MAX), "us"));
    throughput(rows, name, rounds);
}

fn throughput(rows: &mut Vec<Row>, name: &str, rounds: &Rounds) {
    rows.push(Row::new(name, "throughput", rounds.median(RATE), "slots/s"));
    rows.push(Row::new(name, "slots", rounds.slots() as f64, "slots"));
}

fn one_case(rows: &mut Vec<Row>, results: &Results, case: Case, rounds: &Rounds, done: &Done) {
    let (name, bare) = (case.name(), results.bare(case.ues()));
    let peer = if case.ues() == 1 { "bare relay, 1 UE" } else { "bare relay, 4 UEs" };
    absolute(rows, name, rounds);
    let share = |what: &str, figure: Figure, bar: Option<Bar>| {
        let mut row = Row::new(name, what, rounds.against(bare, figure), "1");
        row.peer = Some(peer.to_owned());
        match bar {
            Some(bar) => row.bar(bar),
            None => row,
        }
    };
    let (one, four) = (matches!(case, Case::Cable | Case::OneTap), case == Case::FourUes);
    let trip = if four { FOUR_UES_TRIP } else { ONE_UE_TRIP };
    rows.push(share("round trip p50, times the relay's", P50, one.then_some(Bar::AtMost(trip))));
    rows.push(share("round trip p99, times the relay's", P99, (one || four).then_some(Bar::AtMost(trip))));
    let rate = (case.ues() == 4).then_some(Bar::AtLeast(FOUR_UES_RATE));
    rows.push(share("throughput, times the relay's", RATE, rate));
    let us = |ns: Option<u64>| ns.map_or(f64::NAN, |ns| ns as f64 * 1e-3);
    rows.push(Row::new(name, "stage p50 a slot", us(done.stage.p50_ns), "us"));
    rows.push(Row::new(name, "stage p99 a slot", us(done.stage.p99_ns), "us"));
    rows.push(Row::new(name, "stage max a slot", us(done.stage.max_ns), "us"));
    let c = &done.counters;
    let slots = (c.green_slots + c.yellow_slots + c.red_slots).max(1) as f64;
    rows.push(Row::new(name, "processor time of air's thread a slot", done.cpu.as_secs_f64() * 1e6 / slots, "us"));
    for (band, n) in [("green", c.green_slots), ("yellow", c.yellow_slots), ("red", c.red_slots)] {
        rows.push(Row::new(name, &format!("slots in the {band} band"), 100.0 * n as f64 / slots, "%"));
    }
    if case == Case::EightAntennas {
        let changes = c.commands_applied as f64 / slots;
        rows.push(Row::new(name, "changes of weights a slot", changes, "1").bar(Bar::AtLeast(CHANGES)));
    }
    rows.push(lossless(name, case == Case::Cable, rounds.faults + faults(c)));
}

fn tdl_over_tap(rows: &mut Vec<Row>, results: &Results) {
    let p99_us = |wanted: Case| {
        let found = results.air.iter().find(|(case, _, _)| *case == wanted);
        found.and_then(|(_, _, done)| done.stage.p99_ns).map_or(f64::NAN, |ns| ns as f64 * 1e-3)
    };
    let more = p99_us(Case::TdlA) - p99_us(Case::OneTap);
    rows.push(
        Row::new(Case::TdlA.name(), "stage p99 a slot beyond the single tap's", more, "us")
            .bar(Bar::AtMost(TDL_OVER_TAP_US)),
    );
}

fn gnuradio(rows: &mut Vec<Row>, results: &Results) {
    let Some(installed) = &results.installed else { return };
    for (case, flow, name) in [
        (Case::OneTap, Flow::Constant, "GNU Radio, 1 UE, multiply_const"),
        (Case::TdlA, Flow::TdlA, "GNU Radio, 1 UE, selective_fading_model of TDL-A"),
    ] {
        let metric = "throughput, times GNU Radio's";
        let peer = installed.as_ref().map_or_else(|_| "GNU Radio".to_owned(), |i| format!("GNU Radio {}", i.version));
        let theirs = results.gnuradio.iter().find(|(f, _)| *f == flow).map(|(_, rounds)| rounds);
        let ours = results.air.iter().find(|(c, _, _)| *c == case).map(|(_, rounds, _)| rounds);
        let (Some(theirs), Some(ours)) = (theirs, ours) else {
            let why = installed.as_ref().err().map_or("it gave no figures", String::as_str);
            rows.push(Row::skipped(case.name(), metric, "1", Some(&peer), why));
            continue;
        };
        throughput(rows, name, theirs);
        let metric_of = if flow == Flow::Constant { CHANGED } else { LOST };
        rows.push(Row::new(name, metric_of, theirs.faults as f64, "samples"));
        let mut row = Row::new(case.name(), metric, ours.against(theirs, RATE), "1").bar(Bar::AtLeast(OVER_GNURADIO));
        row.peer = Some(peer);
        rows.push(row);
    }
}

/// Where a path changes no sample each one is compared, else their number is.
const CHANGED: &str = "samples lost, invented or changed";
const LOST: &str = "samples lost or invented";

fn lossless(name: &str, exact: bool, faults: u64) -> Row {
    Row::new(name, if exact { CHANGED } else { LOST }, faults as f64, "samples").bar(Bar::AtMost(0.0))
}

/// Samples and messages that were not moved as they came.
const fn faults(c: &Counters) -> u64 {
    c.hard() + c.absent_zero_samples + c.clipped_samples + c.held_dl_samples + c.held_ul_samples
}

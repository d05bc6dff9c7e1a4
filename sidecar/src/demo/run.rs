//! The demo from its first process to its last line.

use super::achieved::{Achieved, compare};
use super::error::DemoError;
use super::live::Live;
use super::phase::{Phase, PhaseResult};
use super::plan::{Plan, lab_binary};
use super::world::WorldLog;
use crate::config::TxSection;
use crate::report::{self, ReportInput};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// What the demo is told.
#[derive(Debug, Clone)]
pub struct DemoArgs {
    /// Radio time of each of the two runs, s.
    pub radio_s: f64,
    /// Seed of the lab and of ours.
    pub seed: u64,
    /// Folder that keeps the runs.
    pub root: PathBuf,
    /// The lab's program; `None` = beside this one.
    pub lab: Option<PathBuf>,
    /// A radio that transmits beside it, to be shown.
    pub tx: TxSection,
    /// No live screen.
    pub plain: bool,
    /// Show nothing at all while running.
    pub silent: bool,
}

/// What the demo found.
#[derive(Debug, Clone, Serialize)]
pub struct DemoOutcome {
    /// The comparison.
    pub achieved: Achieved,
    /// The three lines.
    pub lines: [String; 3],
    /// The report.
    pub report: PathBuf,
    /// Run folder of the run with the loop.
    pub run_dir: PathBuf,
    /// Run folder of the run without.
    pub run_dir_without: PathBuf,
    /// Radio seconds per wall second, without and with the loop.
    pub speed: [f64; 2],
}

/// Runs the lab twice and writes the report.
///
/// # Errors
/// [`DemoError`]; the runs recorded so far stay.
pub fn run(args: &DemoArgs, stop: &AtomicBool) -> Result<DemoOutcome, DemoError> {
    let lab =
        args.lab.clone().map_or_else(lab_binary, |l| if l.is_file() { Ok(l) } else { Err(DemoError::NoLab(l)) })?;
    let work = args.root.join(format!("demo-{:x}", crate::clock::mono_ns()));
    let plan = |name: &str, act| {
        Plan::prepare(&work.join(name), &lab, &args.root, args.seed, act).map(|p| p.watching(&args.tx))
    };
    let show = |act: bool, page: &str| match (args.silent, act) {
        (true, _) => Live::Silent,
        (_, false) => Live::bar("1 of 2: the lab left alone", args.plain),
        (_, true) => Live::screen("2 of 2: the same lab with the loop", page, args.plain),
    };
    let go = |plan: &Plan, act: bool| -> Result<PhaseResult, DemoError> {
        let mut live = show(act, plan.api_url.trim_end_matches("/api"));
        let result = Phase::new(plan, args.radio_s, stop).run(|tick| live.tick(tick, args.radio_s));
        live.finish();
        result
    };
    let alone = plan("without", false)?;
    let without = go(&alone, false)?;
    let looped = plan("with", true)?;
    let with = go(&looped, true)?;
    let logs = [WorldLog::load(&alone.world_log, args.radio_s), WorldLog::load(&looped.world_log, args.radio_s)];
    let achieved = compare(&logs[0], &logs[1]);
    let speed = [&without, &with].map(|r| if r.wall_s > 0.0 { r.radio_s / r.wall_s } else { 0.0 });
    let lines = achieved.lines();
    let input = ReportInput {
        title: "sidecar demo".into(),
        seed: args.seed,
        radio_s: achieved.radio_s,
        speed,
        lines: lines.to_vec(),
        without: &logs[0],
        with: &logs[1],
        achieved: &achieved,
        state: &with.state,
        effects: &with.effects,
        bursts: [&without.bursts, &with.bursts],
    };
    let report = with.dir.join("report.html");
    std::fs::write(&report, report::html(&input))
        .map_err(|e| DemoError::system(format!("write {}", report.display()), e))?;
    // The lab's truth belongs to the runs it is about.
    for (plan, dir) in [(&alone, &without.dir), (&looped, &with.dir)] {
        let _ = std::fs::rename(&plan.world_log, dir.join("world.jsonl"));
    }
    let _ = std::fs::remove_dir_all(&work);
    Ok(DemoOutcome { achieved, lines, report, run_dir: with.dir, run_dir_without: without.dir, speed })
}

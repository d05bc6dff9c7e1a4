//! The page.

use super::crew::{Crew, Did};
use crate::config::WeightingMethod;
use crate::experiment::ExperimentError;
use crate::experiment::chart::{Curve, Panel, panels};
use crate::experiment::context::Context;
use crate::experiment::figures::csv;
use crate::experiment::page::{Page, Table};
use crate::learn::remote::{RoundLine, alone};
use crate::learn::{ETA, SharedConfig, TrainerConfig, draws, weighting};
use predict::optim::OptimiserConfig;
use predict::sha256_hex;

/// Share of messages that each fault hits.
const FAULTS: f64 = 0.05;
const SEED: u64 = 1;
/// Run of the processes' messages.
const RUN: u64 = 1;

/// Name of a crew; state after every round; faults; kills.
const CREWS: [(&str, bool, f64, bool); 4] = [
    ("four processes", false, 0.0, false),
    ("four processes, state kept", true, 0.0, false),
    ("5 % lost, doubled, delayed, reordered", true, FAULTS, false),
    ("the same, and each process killed", true, FAULTS, true),
];

/// Rounds a second, from the first round's end to the last one's.
fn speed(rounds: &[RoundLine]) -> Option<f64> {
    let (first, last) = (rounds.first()?, rounds.last()?);
    let s = last.mono_ns.saturating_sub(first.mono_ns) as f64 / 1e9;
    (s > 0.0).then(|| (rounds.len() - 1) as f64 / s)
}

/// Mean loss of the agents, by rounds, and by time since the first round's end, s.
fn curves(name: &str, rounds: &[RoundLine]) -> [Curve; 2] {
    let mean = |l: &RoundLine| l.losses.iter().map(|x| f64::from(*x)).sum::<f64>() / l.losses.len().max(1) as f64;
    let begin = rounds.first().map_or(0, |l| l.mono_ns);
    let by_round = rounds.iter().map(|l| (l.round as f64, mean(l))).collect();
    let by_time = rounds.iter().map(|l| (l.mono_ns.saturating_sub(begin) as f64 / 1e9, mean(l))).collect();
    [Curve::line(name, by_round), Curve::line(name, by_time)]
}

pub(in crate::experiment) fn processes(context: &Context<'_>) -> Result<Page, ExperimentError> {
    let (plan, request) = (&context.plan, context.request);
    let shared = SharedConfig::default();
    let way = weighting(WeightingMethod::Dynamic, shared.agents.len(), ETA, SEED)?;
    let shared = SharedConfig { run: RUN, weighting: way, ..shared };
    let trainer = |agent| TrainerConfig {
        agent,
        run: RUN,
        batch: plan.batch,
        draws: draws(WeightingMethod::Dynamic),
        seed: SEED,
        optimiser: OptimiserConfig::default(),
    };
    let agents: Vec<_> = shared.agents.iter().zip(&context.sets).map(|(a, (_, set))| (trainer(*a), set)).collect();
    let bar = context.bar((1 + CREWS.len() as u64) * plan.rounds);
    bar.set_message("one process");
    let one = alone(&agents, shared, plan.rounds, || bar.inc(1))?;
    let wanted: Vec<String> = one.weights.iter().map(|w| sha256_hex(w)).collect();
    let mut did: Vec<(&str, Did)> = Vec::new();
    for (k, (name, keeps, faults, kills)) in CREWS.into_iter().enumerate() {
        bar.set_message(name);
        let crew = Crew {
            program: &request.program,
            data: request.data.as_deref(),
            folder: request.out.join("runs").join(format!("processes-{k}")),
            rounds: plan.rounds,
            batch: plan.batch,
            seed: SEED,
            keeps,
            faults,
            kills,
        };
        did.push((name, crew.work(|done| bar.set_position((1 + k as u64) * plan.rounds + done))?));
        tracing::info!(crew = name, "done");
    }
    bar.finish_and_clear();
    let mut table = Table::new(
        "Rounds, faults and kills, and whether the weights of all four parts are those of one process, bit for bit",
        &[
            "",
            "rounds/s",
            "of one process",
            "messages",
            "lost",
            "doubled",
            "delayed",
            "reordered",
            "kills",
            "rounds missed",
            "same bits",
        ],
    );
    let own = speed(&one.rounds);
    let number = |x: Option<f64>| x.map_or_else(|| "not seen".to_owned(), |x| format!("{x:.2}"));
    table.row(["one process".to_owned(), number(own)].into_iter().chain((0..9).map(|_| String::new())));
    for (name, d) in &did {
        let ratio = own.zip(speed(&d.rounds)).map(|(own, s)| s / own);
        let f = d.faults;
        let counts = [f.messages, f.lost, f.doubled, f.delayed, f.reordered, d.kills, d.moved];
        let mut cells = vec![(*name).to_owned(), number(speed(&d.rounds)), format!("{}×", number(ratio))];
        cells.extend(counts.map(|n| n.to_string()));
        cells.push(if d.hashes == wanted { "yes" } else { "no" }.to_owned());
        table.row(cells);
    }
    let all = std::iter::once(("one process", &one.rounds)).chain(did.iter().map(|(n, d)| (*n, &d.rounds)));
    let (by_round, by_time): (Vec<Curve>, Vec<Curve>) =
        all.map(|(name, rounds)| curves(name, rounds)).map(|[a, b]| (a, b)).unzip();
    let panel = |title: &str, x: &str, curves| Panel {
        title: title.to_owned(),
        x: x.to_owned(),
        y: "mean loss of the three agents".to_owned(),
        curves,
    };
    let drawn = [
        panel("by rounds (lines lie on each other)", "coordination rounds", by_round),
        panel("by time", "time since the first round, s", by_time),
    ];
    Ok(Page {
        paper: "Agents and controller train as four processes over loopback TCP: scheme 3, dynamic weighting, AdamW, from scratch. The paper runs them on hosts of their own and says nothing of lost \
                messages or of hosts that fail."
            .to_owned(),
        tables: vec![table],
        pictures: vec![("figure".into(), "loss by rounds and by time".into(), panels(&drawn, 2, true)?)],
        csv: csv(&drawn),
        notes: vec![
            "A round waits for all agents; what is not answered is sent again; every process keeps its state after every round where it says so, and goes on from it when it is started again after \
             SIGKILL. So faults and kills cost time and nothing else: the curves by rounds are one curve."
                .to_owned(),
            "Each of the four faults hits its share of the messages of each direction. Counts are those of the processes that came to the end: what a killed one had counted is gone with it.".to_owned(),
            "Speed is of this machine's two cores: four processes share what the one has alone.".to_owned(),
        ],
    })
}

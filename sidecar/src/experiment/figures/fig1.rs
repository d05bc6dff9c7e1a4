//! Fig. 1 (d): where training goes in the plane of two agents' losses.

use super::common::{csv, notes, title};
use crate::experiment::ExperimentError;
use crate::experiment::chart::{Curve, Panel, panels};
use crate::experiment::context::Context;
use crate::experiment::page::{Page, Table};
use crate::experiment::training::{Scheme, Trajectory, Way};

const WAYS: [(Scheme, Way); 3] =
    [(Scheme::One, Way::Static), (Scheme::Three, Way::Static), (Scheme::Three, Way::Dynamic)];

/// Pairs of agents: those of the planes.
fn pairs(agents: usize) -> Vec<(usize, usize)> {
    (0..agents).flat_map(|i| (i + 1..agents).map(move |j| (i, j))).collect()
}

fn path(run: &Trajectory, (i, j): (usize, usize)) -> Vec<(f64, f64)> {
    run.looks.iter().map(|l| (l.errors.loss[i], l.errors.loss[j])).collect()
}

pub(in crate::experiment) fn fig1(context: &Context<'_>) -> Result<Page, ExperimentError> {
    let runs = context.trajectories(&WAYS)?;
    let mut drawn = Vec::new();
    for pair in pairs(context.sets.len()) {
        let (i, j) = (context.agent_name(pair.0), context.agent_name(pair.1));
        let mut curves: Vec<Curve> = WAYS
            .iter()
            .zip(&runs)
            .filter_map(|(way, runs)| Some(Curve::line(title(*way), path(runs.first()?, pair))))
            .collect();
        let paths: Vec<Vec<(f64, f64)>> = runs.iter().flatten().map(|r| path(r, pair)).collect();
        let (starts, ends) = paths.iter().filter_map(|p| Some((*p.first()?, *p.last()?))).unzip();
        curves.push(Curve::dots("start, every seed", starts));
        curves.push(Curve::dots("end, every seed", ends));
        drawn.push(Panel {
            title: format!("{i} and {j}"),
            x: format!("loss of {i}"),
            y: format!("loss of {j}"),
            curves,
        });
    }
    let mut table = Table::new(
        "Ends that another one dominates: no agent's loss is higher there, and at least one is lower",
        &["sharing", "dominated by an end of another way, of the same seed", "seeds"],
    );
    for (k, (way, of_way)) in WAYS.iter().zip(&runs).enumerate() {
        let dominated = of_way.iter().enumerate().filter(|(seed, run)| {
            let end = |r: &Trajectory| r.looks.last().map(|l| l.errors.loss.clone()).unwrap_or_default();
            let own = end(run);
            runs.iter().enumerate().filter(|(other, _)| *other != k).any(|(_, others)| {
                let theirs = others.get(*seed).map(&end).unwrap_or_default();
                let no_worse = theirs.len() == own.len() && theirs.iter().zip(&own).all(|(t, o)| t <= o);
                no_worse && theirs.iter().zip(&own).any(|(t, o)| t < o)
            })
        });
        table.row([title(*way), dominated.count().to_string(), of_way.len().to_string()]);
    }
    let mut notes = notes(context);
    notes.push(
        "The paper's contours (a)-(c) are those of functions of two parameters; with two million parameters there is no such plane, and the one shown is that of the losses themselves, (d). \
         Lines are of seed 1."
            .to_owned(),
    );
    Ok(Page {
        paper: "The paper shows learning trajectories of three agents: with static weighting most get stuck, with dynamic weighting they reach the Pareto front.".to_owned(),
        tables: vec![table],
        pictures: vec![("figure".into(), "trajectories in the planes of two losses".into(), panels(&drawn, 3, false)?)],
        csv: csv(&drawn),
        notes,
    })
}

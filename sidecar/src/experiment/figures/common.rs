//! What several figures do.

use crate::experiment::chart::{Curve, Panel};
use crate::experiment::context::Context;
use crate::experiment::statistic::{Estimate, interquartile_mean};
use crate::experiment::training::{Look, Scheme, Trajectory, Way};

/// The five ways of sharing of Figs. 5 and 6.
pub(super) const FIVE: [(Scheme, Way); 5] = [
    (Scheme::One, Way::Static),
    (Scheme::Two, Way::Static),
    (Scheme::Three, Way::Static),
    (Scheme::Two, Way::Dynamic),
    (Scheme::Three, Way::Dynamic),
];

/// `scheme 2, static`.
pub(super) fn title((scheme, way): (Scheme, Way)) -> String {
    format!("{}, {}", scheme.name(), way.name())
}

/// A figure of each look: (round, interquartile mean over the seeds).
pub(super) fn over_rounds(runs: &[Trajectory], value: impl Fn(&Look) -> f64) -> Vec<(f64, f64)> {
    let looks = runs.iter().map(|r| r.looks.len()).min().unwrap_or(0);
    let at = |k: usize| {
        let values: Vec<f64> = runs.iter().map(|r| value(&r.looks[k])).collect();
        (runs[0].looks[k].round as f64, interquartile_mean(&values).unwrap_or(f64::NAN))
    };
    (0..looks).map(at).collect()
}

/// One figure of each run, over the seeds.
pub(super) fn over_seeds(runs: &[Trajectory], value: impl Fn(&Trajectory) -> Option<f64>) -> Option<Estimate> {
    Estimate::of(&runs.iter().filter_map(value).collect::<Vec<_>>())
}

/// The last look.
pub(super) fn last(run: &Trajectory, value: impl Fn(&Look) -> f64) -> Option<f64> {
    run.looks.last().map(value)
}

/// Mean over the looks after the first.
pub(super) fn mean(run: &Trajectory, value: impl Fn(&Look) -> f64) -> Option<f64> {
    let later = run.looks.get(1..).filter(|l| !l.is_empty())?;
    Some(later.iter().map(value).sum::<f64>() / later.len() as f64)
}

/// By how much `of` of each seed is below `against` of the same seed: 1 − of/against.
pub(super) fn reduction(
    runs: &[Trajectory],
    against: &[Trajectory],
    of: impl Fn(&Trajectory) -> Option<f64>,
) -> Option<Estimate> {
    let each = runs.iter().zip(against).filter_map(|(a, b)| Some(1.0 - of(a)? / of(b)?));
    Estimate::of(&each.filter(|v| v.is_finite()).collect::<Vec<_>>())
}

pub(super) fn text(estimate: Option<Estimate>, scale: f64, unit: &str) -> String {
    estimate.map_or_else(|| "not seen".to_owned(), |e| e.text(scale, unit))
}

/// A panel for each way, a line for each agent.
pub(super) fn by_agent(
    context: &Context<'_>,
    ways: &[(Scheme, Way)],
    runs: &[Vec<Trajectory>],
    y: &str,
    value: impl Fn(&Look, usize) -> f64,
) -> Vec<Panel> {
    let panel = |(way, runs): (&(Scheme, Way), &Vec<Trajectory>)| Panel {
        title: title(*way),
        x: "coordination rounds".to_owned(),
        y: y.to_owned(),
        curves: (0..context.sets.len())
            .map(|a| Curve::line(context.agent_name(a), over_rounds(runs, |look| value(look, a))))
            .collect(),
    };
    ways.iter().zip(runs).map(panel).collect()
}

/// Panels as CSV: a line for each point.
pub(in crate::experiment) fn csv(panels: &[Panel]) -> String {
    let mut text = "panel,curve,x,y\n".to_owned();
    for panel in panels {
        for curve in &panel.curves {
            for (x, y) in &curve.points {
                text += &format!("\"{}\",\"{}\",{x},{y}\n", panel.title, curve.name);
            }
        }
    }
    text
}

/// What the studies of errors have in common.
pub(super) fn notes(context: &Context<'_>) -> Vec<String> {
    let plan = &context.plan;
    vec![
        format!(
            "Each agent trains on {} windows, evenly spaced over its training rows; full gradients are over all of them, and those of the unseen data over {} windows of its test rows. \
             The paper does not say how large its data sets are.",
            plan.windows, plan.unseen
        ),
        format!(
            "Steps: {}, β = 5e-4, η = {}; Table 2 has 5e-4 and 0.1. The loss is Huber's with its corner at 0.1 of the normalised label; the paper names none.",
            match plan.step {
                crate::experiment::StepRule::Sgd => "plain gradient descent, eqs. (9) and (10)",
                crate::experiment::StepRule::Adamw => "AdamW, as in the loop",
            },
            plan.eta
        ),
        "Absolute numbers depend on data and loss, which are not the paper's; what can be compared is how they relate."
            .to_owned(),
    ]
}

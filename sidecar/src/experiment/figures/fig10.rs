//! Fig. 10: losses of the agents under scheme 2.

use super::common::{by_agent, csv, last, notes, over_seeds, reduction, text, title};
use crate::experiment::ExperimentError;
use crate::experiment::chart::panels;
use crate::experiment::context::Context;
use crate::experiment::page::{Page, Table};
use crate::experiment::training::{Scheme, Way};

const WAYS: [(Scheme, Way); 2] = [(Scheme::Two, Way::Static), (Scheme::Two, Way::Dynamic)];

pub(in crate::experiment) fn fig10(context: &Context<'_>) -> Result<Page, ExperimentError> {
    let runs = context.trajectories(&WAYS)?;
    let mut table = Table::new(
        format!("Loss over the training windows after {} rounds", context.plan.rounds),
        &["agent", "at the start", "static", "dynamic", "dynamic below static", "the paper's"],
    );
    for agent in 0..context.sets.len() {
        let of = |k: usize| over_seeds(&runs[k], |r| last(r, |l| l.errors.loss[agent]));
        table.row([
            context.agent_name(agent),
            text(over_seeds(&runs[0], |r| r.looks.first().map(|l| l.errors.loss[agent])), 1.0, ""),
            text(of(0), 1.0, ""),
            text(of(1), 1.0, ""),
            text(reduction(&runs[1], &runs[0], |r| last(r, |l| l.errors.loss[agent])), 100.0, " %"),
            "> 0".to_owned(),
        ]);
    }
    let drawn = by_agent(context, &WAYS, &runs, "loss", |look, agent| look.errors.loss[agent]);
    Ok(Page {
        paper: "The paper shows the losses of the three agents under scheme 2: with static weighting that of the pAgent stops falling after around 860 rounds, with dynamic weighting all \
                converge to a smaller value."
            .to_owned(),
        tables: vec![table],
        pictures: vec![("figure".into(), format!("losses, {} and {}", title(WAYS[0]), title(WAYS[1])), panels(&drawn, 2, true)?)],
        csv: csv(&drawn),
        notes: notes(context),
    })
}

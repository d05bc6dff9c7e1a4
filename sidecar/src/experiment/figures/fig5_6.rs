//! Figs. 5 and 6: O- and G-error of each agent over the rounds.

use super::common::{FIVE, by_agent, csv, last, notes, over_seeds, reduction, text, title};
use crate::experiment::ExperimentError;
use crate::experiment::chart::panels;
use crate::experiment::context::Context;
use crate::experiment::page::{Page, Table};
use crate::experiment::training::Look;

struct What {
    name: &'static str,
    paper: &'static str,
    /// Reduction against scheme 1 that the paper gives for schemes 2 and 3.
    of_paper: [&'static str; 2],
    of: fn(&Look, usize) -> f64,
    joint: fn(&Look) -> f64,
}

pub(in crate::experiment) fn fig5(context: &Context<'_>) -> Result<Page, ExperimentError> {
    make(
        context,
        &What {
            name: "O-error",
            paper: "The paper shows the O-error ‖∇ℓᵢ‖ of each agent falling over 1 000 rounds, and says that sharing lowers it against scheme 1 by around 17.61 % per agent in scheme 2 and 13.87 % in scheme 3.",
            of_paper: ["17.61 %", "13.87 %"],
            of: |look, agent| look.errors.o[agent],
            joint: |look| look.errors.o_joint,
        },
    )
}

pub(in crate::experiment) fn fig6(context: &Context<'_>) -> Result<Page, ExperimentError> {
    make(
        context,
        &What {
            name: "G-error",
            paper: "The paper shows the G-error of each agent, the distance between its gradients over seen and unseen data, growing with the rounds for pAgent and nAgent, and says that sharing lowers it against scheme 1 by around 23.57 % per agent in scheme 2 and 37.62 % in scheme 3.",
            of_paper: ["23.57 %", "37.62 %"],
            of: |look, agent| look.errors.g[agent],
            joint: |look| look.errors.g_joint,
        },
    )
}

fn make(context: &Context<'_>, what: &What) -> Result<Page, ExperimentError> {
    let runs = context.trajectories(&FIVE)?;
    let agents = context.sets.len();
    let names: Vec<String> = (0..agents).map(|a| context.agent_name(a)).collect();
    let mut head = vec!["sharing"];
    head.extend(names.iter().map(String::as_str));
    head.extend(["all, weighted", "below scheme 1, mean over agents", "the paper's"]);
    let mut table = Table::new(format!("{} after {} rounds", what.name, context.plan.rounds), &head);
    for ((way, of_way), k) in FIVE.iter().zip(&runs).zip(0..) {
        let mut cells = vec![title(*way)];
        cells.extend((0..agents).map(|a| text(over_seeds(of_way, |r| last(r, |l| (what.of)(l, a))), 1.0, "")));
        cells.push(text(over_seeds(of_way, |r| last(r, what.joint)), 1.0, ""));
        if k == 0 {
            cells.extend(["".to_owned(), "".to_owned()]);
        } else {
            // the mean over agents of 1 − error/error of scheme 1, seed by seed
            let each: Vec<_> =
                (0..agents).map(|a| reduction(of_way, &runs[0], |r| last(r, |l| (what.of)(l, a)))).collect();
            let mean = each.iter().map(|e| e.map_or(f64::NAN, |e| e.iqm)).sum::<f64>() / agents as f64;
            cells.push(format!("{:.1} %", 100.0 * mean));
            cells.push(what.of_paper[usize::from(way.0 == crate::experiment::training::Scheme::Three)].to_owned());
        }
        table.row(cells);
    }
    let drawn = by_agent(context, &FIVE, &runs, what.name, what.of);
    Ok(Page {
        paper: what.paper.to_owned(),
        tables: vec![table],
        pictures: vec![("figure".into(), format!("{} over the rounds", what.name), panels(&drawn, 3, true)?)],
        csv: csv(&drawn),
        notes: notes(context),
    })
}

//! Figs. 7 to 9: forecasts of each agent by `MoPS`, by four baselines that share nothing, and by the floors.

use super::common::text;
use crate::bench::percentile;
use crate::experiment::ExperimentError;
use crate::experiment::chart::{Boxes, boxes};
use crate::experiment::context::Context;
use crate::experiment::forecast::{Errors, Model, floors};
use crate::experiment::page::{Page, Table};
use crate::experiment::statistic::Estimate;
use predict::QuantileSum;

/// Short name of the agent, figure, median NMAE of `MoPS` and its gain over the best baseline, as the paper has them.
struct OfPaper {
    agent: &'static str,
    figure: &'static str,
    median: &'static str,
    gain: &'static str,
}

pub(in crate::experiment) fn fig7(context: &Context<'_>) -> Result<Page, ExperimentError> {
    make(context, &OfPaper { agent: "a", figure: "Fig. 7, user demand", median: "0.00267", gain: "14.61 %" })
}

pub(in crate::experiment) fn fig8(context: &Context<'_>) -> Result<Page, ExperimentError> {
    make(context, &OfPaper { agent: "p", figure: "Fig. 8, channel state", median: "0.0109", gain: "4.59 %" })
}

pub(in crate::experiment) fn fig9(context: &Context<'_>) -> Result<Page, ExperimentError> {
    make(context, &OfPaper { agent: "n", figure: "Fig. 9, network traffic", median: "0.284", gain: "1.41 %" })
}

fn quantiles(windows: &[f64]) -> [f64; 5] {
    let mut sorted = windows.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    [5.0, 25.0, 50.0, 75.0, 95.0].map(|p| percentile(&sorted, p).unwrap_or(f64::NAN))
}

fn make(context: &Context<'_>, paper: &OfPaper) -> Result<Page, ExperimentError> {
    let agent = context.sets.iter().position(|(name, _)| *name == paper.agent).unwrap_or(0);
    let runs = context.forecasts(&Model::ALL)?;
    // name, is it MoPS, errors of each seed
    let mut all: Vec<(String, bool, Vec<Errors>)> = Model::ALL
        .iter()
        .zip(&runs)
        .map(|(m, runs)| {
            (m.name().to_owned(), *m == Model::Mops, runs.iter().map(|r| r.agents[agent].clone()).collect())
        })
        .collect();
    let baselines = all.len() - 1;
    all.extend(floors(&context.sets[agent].1)?.into_iter().map(|(name, errors)| (name, false, vec![errors])));
    let nmae = |errors: &[Errors]| Estimate::of(&errors.iter().filter_map(|e| e.sum.nmae()).collect::<Vec<_>>());
    let median = |errors: &[Errors]| Estimate::of(&errors.iter().map(|e| quantiles(&e.windows)[2]).collect::<Vec<_>>());
    let mut table = Table::new(
        format!("Errors of the {}Agent's forecasts on its test windows", paper.agent),
        &["predictor", "NMAE, all windows", "median of the windows' NMAE", "MoPS below it, NMAE"],
    );
    let mut around = Table::new(
        format!("Quantiles around the {}Agent's forecasts on its test windows", paper.agent),
        &["predictor", "truths in the 80 % interval", "pinball loss, normalised"],
    );
    let of_quantiles = |errors: &[Errors], value: fn(&QuantileSum) -> Option<f64>| {
        Estimate::of(&errors.iter().filter_map(|e| value(e.quantiles.as_ref()?)).collect::<Vec<_>>())
    };
    let of_mops = &all[baselines].2;
    for (name, is_mops, errors) in &all {
        // seed by seed where both have seeds
        let gains: Vec<f64> = of_mops
            .iter()
            .enumerate()
            .filter_map(|(k, m)| Some(1.0 - m.sum.nmae()? / errors.get(k).or(errors.first())?.sum.nmae()?))
            .collect();
        let gain = if *is_mops { String::new() } else { text(Estimate::of(&gains), 100.0, " %") };
        let holds = text(of_quantiles(errors, QuantileSum::coverage), 100.0, " %");
        around.row([name.clone(), holds, text(of_quantiles(errors, QuantileSum::normalised_pinball), 1.0, "")]);
        table.row([name.clone(), text(nmae(errors), 1.0, ""), text(median(errors), 1.0, ""), gain]);
    }
    let best = all[..baselines].iter().filter_map(|(n, _, e)| Some((n, nmae(e)?.iqm)));
    let best = best.min_by(|a, b| a.1.total_cmp(&b.1));
    let gain = best.zip(nmae(of_mops)).map(|((_, best), own)| 1.0 - own.iqm / best);
    let mut headline = Table::new("Beside the paper", &["", "the paper", "here"]);
    headline.row(["median NMAE of MoPS".to_owned(), paper.median.to_owned(), text(median(of_mops), 1.0, "")]);
    headline.row([
        "MoPS below the best baseline that shares nothing".to_owned(),
        paper.gain.to_owned(),
        gain.zip(best).map_or_else(String::new, |(g, (name, _))| format!("{:.2} % ({name})", 100.0 * g)),
    ]);
    let shown = Boxes {
        title: format!("{}Agent: NMAE of the test windows", paper.agent),
        y: "NMAE of a window".to_owned(),
        boxes: all
            .iter()
            .map(|(name, _, errors)| {
                let windows: Vec<f64> = errors.iter().flat_map(|e| e.windows.iter().copied()).collect();
                (name.split(',').next().unwrap_or(name).to_owned(), quantiles(&windows))
            })
            .collect(),
    };
    let mut csv = "predictor,p5,p25,p50,p75,p95\n".to_owned();
    for (name, q) in &shown.boxes {
        csv += &format!("{name},{},{},{},{},{}\n", q[0], q[1], q[2], q[3], q[4]);
    }
    Ok(Page {
        paper: format!(
            "{}: the paper compares MoPS with LSTM, N-BEATS, Transformer and Informer, each trained by one agent alone, by box plots of the NMAE.",
            paper.figure
        ),
        tables: vec![headline, table, around],
        pictures: vec![("figure".into(), "box plots: 5, 25, 50, 75 and 95 % of the windows of all seeds".into(), boxes(&[shown], 1)?)],
        csv,
        notes: vec![
            "Series, sampling and normalisation are not the paper's, so neither are absolute errors; what can be compared is the order. NMAE of a window: its mean absolute error over the mean \
             absolute value of all test windows."
                .to_owned(),
            "All have the same rounds, batch, AdamW schedule and choice by validation windows; Transformer is scheme 1, MoPS scheme 3 with dynamic weighting, which draws three batches a round \
             where the others draw one, two of them for its weights alone."
                .to_owned(),
            "Quantiles are split-conformal, for every predictor alike: residuals of up to 1024 validation windows, none of them a test window, give offsets at 10, 50 and 90 % for each step of \
             the horizon. The interval is that from 10 to 90 %; it would hold 80 % of the truths if windows were exchangeable, which those of a series that changes are not, and the validation \
             windows also chose the weights. Ties of a series in coarse steps, such as an SNR in half decibels, make it hold more. Pinball loss: mean over the three levels, over the mean absolute truth. A run that was kept before quantiles were made has none."
                .to_owned(),
            "The floors see the same windows: persistence, the best season found on validation windows, and DLinear by ridge least squares.".to_owned(),
        ],
    })
}

//! Forecasting runs: a predictor trained on all training windows of its agents, chosen by their validation windows, and its error on the test windows,
//! with quantiles around it that are fitted on the validation windows.
//!
//! All predictors have the same budget: rounds, batch, optimiser, schedule and choice by validation are those of the built-in weights.

mod floors;
mod model;
mod run;
mod spread;

pub(super) use floors::floors;
pub(super) use model::Model;
pub(super) use run::{Errors, Forecasts, run};

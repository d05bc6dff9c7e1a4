//! Training runs whose errors are looked at: a scheme, a weighting and a seed.
//!
//! Each agent has a data set of its own of [`super::Plan::windows`] windows, evenly spaced over its training rows, and full gradients are taken over all of them; as many as
//! [`super::Plan::unseen`], from its test rows, stand for what it was not trained on. All schemes and weightings of a seed see the same windows in the same order and begin
//! with the same weights, as far as they have the same layers.

mod cell;
mod run;

pub(super) use cell::{Cell, SEEDS, Scheme, Way};
pub(super) use run::{Look, Studied, Trajectory, run};

//! Which experiments there are.

use super::context::Context;
use super::page::Page;
use super::{ExperimentError, figures, processes};

/// A table or figure of the paper that is made again.
#[derive(Clone, Copy)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows.
    pub what: &'static str,
    /// How long the full plan takes with three seeds on two cores, where nothing was trained before.
    pub takes: &'static str,
    pub(super) make: fn(&Context<'_>) -> Result<Page, ExperimentError>,
}

impl std::fmt::Debug for Experiment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Experiment").field("name", &self.name).finish_non_exhaustive()
    }
}

macro_rules! experiment {
    ($name:literal, $takes:literal, $make:expr, $what:literal) => {
        Experiment { name: $name, what: $what, takes: $takes, make: $make }
    };
}

/// All of them, in the order of the paper.
pub const EXPERIMENTS: &[Experiment] = &[
    experiment!(
        "sanet-fig1",
        "an hour",
        figures::fig1,
        "how three agents move towards each other's optima, static and dynamic"
    ),
    experiment!(
        "sanet-fig5",
        "two hours",
        figures::fig5,
        "O-error of each agent over the rounds, five ways of sharing"
    ),
    experiment!(
        "sanet-fig6",
        "two hours",
        figures::fig6,
        "G-error of each agent over the rounds, five ways of sharing"
    ),
    experiment!(
        "sanet-fig7",
        "two hours",
        figures::fig7,
        "forecasts of the aAgent: MoPS against four baselines and three floors"
    ),
    experiment!("sanet-fig8", "two hours", figures::fig8, "the same of the pAgent"),
    experiment!("sanet-fig9", "two hours", figures::fig9, "the same of the nAgent"),
    experiment!(
        "sanet-fig10",
        "an hour",
        figures::fig10,
        "losses of the agents over the rounds of scheme 2, static and dynamic"
    ),
    experiment!(
        "sanet-fig11",
        "two hours",
        figures::fig11,
        "C-error of schemes 2 and 3, static and dynamic, with MGDA, PCGrad and CAGrad beside"
    ),
    experiment!(
        "sanet-fig12",
        "two hours",
        figures::fig12,
        "the trade-offs between the errors, and the theorems fitted to them"
    ),
    experiment!(
        "sanet-table3",
        "two hours",
        figures::table3,
        "operations, bytes and measured time of each scheme, and rounds to a small O-error"
    ),
    experiment!(
        "processes",
        "half an hour",
        processes::processes,
        "three agents and the controller as four processes, over bad links and killed in turn, beside one process"
    ),
];

/// The experiment of this name.
///
/// # Errors
/// [`ExperimentError::Unknown`].
pub fn find(name: &str) -> Result<&'static Experiment, ExperimentError> {
    EXPERIMENTS.iter().find(|e| e.name == name).ok_or_else(|| ExperimentError::Unknown(name.to_owned()))
}

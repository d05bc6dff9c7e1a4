//! How well blocks are found, and how well their frequency, timing and channel are estimated, when the truth is known.

mod case;
mod impair;
mod plot;
mod quantities;
mod result;
mod sweep;

#[cfg(test)]
mod tests;

pub use plot::plot_svg;
pub use quantities::{Quantity, costs, quantities};
pub use result::{StudyResult, StudyRow, markdown};
pub use sweep::{StudyConfig, study};

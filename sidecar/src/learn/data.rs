//! A trace made ready: cut by time, normalised on its training part, with its floor fitted there.

use super::LearnError;
use predict::data::{Normaliser, Part, Partition, SplitMode, Trace, WindowAt, WindowSpec};
use predict::{DLinear, TransformerConfig};

/// Share of the rows that is training, and that is validation; the rest is test.
const TRAIN: f64 = 0.7;
const VALIDATION: f64 = 0.15;
/// Ridge of the floor.
pub const FLOOR_RIDGE: f64 = 1e-4;

/// A trace made ready.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// The rows.
    pub trace: Trace,
    /// The cuts.
    pub partition: Partition,
    /// Fitted on training rows.
    pub normaliser: Normaliser,
    /// Fitted on training windows.
    pub dlinear: DLinear,
    /// Training windows.
    pub train: Vec<WindowAt>,
    /// Validation windows.
    pub validation: Vec<WindowAt>,
    /// Test windows.
    pub test: Vec<WindowAt>,
    /// Length of a window.
    pub spec: WindowSpec,
}

impl DataSet {
    /// Makes a trace ready.
    ///
    /// # Errors
    /// [`LearnError::Model`] when it has too few windows.
    pub fn new(trace: Trace, split: SplitMode, spec: WindowSpec) -> Result<Self, LearnError> {
        let partition = Partition::new(&trace, split, TRAIN, VALIDATION)?;
        let normaliser = Normaliser::fit(&trace, &partition, spec);
        let train = partition.windows(&trace, spec, Part::Train);
        let dlinear = DLinear::fit(&trace, &normaliser, spec, &train, FLOOR_RIDGE)?;
        let validation = partition.windows(&trace, spec, Part::Validation);
        let test = partition.windows(&trace, spec, Part::Test);
        Ok(Self { trace, partition, normaliser, dlinear, train, validation, test, spec })
    }

    /// Shape of the Transformer for these rows.
    #[must_use]
    pub fn config(&self) -> TransformerConfig {
        let shape = TransformerConfig::table2(self.trace.width());
        TransformerConfig { observe: self.spec.observe, horizon: self.spec.horizon, ..shape }
    }

    /// At most `most` windows, evenly spaced.
    #[must_use]
    pub fn spaced(windows: &[WindowAt], most: usize) -> Vec<WindowAt> {
        let step = windows.len().div_ceil(most.max(1)).max(1);
        windows.iter().step_by(step).copied().collect()
    }
}

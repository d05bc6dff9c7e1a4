//! A trace made ready: cut by time, normalised on its training part, with its floor fitted there.

use super::{LearnError, sources};
use predict::data::{Batch, Normaliser, Part, Partition, SplitMode, Trace, WindowAt, WindowSpec};
use predict::{DLinear, PredictError, TransformerConfig, sha256_hex};
use std::collections::BTreeMap;
use std::path::Path;

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

    /// These windows as a batch.
    ///
    /// # Errors
    /// [`PredictError::TooFew`] for none.
    pub fn batch(&self, windows: &[WindowAt]) -> Result<Batch, PredictError> {
        Batch::gather(&self.trace, &self.normaliser, self.spec, windows)
    }

    /// At most `most` windows, evenly spaced.
    #[must_use]
    pub fn spaced(windows: &[WindowAt], most: usize) -> Vec<WindowAt> {
        let step = windows.len().div_ceil(most.max(1)).max(1);
        windows.iter().step_by(step).copied().collect()
    }
}

/// Short name of an agent, and its trace made ready.
pub type NamedSet = (&'static str, DataSet);

/// The traces of pAgent, nAgent and aAgent made ready, with the SHA-256 of the bytes they were read from: the full files of a folder, or the built-in excerpts.
///
/// # Errors
/// [`LearnError::File`] for files that cannot be read, [`LearnError::Model`] for data with too few windows.
pub fn data_sets(data: Option<&Path>) -> Result<(Vec<NamedSet>, BTreeMap<String, String>), LearnError> {
    let mut hashes = BTreeMap::new();
    let mut sets = Vec::new();
    for source in sources() {
        let (bytes, spec) = match data {
            None => (source.excerpt.to_vec(), &source.spec),
            Some(dir) => {
                let path = dir.join(source.full_file);
                (std::fs::read(&path).map_err(|e| LearnError::file(&path, e))?, &source.full_spec)
            }
        };
        hashes.insert(source.name.to_owned(), sha256_hex(&bytes));
        let trace = Trace::from_csv(&bytes, spec)?;
        sets.push((source.name, DataSet::new(trace, source.split, TransformerConfig::table2(1).window())?));
    }
    Ok((sets, hashes))
}

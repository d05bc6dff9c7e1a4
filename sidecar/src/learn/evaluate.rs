//! The Transformer against its floors on windows it was not trained on.

use super::{DataSet, LearnError};
use mops::{AgentPart, SharedPart};
use predict::data::{Batch, WindowAt};
use predict::{ErrorSum, Persistence};
use serde::{Deserialize, Serialize};

/// Errors of three forecasters over the same windows, in the unit of the series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The partitioned Transformer.
    pub transformer: ErrorSum,
    /// `DLinear`.
    pub dlinear: ErrorSum,
    /// The last value.
    pub persistence: ErrorSum,
}

/// Scores the three on windows.
///
/// # Errors
/// [`LearnError::Model`] when there is no window.
pub fn evaluate(
    data: &DataSet,
    windows: &[WindowAt],
    agent: &AgentPart,
    shared: &SharedPart,
) -> Result<Figures, LearnError> {
    let mut figures = Figures::default();
    let persistence = Persistence { horizon: data.spec.horizon };
    for chunk in windows.chunks(64) {
        let batch = Batch::gather(&data.trace, &data.normaliser, data.spec, chunk)?;
        let out = shared.predict(&agent.embed(&batch.x)?)?.squeeze(2)?.to_vec2::<f32>()?;
        let labels = batch.y.squeeze(2)?.to_vec2::<f32>()?;
        for ((window, out), labels) in batch.encoded.iter().zip(&out).zip(&labels) {
            let truth = window.decode(labels);
            figures.transformer.add(&window.decode(out), &truth);
            figures.dlinear.add(&window.decode(&data.dlinear.forward(&window.x)), &truth);
            figures.persistence.add(&persistence.forecast(&[Some(window.last)]).unwrap_or_default(), &truth);
        }
    }
    Ok(figures)
}

//! What became of a step.

/// Largest magnitude a weight may have after a step.
pub const WEIGHT_BOUND: f32 = 1e3;

/// Whether a step was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// Weights and state moved on.
    Applied,
    /// A gradient was not finite: weights and state are as before.
    RolledBackGradient,
    /// A weight would not be finite or leave ±[`WEIGHT_BOUND`]: weights and state are as before.
    RolledBackWeight,
}

impl StepOutcome {
    /// Whether the weights are new.
    #[must_use]
    pub fn applied(self) -> bool {
        self == Self::Applied
    }
}

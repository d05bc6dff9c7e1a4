//! Why chains are not compared.

/// What was received does not tell what the chains do. Chains are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ChainFault {
    /// Samples are missing.
    #[error("chain {chain}: {has} samples were received of {wanted}: the receiver lost some")]
    Short {
        /// Which chain.
        chain: usize,
        /// Samples there are.
        has: usize,
        /// Samples that are needed.
        wanted: usize,
    },
    /// The receiver was at its limit.
    #[error(
        "chain {chain} reaches the receiver's full scale ({peak_dbfs:.1} dBFS): lower `--level` or `tx.listen.gain`, or add attenuation"
    )]
    Clipped {
        /// Which chain.
        chain: usize,
        /// Largest part of a sample, dB relative to full scale.
        peak_dbfs: f64,
    },
    /// Noise, or other signals, or a channel that is far from flat.
    #[error(
        "chain {chain} is heard {snr_db:.1} dB above noise and distortion, {least_db:.0} dB are needed: is it cabled to this receiver? Else raise `--gain`, `--level` or `tx.listen.gain`"
    )]
    Weak {
        /// Which chain.
        chain: usize,
        /// What it has, per sample in the band.
        snr_db: f64,
        /// What it needs.
        least_db: f64,
    },
    /// Two chains that no factor brings together.
    #[error(
        "chain {chain} arrives {samples:+.2} samples after chain 0: more than one, which no complex factor evens out. Are the cables alike, the streams started together?"
    )]
    Delays {
        /// Which chain.
        chain: usize,
        /// Its delay less that of chain 0, samples.
        samples: f64,
    },
    /// The phase moves while it is measured.
    #[error(
        "chain {chain} turns against chain 0 by {spread_deg:.1} degrees from one repetition to the next: have both one reference clock, both oscillators locked?"
    )]
    Unsteady {
        /// Which chain.
        chain: usize,
        /// Standard deviation over the repetitions, degrees.
        spread_deg: f64,
    },
}

impl ChainFault {
    /// Its name in refusals.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Short { .. } => "calibration_short",
            Self::Clipped { .. } => "calibration_clipped",
            Self::Weak { .. } => "calibration_weak",
            Self::Delays { .. } => "calibration_delays",
            Self::Unsteady { .. } => "calibration_unsteady",
        }
    }
}

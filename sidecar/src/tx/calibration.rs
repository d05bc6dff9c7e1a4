//! A calibration of the transmit chains: what it says, what it holds for, and when it does not hold any more.

use super::schema;
use jiff::Timestamp;
use num_complex::Complex32;
use ran_bridge::chains::{Chain, factors};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A gain is the one that was measured within this, dB: no radio has steps as fine.
const SAME_GAIN_DB: f64 = 0.01;

/// Why factors of a calibration are not to be had.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Stale {
    /// There is none.
    #[error("the transmit chains were not measured since this guard began: run `sidecar radio calibrate`")]
    Never,
    /// The stream is another one.
    #[error("the transmit stream was closed since the chains were measured: run `sidecar radio calibrate`")]
    Reopened,
    /// The reference was gone in between.
    #[error(
        "the reference clock was not followed at some time since the chains were measured: run `sidecar radio calibrate`"
    )]
    Reference,
    /// Another gain.
    #[error(
        "the chains were measured at a gain of {measured_db} dB, not {asked_db} dB, and their phase and level may differ there: run `sidecar radio calibrate --gain '{asked_db} dB'`"
    )]
    Gain {
        /// What was measured.
        measured_db: f64,
        /// What is asked for.
        asked_db: f64,
    },
    /// Too long ago.
    #[error(
        "the chains were measured {age_s:.0} s ago, more than `tx.calibration.max_age` of {max_s:.0} s: run `sidecar radio calibrate`"
    )]
    Old {
        /// How long ago.
        age_s: f64,
        /// How old it may be.
        max_s: f64,
    },
}

impl Stale {
    /// Its name in refusals.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Never => "calibration_none",
            Self::Reopened => "calibration_reopened",
            Self::Reference => "calibration_reference",
            Self::Gain { .. } => "calibration_gain",
            Self::Old { .. } => "calibration_old",
        }
    }
}

/// What was measured with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldsFor {
    /// The radio's serial number.
    pub serial: String,
    /// Centre, Hz.
    pub frequency_hz: f64,
    /// Samples a second.
    pub rate_hz: f64,
    /// The radio's transmit channels in the order of the stream, which is that of the chains.
    pub transmit: Vec<usize>,
    /// The radio's receive channel that listened.
    pub receive: usize,
    /// Gain setting of every chain, dB.
    pub gain_db: f64,
}

/// A calibration that may hold.
#[derive(Debug, Clone)]
pub struct Calibration {
    holds_for: HoldsFor,
    chains: Vec<Chain>,
    factors: Vec<Complex32>,
    at: Timestamp,
    measured_ns: u64,
    max_age_ns: u64,
    spoiled: Option<Stale>,
}

/// A calibration for people and programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationReport {
    /// What it holds for.
    #[serde(flatten)]
    pub holds_for: HoldsFor,
    /// When it was measured.
    pub at: String,
    /// How long ago, s.
    pub age_s: f64,
    /// How old it may become, s.
    pub max_age_s: f64,
    /// Why it does not hold at its own gain any more; absent = it holds.
    pub stale: Option<String>,
    /// What was measured.
    #[schemars(schema_with = "schema::chains")]
    pub chains: Vec<Chain>,
    /// What each chain's samples are multiplied with, real and imaginary part: then all arrive with one phase and one level. None is larger than 1.
    pub factors: Vec<[f32; 2]>,
}

impl Calibration {
    /// Measured from `measured_ns` on, monotonic; `at`: the same by the time of day, for people.
    #[must_use]
    pub fn new(holds_for: HoldsFor, chains: Vec<Chain>, at: Timestamp, measured_ns: u64, max_age_ns: u64) -> Self {
        let factors = factors(&chains);
        Self { holds_for, chains, factors, at, measured_ns, max_age_ns, spoiled: None }
    }

    /// What each channel's samples are to be multiplied with now at this gain, dB, in the order of the stream: then all chains arrive with one phase and
    /// one level where they were measured. None is larger than 1, so no sample becomes larger.
    ///
    /// # Errors
    /// [`Stale`]: what is the matter, and what to do.
    pub fn factors(&self, now_ns: u64, gain_db: f64) -> Result<&[Complex32], Stale> {
        if let Some(why) = self.spoiled {
            return Err(why);
        }
        let measured_db = self.holds_for.gain_db;
        let apart_db = (gain_db - measured_db).abs();
        // a gain that is no number is none that was measured
        if apart_db.is_nan() || apart_db > SAME_GAIN_DB {
            return Err(Stale::Gain { measured_db, asked_db: gain_db });
        }
        let age_ns = now_ns.saturating_sub(self.measured_ns);
        if age_ns > self.max_age_ns {
            return Err(Stale::Old { age_s: age_ns as f64 * 1e-9, max_s: self.max_age_ns as f64 * 1e-9 });
        }
        Ok(&self.factors)
    }

    /// It does not hold any more, for good; the first reason stays.
    pub fn spoil(&mut self, why: Stale) {
        self.spoiled.get_or_insert(why);
    }

    /// As it stands.
    #[must_use]
    pub fn report(&self, now_ns: u64) -> CalibrationReport {
        CalibrationReport {
            holds_for: self.holds_for.clone(),
            at: self.at.to_string(),
            age_s: now_ns.saturating_sub(self.measured_ns) as f64 * 1e-9,
            max_age_s: self.max_age_ns as f64 * 1e-9,
            stale: self.factors(now_ns, self.holds_for.gain_db).err().map(|why| why.to_string()),
            chains: self.chains.clone(),
            factors: self.factors.iter().map(|z| [z.re, z.im]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn chain(relative_db: f64, phase_deg: f64) -> Chain {
        Chain {
            level_db: -40.0,
            relative_db,
            phase_deg,
            delay_samples: 3.0,
            snr_db: 40.0,
            spread_deg: Some(0.1),
            spread_db: Some(0.01),
            error_deg: 0.2,
        }
    }

    fn calibration() -> Calibration {
        let holds_for = HoldsFor {
            serial: "R".into(),
            frequency_hz: 3.5e9,
            rate_hz: 7.68e6,
            transmit: vec![0, 1],
            receive: 0,
            gain_db: 10.0,
        };
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        Calibration::new(holds_for, vec![chain(0.0, 0.0), chain(-6.0206, 90.0)], at, 100 * S, 600 * S)
    }

    #[test]
    fn it_holds_for_its_gain_and_its_time() {
        let c = calibration();
        let factors = c.factors(100 * S, 10.0).unwrap();
        assert!((factors[0] - 0.5).norm() < 1e-5 && (factors[1] + Complex32::I).norm() < 1e-5, "{factors:?}");
        assert!(c.factors(700 * S, 10.0).is_ok());
        assert_eq!(c.factors(701 * S, 10.0), Err(Stale::Old { age_s: 601.0, max_s: 600.0 }));
        for asked_db in [10.5, 9.5, 0.0] {
            assert_eq!(c.factors(100 * S, asked_db), Err(Stale::Gain { measured_db: 10.0, asked_db }));
        }
        assert_eq!(c.factors(100 * S, f64::NAN).map_err(|s| s.name()), Err("calibration_gain"));
        let report = c.report(105 * S);
        assert_eq!((report.age_s, report.stale, report.factors.len()), (5.0, None, 2));
        assert!(c.report(800 * S).stale.unwrap().contains("sidecar radio calibrate"));
    }

    #[test]
    fn what_spoils_it_is_for_good_and_named_first() {
        for why in [Stale::Reopened, Stale::Reference] {
            let mut c = calibration();
            c.spoil(why);
            c.spoil(Stale::Never);
            assert_eq!(c.factors(100 * S, 10.0), Err(why));
            assert!(why.to_string().ends_with("run `sidecar radio calibrate`"));
        }
    }
}

//! Tapped delay lines of TR 38.901.

use serde::{Deserialize, Serialize};

/// A tapped delay line of TR 38.901 §7.7.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TdlProfile {
    /// Without a direct path, 23 taps.
    TdlA,
    /// Without a direct path, 23 taps.
    TdlB,
    /// Without a direct path, 24 taps.
    TdlC,
    /// With a direct path, K = 13.3 dB on the first of 13 taps.
    TdlD,
    /// With a direct path, K = 22 dB on the first of 14 taps.
    TdlE,
}

/// Normalised delay (in delay spreads) and power in dB.
type Row = (f64, f64);

//= TR 38.901 §7.7.2 Table 7.7.2-1
const TDL_A: [Row; 23] = [
    (0.0, -13.4),
    (0.3819, 0.0),
    (0.4025, -2.2),
    (0.5868, -4.0),
    (0.461, -6.0),
    (0.5375, -8.2),
    (0.6708, -9.9),
    (0.575, -10.5),
    (0.7618, -7.5),
    (1.5375, -15.9),
    (1.8978, -6.6),
    (2.2242, -16.7),
    (2.1718, -12.4),
    (2.4942, -15.2),
    (2.5119, -10.8),
    (3.0582, -11.3),
    (4.081, -12.7),
    (4.4579, -16.2),
    (4.5695, -18.3),
    (4.7966, -18.9),
    (5.0066, -16.6),
    (5.3043, -19.9),
    (9.6586, -29.7),
];
//= TR 38.901 §7.7.2 Table 7.7.2-2
const TDL_B: [Row; 23] = [
    (0.0, 0.0),
    (0.1072, -2.2),
    (0.2155, -4.0),
    (0.2095, -3.2),
    (0.287, -9.8),
    (0.2986, -1.2),
    (0.3752, -3.4),
    (0.5055, -5.2),
    (0.3681, -7.6),
    (0.3697, -3.0),
    (0.57, -8.9),
    (0.5283, -9.0),
    (1.1021, -4.8),
    (1.2756, -5.7),
    (1.5474, -7.5),
    (1.7842, -1.9),
    (2.0169, -7.6),
    (2.8294, -12.2),
    (3.0219, -9.8),
    (3.6187, -11.4),
    (4.1067, -14.9),
    (4.279, -9.2),
    (4.7834, -11.3),
];
//= TR 38.901 §7.7.2 Table 7.7.2-3
#[expect(clippy::approx_constant, reason = "a delay of the table, not 2/π")]
const TDL_C: [Row; 24] = [
    (0.0, -4.4),
    (0.2099, -1.2),
    (0.2219, -3.5),
    (0.2329, -5.2),
    (0.2176, -2.5),
    (0.6366, 0.0),
    (0.6448, -2.2),
    (0.656, -3.9),
    (0.6584, -7.4),
    (0.7935, -7.1),
    (0.8213, -10.7),
    (0.9336, -11.1),
    (1.2285, -5.1),
    (1.3083, -6.8),
    (2.1704, -8.7),
    (2.7105, -13.2),
    (4.2589, -13.9),
    (4.6003, -13.9),
    (5.4902, -15.8),
    (5.6077, -17.1),
    (6.3065, -16.0),
    (6.6374, -15.7),
    (7.0427, -21.6),
    (8.6523, -22.8),
];
//= TR 38.901 §7.7.2 Table 7.7.2-4
const TDL_D: [Row; 13] = [
    (0.0, -13.5),
    (0.035, -18.8),
    (0.612, -21.0),
    (1.363, -22.8),
    (1.405, -17.9),
    (1.804, -20.1),
    (2.596, -21.9),
    (1.775, -22.9),
    (4.042, -27.8),
    (7.937, -23.6),
    (9.424, -24.8),
    (9.708, -30.0),
    (12.525, -27.7),
];
//= TR 38.901 §7.7.2 Table 7.7.2-5
const TDL_E: [Row; 14] = [
    (0.0, -22.03),
    (0.5133, -15.8),
    (0.544, -18.1),
    (0.563, -19.8),
    (0.544, -22.9),
    (0.7112, -22.4),
    (1.9092, -18.6),
    (1.9293, -20.8),
    (1.9589, -22.6),
    (2.6426, -22.3),
    (3.7136, -25.6),
    (5.4524, -20.2),
    (12.0034, -29.8),
    (20.6519, -29.2),
];

/// Doppler shift of the direct path of TDL-D and TDL-E in units of the largest shift.
//= TR 38.901 §7.7.2: the spectrum of the first tap has its peak at 0.7 f_D
pub const DIRECT_SHIFT: f64 = 0.7;

impl TdlProfile {
    /// Every profile.
    pub const ALL: [Self; 5] = [Self::TdlA, Self::TdlB, Self::TdlC, Self::TdlD, Self::TdlE];

    /// Its name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TdlA => "tdl-a",
            Self::TdlB => "tdl-b",
            Self::TdlC => "tdl-c",
            Self::TdlD => "tdl-d",
            Self::TdlE => "tdl-e",
        }
    }

    /// The scattered paths as the table has them: delay in delay spreads, power in dB.
    #[must_use]
    pub const fn rows(self) -> &'static [(f64, f64)] {
        match self {
            Self::TdlA => &TDL_A,
            Self::TdlB => &TDL_B,
            Self::TdlC => &TDL_C,
            Self::TdlD => &TDL_D,
            Self::TdlE => &TDL_E,
        }
    }

    /// Power of the direct path at delay 0 as the table has it, dB.
    #[must_use]
    pub const fn direct_db(self) -> Option<f64> {
        match self {
            Self::TdlD => Some(-0.2),
            Self::TdlE => Some(-0.03),
            _ => None,
        }
    }

    /// Sum of all powers of the table, linear: what the paths are divided by, so that the link has unit mean power.
    #[must_use]
    pub fn total(self) -> f64 {
        self.rows().iter().map(|r| r.1).chain(self.direct_db()).map(|db| 10.0_f64.powf(db / 10.0)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_factors_and_delay_spreads_are_those_of_the_report() {
        let k = |p: TdlProfile| p.direct_db().unwrap() - p.rows()[0].1;
        assert!((k(TdlProfile::TdlD) - 13.3).abs() < 1e-9 && (k(TdlProfile::TdlE) - 22.0).abs() < 1e-9);
        for profile in TdlProfile::ALL {
            let paths: Vec<Row> =
                profile.rows().iter().copied().chain(profile.direct_db().map(|db| (0.0, db))).collect();
            let moment = |n: i32| {
                paths.iter().map(|(tau, db)| tau.powi(n) * 10.0_f64.powf(db / 10.0)).sum::<f64>() / profile.total()
            };
            let spread = (moment(2) - moment(1).powi(2)).sqrt();
            //= TR 38.901 §7.7.3: the tables are normalised to a delay spread of 1
            assert!((spread - 1.0).abs() < 0.01, "{}: {spread}", profile.name());
        }
    }
}

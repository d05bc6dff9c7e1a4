//! Mean path loss over distance.

use serde::{Deserialize, Serialize};

/// Speed of light, m/s.
pub const LIGHT_M_PER_S: f64 = 299_792_458.0;

/// A formula of path loss; the gNB's height is the usual one of its scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathLossModel {
    /// Free space.
    FreeSpace,
    /// Street canyon with line of sight, gNB at 10 m.
    UmiLos,
    /// Street canyon without.
    UmiNlos,
    /// Urban macro cell with line of sight, gNB at 25 m.
    UmaLos,
    /// Urban macro cell without.
    UmaNlos,
    /// Office with line of sight, gNB at 3 m.
    InhLos,
    /// Office without.
    InhNlos,
}

/// Height of a UE, m, outdoors and in an office.
const UE_M: f64 = 1.5;
const UE_INDOOR_M: f64 = 1.0;
/// Height of the ground's obstacles, m.
const GROUND_M: f64 = 1.0;
/// Least distance that is counted with, m.
const LEAST_M: f64 = 1.0;

impl PathLossModel {
    /// Loss in dB at a horizontal distance and a carrier frequency (0.5 to 100 GHz); without shadowing.
    #[must_use]
    pub fn loss_db(self, distance_m: f64, carrier_hz: f64) -> f64 {
        let (gnb_m, ue_m) = match self {
            Self::FreeSpace => (0.0, 0.0),
            Self::UmiLos | Self::UmiNlos => (10.0, UE_M),
            Self::UmaLos | Self::UmaNlos => (25.0, UE_M),
            Self::InhLos | Self::InhNlos => (3.0, UE_INDOOR_M),
        };
        let d2 = distance_m.max(LEAST_M);
        let d3 = d2.hypot(gnb_m - ue_m);
        let (d, f) = (d3.log10(), (carrier_hz * 1e-9).log10());
        // beyond it the ground's reflection counts
        let break_m = 4.0 * (gnb_m - GROUND_M) * (ue_m - GROUND_M) * carrier_hz / LIGHT_M_PER_S;
        let two_slopes = |near: f64, slope: f64, bend: f64| {
            if d2 <= break_m {
                near + slope * d + 20.0 * f
            } else {
                near + 40.0 * d + 20.0 * f - bend * (break_m * break_m + (gnb_m - ue_m).powi(2)).log10()
            }
        };
        match self {
            Self::FreeSpace => 20.0 * (4.0 * std::f64::consts::PI * d3 * carrier_hz / LIGHT_M_PER_S).log10(),
            //= TR 38.901 §7.4.1 Table 7.4.1-1
            Self::UmiLos => two_slopes(32.4, 21.0, 9.5),
            Self::UmaLos => two_slopes(28.0, 22.0, 9.0),
            Self::InhLos => 32.4 + 17.3 * d + 20.0 * f,
            Self::UmiNlos => {
                (35.3 * d + 22.4 + 21.3 * f - 0.3 * (ue_m - 1.5)).max(Self::UmiLos.loss_db(distance_m, carrier_hz))
            }
            Self::UmaNlos => {
                (13.54 + 39.08 * d + 20.0 * f - 0.6 * (ue_m - 1.5)).max(Self::UmaLos.loss_db(distance_m, carrier_hz))
            }
            Self::InhNlos => (38.3 * d + 17.3 + 24.9 * f).max(Self::InhLos.loss_db(distance_m, carrier_hz)),
        }
    }
}

/// Path loss of a link, taken off its gain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PathLoss {
    /// The formula.
    pub model: PathLossModel,
    /// Horizontal distance in m; a trace of positions takes its place.
    pub distance_m: f64,
    /// Carrier frequency, Hz.
    pub carrier_hz: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_worked_by_hand() {
        use PathLossModel as M;
        for (model, distance_m, want) in [
            // 20·log10(4π·100·3.5e9/c)
            (M::FreeSpace, 100.0, 83.33),
            // d3 = √(100² + 8.5²) = 100.36: 32.4 + 21·2.00156 + 20·0.54407
            (M::UmiLos, 100.0, 85.31),
            // 35.3·2.00156 + 22.4 + 21.3·0.54407
            (M::UmiNlos, 100.0, 104.64),
            // d3 = √(200² + 23.5²) = 201.38: 28 + 22·2.30401 + 20·0.54407
            (M::UmaLos, 200.0, 89.57),
            // 13.54 + 39.08·2.30401 + 20·0.54407
            (M::UmaNlos, 200.0, 114.46),
            // d3 = √(20² + 2²) = 20.1: 32.4 + 17.3·1.30319 + 20·0.54407
            (M::InhLos, 20.0, 65.83),
            // 38.3·1.30319 + 17.3 + 24.9·0.54407
            (M::InhNlos, 20.0, 80.76),
            // break at 4·9·0.5·3.5e9/c = 210.14 m; 32.4 + 40·2.69903 + 20·0.54407 − 9.5·log10(210.14² + 72.25)
            (M::UmiLos, 500.0, 107.11),
        ] {
            let got = model.loss_db(distance_m, 3.5e9);
            assert!((got - want).abs() < 0.02, "{model:?} at {distance_m} m: {got} instead of {want}");
        }
    }

    #[test]
    fn it_does_not_jump_at_the_break_and_never_falls() {
        for model in [PathLossModel::UmiLos, PathLossModel::UmaLos, PathLossModel::UmaNlos, PathLossModel::InhNlos] {
            let mut before = 0.0;
            for step in 1..2000 {
                let loss = model.loss_db(f64::from(step), 3.5e9);
                assert!(loss >= before && (step == 1 || loss - before < 6.1), "{model:?} at {step} m");
                before = loss;
            }
        }
    }
}

//! The channel emulator of `air`.

use crate::config::quantity::{Angle, AngleRate, Distance, Duration, Frequency, GainDb, PowerDbfs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What all emulated channels have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmulatorSection {
    /// Time from one exact channel value to the next, straight lines between.
    pub update: Duration,
    /// How often the true channel is recorded, in radio time; `0 s` = never.
    pub truth_period: Duration,
}

impl Default for EmulatorSection {
    fn default() -> Self {
        Self { update: Duration::new(100e-6), truth_period: Duration::new(10e-3) }
    }
}

/// The channel from the antennas to one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkSection {
    /// Mean gain from one antenna to the receiver; negative for a loss. With `path_loss` what is added to it.
    pub gain: GainDb,
    /// Direct path over scattered paths of the first tap; absent = direct path only.
    pub rician_k: Option<GainDb>,
    /// Largest Doppler shift of the scattered paths.
    pub doppler: Frequency,
    /// Direction of the direct path from broadside at the start.
    pub angle: Angle,
    /// How fast that direction turns.
    pub angle_rate: AngleRate,
    /// It turns round at ± this; `0 deg` = never.
    pub angle_limit: Angle,
    /// Echoes; the first has the direct path. None = one tap without delay.
    pub taps: Vec<TapSection>,
    /// Receiver noise in the sampled bandwidth; absent = none.
    pub noise: Option<PowerDbfs>,
    /// Carrier frequency offset; positive when the signal lies above nominal.
    pub cfo: Frequency,
    /// A tapped delay line of TR 38.901 in place of `taps`: `tdl-a` to `tdl-e`.
    pub profile: Option<ProfileSection>,
    /// Root-mean-square delay spread of the profile.
    pub delay_spread: Duration,
    /// Keep the delays of `taps` exactly, by fractional-delay filters; else they are rounded to samples.
    pub exact_delays: bool,
    /// Delay of the whole link; other than 0 it makes every delay exact.
    pub delay: Duration,
    /// Correlation of the scattered paths of two neighbouring antennas of the array, 0 to 0.999.
    #[schemars(range(min = 0.0, max = 0.999))]
    pub array_correlation: f64,
    /// Links with the same number are the receive antennas of one UE; absent = a UE of its own.
    pub receive_group: Option<u32>,
    /// Which of the UE's receive antennas this is.
    #[schemars(range(min = 0, max = 7))]
    pub receive_antenna: u32,
    /// Correlation of the scattered paths of two neighbouring receive antennas, 0 to 0.999.
    #[schemars(range(min = 0.0, max = 0.999))]
    pub receive_correlation: f64,
    /// Path loss by distance, taken off `gain`.
    pub path_loss: Option<PathLossSection>,
    /// A file that the channel follows: positions of the receiver, or channel state.
    pub trace: Option<PositionsSection>,
}

/// Path loss by distance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathLossSection {
    /// Which formula.
    pub model: PathLossKind,
    /// Horizontal distance; not needed with a `trace`.
    #[serde(default = "one_metre")]
    pub distance: Distance,
    /// Carrier frequency.
    pub carrier: Frequency,
}

const fn one_metre() -> Distance {
    Distance::new(1.0)
}

/// A formula of path loss; all but the first are of TR 38.901 §7.4.1, without shadowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathLossKind {
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

/// A file that the channel follows: `path` with `carrier`, or `csi`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionsSection {
    /// Positions, CSV of `t_s,x_m,y_m[,z_m]`, times ascending; the array is at the origin along the y axis. They give the direct path.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Carrier frequency: makes the Doppler shift of the direct path. Belongs to `path`.
    #[serde(default)]
    pub carrier: Option<Frequency>,
    /// CSV of `t_s,path,antenna,delay_s,re,im`: complex taps over time, in place of all that draws paths.
    #[serde(default)]
    pub csi: Option<PathBuf>,
}

/// A tapped delay line of TR 38.901 §7.7.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileSection {
    /// Without a direct path, 23 taps.
    TdlA,
    /// Without a direct path, 23 taps.
    TdlB,
    /// Without a direct path, 24 taps.
    TdlC,
    /// With a direct path, 13 taps.
    TdlD,
    /// With a direct path, 14 taps.
    TdlE,
}

/// One echo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TapSection {
    /// Delay.
    pub delay: Duration,
    /// Mean power relative to the link.
    pub power: GainDb,
}

impl Default for LinkSection {
    /// A cable: gain 1, no echo, no noise.
    fn default() -> Self {
        Self {
            gain: GainDb::new(0.0),
            rician_k: None,
            doppler: Frequency::new(0.0),
            angle: Angle::new(0.0),
            angle_rate: AngleRate::new(0.0),
            angle_limit: Angle::new(0.0),
            taps: Vec::new(),
            noise: None,
            cfo: Frequency::new(0.0),
            profile: None,
            delay_spread: Duration::new(0.0),
            exact_delays: false,
            delay: Duration::new(0.0),
            array_correlation: 0.0,
            receive_group: None,
            receive_antenna: 0,
            receive_correlation: 0.0,
            path_loss: None,
            trace: None,
        }
    }
}

impl LinkSection {
    /// A receiver of the demo cell that walks along an arc.
    pub(super) fn moving(angle_deg: f64, deg_per_s: f64) -> Self {
        Self {
            gain: GainDb::new(-6.0),
            rician_k: Some(GainDb::new(6.0)),
            doppler: Frequency::new(8.0),
            angle: Angle::new(angle_deg),
            angle_rate: AngleRate::new(deg_per_s),
            angle_limit: Angle::new(55.0),
            taps: vec![
                TapSection { delay: Duration::new(0.0), power: GainDb::new(0.0) },
                TapSection { delay: Duration::new(300e-9), power: GainDb::new(-9.0) },
            ],
            noise: Some(PowerDbfs::new(-32.0)),
            ..Self::default()
        }
    }
}

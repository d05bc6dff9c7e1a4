//! Channel state: estimates per subcarrier with their noise, from SS/PBCH blocks and CSI-RS.

mod cell_tracker;
mod csi_rs;
mod csi_rs_estimator;
mod delay_fit;
mod estimate;
mod kernel;
mod linear;
mod profile;

pub use cell_tracker::{CellTracker, CellTrackerConfig, Observation, Occasion, Timetable, Wanted};
pub use csi_rs::{CsiRs, CsiRsDensity, CsiRsRow};
pub use csi_rs_estimator::{CsiRsEstimator, CsiRsReport};
pub use delay_fit::DelayFit;
pub use estimate::ChannelEstimate;
pub(crate) use estimate::mean_delay_s;
pub use profile::DelayProfile;

pub use crate::nr::{SsbReport, SsbTracker, TrackerConfig};

#[cfg(test)]
mod bound_tests;
#[cfg(test)]
mod cell_tracker_tests;

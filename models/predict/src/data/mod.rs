//! Series, their windows, their split by time and their normalisation.

mod batch;
mod normalise;
mod resample;
#[cfg(test)]
mod resample_tests;
mod split;
mod trace;
mod window;

pub use batch::Batch;
pub use normalise::{CHANNELS_PER_FEATURE, Encoded, Normaliser};
pub use resample::{GAP_PERIODS, MAX_CELLS, ResampleError, Resampled, Resampler};
pub use split::{Part, Partition, SplitMode};
pub use trace::{Series, Trace, TraceSpec};
pub use window::{WindowAt, WindowSpec, windows};

//! Series, their windows, their split by time and their normalisation.

mod batch;
mod normalise;
mod split;
mod trace;
mod window;

pub use batch::Batch;
pub use normalise::{CHANNELS_PER_FEATURE, Encoded, Normaliser};
pub use split::{Part, Partition, SplitMode};
pub use trace::{Series, Trace, TraceSpec};
pub use window::{WindowAt, WindowSpec, windows};

//! From defaults, a file and `--set` to one checked configuration whose every value has an origin.

mod merge;
mod show;
mod steps;

pub use merge::Origin;
pub use show::Effective;
pub use steps::{Loaded, Override};

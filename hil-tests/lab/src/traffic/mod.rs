//! Applications and the user plane.
mod bucket;
mod queue;
mod resolution;
mod source;

pub use bucket::TokenBucket;
pub use queue::DelayQueue;
pub use resolution::Resolution;
pub use source::{Source, TraceError};

//! What can be set from outside: a UE's rate at the user plane, an application's resolution.

mod resolution;
mod userplane;

pub use resolution::{AppControl, HttpAppControl};
pub use userplane::{HttpUserPlane, UserPlane, UserPlaneUe};

/// Why an action was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The peer did not take it.
    #[error(transparent)]
    Http(#[from] crate::http::HttpError),
    /// A limit that is no limit.
    #[error("rate limit {0} bit/s: should be finite and above 0; to lift a limit give none")]
    Limit(String),
    /// The peer's list cannot be read.
    #[error("the user plane's list cannot be read: {0}")]
    List(String),
}

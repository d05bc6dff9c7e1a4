//! Open5GS: Prometheus text, information API, and the task that polls both.

pub mod info;
pub mod metrics;
mod pages;
mod poller;

pub use pages::{PageError, get_all};
pub use poller::{CoreEvent, CoreSample, Endpoint, EndpointState, Poller, PollerConfig, Source};

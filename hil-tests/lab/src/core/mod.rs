//! The core, the user plane, the application and the lab's own view, over HTTP.
mod info;
mod metrics;
mod routes;

pub use info::{gnb_info, pdu_info, ue_info};
pub use metrics::{Function, text as metrics_text};
pub use routes::{application, function, userplane, world};

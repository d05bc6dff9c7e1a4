//! HTTP, as little as the lab needs.
mod post;
mod server;

pub use post::forward;
pub use server::{Handler, ListenError, Request, Response, listen, serve};

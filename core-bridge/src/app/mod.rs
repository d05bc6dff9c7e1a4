//! What the applications say: rates they push over HTTP.

mod rates;
mod server;

pub use rates::{RateItem, RateReport, RatesError, Resolution, parse_rates};
pub use server::{RateServer, RateServerStats, ServeError, serve_rates};

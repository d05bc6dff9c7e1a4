//! `sidecar doctor`: what lies between a lab and a working loop, each cause with its fix.
//!
//! Files, `/proc` and `/sys` are read by one thin layer ([`System`]) into typed values ([`Lab`]); each check is a function from
//! those to findings, in a file of its own.

mod checks;
mod command;
mod finding;
mod gather;
mod host;
mod list;
mod radio;
mod subject;
mod table;
mod text;

#[cfg(test)]
mod fixtures;

pub use command::{DoctorArgs, DoctorError, What, examine};
pub use finding::{Finding, Found, Verdict};
pub use gather::gather;
pub use host::{Host, Machine, System};
pub use list::{CHECKS, Check};
pub use subject::Lab;
pub use table::{lines, list_lines};

//! `sidecar demo`: one minute, no hardware, no root.

pub mod columns;
pub mod screen;

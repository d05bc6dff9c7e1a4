//! Benches: rows of figures, each with its bar, printed as Markdown or JSON lines.

pub mod air;
mod csi;
mod emulator;
mod emulator_plot;
mod emulator_stats;
mod hop;
mod list;
mod loop_bench;
mod loop_lab;
mod machine;
mod nr;
mod predict;
mod record;
mod row;
pub mod safe_state;
pub mod soak;
mod stats;
mod table;

pub use list::{BENCHES, Bench, BenchContext, BenchError, RunBench, find};
pub use row::{Bar, Row};
pub use stats::{Percentiles, percentile};
pub use table::{json_lines, markdown};

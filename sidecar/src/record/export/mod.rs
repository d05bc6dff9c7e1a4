//! Makes columns from rows: one Parquet (or CSV) file per table, also of a run that was cut off.

mod columns;
mod csv_file;
mod parquet_file;
mod tables;
mod unit;

pub use tables::{Exported, Format, export};
pub use unit::unit_of;

//! `sidecar data import`: a series from elsewhere (CSV, Parquet, SigMF) as a trace of ours, the CSV that [`predict::data::Trace::from_csv`] reads.
//!
//! Nothing is made up: what was not observed stays so, and a file that is not what it should be is refused with the place where it is not.

mod collect;
mod csv_file;
mod error;
mod parquet_file;
mod request;
mod sigmf_file;
mod summary;
mod write;

pub use error::ImportError;
pub use request::{Kind, Request, TimeUnit};
pub use summary::Summary;

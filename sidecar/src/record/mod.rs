//! What a run leaves behind: a folder with a manifest, one append-only framed log per process, SigMF for IQ, Parquet on demand.
//!
//! ```text
//! runs/20261121-230501-demo-3fa9/
//!   manifest.json      who, when, with which seed and configuration, and how it ended
//!   config.yaml        the effective configuration
//!   ran.sclog          rows of process `ran`; after a restart `ran.2.sclog`, so no log is ever rewritten
//!   *.sigmf-meta/-data IQ
//!   tables/*.parquet   made by `sidecar run export`, also after a crash
//! ```
//!
//! A log is 8 bytes `SCLG` + version (u32), then frames `len u32 | crc32 u32 | JSON`, little-endian. The JSON is one flat row that
//! begins `{"table":"…","mono_ns":…`. A row is handed to the kernel before [`Writer::row`] returns, so that a `kill -9` loses none
//! ([`Writer::open_queued`] trades this for never waiting on a disk). Readers take every complete row, report damage with its offset, and go on
//! at the next frame whose checksum is good.

mod error;
mod export;
mod folder;
mod frame;
mod list;
mod manifest;
mod owner;
mod reader;
mod row;
mod summary;
mod utc;
mod writer;

pub use error::RecordError;
pub use export::{Exported, Format, export, unit_of};
pub use folder::{RunFolder, Start};
pub use frame::{FILE_HEADER_BYTES, FORMAT_VERSION, MAX_ROW_BYTES};
pub use list::{Listed, find, list};
pub use manifest::{ClockDomain, Manifest, ProcessEntry, Status};
pub use owner::Owner;
pub use reader::{Finding, LogReader, logs};
pub use row::Row;
pub use summary::{LogSummary, RunSummary, TableSummary, summarise};
pub use utc::{compact_utc, iso_utc};
pub use writer::{Counts, Writer};

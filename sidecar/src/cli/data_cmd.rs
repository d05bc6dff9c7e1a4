//! `sidecar data import`.

use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::data_import::{ImportError, Request, TimeUnit};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use predict::data::{GAP_PERIODS, ResampleError};
use std::path::PathBuf;

/// `sidecar data …`
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Makes a trace of a CSV, a Parquet file or a SigMF recording: one column a feature, an empty cell is not observed.
    #[command(after_help = "\
Examples:
  sidecar data import kpi.parquet --out kpi.csv --series run --features ul_snr_db,rsrp_dbm
  sidecar data import packets.csv --out packets-100ms.csv --time t_s --period 0.1 --features bytes
  sidecar data import heard.sigmf-meta --out level.csv --period 0.01")]
    Import(ImportArgs),
}

/// What is imported, and how.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The file: .sigmf-meta or .sigmf-data, Parquet, anything else is CSV with a header.
    pub file: PathBuf,
    /// The trace to write.
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replaces a trace that is there.
    #[arg(long)]
    pub force: bool,
    /// Column that names the series a row belongs to; without it all rows are one series.
    #[arg(long, value_name = "COLUMN")]
    pub series: Option<String>,
    /// Columns to keep, with commas between; the first is the one to predict.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub features: Vec<String>,
    /// Column of times; they ascend in each series.
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// What that column counts in; timestamps of Parquet know by themselves.
    #[arg(long, value_enum, default_value_t = TimeUnit::S)]
    pub time_unit: TimeUnit,
    /// Puts each series on a grid of this period: the mean of what is in it, nothing where there is nothing.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub period: Option<f64>,
    /// A gap of more periods than this begins a new series.
    #[arg(long, value_name = "PERIODS", default_value_t = GAP_PERIODS)]
    pub gap: u32,
    /// Of a recording: mean magnitude of the samples (full scale 1) in place of their mean power in dBFS.
    #[arg(long)]
    pub amplitude: bool,
    /// What stands between the cells of a CSV: one ASCII character, or `tab`.
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    pub delimiter: u8,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" => Ok(b'\t'),
        [one] if one.is_ascii() && !b"\"\r\n".contains(one) => Ok(*one),
        _ => Err("one ASCII character, no quote and no end of line, or `tab`".to_owned()),
    }
}

pub(super) fn run(command: &DataCommand, as_json: bool) -> Result<Exit, CliError> {
    let DataCommand::Import(args) = command;
    let request = Request {
        file: args.file.clone(),
        out: args.out.clone(),
        force: args.force,
        series: args.series.clone(),
        features: args.features.clone(),
        time: args.time.clone(),
        time_unit: args.time_unit,
        period_s: args.period,
        gap_periods: args.gap,
        amplitude: args.amplitude,
        delimiter: args.delimiter,
    };
    let bar = if as_json { ProgressBar::hidden() } else { ProgressBar::new(0) };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent} %, {elapsed} gone, {eta} left") {
        bar.set_style(style);
    }
    let summary = request.make(&bar)?;
    if as_json {
        text::json(&summary)?;
    } else {
        text::out(&text::columns(&summary.lines()))?;
    }
    Ok(Exit::Ok)
}

impl From<ImportError> for CliError {
    fn from(e: ImportError) -> Self {
        let (exit, help) = match &e {
            ImportError::Options(_) => (Exit::Usage, "`sidecar data import --help` has examples"),
            ImportError::Exists(_) => (Exit::Usage, "name another, or replace it with --force"),
            ImportError::Grid(_) => (Exit::Usage, "--period in seconds, e.g. 0.1; --gap in periods"),
            ImportError::BelowSample { .. } => (Exit::Usage, "give a longer --period"),
            ImportError::File { .. } => (Exit::Input, "is the file there, and may you read or write it?"),
            ImportError::Csv { .. } => {
                (Exit::Input, "a CSV has a header, rows of equal length, UTF-8; --delimiter says what is between cells")
            }
            ImportError::Parquet { .. } => {
                (Exit::Input, "is it whole? read are columns that are not compressed, or by Snappy or Zstandard")
            }
            ImportError::Column { .. } => (Exit::Input, "columns are named by --series, --features and --time"),
            ImportError::Type { .. } => (Exit::Input, "convert that column, or leave it out"),
            ImportError::Cell { .. } => (Exit::Input, "leave the cell empty where nothing was observed"),
            ImportError::NoTime { .. } => (Exit::Input, "give it a time, or leave the row out"),
            ImportError::Row { source: ResampleError::TooLarge, .. } => {
                (Exit::Input, "is --period what was meant, and --time-unit?")
            }
            ImportError::Row { .. } => (Exit::Input, "sort the rows by time, series by series"),
            ImportError::Sigmf(_) => (Exit::Input, "`sidecar iq` writes such recordings"),
            ImportError::TooShort { .. } => (Exit::Input, "give a shorter --period, or a longer recording"),
            ImportError::NoRow(_) => (Exit::Input, "a header alone makes no trace"),
        };
        Self::new(exit, e, help)
    }
}

//! `sidecar csi FROM` and `sidecar sources`.

use super::args::Args;
use super::error::CliError;
use super::exit::Exit;
use super::iq::{FromArgs, Place, gather};
use crate::config::Duration;
use crate::csi::{self, CsiArgs, CsiError, SourcesArgs};

/// So much of a wire or of what a radio hears is looked at: two of the 80 ms in which a MIB is repeated, and some.
const LIVE: Duration = Duration::new(0.2);

pub(super) fn run(args: &CsiArgs, from: &FromArgs, all: &Args) -> Result<Exit, CliError> {
    let args = CsiArgs { json: all.json, ..args.clone() };
    let place = Place::of(args.file.as_os_str());
    let mut from = from.clone();
    if !matches!(place, Place::File(_)) {
        from.duration.get_or_insert(LIVE);
    }
    let recording = gather(&place, &from, &super::entry::load(all)?)?;
    csi::answer(&args, &recording, &mut std::io::stdout().lock())?;
    Ok(Exit::Ok)
}

pub(super) fn sources(args: &SourcesArgs, as_json: bool) -> Result<Exit, CliError> {
    let args = SourcesArgs { json: as_json, ..args.clone() };
    csi::sources(&args, &mut std::io::stdout().lock())?;
    Ok(Exit::Ok)
}

impl From<CsiError> for CliError {
    fn from(e: CsiError) -> Self {
        let (exit, help) = match &e {
            CsiError::Recording(_) => {
                (Exit::Input, "name the .sigmf-meta file; its samples lie beside it as .sigmf-data")
            }
            CsiError::Signal(_) | CsiError::NoTruth { .. } => {
                (Exit::Input, "is it a downlink with SS/PBCH blocks? --scs-khz and --ssb-offset-hz narrow the search")
            }
            CsiError::Source(..) => (Exit::Input, "`docs/operation.md` says how the gNB and the UE write these files"),
            CsiError::CsiRs(_) => {
                (Exit::Usage, "row, first subcarrier, symbol, period, offset and resource blocks, with commas")
            }
            _ => (Exit::System, "is there room, and may you write there?"),
        };
        Self::new(exit, e, help)
    }
}

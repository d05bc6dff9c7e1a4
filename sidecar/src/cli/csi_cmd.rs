//! `sidecar csi FILE` and `sidecar sources`.

use super::error::CliError;
use super::exit::Exit;
use crate::csi::{self, CsiArgs, CsiError, SourcesArgs};

pub(super) fn run(args: &CsiArgs, as_json: bool) -> Result<Exit, CliError> {
    let args = CsiArgs { json: as_json, ..args.clone() };
    csi::run(&args, &mut std::io::stdout().lock())?;
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

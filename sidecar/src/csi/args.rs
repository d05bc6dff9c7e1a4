//! What the command takes.

use std::path::PathBuf;

/// Find the cell of a recording, a wire or what a radio hears, every SS/PBCH block in it, and its MIB.
#[derive(Debug, Clone, clap::Args)]
pub struct CsiArgs {
    /// The recording's metadata (`NAME.sigmf-meta`; the samples lie beside it), a wire (`tcp://HOST:PORT`), or `radio`.
    #[arg(value_name = "FROM")]
    pub file: PathBuf,
    /// Print JSON; the command line has one `--json` for every command.
    #[arg(skip)]
    pub json: bool,
    /// Centre of the block above the carrier centre in Hz; searched for when not given.
    #[arg(long, value_name = "HZ", allow_hyphen_values = true)]
    pub ssb_offset_hz: Option<f64>,
    /// Subcarrier spacing of the block in kHz: 15 or 30.
    #[arg(long, value_name = "KHZ", default_value_t = 15, value_parser = scs_khz)]
    pub scs_khz: u32,
    /// With `--json`: also every cell found, and RSRP and RSRQ of each block.
    #[arg(long)]
    pub measure: bool,
    /// Follow the tracking reference signal of an srsRAN gNB with its defaults over so many resource blocks.
    #[arg(long, value_name = "PRB", value_parser = clap::value_parser!(u16).range(1..=275))]
    pub trs: Option<u16>,
    /// Follow a CSI-RS: row of TS 38.211 Table 7.4.1.5.3-1 (1, 2, 3, 4), first subcarrier, symbol, period and offset in slots, resource blocks.
    #[arg(long, value_name = "ROW,K0,SYMBOL,PERIOD,OFFSET,PRB", value_delimiter = ',', num_args = 6)]
    pub csi_rs: Option<Vec<u32>>,
    /// Repeat the search under noise, frequency offset and a 300 ns channel, and report rates and errors.
    #[arg(long)]
    pub study: bool,
    /// Where the study's plot goes.
    #[arg(long, value_name = "FILE.svg", requires = "study")]
    pub plot: Option<PathBuf>,
    /// Noise seeds for each case of the study.
    #[arg(long, default_value_t = 1, requires = "study")]
    pub seeds: u32,
}

fn scs_khz(text: &str) -> Result<u32, String> {
    match text {
        "15" => Ok(15),
        "30" => Ok(30),
        _ => Err("blocks are sent at 15 or 30 kHz".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        csi: CsiArgs,
    }

    #[test]
    fn spacings_of_blocks_only() {
        let of =
            |khz: &str| Line::try_parse_from(["csi", "x.sigmf-meta", "--scs-khz", khz]).map(|l| l.csi.scs_khz).ok();
        assert_eq!((of("15"), of("30"), of("20"), of("29"), of("60")), (Some(15), Some(30), None, None, None));
        assert_eq!(Line::try_parse_from(["csi", "x.sigmf-meta"]).unwrap().csi.scs_khz, 15);
    }
}

//! The benches by name.

use super::row::Row;

/// What a bench gets.
#[derive(Debug, Clone, Copy)]
pub struct BenchContext {
    /// Much less work, for a first look; the figures are no measure.
    pub quick: bool,
    /// Seed of everything random.
    pub seed: u64,
}

/// Why a bench gave no figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BenchError {
    /// No bench of that name.
    #[error("no bench `{wanted}`{}", .nearest.as_ref().map_or_else(String::new, |n| format!(", did you mean `{n}`?")))]
    Unknown {
        /// As asked for.
        wanted: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// It could not be run.
    #[error("{0}")]
    Failed(String),
}

/// A bench.
#[derive(Debug, Clone, Copy)]
pub struct Bench {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it measures, one line.
    pub what: &'static str,
    /// How long it takes on two cores.
    pub takes: &'static str,
    /// Runs it and hands out row by row.
    pub run: RunBench,
}

/// A bench's work: hands out row by row.
pub type RunBench = fn(&BenchContext, &mut dyn FnMut(Row)) -> Result<(), BenchError>;

/// Every bench.
pub const BENCHES: &[Bench] = &[
    Bench {
        name: "air",
        what: "round trip, throughput and lost samples at 23.04 MS/s, one to four UEs, single tap to TDL-A, against the bare relay and GNU Radio",
        takes: "4 min",
        run: super::air::bench,
    },
    Bench {
        name: "csi",
        what: "blocks, MIBs, CFO, timing and channel of a real downlink under noise, offset and dispersion, against truth",
        takes: "3 min",
        run: super::csi::run,
    },
    Bench {
        name: "emulator",
        what: "cost of a TDL-A link at 23.04 MS/s, its output against its formulae, its statistics against Sionna's; writes emulator.svg",
        takes: "1 min",
        run: super::emulator::run,
    },
    Bench {
        name: "hop",
        what: "a snippet there and weights back over the UNIX socket of air and ran, against libzmq's ipc transport",
        takes: "5 s",
        run: super::hop::run,
    },
    Bench {
        name: "loop",
        what: "from an SSB's arrival in air to new weights armed there, in phases; alone and with training beside",
        takes: "3 min",
        run: super::loop_bench::run,
    },
    Bench {
        name: "nr",
        what: "cold search and tracking against the clock; RSRP, SINR, CFO and MIB of a real downlink against known gain and noise",
        takes: "20 s",
        run: super::nr::run,
    },
    Bench {
        name: "predict",
        what: "one forecast and one step of training of the Transformer, against PyTorch eager and ONNX Runtime; how far their numbers are apart",
        takes: "2 min",
        run: super::predict::run,
    },
    Bench {
        name: "record",
        what: "cost of one recorded row, until it is in the kernel's hands",
        takes: "2 s",
        run: super::record::run,
    },
    Bench {
        name: "safe-state",
        what: "how long a virtual USRP still radiates after each of seventeen things that must end a burst",
        takes: "30 min",
        run: super::safe_state::run,
    },
    Bench {
        name: "soak",
        what: "half an hour of radio time: UEs come, leave and die, the worker of air is killed every minute; writes soak.svg",
        takes: "30 min or more",
        run: super::soak::run,
    },
];

/// The bench of a name.
///
/// # Errors
/// [`BenchError::Unknown`] with the nearest name.
pub fn find(name: &str) -> Result<&'static Bench, BenchError> {
    BENCHES.iter().find(|b| b.name == name).ok_or_else(|| {
        let nearest = BENCHES
            .iter()
            .map(|b| (strsim::jaro_winkler(b.name, name), b.name))
            .filter(|(score, _)| *score > 0.7)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, n)| n.to_owned());
        BenchError::Unknown { wanted: name.into(), nearest }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_near_ones_are_suggested() {
        assert_eq!(find("record").unwrap().name, "record");
        assert_eq!(find("recrod").unwrap_err().to_string(), "no bench `recrod`, did you mean `record`?");
        assert_eq!(find("xyz").unwrap_err().to_string(), "no bench `xyz`");
        let mut names: Vec<_> = BENCHES.iter().map(|b| b.name).collect();
        names.dedup();
        assert_eq!(names.len(), BENCHES.len());
    }
}

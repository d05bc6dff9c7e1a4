//! Wires as files: exactly the samples that went over them, and the truth of what was done to these in between.
//!
//! In lockstep a slow disk costs wall time and no sample, so files are written by the data plane itself; nothing can be lost on the way.

use super::fault::{Direction, FaultStatus};
use crate::front_end::Plan;
use num_complex::Complex32;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Longest capture, samples: 10 s at 61.44 MS/s.
pub const MAX_CAPTURE_SAMPLES: u64 = 614_400_000;

/// A wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wire", rename_all = "snake_case")]
pub enum Tap {
    /// A transmit port of the gNB, as it was taken; indices of the downlink.
    GnbTx {
        /// Which.
        port: u32,
    },
    /// What a receiver gets; indices of the downlink.
    UeRx {
        /// Index in `AirConfig::ues`.
        stream: u32,
    },
    /// What a UE sent, after the faults on purpose of its uplink, where it lies on the gNB's uplink.
    UeTx {
        /// Index in `AirConfig::ues`.
        stream: u32,
    },
    /// A receive port of the gNB, as it was given; indices of the uplink.
    GnbRx {
        /// Which.
        port: u32,
    },
    /// An input of the front end's plans as it was made there: ports or antennas by sub-band, then artificial noise; indices of the
    /// downlink. Only needed to verify these two.
    Input {
        /// Column of the weights.
        column: u32,
    },
}

impl Tap {
    /// Name of its file, without the ending.
    #[must_use]
    pub fn file(&self) -> String {
        match self {
            Self::GnbTx { port } => format!("gnb_tx{port}"),
            Self::UeRx { stream } => format!("ue{stream}_rx"),
            Self::UeTx { stream } => format!("ue{stream}_tx"),
            Self::GnbRx { port } => format!("gnb_rx{port}"),
            Self::Input { column } => format!("input{column}"),
        }
    }

    /// Which count its indices belong to.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self {
            Self::GnbTx { .. } | Self::UeRx { .. } | Self::Input { .. } => Direction::Downlink,
            Self::UeTx { .. } | Self::GnbRx { .. } => Direction::Uplink,
        }
    }
}

/// What is to be captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureOrder {
    /// Folder, of the host `air` runs on; it must be there.
    pub folder: PathBuf,
    /// Wires.
    pub taps: Vec<Tap>,
    /// Samples of each.
    pub samples: u64,
}

/// How far a capture is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptureStatus {
    /// What was asked for.
    #[serde(flatten)]
    pub order: CaptureOrder,
    /// Index of the first sample on downlink wires.
    pub first_dl: u64,
    /// Index of the first sample on uplink wires.
    pub first_ul: u64,
    /// Samples written of each wire.
    pub written: Vec<u64>,
    /// Whether every wire has all its samples.
    pub is_complete: bool,
    /// Why it was given up; `None` = it was not.
    pub fault: Option<String>,
    /// Receivers that sent uplink meanwhile, ascending.
    #[serde(default)]
    pub speakers: Vec<u32>,
    /// Faults on purpose whose span and the capture's have samples in common.
    #[serde(default)]
    pub faults: Vec<FaultStatus>,
}

impl CaptureStatus {
    /// Whether there is nothing more to come: it is complete, or was given up.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_complete || self.fault.is_some()
    }
}

/// A piece of truth: weights of `len` samples are straight lines between these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruthPiece {
    /// Weights of the front end, or combining weights of the uplink.
    #[serde(default = "downlink")]
    pub direction: Direction,
    /// Index of the first sample.
    pub first: u64,
    /// Samples.
    pub len: u64,
    /// Weights at the first sample: antennas × inputs of the front end (the first are the ports), in the uplink antennas × ports.
    #[serde(with = "super::pairs")]
    pub from: Vec<Complex32>,
    /// The same one sample after the last.
    #[serde(with = "super::pairs")]
    pub to: Vec<Complex32>,
    /// The first inputs are the antennas' streams, made by sub-band, and not the ports.
    #[serde(default)]
    pub by_antenna: bool,
}

const fn downlink() -> Direction {
    Direction::Downlink
}

/// A capture that runs.
pub(super) struct Capture {
    status: CaptureStatus,
    files: Vec<File>,
    truth: BufWriter<File>,
}

impl Capture {
    /// Opens the files; it begins at the next slot.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn open(order: &CaptureOrder, first_dl: u64, first_ul: u64) -> Result<Self, String> {
        if order.samples == 0 || order.samples > MAX_CAPTURE_SAMPLES {
            return Err(format!("{} samples: give 1 to {MAX_CAPTURE_SAMPLES}", order.samples));
        }
        if order.taps.is_empty() || order.taps.len() > 32 {
            return Err("name 1 to 32 wires".into());
        }
        let create = |name: String| {
            let path = order.folder.join(name);
            let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path);
            file.map_err(|e| format!("cannot write {}: {e}", path.display()))
        };
        let files = order.taps.iter().map(|t| create(t.file() + ".sigmf-data")).collect::<Result<Vec<_>, _>>()?;
        let truth = BufWriter::new(create("truth.jsonl".into())?);
        let written = vec![0; order.taps.len()];
        let status = CaptureStatus {
            order: order.clone(),
            first_dl,
            first_ul,
            written,
            is_complete: false,
            fault: None,
            speakers: Vec::new(),
            faults: Vec::new(),
        };
        Ok(Self { status, files, truth })
    }

    pub(super) const fn status(&self) -> &CaptureStatus {
        &self.status
    }

    /// Takes samples `[first, first + samples.len())` of a wire. What is not contiguous ends the capture.
    pub(super) fn take(&mut self, tap: Tap, first: u64, samples: &[Complex32]) {
        let Some(at) = self.status.order.taps.iter().position(|t| *t == tap) else { return };
        let begin = match tap.direction() {
            Direction::Downlink => self.status.first_dl,
            Direction::Uplink => self.status.first_ul,
        };
        let next = begin + self.status.written[at];
        let until = begin + self.status.order.samples;
        let end = first + samples.len() as u64;
        if end <= next || next >= until || self.status.fault.is_some() {
            return;
        }
        if first > next {
            self.status.fault = Some(format!("{}: samples {next} to {first} are missing", tap.file()));
            return;
        }
        let span = &samples[(next - first) as usize..(end.min(until) - first) as usize];
        match self.files[at].write_all(bytemuck::cast_slice(span)) {
            Ok(()) => self.status.written[at] += span.len() as u64,
            Err(e) => self.status.fault = Some(format!("{}: {e}", tap.file())),
        }
        self.finish();
    }

    /// Takes the inputs of a plan, where any was asked for; those that are not in use are zero.
    pub(super) fn take_inputs(&mut self, first: u64, len: usize, inputs: &[&[Complex32]]) {
        for at in 0..self.status.order.taps.len() {
            let tap = self.status.order.taps[at];
            if let Tap::Input { column } = tap {
                match inputs.get(column as usize) {
                    Some(x) => self.take(tap, first, &x[..len]),
                    None => self.take(tap, first, &vec![Complex32::ZERO; len]),
                }
            }
        }
    }

    /// Notes that uplink of a receiver is added from this sample on.
    pub(super) fn hear(&mut self, stream: u32, first: u64, len: usize) {
        let until = self.status.first_ul + self.status.order.samples;
        let within = first < until && first + len as u64 > self.status.first_ul;
        if within && let Err(at) = self.status.speakers.binary_search(&stream) {
            self.status.speakers.insert(at, stream);
        }
    }

    /// Notes the faults that have samples in common with it.
    pub(super) fn note_faults<'a>(&mut self, faults: impl Iterator<Item = &'a FaultStatus>) {
        let status = &self.status;
        let samples = status.order.samples;
        let common = |f: &&FaultStatus| {
            let begin = if f.spec.direction == Direction::Downlink { status.first_dl } else { status.first_ul };
            let of = |first: u64| first < begin + samples && first.saturating_add(f.span_samples()) > begin;
            f.first.is_some_and(of)
        };
        self.status.faults = faults.filter(common).cloned().collect();
    }

    /// Notes what is in force.
    pub(super) fn note(&mut self, direction: Direction, plan: &Plan, by_antenna: bool) {
        let begin = if direction == Direction::Downlink { self.status.first_dl } else { self.status.first_ul };
        let until = begin + self.status.order.samples;
        for (segment, from, to) in plan.pieces() {
            let first = plan.start + segment.offset as u64;
            if first >= until || first + segment.len as u64 <= begin {
                continue;
            }
            let piece = TruthPiece {
                direction,
                first,
                len: segment.len as u64,
                from: from.to_vec(),
                to: to.to_vec(),
                by_antenna,
            };
            let line = serde_json::to_vec(&piece).unwrap_or_default();
            if let Err(e) = self.truth.write_all(&line).and_then(|()| self.truth.write_all(b"\n")) {
                self.status.fault = Some(format!("truth: {e}"));
            }
        }
    }

    fn finish(&mut self) {
        if self.status.written.iter().all(|n| *n == self.status.order.samples) {
            self.status.is_complete = true;
            if let Err(e) = self.truth.flush() {
                self.status.fault = Some(format!("truth: {e}"));
            }
        }
    }

    /// Gives it up where a wire lacks samples although the lab is past its last one: whoever has left gives or gets none of them any more.
    pub(super) fn give_up_short(&mut self, dl: u64, ul: u64) {
        let CaptureStatus { order, first_dl, first_ul, written, .. } = &self.status;
        if self.is_over() {
            return;
        }
        let short = order.taps.iter().zip(written).find_map(|(tap, written)| {
            let (first, now) = match tap.direction() {
                Direction::Downlink => (*first_dl, dl),
                Direction::Uplink => (*first_ul, ul),
            };
            let until = first + order.samples;
            (now >= until && *written < order.samples)
                .then(|| format!("{}: samples {} to {until} are missing", tap.file(), first + written))
        });
        self.status.fault = short;
    }

    /// Whether there is nothing more to do.
    pub(super) const fn is_over(&self) -> bool {
        self.status.is_over()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_samples_that_were_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let taps = vec![Tap::GnbTx { port: 0 }, Tap::UeRx { stream: 1 }, Tap::GnbRx { port: 0 }];
        let order = CaptureOrder { folder: dir.path().into(), taps: taps.clone(), samples: 100 };
        let mut c = Capture::open(&order, 40, 30).unwrap();
        let tag = |n: u64| Complex32::new(n as f32, -1.0);
        for (first, len) in [(0, 50_u64), (50, 7), (57, 60), (117, 100)] {
            let samples: Vec<_> = (first..first + len).map(tag).collect();
            for tap in &taps {
                c.take(*tap, first, &samples);
            }
            c.take(Tap::UeTx { stream: 0 }, first, &samples);
        }
        assert!(c.is_over() && c.status().is_complete, "{:?}", c.status());
        for (name, first) in [("gnb_tx0", 40), ("ue1_rx", 40), ("gnb_rx0", 30)] {
            let bytes = std::fs::read(dir.path().join(format!("{name}.sigmf-data"))).unwrap();
            let want: Vec<_> = (first..first + 100).map(tag).collect();
            assert_eq!(bytes, bytemuck::cast_slice::<Complex32, u8>(&want), "{name}");
        }
        assert!(!dir.path().join("ue0_tx.sigmf-data").exists());
    }

    #[test]
    fn a_gap_gives_it_up_and_says_where() {
        let dir = tempfile::tempdir().unwrap();
        let order = CaptureOrder { folder: dir.path().into(), taps: vec![Tap::UeRx { stream: 0 }], samples: 100 };
        let mut c = Capture::open(&order, 0, 0).unwrap();
        c.take(Tap::UeRx { stream: 0 }, 0, &[Complex32::ONE; 10]);
        c.take(Tap::UeRx { stream: 0 }, 20, &[Complex32::ONE; 10]);
        assert!(c.is_over() && !c.status().is_complete);
        assert_eq!(c.status().fault.as_deref(), Some("ue0_rx: samples 10 to 20 are missing"));
        let mut c = Capture::open(&order, 0, 0).unwrap();
        c.take(Tap::UeRx { stream: 0 }, 0, &[Complex32::ONE; 10]);
        c.give_up_short(99, 5000);
        assert!(!c.is_over());
        c.give_up_short(100, 0);
        assert_eq!(c.status().fault.as_deref(), Some("ue0_rx: samples 10 to 100 are missing"));
        assert!(Capture::open(&CaptureOrder { samples: 0, ..order.clone() }, 0, 0).is_err());
        assert!(Capture::open(&CaptureOrder { folder: "/nonexistent/x".into(), ..order }, 0, 0).is_err());
    }
}

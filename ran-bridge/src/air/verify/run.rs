//! Every wire of a capture that can be recomputed.

use super::LARGEST_ERROR;
use super::compare::Compared;
use super::faults::Faults;
use super::input::Wire;
use super::link::{BLOCK, Link};
use super::pieces::Pieces;
use crate::air::{AirConfig, CaptureStatus, Direction, Tap};
use crate::emulator::reference::Reference;
use num_complex::{Complex32, Complex64};
use serde::Serialize;
use std::path::Path;

/// Why a capture cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file is missing, damaged, or does not go with the others.
    #[error("{0}")]
    Input(String),
}

/// What became of one wire.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WireReport {
    /// Which, as its file is called.
    pub wire: String,
    /// Why it could not be recomputed; `None` = it was, and the rest is about that.
    pub not_covered: Option<String>,
    /// Samples compared.
    pub compared_samples: u64,
    /// Samples at the beginning whose echoes lie before the capture.
    pub skipped_samples: u64,
    /// Samples that a fault on purpose touched and that were compared with the fault done again.
    pub fault_samples: u64,
    /// Samples that a fault touched which is not done again (noise, echoes).
    pub left_out_samples: u64,
    /// Mean power of what was recomputed, dBFS.
    pub power_dbfs: f64,
    /// Error in the root mean square, relative to that of what was recomputed.
    pub relative_rms: f64,
    /// Largest error of one sample, relative to the same.
    pub largest: f64,
    /// Index of that sample.
    pub largest_at: Option<u64>,
    /// Largest distance of the recomputed gains from the formulae that was met between exact values, relative to the link's amplitude.
    pub gain_distance: f64,
    /// Whether the error is at most [`LARGEST_ERROR`].
    pub is_right: bool,
}

impl WireReport {
    fn not_covered(tap: Tap, why: String) -> Self {
        Self { not_covered: Some(why), is_right: false, ..Self::of(tap, &Compared::default(), 0, 0, 0.0) }
    }

    fn of(tap: Tap, compared: &Compared, skipped: u64, touched: u64, gain_distance: f64) -> Self {
        let (largest, largest_at) = compared.largest();
        let relative_rms = compared.relative();
        Self {
            wire: tap.file(),
            not_covered: (compared.samples == 0).then(|| "no sample is left to compare".into()),
            compared_samples: compared.samples,
            skipped_samples: skipped,
            fault_samples: touched.saturating_sub(compared.left_out),
            left_out_samples: compared.left_out,
            power_dbfs: compared.dbfs(),
            relative_rms,
            largest,
            largest_at,
            gain_distance,
            is_right: compared.samples > 0 && relative_rms <= LARGEST_ERROR,
        }
    }
}

/// Recomputes every captured wire behind a channel: what receivers got, and what the gNB got where the uplinks were captured too.
///
/// `each` is told how many samples of how many in all are done.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(
    folder: &Path,
    status: &CaptureStatus,
    config: &AirConfig,
    each: &mut dyn FnMut(u64, u64),
) -> Result<Vec<WireReport>, VerifyError> {
    if !status.is_complete {
        return Err(VerifyError::Input("the capture is not whole".into()));
    }
    let truth = folder.join("truth.jsonl");
    let text = std::fs::read_to_string(&truth).map_err(|e| VerifyError::Input(format!("{}: {e}", truth.display())))?;
    let pieces = |direction| {
        Pieces::parse(&text, direction, config.antennas)
            .map_err(|e| VerifyError::Input(format!("{}: {e}", truth.display())))
    };
    let (down, up) = (pieces(Direction::Downlink)?, pieces(Direction::Uplink)?);
    let receivers: Vec<u32> = status
        .order
        .taps
        .iter()
        .filter_map(|t| if let Tap::UeRx { stream } = t { Some(*stream) } else { None })
        .collect();
    let ports = status.order.taps.iter().filter(|t| matches!(t, Tap::GnbRx { .. })).count();
    let passes = receivers.len() as u64 + u64::from(ports > 0);
    let run = Run { folder, status, config };
    let mut reports = Vec::new();
    for (pass, stream) in (0..).zip(&receivers) {
        let base = pass * status.order.samples;
        reports.push(run.receiver(*stream, &down, &mut |n| each(base + n, passes * status.order.samples))?);
    }
    if ports > 0 {
        let base = receivers.len() as u64 * status.order.samples;
        reports.extend(run.gnb(&up, &mut |n| each(base + n, passes * status.order.samples))?);
    }
    Ok(reports)
}

struct Run<'a> {
    folder: &'a Path,
    status: &'a CaptureStatus,
    config: &'a AirConfig,
}

impl Run<'_> {
    fn open(&self, tap: Tap) -> Result<Option<Wire>, VerifyError> {
        Wire::open(self.folder, self.status, tap, BLOCK)
    }

    fn opened(&self, tap: Tap) -> Result<Wire, VerifyError> {
        self.open(tap)?.ok_or_else(|| VerifyError::Input(format!("{} was not captured", tap.file())))
    }

    /// The wires of the inputs that have weights, or why not all are there.
    fn inputs(&self, pieces: &Pieces) -> Result<Result<Vec<Option<Wire>>, String>, VerifyError> {
        let mut wires = Vec::new();
        for (column, used) in (0_u32..).zip(&pieces.used) {
            let mut wire = None;
            if *used {
                wire = self.open(Tap::Input { column })?;
                let is_port = (column as usize) < self.config.ports() && !pieces.by_antenna;
                if wire.is_none() && is_port {
                    wire = self.open(Tap::GnbTx { port: column })?;
                }
                if wire.is_none() {
                    let why = match (is_port, pieces.by_antenna) {
                        (true, _) => format!("gnb_tx{column} was not captured"),
                        (_, true) => format!("weights by sub-band were in force: capture input{column} too"),
                        _ => format!("artificial noise was sent: capture input{column} too"),
                    };
                    return Ok(Err(why));
                }
            }
            wires.push(wire);
        }
        Ok(Ok(wires))
    }

    fn receiver(&self, stream: u32, pieces: &Pieces, each: &mut dyn FnMut(u64)) -> Result<WireReport, VerifyError> {
        let tap = Tap::UeRx { stream };
        let Some(end) = self.config.ues.get(stream as usize) else {
            return Err(VerifyError::Input(format!("the configuration has no receiver {stream}")));
        };
        if pieces.has_receiver_noise {
            return Ok(WireReport::not_covered(tap, "artificial noise was drawn at the receiver".into()));
        }
        let mut inputs = match self.inputs(pieces)? {
            Ok(inputs) => inputs,
            Err(why) => return Ok(WireReport::not_covered(tap, why)),
        };
        let mut wire = self.opened(tap)?;
        let config = self.config;
        let size = (config.antennas, pieces.used.len());
        let reference = Reference::new(&end.link, &config.emulator, stream as usize, size, config.rate_hz);
        let mut link = Link::new(&reference, pieces, config.antennas, config.rate_hz);
        let faults = Faults::of(&self.status.faults, stream, config.rate_hz);
        let (first, samples) = (self.status.first_dl, self.status.order.samples);
        let skipped = (link.past() as u64).min(samples);
        let (mut compared, mut touched) = (Compared::default(), 0);
        let mut want = vec![Complex64::ZERO; BLOCK];
        let mut at = 0;
        while at < samples {
            let got = wire.read()?;
            let want = &mut want[..got.len()];
            let mut x: Vec<&[Complex32]> = Vec::with_capacity(inputs.len());
            for input in &mut inputs {
                x.push(input.as_mut().map_or(Ok(&[][..]), Wire::read_finite)?);
            }
            if !link.receive(&x, first + at, want) {
                return Ok(WireReport::not_covered(
                    tap,
                    format!("truth.jsonl has no weights near sample {}", first + at),
                ));
            }
            link.add_noise(first + at, want);
            let skip = skipped.saturating_sub(at).min(got.len() as u64) as usize;
            faults.apply(first + at, &mut want[..skip]);
            touched += faults.apply(first + at + skip as u64, &mut want[skip..]);
            compared.add(first + at + skip as u64, &got[skip..], &want[skip..]);
            at += got.len() as u64;
            each(at);
        }
        Ok(WireReport::of(tap, &compared, skipped, touched, link.distance()))
    }

    fn gnb(&self, pieces: &Pieces, each: &mut dyn FnMut(u64)) -> Result<Vec<WireReport>, VerifyError> {
        let taps: Vec<(usize, Tap)> = self
            .status
            .order
            .taps
            .iter()
            .filter_map(|t| if let Tap::GnbRx { port } = t { Some((*port as usize, *t)) } else { None })
            .collect();
        let none = |why: &str| Ok(taps.iter().map(|(_, t)| WireReport::not_covered(*t, why.into())).collect());
        let config = self.config;
        let mut speakers = Vec::new();
        for stream in &self.status.speakers {
            let Some(wire) = self.open(Tap::UeTx { stream: *stream })? else {
                return none(&format!("ue{stream}_tx sent meanwhile and was not captured"));
            };
            let Some(end) = config.ues.get(*stream as usize) else {
                return Err(VerifyError::Input(format!("the configuration has no receiver {stream}")));
            };
            let size = (config.antennas, pieces.used.len());
            let link = end.uplink_link();
            let reference = Reference::uplink(&link, &config.emulator, *stream as usize, size, config.rate_hz);
            speakers.push((wire, reference));
        }
        let mut links: Vec<(&mut Wire, Link<'_>)> = speakers
            .iter_mut()
            .map(|(wire, reference)| (wire, Link::new(reference, pieces, config.antennas, config.rate_hz)))
            .collect();
        let mut wires = taps.iter().map(|(_, t)| self.opened(*t)).collect::<Result<Vec<_>, _>>()?;
        let (first, samples) = (self.status.first_ul, self.status.order.samples);
        let skipped = links.iter().map(|(_, l)| l.past() as u64).max().unwrap_or(0).min(samples);
        let mut compared = vec![Compared::default(); taps.len()];
        let ports = taps.iter().map(|(p, _)| p + 1).max().unwrap_or(0).max(pieces.used.len());
        let mut want = vec![vec![Complex64::ZERO; BLOCK]; ports];
        let mut at = 0;
        while at < samples {
            want.iter_mut().for_each(|y| y.fill(Complex64::ZERO));
            for (wire, link) in &mut links {
                if !link.send(wire.read_finite()?, first + at, &mut want) {
                    return none(&format!("truth.jsonl has no combining weights near sample {}", first + at));
                }
            }
            let mut len = 0;
            for (((port, _), wire), compared) in taps.iter().zip(&mut wires).zip(&mut compared) {
                let got = wire.read()?;
                len = got.len();
                let skip = skipped.saturating_sub(at).min(len as u64) as usize;
                let want = &mut want[*port][..len];
                // as a gNB takes no more
                want.iter_mut().for_each(|z| *z = Complex64::new(z.re.clamp(-1.0, 1.0), z.im.clamp(-1.0, 1.0)));
                compared.add(first + at + skip as u64, &got[skip..], &want[skip..]);
            }
            at += len as u64;
            each(at);
        }
        let distance = links.iter().map(|(_, l)| l.distance()).fold(0.0, f64::max);
        Ok(taps.iter().zip(&compared).map(|((_, t), c)| WireReport::of(*t, c, skipped, 0, distance)).collect())
    }
}

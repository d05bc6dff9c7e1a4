//! Every block of a known cell in a recording.

use num_complex::Complex32;

use super::combine::Combiner;
use super::correlator::{Correlator, HOP, LOW_FFT};
use super::pilots::first_path_s;
use super::polar::N;
use super::tracker::EXPLAINED_MIN;
use super::{Cell, NrError, Numerology, PbchDecoder, SsbReport, SsbTracker, TrackerConfig};

/// PSS metric from which a place is looked at.
const METRIC_MIN: f32 = 0.07;

/// Finds every block of `cell` in `iq`, estimates it and decodes its MIB.
///
/// Blocks come in order of time; their `sample` counts from `iq[0]`.
///
/// # Errors
/// [`NrError::Rate`], [`NrError::OutOfBand`], [`NrError::NotFinite`].
pub fn find_blocks(iq: &[Complex32], rate_hz: f64, cell: &Cell) -> Result<Vec<SsbReport>, NrError> {
    if let Some(index) = iq.iter().position(|v| !v.is_finite()) {
        return Err(NrError::NotFinite { index });
    }
    let numerology = Numerology::new(rate_hz, cell.scs_hz)?;
    let mut tracker = SsbTracker::new(TrackerConfig::of(cell, rate_hz))?;
    let mut found: Vec<SsbReport> = Vec::new();
    for (start, expected) in places(iq, cell, &numerology)? {
        let Some(report) = block(&mut tracker, iq, start, cell, &numerology)? else { continue };
        // a place where the period puts a block needs less evidence
        if report.explained < if expected { 0.75 * EXPLAINED_MIN } else { EXPLAINED_MIN } {
            continue;
        }
        match found.last_mut() {
            Some(last) if report.sample.abs_diff(last.sample) < 2 * numerology.symbol() as u64 => {
                if report.explained > last.explained {
                    *last = report;
                }
            }
            _ => found.push(report),
        }
    }
    found.sort_by_key(|r| r.sample);
    let offsets: Vec<f64> = (0..found.len()).map(|n| common_offset_hz(&found, n, rate_hz)).collect();
    let mut coded = vec![[0f32; N]; found.len()];
    for ((report, coded), cfo_hz) in found.iter_mut().zip(&mut coded).zip(offsets) {
        let (sample, seen) = (report.sample, report.clone());
        tracker.process_known(sample, &iq[sample as usize..], cfo_hz, report)?;
        tracker.gathered(coded);
        tracker.decode_mib(report);
        if seen.mib_crc_ok && !report.mib_crc_ok {
            // What was read once is read; offset and channel are those of the common oscillator.
            (report.mib, report.sfn, report.mib_crc_ok) = (seen.mib, seen.sfn, true);
            (report.index, report.half_frame) = (seen.index, seen.half_frame);
        }
    }
    read_together(&mut found, &coded, tracker.decoder(), rate_hz);
    Ok(found)
}

/// Decodes the MIBs that no block gave alone from the soft bits of all blocks at most 80 ms away.
fn read_together(blocks: &mut [SsbReport], coded: &[[f32; N]], decoder: &mut PbchDecoder, rate_hz: f64) {
    let mut combiner = Combiner::new();
    for n in 0..blocks.len() {
        if blocks[n].mib_crc_ok {
            continue;
        }
        let here = blocks[n].sample as f64;
        combiner.clear();
        let since = |b: &SsbReport| ((b.sample as f64 - here) / (0.005 * rate_hz)).round() as i64;
        let near = blocks.iter().zip(coded).map(|(b, c)| (since(b), c));
        near.filter(|(at, _)| at.abs() <= 16).for_each(|(at, c)| combiner.push(at, c));
        if let Some(payload) = combiner.decode(decoder, 0, blocks[n].half_frame, None) {
            blocks[n].mib_crc_ok = true;
            (blocks[n].sfn, blocks[n].mib) = (Some(payload.sfn), Some(payload.mib));
            blocks[n].half_frame = Some(payload.half_frame);
        }
    }
}

/// Half the distance from one lobe of a block's frequency estimate to the next, about.
const LOBE_HZ: f64 = 700.0;

/// Frequency offset over the blocks at most 80 ms from block `n`, each weighted by its signal to noise: an oscillator does not move in that
/// time, and one block at −6 dB tells it to 100 Hz only. Now and then noise takes a block to a wrong lobe, kHz away: what is further
/// than [`LOBE_HZ`] from the median does not count.
fn common_offset_hz(blocks: &[SsbReport], n: usize, rate_hz: f64) -> f64 {
    let reach = (0.080 * rate_hz) as u64;
    let near = || blocks.iter().filter(|b| b.sample.abs_diff(blocks[n].sample) <= reach);
    let mut offsets: Vec<f64> = near().map(|b| b.cfo_hz).collect();
    offsets.sort_by(f64::total_cmp);
    let median = offsets.get(offsets.len() / 2).copied().unwrap_or(0.0);
    let same_lobe = near().filter(|b| (b.cfo_hz - median).abs() <= LOBE_HZ);
    let (sum, weight) = same_lobe.fold((0.0, 0.0), |(sum, weight), b| {
        let w = f64::from(b.h.power() / b.h.noise_var.max(f32::MIN_POSITIVE)).clamp(1e-6, 1e3);
        (sum + w * b.cfo_hz, weight + w)
    });
    sum / weight
}

/// Places worth a look, in order, and whether the cell's period puts a block there.
fn places(iq: &[Complex32], cell: &Cell, numerology: &Numerology) -> Result<Vec<(usize, bool)>, NrError> {
    let mut correlator = Correlator::new(*numerology)?;
    let decimation = correlator.decimation();
    let total = (iq.len() / decimation).saturating_sub(LOW_FFT);
    let (mut spectrum, mut energy, mut metric) = (Vec::new(), [0f32; HOP], [0f32; HOP]);
    let mut all = Vec::with_capacity(total + HOP);
    for piece in 0..correlator.pieces(iq.len()) {
        correlator.spectrum(iq, piece, &mut spectrum);
        correlator.tune(&spectrum, cell.ssb_offset_hz + cell.cfo_hz);
        correlator.inverse_energy(&mut energy);
        correlator.metric((cell.pci % 3) as u8, &energy, &mut metric);
        all.extend_from_slice(&metric);
    }
    all.truncate(total);
    let last = iq.len().saturating_sub(4 * numerology.symbol());
    let mut out = Vec::new();
    for (n, &value) in all.iter().enumerate() {
        let around = &all[n.saturating_sub(LOW_FFT / 2)..(n + LOW_FFT / 2).min(all.len())];
        if value >= METRIC_MIN && around.iter().all(|v| *v <= value) {
            let start = (n * decimation).saturating_sub(numerology.cp());
            if start <= last {
                out.push((start, false));
            }
        }
    }
    // blocks repeat with 5, 10 or 20 ms at the least: look there whatever the PSS says
    let half_frame = (0.005 * numerology.rate_hz()).round() as usize;
    let first = cell.sample as usize % half_frame;
    out.extend((first..=last).step_by(half_frame.max(1)).map(|start| (start, true)));
    out.sort_unstable();
    Ok(out)
}

fn block(
    tracker: &mut SsbTracker,
    iq: &[Complex32],
    start: usize,
    cell: &Cell,
    numerology: &Numerology,
) -> Result<Option<SsbReport>, NrError> {
    let mut start = start;
    let mut report = SsbReport::default();
    for round in 0..3 {
        tracker.set_cfo_hz(cell.cfo_hz);
        let Some(samples) = iq.get(start..) else { return Ok(None) };
        match tracker.process_into(start as u64, samples, &mut report) {
            Ok(()) => {}
            Err(NrError::NoSignal | NrError::TooShort { .. }) => return Ok(None),
            Err(other) => return Err(other),
        }
        if report.explained < 0.5 * EXPLAINED_MIN {
            return Ok(None);
        }
        let late = (f64::from(first_path_s(&report.h.h, cell.scs_hz)) * numerology.rate_hz()).round() as i64;
        let better = start as i64 + late;
        if late == 0 || round == 2 || better < 0 {
            break;
        }
        start = better as usize;
    }
    if report.explained >= 0.5 * EXPLAINED_MIN {
        tracker.decode_mib(&mut report);
    }
    Ok(Some(report))
}

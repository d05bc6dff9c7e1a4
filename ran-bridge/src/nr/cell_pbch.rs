//! The MIB of a cell that is followed: a block alone, else with those before it.

use super::combine::Combiner;
use super::polar::N;
use super::{SsbReport, SsbTracker};

/// Soft bits of the last blocks of one cell.
pub struct CellPbch {
    combiner: Combiner,
    coded: Box<[f32; N]>,
    /// Half frame (counted from frame 0, modulo 1024 frames) less the count handed in, once a MIB was read.
    origin: Option<i64>,
}

impl Default for CellPbch {
    fn default() -> Self {
        Self::new()
    }
}

impl CellPbch {
    /// Nothing heard yet.
    #[must_use]
    pub fn new() -> Self {
        Self { combiner: Combiner::new(), coded: Box::new([0.0; N]), origin: None }
    }

    /// Decodes the MIB of the block that `tracker` processed last, `half_frames` (5 ms) after any fixed moment; fills it into `report`.
    pub fn read(&mut self, tracker: &mut SsbTracker, half_frames: i64, report: &mut SsbReport) {
        tracker.gathered(&mut self.coded);
        self.combiner.push(half_frames, &self.coded);
        if let Some(payload) = tracker.decode_mib(report) {
            self.origin = Some(2 * i64::from(payload.sfn) + i64::from(payload.half_frame) - half_frames);
            return;
        }
        let now = self.origin.map(|origin| (origin + half_frames).rem_euclid(2048));
        let half = report.half_frame.or(now.map(|n| n % 2 == 1));
        let low = now.map(|n| (n / 2 % 16) as u8);
        if let Some(payload) = self.combiner.decode(tracker.decoder(), half_frames, half, low) {
            report.mib_crc_ok = true;
            (report.sfn, report.mib) = (Some(payload.sfn), Some(payload.mib));
            report.half_frame = Some(payload.half_frame);
        }
    }
}

//! How the cell is found, and how `air` is told which samples to send.

use super::{FastThread, Phase};
use crate::ran::air_link::LinkError;
use crate::ran::ear::Ear;
use crate::ran::plan::{self, Place};
use crate::ran::shared::{Found, SearchJob};
use num_complex::Complex32;
use ran_bridge::air::Command;
use ran_bridge::nr::SsbCase;

/// Radio time between the command and the first sample of a search: an unpaced radio has not passed it when the command arrives, s.
const SEARCH_AHEAD_S: f64 = 0.03;
/// The same for the windows of a cell that is known, s.
const SETUP_AHEAD_S: f64 = 0.01;
/// Radio time without a snippet after which the windows are set again, s.
const STARVED_S: f64 = 1.0;

impl FastThread {
    pub(super) fn start_search(&mut self, now: u64) {
        let Some(stream) = self.config.monitors.first().map(|m| m.stream) else { return };
        let from = self.sample + (self.config.rate_hz * SEARCH_AHEAD_S) as u64;
        let windows = plan::search_windows(stream, from, self.config.rate_hz, self.config.cell.ssb_period_s);
        let parts = vec![None; windows.len()];
        if self.link.command(&Command::Windows { windows }).is_ok() {
            self.phase = Phase::Searching { since_ns: now, parts, first: from, sent: false };
        }
    }

    pub(super) fn search_if_complete(&mut self) {
        let Phase::Searching { parts, first, sent, .. } = &mut self.phase else { return };
        if *sent || parts.iter().any(Option::is_none) {
            return;
        }
        let iq: Vec<Complex32> = parts.iter_mut().filter_map(Option::take).flatten().collect();
        *sent = true;
        if self.ends.search.try_send(SearchJob { start: *first, iq }).is_err() {
            self.drop("search busy");
            self.phase = Phase::Waiting;
        }
    }

    pub(super) fn found(&mut self, found: Option<Found>) {
        let Some(Found { cell, sample, index, half }) = found else {
            tracing::info!("no cell found yet");
            self.phase = Phase::Waiting;
            return;
        };
        let case = SsbCase::of(self.config.cell.scs_hz, self.config.cell.centre_hz);
        let place = Place::of(&self.numerology, case, sample, index, half, self.config.cell.ssb_period_s);
        let ears: Result<Vec<Ear>, _> =
            self.config.monitors.iter().map(|m| Ear::new(m.stream, &self.config, &cell, self.numerology)).collect();
        let ears = match ears {
            Ok(ears) => ears,
            Err(error) => {
                tracing::error!(%error, "the cell does not fit the configuration");
                self.phase = Phase::Waiting;
                return;
            }
        };
        if let Err(error) = self.set_up(&place, true) {
            tracing::warn!(%error, "air could not be set up");
            self.phase = Phase::Waiting;
            return;
        }
        self.acquisitions += 1;
        tracing::info!(
            pci = cell.pci,
            ssb_offset_hz = cell.ssb_offset_hz,
            snr_db = cell.snr_db,
            cfo_hz = cell.cfo_hz,
            "cell found"
        );
        self.fast.reset();
        self.snippet_sample = self.sample;
        self.phase = Phase::Tracking { place, cell, ears };
    }

    /// Tells `air` what it has to know of a cell at this place; `anew` begins with the wide beam at 0 dB, else weights and power stay. What a
    /// setup anew did not bring for certain comes with the next.
    fn set_up(&mut self, place: &Place, anew: bool) -> Result<(), LinkError> {
        let anew = anew || self.unanswered.is_some();
        if anew {
            self.unanswered = Some(0);
            self.forget_powers();
        }
        let from = self.sample + (self.config.rate_hz * SETUP_AHEAD_S) as u64;
        let (unitary, wide) = (self.fast.unitary(), self.fast.wide());
        let mut last = 0;
        for command in &plan::setup(&self.config, place, &self.numerology, from, &unitary, wide, anew) {
            last = self.link.command(command)?;
        }
        if anew {
            self.unanswered = Some(last);
        }
        Ok(())
    }

    /// `air` has answered the command `seq`, and so everything before it.
    pub(super) fn answered(&mut self, seq: u64) {
        if self.unanswered.is_some_and(|last| last > 0 && seq >= last) {
            self.unanswered = None;
        }
    }

    /// Moves the windows after a cell whose clock is not ours, before its symbols leave them: where the signal at the receivers that are heard
    /// has wandered, in the middle, by a quarter of a cyclic prefix.
    pub(super) fn follow_timing(&mut self) {
        let reach = self.numerology.cp() as i64 / 4;
        let Phase::Tracking { place, ears, .. } = &mut self.phase else { return };
        let fast = &self.fast;
        let late = middle(ears.iter().filter(|e| fast.present(e.stream())).map(Ear::late_samples).collect());
        if late.abs() <= reach {
            return;
        }
        place.shift(late);
        ears.iter_mut().for_each(|ear| ear.moved(late));
        let place = place.clone();
        self.drop("windows moved after the cell's clock");
        // What does not reach it now is sent again by `resume_snippets`.
        let _unsent = self.set_up(&place, false);
    }

    /// A new connection to `air`: its process was replaced by another, which goes on with samples, weights and power, but sends snippets to
    /// nobody yet. Where the cell is, is known: it is not searched.
    pub(super) fn reconnected(&mut self, now: u64) {
        self.waiting.clear();
        self.pending = None;
        self.lose_answers();
        match &self.phase {
            Phase::Tracking { place, .. } => {
                let place = place.clone();
                self.snippet_sample = self.sample;
                self.drop("air came back, windows set again");
                // What does not reach it now is sent again by `resume_snippets`.
                let _unsent = self.set_up(&place, false);
            }
            // what was to come from the one before does not
            Phase::Searching { sent: false, .. } => self.start_search(now),
            Phase::Searching { .. } | Phase::Waiting => {}
        }
    }

    /// Sets the windows again where none gives anything: another may have set its own, or `air` has forgotten who we are.
    pub(super) fn resume_snippets(&mut self) {
        let starved = self.sample.saturating_sub(self.snippet_sample) as f64 > self.config.rate_hz * STARVED_S;
        let Phase::Tracking { place, .. } = &self.phase else { return };
        if !starved {
            return;
        }
        let place = place.clone();
        self.snippet_sample = self.sample;
        self.drop("no snippets, windows set again");
        // What does not reach it now is sent again when there is still nothing.
        let _unsent = self.set_up(&place, false);
    }
}

/// The value in the middle, the mean of both where there are two; 0 of none.
fn middle(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    let n = values.len();
    match (values.get(n.saturating_sub(1) / 2), values.get(n / 2)) {
        (Some(low), Some(high)) => (low + high) / 2,
        _ => 0,
    }
}

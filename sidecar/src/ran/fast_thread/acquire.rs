//! How the cell is found, and how `air` is told which samples to send.

use super::{FastThread, Phase};
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
        for command in &self.setup(&place) {
            if let Err(error) = self.link.command(command) {
                tracing::warn!(%error, "air could not be set up");
                self.phase = Phase::Waiting;
                return;
            }
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

    /// What `air` has to be told of a cell at this place.
    fn setup(&self, place: &Place) -> Vec<Command> {
        let from = self.sample + (self.config.rate_hz * SETUP_AHEAD_S) as u64;
        plan::setup(&self.config, place, &self.numerology, from, &self.fast.unitary(), self.fast.wide())
    }

    /// Moves the windows after a cell whose clock is not ours, before its symbols leave them: where the first receiver's signal has
    /// wandered by a quarter of a cyclic prefix.
    pub(super) fn follow_timing(&mut self) {
        let reach = self.numerology.cp() as i64 / 4;
        let Phase::Tracking { place, ears, .. } = &mut self.phase else { return };
        let late = ears.first().map_or(0, Ear::late_samples);
        if late.abs() <= reach {
            return;
        }
        place.shift(late);
        ears.iter_mut().for_each(|ear| ear.moved(late));
        let commands = match &self.phase {
            Phase::Tracking { place, .. } => self.setup(place),
            _ => return,
        };
        self.drop("windows moved after the cell's clock");
        // What does not reach it now is sent again by `resume_snippets`.
        let _unsent = commands.iter().find(|c| self.link.command(c).is_err());
    }

    /// A new connection to `air`: its process was replaced by another, which goes on with samples, weights and power, but sends snippets to
    /// nobody yet. Where the cell is, is known: it is not searched.
    pub(super) fn reconnected(&mut self, now: u64) {
        self.waiting.clear();
        self.pending = None;
        self.lose_answers();
        match &self.phase {
            Phase::Tracking { place, .. } => {
                let commands = self.setup(place);
                self.snippet_sample = self.sample;
                self.drop("air came back, windows set again");
                // What does not reach it now is sent again by `resume_snippets`.
                let _unsent = commands.iter().find(|c| self.link.command(c).is_err());
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
        self.snippet_sample = self.sample;
        let commands = self.setup(place);
        self.drop("no snippets, windows set again");
        // What does not reach it now is sent again when there is still nothing.
        let _unsent = commands.iter().find(|c| self.link.command(c).is_err());
    }
}

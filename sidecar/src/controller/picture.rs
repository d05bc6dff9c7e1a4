//! Joins the agents' reports into one picture by subscriber.

use super::capacity;
use super::config::{HubConfig, Subscriber};
use super::stamp::Stamps;
use super::state::{
    ApiState, AppItem, AppState, ConsoleRow, CoreState, PredictionRow, QuotaInForce, RanState, StreamState, UeRow,
};
use super::view::{CellView, Measured, SliceView, UeView, World};
use crate::effect::{Effect, Observable, Tracker};
use crate::guard::Action;
use crate::ran::shared::SNR_SILENT_NS;
use std::collections::HashMap;

/// Weight of the newest report in the share of stalled time.
const STALL_BLEND: f64 = 0.1;

/// Subscribers that are followed: those configured, and those that reports name while there is room.
pub const MAX_SUBSCRIBERS: usize = 128;
/// A subscriber that only reports named makes room for another when none named it for this long, ns.
const FORGET_NS: u64 = 60_000_000_000;

/// No room for another subscriber.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{supi} is not followed: {MAX_SUBSCRIBERS} subscribers are already")]
pub struct TooManySubscribers {
    /// Whose report was dropped.
    pub supi: String,
}

/// What is known, by subscriber.
#[derive(Debug)]
pub struct Picture {
    prb: u32,
    subscribers: Vec<Subscriber>,
    slices: Vec<SliceView>,
    ran: RanState,
    app: AppState,
    core: CoreState,
    stall: HashMap<String, f64>,
    limits: HashMap<String, f64>,
    /// Subscribers that only reports named, and when they did last.
    named: HashMap<String, u64>,
    refused: u64,
}

impl Picture {
    /// Nothing but the configuration.
    #[must_use]
    pub fn new(config: &HubConfig) -> Self {
        Self {
            prb: config.prb,
            subscribers: config.subscribers.clone(),
            slices: config.slices.iter().map(|s| SliceView { sst: s.sst, sd: s.sd, min: s.min, max: s.max }).collect(),
            ran: RanState::default(),
            app: AppState::default(),
            core: CoreState::default(),
            stall: HashMap::new(),
            limits: HashMap::new(),
            named: HashMap::new(),
            refused: 0,
        }
    }

    /// Takes a report of `ran`. Its times are put on this host's clock.
    pub fn ran(&mut self, mut state: RanState, tracker: &mut Tracker, stamps: Stamps) {
        state.mono_ns = stamps.at_ns(state.mono_ns);
        state.console_mono_ns = match state.console_mono_ns {
            0 => state.mono_ns,
            stated => stamps.at_ns(stated),
        };
        state.fast.radio_mono_ns = stamps.at_ns(state.fast.radio_mono_ns);
        for s in &mut state.streams {
            s.ssb_mono_ns = s.ssb_mono_ns.map(|at| stamps.at_ns(at));
            s.beam_mono_ns = s.beam_mono_ns.map(|at| stamps.at_ns(at));
        }
        tracker.radio(state.fast.radio_mono_ns, state.fast.radio_s);
        let at = state.console_mono_ns;
        if at > self.ran.console_mono_ns {
            for s in &self.subscribers {
                let Some(row) = console_of(&state.console, s) else { continue };
                observe(tracker, Observable::Cqi, &s.supi, row.cqi.map(f64::from), at);
                observe(tracker, Observable::DlBitPerS, &s.supi, row.dl_bit_per_s, at);
                observe(tracker, Observable::DlBacklogBytes, &s.supi, row.dl_backlog_bytes.map(|b| b as f64), at);
            }
        }
        if state.mono_ns >= self.ran.mono_ns {
            self.ran = state;
        }
    }

    /// Takes a report of `app`. One that tells the same measurement again is no observation.
    pub fn app(&mut self, mut state: AppState, tracker: &mut Tracker, stamps: Stamps) {
        state.mono_ns = stamps.at_ns(state.mono_ns);
        let at = state.mono_ns;
        let new = at > self.app.mono_ns;
        state.items.retain(|item| match self.admit(&item.supi, tracker, at) {
            Ok(()) => {
                if new {
                    self.rates(item, tracker, at);
                }
                true
            }
            Err(error) => {
                tracing::debug!(%error, "a report is dropped");
                self.refused += 1;
                false
            }
        });
        if at >= self.app.mono_ns {
            self.app = state;
        }
    }

    fn rates(&mut self, item: &AppItem, tracker: &mut Tracker, at: u64) {
        observe(tracker, Observable::OfferedBitPerS, &item.supi, item.offered_bit_per_s, at);
        observe(tracker, Observable::DeliveredBitPerS, &item.supi, item.delivered_bit_per_s, at);
        let now = if item.stalled { 1.0 } else { 0.0 };
        observe(tracker, Observable::StallRatio, &item.supi, Some(now), at);
        let ratio = self.stall.entry(item.supi.clone()).or_insert(now);
        *ratio += STALL_BLEND * (now - *ratio);
    }

    /// Follows a subscriber from now on, where there is room.
    fn admit(&mut self, supi: &str, tracker: &mut Tracker, at: u64) -> Result<(), TooManySubscribers> {
        if let Some(last) = self.named.get_mut(supi) {
            *last = at.max(*last);
            return Ok(());
        }
        if self.subscribers.iter().any(|s| s.supi == supi) {
            return Ok(());
        }
        if self.subscribers.len() >= MAX_SUBSCRIBERS && !self.make_room(tracker, at) {
            return Err(TooManySubscribers { supi: supi.to_owned() });
        }
        self.named.insert(supi.to_owned(), at);
        let supi = supi.to_owned();
        self.subscribers.push(Subscriber { supi, ue: None, rnti: None, stream: None, slice: None });
        Ok(())
    }

    /// Forgets who was not named for longest, where nothing that we did to it is in force or being judged.
    fn make_room(&mut self, tracker: &mut Tracker, now_ns: u64) -> bool {
        let mut old: Vec<(u64, String)> = self
            .named
            .iter()
            .filter(|(supi, at)| now_ns.saturating_sub(**at) > FORGET_NS && !self.limits.contains_key(*supi))
            .map(|(supi, at)| (*at, supi.clone()))
            .collect();
        old.sort_unstable();
        let Some((_, supi)) = old.into_iter().find(|(_, supi)| tracker.forget(supi)) else { return false };
        self.named.remove(&supi);
        self.stall.remove(&supi);
        self.subscribers.retain(|s| s.supi != supi);
        true
    }

    /// Reports about subscribers that were dropped for want of room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// Takes a report of `core`.
    pub fn core(&mut self, mut state: CoreState, _tracker: &mut Tracker, stamps: Stamps) {
        state.mono_ns = stamps.at_ns(state.mono_ns);
        if state.mono_ns >= self.core.mono_ns {
            self.core = state;
        }
    }

    /// Forgets the SNR of receivers that `ran` has not heard, or not told of, for [`SNR_SILENT_NS`].
    pub fn forget_silent(&mut self, now_ns: u64) {
        let silent = |at: Option<u64>| at.is_none_or(|at| now_ns.saturating_sub(at) > SNR_SILENT_NS);
        for s in &mut self.ran.streams {
            if silent(s.ssb_mono_ns) {
                (s.ssb_snr_db, s.cfo_hz) = (None, None);
            }
            if silent(s.beam_mono_ns) {
                (s.beam_snr_db, s.predicted_snr_db) = (None, None);
            }
            if silent(s.ssb_mono_ns) && silent(s.beam_mono_ns) {
                s.tracked = false;
            }
        }
    }

    /// What `ran` says is in force for slices.
    #[must_use]
    pub fn reported_quotas(&self) -> Option<&[QuotaInForce]> {
        self.ran.quotas.as_deref()
    }

    /// What is in force for slices.
    pub fn quotas_are(&mut self, quotas: &[QuotaInForce]) {
        for q in quotas {
            self.took(&Action::SliceQuota { sst: q.sst, sd: q.sd, min: q.min, max: q.max });
        }
    }

    /// An action is in force.
    pub fn took(&mut self, action: &Action) {
        match action {
            Action::SliceQuota { sst, sd, min, max } => {
                if let Some(s) = self.slices.iter_mut().find(|s| (s.sst, s.sd) == (*sst, *sd)) {
                    s.min = *min;
                    s.max = *max;
                }
            }
            Action::RateLimit { supi, bit_per_s } => {
                match bit_per_s {
                    Some(rate) => self.limits.insert(supi.clone(), *rate),
                    None => self.limits.remove(supi),
                };
            }
            _ => {}
        }
    }

    /// What decisions rest on.
    #[must_use]
    pub fn world(&self) -> World {
        let active = self.app.items.iter().filter(|i| i.offered_bit_per_s.unwrap_or(0.0) > 0.0).count().max(1) as f64;
        let mut whole = Vec::new();
        let mut whole_ns = Vec::new();
        let app_ns = (self.app.mono_ns > 0).then_some(self.app.mono_ns);
        let ues: Vec<UeView> = self
            .subscribers
            .iter()
            .map(|s| {
                let item = self.app.items.iter().find(|i| i.supi == s.supi);
                let at_core = self.core.items.iter().find(|i| i.supi == s.supi);
                let limit = at_core.and_then(|i| i.limit_bit_per_s);
                let (full, full_ns) = self.full_bit_per_s(s).unzip();
                whole.extend(full);
                whole_ns.extend(full_ns);
                let demand = predicted(&self.app.predictions, &s.supi);
                let offered = item.and_then(|i| i.offered_bit_per_s);
                UeView {
                    supi: s.supi.clone(),
                    ue: s.ue,
                    slice: s.slice,
                    demand_bit_per_s: demand.or(offered),
                    capacity_bit_per_s: full.map(|f| f / active),
                    offered_bit_per_s: offered,
                    delivered_bit_per_s: item.and_then(|i| i.delivered_bit_per_s),
                    resolution: item.and_then(|i| i.resolution.clone()),
                    limit_bit_per_s: limit.or_else(|| self.limits.get(&s.supi).copied()),
                    stalled: item.is_some_and(|i| i.stalled),
                    stall_ratio: self.stall.get(&s.supi).copied(),
                    at: Measured {
                        app_ns: app_ns.filter(|_| item.is_some()),
                        demand_ns: app_ns.filter(|_| demand.or(offered).is_some()),
                        capacity_ns: full_ns,
                        limit_ns: at_core.map(|_| self.core.mono_ns),
                    },
                }
            })
            .collect();
        let used: f64 = ues.iter().filter_map(|u| u.delivered_bit_per_s).sum();
        let mean = (!whole.is_empty()).then(|| whole.iter().sum::<f64>() / whole.len() as f64);
        whole_ns.extend(app_ns.filter(|_| !whole_ns.is_empty()));
        let cell =
            CellView { spare_bit_per_s: mean.map(|m| (m - used).max(0.0)), spare_ns: whole_ns.into_iter().min() };
        World { ues, slices: self.slices.clone(), cell }
    }

    /// What the whole carrier would carry to this UE, predicted where a prediction is there, and when the oldest of what that comes
    /// from was measured.
    fn full_bit_per_s(&self, s: &Subscriber) -> Option<(f64, u64)> {
        let console = console_of(&self.ran.console, s);
        let by_cqi = console.and_then(|c| c.cqi).map(|c| (capacity::from_cqi(c, self.prb), self.ran.console_mono_ns));
        let by_snr = self.stream(s).and_then(|t| {
            let snr_db = t.predicted_snr_db.or(t.beam_snr_db)?;
            Some((capacity::from_snr_db(snr_db, self.prb), t.beam_mono_ns?))
        });
        match (by_cqi, by_snr) {
            (Some((a, a_ns)), Some((b, b_ns))) => Some((a.min(b), a_ns.min(b_ns))),
            (a, b) => a.or(b),
        }
    }

    fn stream(&self, s: &Subscriber) -> Option<&StreamState> {
        self.ran.streams.iter().find(|t| Some(t.stream) == s.stream || t.supi.as_deref() == Some(s.supi.as_str()))
    }

    /// Puts everything into the state that people see.
    pub fn show(&self, state: &mut ApiState) {
        let world = self.world();
        state.ues = self.subscribers.iter().zip(&world.ues).map(|(s, view)| self.row(s, view, state)).collect();
        for row in &self.ran.console {
            let known = state.ues.iter().any(|u| &u.console == row);
            if !known {
                state.ues.push(UeRow { console: row.clone(), ..UeRow::default() });
            }
        }
        state.streams.clone_from(&self.ran.streams);
        state.fast = self.ran.fast.clone();
        for (kind, counts) in &self.ran.counts {
            state.counts.insert(kind.clone(), counts.clone());
        }
        let parts = [
            (&self.ran.predictions, &self.ran.errors),
            (&self.core.predictions, &self.core.errors),
            (&self.app.predictions, &self.app.errors),
        ];
        for (predictions, errors) in parts {
            state.predictions.extend(predictions.iter().cloned());
            state.errors.extend(errors.iter().cloned());
        }
    }

    fn row(&self, s: &Subscriber, view: &UeView, state: &ApiState) -> UeRow {
        let stream = self.stream(s);
        let ours = |e: &&Effect| e.target == s.supi || e.observed_target == s.supi || e.target == "cell";
        let last = state.actions.iter().rev().find(ours);
        UeRow {
            supi: s.supi.clone(),
            console: console_of(&self.ran.console, s).cloned().unwrap_or_default(),
            ssb_snr_db: stream.and_then(|t| t.ssb_snr_db),
            beam_snr_db: stream.and_then(|t| t.beam_snr_db),
            predicted_snr_db: stream.and_then(|t| t.predicted_snr_db),
            demand_bit_per_s: view.demand_bit_per_s,
            capacity_bit_per_s: view.capacity_bit_per_s,
            offered_bit_per_s: view.offered_bit_per_s,
            delivered_bit_per_s: view.delivered_bit_per_s,
            resolution: view.resolution.clone(),
            limit_bit_per_s: view.limit_bit_per_s,
            stalled: view.stalled,
            action: last.map(|e| e.action.clone()).unwrap_or_default(),
            effect: last.map(|e| e.verdict.name().to_owned()).unwrap_or_default(),
        }
    }
}

fn console_of<'a>(rows: &'a [ConsoleRow], s: &Subscriber) -> Option<&'a ConsoleRow> {
    rows.iter().find(|r| (s.rnti.is_some() && r.rnti == s.rnti) || (s.ue.is_some() && r.ue == s.ue))
}

fn predicted(rows: &[PredictionRow], supi: &str) -> Option<f64> {
    rows.iter().find(|p| p.series == supi && p.value.is_finite()).map(|p| p.value.max(0.0))
}

fn observe(tracker: &mut Tracker, what: Observable, target: &str, value: Option<f64>, now_ns: u64) {
    if let Some(value) = value {
        // counted by the tracker
        if let Err(error) = tracker.observe(what, target, value, now_ns) {
            tracing::debug!(%error, "an observation is dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Agent, Header, Kind};

    const S: u64 = 1_000_000_000;

    fn report(picture: &mut Picture, tracker: &mut Tracker, supis: std::ops::Range<usize>, at: u64) {
        let item = |k| AppItem { supi: format!("imsi-{k:015}"), offered_bit_per_s: Some(1e6), ..AppItem::default() };
        let state = AppState { mono_ns: at, items: supis.map(item).collect(), ..AppState::default() };
        picture.app(state, tracker, Stamps::of(&Header::new(Kind::State, Agent::App), 0, at));
    }

    #[test]
    fn subscribers_are_bounded_and_forgotten_when_they_are_gone() {
        let configured =
            |k: usize| Subscriber { supi: format!("imsi-{k:015}"), ue: None, rnti: None, stream: None, slice: None };
        let config = HubConfig { subscribers: vec![configured(0)], ..HubConfig::default() };
        let (mut picture, mut tracker) = (Picture::new(&config), Tracker::new());
        report(&mut picture, &mut tracker, 0..4096, S);
        assert_eq!(picture.world().ues.len(), MAX_SUBSCRIBERS);
        assert_eq!((picture.refused(), tracker.refused()), (4096 - MAX_SUBSCRIBERS as u64, 0));
        assert_eq!(picture.app.items.len(), MAX_SUBSCRIBERS, "what is dropped takes no part in the cell either");
        report(&mut picture, &mut tracker, 5000..5001, 2 * S);
        assert_eq!(picture.refused(), 4097 - MAX_SUBSCRIBERS as u64, "nobody is gone yet");
        report(&mut picture, &mut tracker, 5000..5010, 62 * S);
        let ues = picture.world().ues;
        assert_eq!(ues.len(), MAX_SUBSCRIBERS);
        assert_eq!(ues.iter().filter(|u| u.supi.as_str() >= "imsi-000000000005000").count(), 10);
        assert_eq!(ues[0].supi, "imsi-000000000000000", "who is configured stays");
        assert_eq!(tracker.mean(Observable::OfferedBitPerS, "imsi-000000000000001", 62 * S, 62 * S), None);
        let limit = Action::RateLimit { supi: "imsi-000000000000050".into(), bit_per_s: Some(1e6) };
        picture.took(&limit);
        report(&mut picture, &mut tracker, 6000..6500, 63 * S);
        assert!(picture.world().ues.iter().any(|u| u.supi == "imsi-000000000000050"), "its limit is in force");
        assert_eq!(
            picture.stall.len(),
            MAX_SUBSCRIBERS - 1 + usize::from(picture.stall.contains_key("imsi-000000000000000"))
        );
    }
}

//! The check itself: pure but for the memory of what was written and what became of it.

use super::limits::{Bounds, ConsoleLimits};
use super::refusal::Refusal;
use ran_bridge::gnb::console::{ConsoleCommand, Pci, Thousandths, Verdict};
use std::collections::BTreeMap;

/// Ports and sectors that are kept in mind at most.
const MAX_PLACES: usize = 64;

/// A command that passed. Only [`ConsoleGuard::check`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit(ConsoleCommand);

impl Permit {
    /// The command.
    #[must_use]
    pub const fn command(&self) -> ConsoleCommand {
        self.0
    }
}

/// What may be in force: one value, or the ends between which commands without an answer have left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Possible {
    /// Lowest.
    pub least: Thousandths,
    /// Highest.
    pub most: Thousandths,
}

impl Possible {
    const fn exactly(value: Thousandths) -> Self {
        Self { least: value, most: value }
    }

    fn or(self, value: Thousandths) -> Self {
        Self { least: self.least.min(value), most: self.most.max(value) }
    }
}

#[derive(Debug)]
struct Track {
    now: Possible,
    /// Before the last command.
    before: Possible,
    last_ns: Option<u64>,
}

/// A number that a command sets, and where.
struct Setting<'a> {
    name: &'static str,
    key: &'static str,
    unit: &'static str,
    place: u8,
    value: Thousandths,
    bounds: Option<&'a Bounds>,
}

/// The guard of one gNB's console.
#[derive(Debug)]
pub struct ConsoleGuard {
    limits: ConsoleLimits,
    tracks: BTreeMap<(&'static str, u8), Track>,
    last_handover_ns: Option<u64>,
}

impl ConsoleGuard {
    /// One that knows what the gNB starts with by its limits.
    #[must_use]
    pub const fn new(limits: ConsoleLimits) -> Self {
        Self { limits, tracks: BTreeMap::new(), last_handover_ns: None }
    }

    /// Whether a command may be written now. Nothing is remembered until [`ConsoleGuard::written`].
    ///
    /// # Errors
    /// [`Refusal`], which says what would have passed.
    pub fn check(&self, now_ns: u64, command: ConsoleCommand) -> Result<Permit, Refusal> {
        match command {
            ConsoleCommand::Handover { target_pci, .. } => self.handover(now_ns, target_pci)?,
            ConsoleCommand::Log { level, .. } => {
                let allowed = &self.limits.log_levels;
                if allowed.is_empty() {
                    return Err(Refusal::NotAllowed { name: "log", key: "log_levels" });
                }
                if !allowed.contains(&level) {
                    let allowed = allowed.iter().map(|l| l.name()).collect();
                    return Err(Refusal::Level { level: level.name(), allowed });
                }
            }
            ConsoleCommand::ToggleTable { .. } => {}
            _ => self.setting(now_ns, command)?,
        }
        Ok(Permit(command))
    }

    fn handover(&self, now_ns: u64, target: Pci) -> Result<(), Refusal> {
        let allowed = &self.limits.handover_targets;
        if allowed.is_empty() {
            return Err(Refusal::NotAllowed { name: "ho", key: "handover" });
        }
        if !allowed.contains(&target) {
            let allowed = allowed.iter().map(|pci| u32::from(*pci)).collect();
            return Err(Refusal::Target { pci: target.into(), allowed });
        }
        soon("ho", now_ns, self.last_handover_ns, self.limits.handover_interval_ns)
    }

    fn setting(&self, now_ns: u64, command: ConsoleCommand) -> Result<(), Refusal> {
        let Some(set) = setting(&self.limits, command) else { return Ok(()) };
        let (name, unit) = (set.name, set.unit);
        let bounds = set.bounds.ok_or(Refusal::NotAllowed { name, key: set.key })?;
        if set.value < bounds.min || set.value > bounds.max {
            let (min, max) = (bounds.min.into(), bounds.max.into());
            return Err(Refusal::Range { name, value: set.value.into(), min, max, unit });
        }
        let track = self.tracks.get(&(name, set.place));
        if track.is_none() && self.tracks.len() >= MAX_PLACES {
            return Err(Refusal::TooManyPlaces { max: MAX_PLACES });
        }
        let now = track.map_or(Possible::exactly(bounds.start), |t| t.now);
        let step = (set.value.count() - now.least.count()).abs().max((set.value.count() - now.most.count()).abs());
        if step > bounds.max_step.count() {
            return Err(Refusal::Step { name, step: step as f64 / 1e3, max: bounds.max_step.into(), unit });
        }
        soon(name, now_ns, track.and_then(|t| t.last_ns), bounds.min_interval_ns)
    }

    /// It was written: until it is settled both the old and the new value may be in force.
    pub fn written(&mut self, now_ns: u64, permit: &Permit) {
        if matches!(permit.0, ConsoleCommand::Handover { .. }) {
            self.last_handover_ns = Some(now_ns);
        }
        let Some(set) = setting(&self.limits, permit.0) else { return };
        let Some(bounds) = set.bounds else { return };
        let start = Possible::exactly(bounds.start);
        let (key, value) = ((set.name, set.place), set.value);
        let track = self.tracks.entry(key).or_insert(Track { now: start, before: start, last_ns: None });
        *track = Track { now: track.now.or(value), before: track.now, last_ns: Some(now_ns) };
    }

    /// What became of the last command that was written to this place.
    pub fn settled(&mut self, command: ConsoleCommand, verdict: Verdict) {
        let Some(set) = setting(&self.limits, command) else { return };
        let Some(track) = self.tracks.get_mut(&(set.name, set.place)) else { return };
        match verdict {
            Verdict::Done => track.now = Possible::exactly(set.value),
            Verdict::Refused(_) | Verdict::NotKnown => track.now = track.before,
            Verdict::Partly | Verdict::Unconfirmed => {}
        }
    }

    /// What may be in force of all that was set: command, port or sector, value.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, u8, Possible)> + '_ {
        self.tracks.iter().map(|((name, place), track)| (*name, *place, track.now))
    }
}

fn soon(name: &'static str, now_ns: u64, last_ns: Option<u64>, interval_ns: u64) -> Result<(), Refusal> {
    let free_ns = last_ns.map_or(0, |last| last.saturating_add(interval_ns));
    if now_ns >= free_ns { Ok(()) } else { Err(Refusal::TooSoon { name, wait_s: (free_ns - now_ns) as f64 * 1e-9 }) }
}

fn setting(limits: &ConsoleLimits, command: ConsoleCommand) -> Option<Setting<'_>> {
    let (key, unit, place, value, bounds) = match command {
        ConsoleCommand::TxGain { port, gain_db } => ("tx_gain", "dB", port, gain_db, &limits.tx_gain),
        ConsoleCommand::RxGain { port, gain_db } => ("rx_gain", "dB", port, gain_db, &limits.rx_gain),
        ConsoleCommand::Cfo { sector, offset_hz } => ("cfo", "Hz", sector, offset_hz, &limits.cfo),
        ConsoleCommand::TxTimeOffset { sector, offset_us } => {
            ("tx_time_offset", "us", sector, offset_us, &limits.tx_time_offset)
        }
        _ => return None,
    };
    Some(Setting { name: command.name(), key, unit, place, value, bounds: bounds.as_ref() })
}

#[cfg(test)]
mod tests;

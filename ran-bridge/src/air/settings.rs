//! What was set last, kept for the process that goes on after this one: so a crash takes no beam, power or noise back.

use super::commands::carry_out;
use super::engine::Engine;
use super::msg::{At, Command, Setting};
use crate::iq::Ledger;

/// Kinds of settings, in the order in which they are set again.
const PLACES: usize = 7;
/// Longest that is kept, bytes of JSON.
const ROOM: usize = 1 << 16;

/// The place of a command; `None` where it sets nothing that lasts.
const fn place(command: &Command) -> Option<usize> {
    match command {
        Command::Slots { .. } => Some(0),
        Command::Wide { .. } => Some(1),
        Command::Sounding { .. } => Some(2),
        Command::Weights { .. } | Command::SubBands { .. } => Some(3),
        Command::UplinkWeights { .. } => Some(4),
        Command::Power { .. } => Some(5),
        Command::ArtificialNoise { .. } => Some(6),
        _ => None,
    }
}

/// A change of a batch as a command of its own, from the next slot on.
fn command_of(setting: Setting) -> Command {
    let (at, cause) = (At::NextSlot, 0);
    match setting {
        Setting::Weights { weights } => Command::Weights { at, weights, cause },
        Setting::SubBands(sub_bands) => Command::SubBands { at, sub_bands, cause },
        Setting::Power { power_db } => Command::Power { at, power_db },
        Setting::ArtificialNoise(noise) => Command::ArtificialNoise { at, noise },
        Setting::UplinkWeights { weights } => Command::UplinkWeights { at, weights, cause },
    }
}

/// The settings a command makes, as they are kept; nothing where nobody would read them.
pub(super) fn made_by(command: &Command, ledger: &Ledger) -> Vec<(usize, Vec<u8>)> {
    if !ledger.is_kept() {
        return Vec::new();
    }
    let json = |c: &Command| place(c).zip(serde_json::to_vec(c).ok().filter(|text| text.len() <= ROOM));
    match command {
        Command::Batch { changes, .. } => changes.iter().cloned().filter_map(|s| json(&command_of(s))).collect(),
        one => json(one).into_iter().collect(),
    }
}

/// Keeps them: they were accepted.
pub(super) fn keep(ledger: &Ledger, made: &[(usize, Vec<u8>)]) {
    for (place, text) in made {
        ledger.note_text(*place, ROOM, text);
    }
}

impl Engine<'_> {
    /// Sets again what was set last, from the next slot on.
    pub(super) fn restore_settings(&mut self) {
        let mut text = Vec::new();
        for place in 0..PLACES {
            self.ledger.text(place, ROOM, &mut text);
            let Ok(mut command) = serde_json::from_slice::<Command>(&text) else { continue };
            // what was to be at a sample is overdue, or is a little early now
            if let Command::Weights { at, .. }
            | Command::SubBands { at, .. }
            | Command::Power { at, .. }
            | Command::ArtificialNoise { at, .. }
            | Command::UplinkWeights { at, .. } = &mut command
            {
                *at = At::NextSlot;
            }
            if let Err(reason) = carry_out(self, command) {
                tracing::warn!(reason, "a setting of before is not taken again");
            }
        }
    }
}

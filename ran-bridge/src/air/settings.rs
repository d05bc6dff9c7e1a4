//! What was set last, kept for the process that goes on after this one: what it sends with its first sample has the beam, power and noise
//! that were set last, without a ramp. Only weights by sub-band begin with its first symbol; before, the weights of the start hold.

use super::commands::{carry_out, cause_of, tell, wide};
use super::engine::Engine;
use super::msg::{At, Command, Setting};
use crate::clock::mono_ns;
use crate::iq::Ledger;

/// Kinds of settings, in the order in which they are set again.
const PLACES: usize = 7;
/// Longest that is kept, bytes of JSON: 275 sub-bands of 16 antennas and 4 ports have less than 0.5 MB.
const ROOM: usize = 1 << 20;

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

/// The settings a command makes, as they are kept; nothing where nobody would read them. One that is too long is an empty text, so that
/// no older one comes back in its place.
pub(super) fn made_by(command: &Command, ledger: &Ledger) -> Vec<(usize, Vec<u8>)> {
    if !ledger.is_kept() {
        return Vec::new();
    }
    let json = |c: &Command| {
        let place = place(c)?;
        let text = serde_json::to_vec(c).ok().filter(|text| text.len() <= ROOM).unwrap_or_else(|| {
            tracing::warn!(
                most = ROOM,
                "a setting is too long to be kept: after a restart of the worker it must be set again"
            );
            Vec::new()
        });
        Some((place, text))
    };
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
    /// Sets again what was set last, with the next sample in force; it is told as an [`Event::Applied`](super::Event::Applied) of no command.
    pub(super) fn restore_settings(&mut self) {
        let mut text = Vec::new();
        let (dl, ul) = (At::Sample(self.dl), At::Sample(self.ul));
        for place in 0..PLACES {
            self.ledger.text(place, ROOM, &mut text);
            let Ok(mut command) = serde_json::from_slice::<Command>(&text) else { continue };
            let read_mono_ns = mono_ns();
            let cause = cause_of(&command);
            match &mut command {
                Command::Weights { at, .. }
                | Command::SubBands { at, .. }
                | Command::Power { at, .. }
                | Command::ArtificialNoise { at, .. } => *at = dl,
                Command::UplinkWeights { at, .. } => *at = ul,
                _ => {}
            }
            let done = match command {
                Command::Wide { weights } => wide(self, Some(self.dl), &weights).map(|done| vec![done]),
                command => carry_out(self, command),
            };
            match done {
                Ok(done) => tell(self, done, (0, cause), (read_mono_ns, mono_ns())),
                Err(reason) => tracing::warn!(reason, "a setting of before is not taken again"),
            }
        }
        self.front_end.settle();
        self.combiner.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::super::stand_in::{Heard, cell, ledger, with_engine};
    use super::super::{Event, NoiseSetting, PeerState, Standing};
    use super::*;
    use crate::front_end::{Plan, SubBand, SubBands};
    use num_complex::Complex32;

    fn set(ledger: &Ledger, command: &Command) {
        keep(ledger, &made_by(command, ledger));
    }

    fn at_start(ledger: &Ledger, each: impl FnOnce(&mut Engine<'_>)) -> Vec<Event> {
        let from = Standing { dl_base: 1000, ul_base: 0, gnb: PeerState::Present, ues: vec![], next_fault: 1 };
        let mut heard = Heard::default();
        with_engine(&cell(2), ledger, Some(from), &mut heard, each);
        heard.events
    }

    #[test]
    fn the_first_sample_has_what_was_set_and_it_is_told() {
        let ledger = ledger();
        let at = At::Sample(999_999);
        let beam = [Complex32::new(0.6, 0.0), Complex32::new(0.0, 0.6)];
        set(&ledger, &Command::Weights { at, weights: beam.to_vec(), cause: 7 });
        set(&ledger, &Command::Power { at, power_db: -6.0206 });
        set(&ledger, &Command::UplinkWeights { at, weights: beam.to_vec(), cause: 0 });
        set(&ledger, &Command::Wide { weights: vec![Complex32::new(0.5, 0.0); 2] });
        let noise = NoiseSetting { dbfs: None, ..NoiseSetting::default() };
        set(&ledger, &Command::ArtificialNoise { at, noise });
        let events = at_start(&ledger, |engine| {
            let mut plan = Plan::new(engine.front_end.width(), 64);
            engine.front_end.plan(100, &mut plan);
            assert_eq!(plan.start, 1000);
            let (_, from, to) = plan.pieces().next().unwrap();
            assert_eq!(from, to, "a ramp");
            let inputs = from.len() / 2;
            assert!((from[0] - beam[0] * 0.5).norm() < 1e-6 && (from[inputs] - beam[1] * 0.5).norm() < 1e-6);
            engine.combiner.plan(100, &mut engine.ul_plan);
            let (_, from, to) = engine.ul_plan.pieces().next().unwrap();
            assert_eq!((from, to), (&beam[..], &beam[..]));
        });
        let applied: Vec<(u64, &str, u64, u64)> = events
            .iter()
            .filter_map(|e| match e {
                Event::Applied { seq, what, sample, cause, .. } => Some((*seq, &what[..], *sample, *cause)),
                _ => None,
            })
            .collect();
        let want = [("wide", 0), ("weights", 7), ("uplink_weights", 0), ("power", 0), ("artificial_noise", 0)];
        for ((seq, what, sample, cause), want) in applied.iter().zip(want) {
            let first = if *what == "uplink_weights" { 0 } else { 1000 };
            assert_eq!((*seq, *sample, (*what, *cause)), (0, first, want));
        }
        assert_eq!(applied.len(), want.len());
    }

    #[test]
    fn what_is_too_long_to_be_kept_brings_nothing_older_back() {
        let ledger = ledger();
        let weights = vec![Complex32::new(0.123_456_7, -0.123_456_7); 64];
        set(&ledger, &Command::Weights { at: At::NextSlot, weights: weights.clone(), cause: 0 });
        let mut text = Vec::new();
        ledger.text(3, ROOM, &mut text);
        assert!(text.len() > 64);
        // the most that a carrier of 275 blocks can have fits
        let of = |bands: u16| {
            let band = |first_prb| SubBand { first_prb, prbs: 1, weights: weights.clone() };
            let sub_bands = SubBands { scs_hz: 30_000, carrier_prbs: bands, bands: (0..bands).map(band).collect() };
            Command::SubBands { at: At::NextSlot, sub_bands, cause: 0 }
        };
        set(&ledger, &of(275));
        ledger.text(3, ROOM, &mut text);
        assert_eq!(serde_json::from_slice::<Command>(&text).unwrap(), of(275));
        set(&ledger, &of(2000));
        ledger.text(3, ROOM, &mut text);
        assert!(text.is_empty());
    }
}

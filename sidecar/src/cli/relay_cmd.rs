//! `sidecar relay`.

use super::error::CliError;
use super::exit::Exit;
use super::stop::Stop;
use crate::config::Config;
use crate::relay::{RelayError, RelayStatus, run};

/// Runs the relay until it is stopped, or the guard ends it.
pub(super) fn relay(config: &Config, phrase: &str, stop: &Stop) -> Result<(), CliError> {
    let mut told = Told::default();
    let done = run(&config.relay(phrase), crate::clock::mono_ns, stop.flag(), &mut |status| told.tell(status))?;
    tracing::info!(status = serde_json::to_string(&done).unwrap_or_default(), "the relay has ended");
    Ok(())
}

/// What was said last: it is said again when something has gone wrong since, and now and then.
#[derive(Default)]
struct Told {
    wrong: u64,
    looks: u32,
}

/// Looks between two lines where nothing goes wrong.
const EVERY: u32 = 20;

impl Told {
    fn tell(&mut self, s: &RelayStatus) {
        let late: u64 = s.legs.iter().map(|l| l.late_samples).sum();
        let moves: u64 = s.legs.iter().map(|l| l.moves).sum();
        let wrong = late + moves + s.radio_lost_samples + s.skipped_samples + s.refused_pieces + s.guard.underflows;
        self.looks += 1;
        if s.on_air.is_none() || (wrong == self.wrong && self.looks < EVERY) {
            return;
        }
        (self.wrong, self.looks) = (wrong, 0);
        let us = |ns: Option<u64>| ns.map_or("-".to_owned(), |ns| format!("{} us", ns / 1000));
        tracing::info!(
            sent = s.guard.sent,
            late,
            missing = s.legs.iter().map(|l| l.missing_samples).sum::<u64>(),
            radio_lost = s.radio_lost_samples,
            skipped = s.skipped_samples,
            guard_late = s.guard.late,
            dry = s.guard.underflows,
            moves,
            margin_p1 = us(s.margin.p1_ns),
            margin_p50 = us(s.margin.p50_ns),
            "ON AIR"
        );
    }
}

impl From<RelayError> for CliError {
    fn from(e: RelayError) -> Self {
        let (exit, help) = match e {
            RelayError::Guard(e) => return e.into(),
            RelayError::Config(_) => (Exit::Config, "docs/relay.md has a configuration that works"),
            RelayError::Socket { .. } | RelayError::Poll(_) | RelayError::Metrics(_) => {
                (Exit::System, "`ss -lxtnp` tells who has the address")
            }
            RelayError::Ended(_) => (Exit::Refused, "`sidecar tx status` and `sidecar tx log` tell more"),
        };
        Self::new(exit, e, help)
    }
}

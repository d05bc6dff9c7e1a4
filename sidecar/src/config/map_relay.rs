//! From the configuration to what the relay takes.

use super::sections::Config;
use crate::relay::{CalibrateConfig, LegConfig, RelayConfig};

impl Config {
    /// What the process `relay` takes; `phrase`: what the operator has typed.
    #[must_use]
    pub fn relay(&self, phrase: &str) -> RelayConfig {
        let r = &self.relay;
        let ns = |s: f64| (s.max(0.0) * 1e9).round() as u64;
        RelayConfig {
            guard: self.tx.control.clone(),
            legs: r
                .legs
                .iter()
                .map(|l| LegConfig {
                    name: l.name.clone(),
                    from: l.from.clone(),
                    to: l.to.clone(),
                    transmit: l.transmit,
                    receive: l.receive,
                })
                .collect(),
            gain_db: r.gain.db(),
            phrase: phrase.to_owned(),
            lead_ns: ns(r.lead.s()),
            piece_ns: ns(r.piece.s()),
            transmit_delay: r.transmit_delay_samples,
            time_alignment: r.time_alignment_samples,
            calibrate: r.calibrate.as_ref().map(|c| CalibrateConfig {
                receive: c.receive,
                amplitude: 10_f32.powf(c.level.dbfs() as f32 / 20.0),
                rounds: c.rounds,
            }),
            metrics: r.metrics.at(),
        }
    }
}

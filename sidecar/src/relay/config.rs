//! What the relay is started with.

use super::error::RelayError;
use crate::telemetry::MetricsAt;

/// A peer and its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegConfig {
    /// What people call it.
    pub name: String,
    /// Where its samples come from: its `tx_port`, or the `rx` of the receiver of `air` that this leg is.
    pub from: String,
    /// Where what is received for it is served: its `rx_port`, or the `tx` of that receiver.
    pub to: String,
    /// Which of the guard's transmit channels, from 0.
    pub transmit: usize,
    /// Which of the guard's receive channels, from 0.
    pub receive: usize,
}

/// A measurement of the transmit chains against each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrateConfig {
    /// Which of the guard's receive channels listens, from 0.
    pub receive: usize,
    /// Of its bursts, relative to full scale.
    pub amplitude: f32,
    /// Bursts of each chain.
    pub rounds: usize,
}

/// The relay.
#[derive(Debug, Clone, PartialEq)]
pub struct RelayConfig {
    /// `ipc://` path of the guard's socket.
    pub guard: String,
    /// The peers.
    pub legs: Vec<LegConfig>,
    /// Gain setting of the transmitter, dB.
    pub gain_db: f64,
    /// What the policy wants typed before anything goes into the air.
    pub phrase: String,
    /// Samples are with the guard so long before they go out, ns.
    pub lead_ns: u64,
    /// They are handed over in pieces of this length, ns.
    pub piece_ns: u64,
    /// What is sent goes out so many samples after what is received at the same index.
    pub transmit_delay: u64,
    /// Samples from the transmit to the receive connector's time stamps through a cable; what is received is taken so much later.
    pub time_alignment: u64,
    /// How the transmit chains are measured before each chain of bursts; `None` = they are not, and samples go out as they are.
    pub calibrate: Option<CalibrateConfig>,
    /// Where it serves `/metrics`.
    pub metrics: MetricsAt,
}

/// Shortest and longest piece, ns.
const PIECES_NS: std::ops::RangeInclusive<u64> = 50_000..=5_000_000;
/// Longest lead, ns: with a piece it stays below what may be unsent.
const MAX_LEAD_NS: u64 = 12_000_000;

impl RelayConfig {
    /// Whether it makes sense for a guard with so many channels.
    ///
    /// # Errors
    /// [`RelayError::Config`].
    pub fn check(&self, transmit: usize, receive: usize) -> Result<(), RelayError> {
        let wrong = |what: String| Err(RelayError::Config(what));
        if self.legs.is_empty() {
            return wrong("relay.legs is empty: name the addresses of a gNB, a UE or a receiver of air".into());
        }
        if !PIECES_NS.contains(&self.piece_ns) {
            return wrong(format!("relay.piece is {} us: give 50 us to 5 ms", self.piece_ns / 1000));
        }
        if self.lead_ns > MAX_LEAD_NS {
            return wrong(format!("relay.lead is {} us: give 12 ms at most", self.lead_ns / 1000));
        }
        if let Some(c) = self.calibrate.filter(|c| c.receive >= receive) {
            return wrong(format!(
                "relay.calibrate.receive is {}; the guard has {receive}: see tx.listen.channels",
                c.receive
            ));
        }
        for (i, leg) in self.legs.iter().enumerate() {
            if leg.transmit >= transmit || leg.receive >= receive {
                return wrong(format!(
                    "leg `{}` wants transmit channel {} and receive channel {}; the guard has {transmit} and {receive}: see tx.channels and tx.listen.channels",
                    leg.name, leg.transmit, leg.receive
                ));
            }
            if let Some(other) = self.legs[..i].iter().find(|l| l.transmit == leg.transmit) {
                return wrong(format!("legs `{}` and `{}` transmit on one channel", other.name, leg.name));
            }
        }
        Ok(())
    }
}

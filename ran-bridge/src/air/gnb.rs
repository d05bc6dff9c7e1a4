//! The gNB's side: its wires, or a recording in its place.

use super::config::{AirConfig, AirError, GnbEnd};
use super::msg::PeerState;
use super::wires::Numbers;
use crate::iq::zmtp::Role;
use crate::iq::{self, BYTES_PER_SAMPLE, Ledger, MAX_REPLY_SAMPLES, SampleFifo, Wire};
use num_complex::Complex32;

/// Wires of a gNB: one a port and direction.
pub(super) struct Wires {
    pub(super) tx: Vec<Wire>,
    pub(super) rx: Vec<Wire>,
}

impl Wires {
    /// Uplink samples of the answers that were begun, on the port that is farthest.
    pub(super) fn begun_samples(&self) -> u64 {
        self.rx.iter().map(begun_samples).max().unwrap_or(0)
    }
}

/// Samples of the answers that were begun over a wire's present connection.
pub(super) fn begun_samples(wire: &Wire) -> u64 {
    wire.sample_bytes().1 / BYTES_PER_SAMPLE as u64 + wire.owed_samples()
}

/// A recording and where it stands.
pub(super) struct Player {
    samples: Vec<Complex32>,
    at: usize,
    repeat: bool,
}

impl Player {
    /// Copies the next samples; fewer than asked at the end of a recording that is not repeated.
    pub(super) fn next(&mut self, fifo: &mut SampleFifo, n: usize) -> usize {
        let mut done = 0;
        while done < n {
            if self.at == self.samples.len() {
                if !self.repeat {
                    break;
                }
                self.at = 0;
            }
            let k = (n - done).min(self.samples.len() - self.at);
            let Some(space) = fifo.grow(k) else { break };
            space.copy_from_slice(&self.samples[self.at..self.at + k]);
            self.at += k;
            done += k;
        }
        done
    }

    pub(super) const fn finished(&self) -> bool {
        !self.repeat && self.at == self.samples.len()
    }
}

/// Where the downlink comes from and the uplink goes to.
pub(super) struct Gnb {
    pub(super) wires: Option<Wires>,
    pub(super) player: Option<Player>,
    /// Downlink of each port that is not processed yet.
    pub(super) ports: Vec<SampleFifo>,
    /// Uplink of each receive port that is mixed and not written yet: the rest of replies that were begun.
    pub(super) mixed: Vec<SampleFifo>,
    pub(super) state: PeerState,
    pub(super) told_silent: bool,
}

impl Gnb {
    pub(super) fn open(config: &AirConfig, numbers: &mut Numbers, ledger: &Ledger) -> Result<Self, AirError> {
        let (wires, player) = match &config.gnb {
            GnbEnd::Zmq { tx, rx } => {
                let tx = tx.iter().map(|a| Wire::new(Role::Req, a, numbers.next(), ledger.clone())).collect();
                let rx = rx.iter().map(|a| Wire::new(Role::Rep, a, numbers.next(), ledger.clone())).collect();
                (Some(Wires { tx, rx }), None)
            }
            GnbEnd::Recording { path, repeat } => {
                let recording = iq::read(path)?;
                if (recording.rate_hz - config.rate_hz).abs() > 1e-6 * config.rate_hz {
                    return Err(AirError::Rate { recording_hz: recording.rate_hz, air_hz: config.rate_hz });
                }
                if recording.samples.is_empty() {
                    return Err(AirError::Config(format!("{} has no sample to play", path.display())));
                }
                (None, Some(Player { samples: recording.samples, at: 0, repeat: *repeat }))
            }
        };
        Ok(Self {
            ports: (0..config.ports()).map(|_| SampleFifo::new(2 * MAX_REPLY_SAMPLES)).collect(),
            mixed: (0..config.rx_ports()).map(|_| SampleFifo::new(2 * MAX_REPLY_SAMPLES)).collect(),
            state: if player.is_some() { PeerState::Present } else { PeerState::Awaited },
            wires,
            player,
            told_silent: false,
        })
    }

    /// Samples that every port has.
    pub(super) fn ready(&self) -> usize {
        self.ports.iter().map(SampleFifo::len).min().unwrap_or(0)
    }

    /// Whether every receive port asks, and nothing is left of the answers before.
    pub(super) fn asks(&self) -> bool {
        self.wires.as_ref().is_some_and(|w| w.rx.iter().all(|l| l.requested() && l.unwritten() == 0))
    }

    /// Uplink samples of the answers that were begun over its present connection.
    pub(super) fn begun_samples(&self) -> u64 {
        self.wires.as_ref().map_or(0, Wires::begun_samples)
    }

    /// Whether there is a connection to its transmit, and from its receive ports.
    pub(super) fn is_up(&self) -> (bool, bool) {
        let all = |wires: &[Wire]| wires.iter().all(Wire::is_up);
        self.wires.as_ref().map_or((true, true), |w| (all(&w.tx), all(&w.rx)))
    }
}

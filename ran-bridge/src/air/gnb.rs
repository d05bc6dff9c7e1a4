//! The gNB's side: its wires, or a recording in its place.

use super::config::{AirConfig, AirError, GnbEnd};
use super::msg::PeerState;
use crate::iq::{self, Link, MAX_REPLY_SAMPLES, Role, SampleFifo};
use num_complex::Complex32;

/// Wires of a gNB.
pub(super) struct Wires {
    pub(super) tx: Vec<Link>,
    pub(super) rx: Link,
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
    pub(super) state: PeerState,
    pub(super) told_silent: bool,
    pub(super) tx_up: bool,
    /// Connections to its receive wire.
    pub(super) rx_up: u32,
}

impl Gnb {
    pub(super) fn open(context: &zmq::Context, config: &AirConfig) -> Result<Self, AirError> {
        let open = |role, address: &String, wire: String| {
            Link::open(context, role, address, &wire).map_err(|source| AirError::Socket {
                name: "gnb".into(),
                address: address.clone(),
                source,
            })
        };
        let (wires, player) = match &config.gnb {
            GnbEnd::Zmq { tx, rx } => {
                let tx = tx
                    .iter()
                    .enumerate()
                    .map(|(i, a)| open(Role::Req, a, format!("gnb-tx{i}")))
                    .collect::<Result<_, _>>()?;
                (Some(Wires { tx, rx: open(Role::Rep, rx, "gnb-rx".into())? }), None)
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
            state: if player.is_some() { PeerState::Present } else { PeerState::Awaited },
            wires,
            player,
            told_silent: false,
            tx_up: false,
            rx_up: 0,
        })
    }

    /// Samples that every port has.
    pub(super) fn ready(&self) -> usize {
        self.ports.iter().map(SampleFifo::len).min().unwrap_or(0)
    }
}

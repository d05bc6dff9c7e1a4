//! What the data plane is told at its start, and what it says at its end.

use super::{Counters, StageTime};
use crate::emulator::{EmulatorConfig, LinkConfig};
use crate::iq::SigmfError;
use num_complex::Complex32;
use std::path::PathBuf;

/// Most receivers.
pub const MAX_UES: usize = 16;
/// Most ports of the gNB.
pub const MAX_PORTS: usize = 4;
/// Most antennas.
pub const MAX_ANTENNAS: usize = 16;
/// Fewest samples from one exact value of a channel to the next: below, computing channels would take longer than applying them.
const LEAST_UPDATE_SAMPLES: u64 = 8;

/// Where the downlink comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum GnbEnd {
    /// A gNB with the ZMQ radio.
    Zmq {
        /// Addresses its transmit ports bind (REP); `air` connects. One a port.
        tx: Vec<String>,
        /// Addresses its receive ports connect to (REQ); `air` binds. One a port.
        rx: Vec<String>,
    },
    /// A SigMF recording, played as if it were a gNB with one port; uplink is dropped.
    Recording {
        /// The `.sigmf-meta` (or `.sigmf-data`) file.
        path: PathBuf,
        /// Begin again at the end; else `run` returns when all is played.
        repeat: bool,
    },
}

/// One receiver: a UE, an eavesdropper, or a monitor without wires.
#[derive(Debug, Clone, PartialEq)]
pub struct UeEnd {
    /// Name in events and logs.
    pub name: String,
    /// Address its receive port connects to (REQ); `air` binds. `None` = a monitor inside `air`.
    pub rx: Option<String>,
    /// Address its transmit port binds (REP); `air` connects. `None` = it never transmits.
    pub tx: Option<String>,
    /// Its channel.
    pub link: LinkConfig,
    /// Gain of its uplink, dB.
    pub uplink_gain_db: f32,
    /// The channel of its uplink to the antennas; `None` = a cable. The gain above comes on top.
    pub uplink: Option<LinkConfig>,
}

impl UeEnd {
    /// A receiver on a cable.
    #[must_use]
    pub fn cable(name: &str, rx: Option<&str>, tx: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            rx: rx.map(str::to_owned),
            tx: tx.map(str::to_owned),
            link: LinkConfig::default(),
            uplink_gain_db: 0.0,
            uplink: None,
        }
    }
}

impl UeEnd {
    /// The channel of its uplink with its gain.
    #[must_use]
    pub fn uplink_link(&self) -> LinkConfig {
        let link = self.uplink.clone().unwrap_or_default();
        LinkConfig { gain_db: link.gain_db + self.uplink_gain_db, ..link }
    }
}

/// Configuration of the data plane.
#[derive(Debug, Clone, PartialEq)]
pub struct AirConfig {
    /// Sample rate of every stream.
    pub rate_hz: f64,
    /// Virtual antennas M, 1 … 16.
    pub antennas: usize,
    /// Weights at the start, M×P row-major; empty = antenna `p` gets port `p`.
    pub weights: Vec<Complex32>,
    /// The gNB.
    pub gnb: GnbEnd,
    /// The receivers, at most 16.
    pub ues: Vec<UeEnd>,
    /// What the channels have in common.
    pub emulator: EmulatorConfig,
    /// Samples of a slot.
    pub slot_samples: u32,
    /// Downlink index of a slot start.
    pub slot_boundary: u64,
    /// Samples over which a change of weights, power or noise is a straight line; at least one cyclic prefix.
    pub ramp_samples: u32,
    /// Uplink never goes further than this ahead of the downlink taken from the gNB.
    pub uplink_lead_samples: u64,
    /// How long the start waits for receivers that are not there yet, wall time; 0 = not at all.
    pub start_wait_ms: u64,
    /// A receiver that holds up the others this long (wall time) is given up until it comes back.
    pub late_after_ms: u64,
    /// Silence after which a peer's state is told with what to do, wall time.
    pub silent_after_ms: u64,
    /// End as soon as a sample is lost, invented, late or no number, or a message is malformed ([`Counters::hard`]).
    pub strict: bool,
    /// Radio time for each wall time; `None` = as fast as it goes.
    pub pace: Option<f64>,
}

impl AirConfig {
    /// A lab of one port and `antennas` antennas at `rate_hz` with 1 ms slots; everything else at its default.
    #[must_use]
    pub fn lab(rate_hz: f64, antennas: usize, gnb: GnbEnd, ues: Vec<UeEnd>) -> Self {
        let slot = (rate_hz / 1000.0).round();
        Self {
            rate_hz,
            antennas,
            weights: Vec::new(),
            gnb,
            ues,
            emulator: EmulatorConfig::default(),
            slot_samples: slot as u32,
            slot_boundary: 0,
            //= TS 38.211 §5.3.1: the cyclic prefix of symbol 0 is (144 + 16)·64·T_c = 5.208 µs at 15 kHz
            ramp_samples: (rate_hz * 160.0 / 30.72e6).ceil() as u32,
            uplink_lead_samples: slot as u64 * 4,
            start_wait_ms: 0,
            late_after_ms: 1000,
            silent_after_ms: 3000,
            strict: false,
            pace: None,
        }
    }

    /// Ports P of the gNB.
    #[must_use]
    pub const fn ports(&self) -> usize {
        match &self.gnb {
            GnbEnd::Zmq { tx, .. } => tx.len(),
            GnbEnd::Recording { .. } => 1,
        }
    }

    /// Receive ports of the gNB.
    #[must_use]
    pub const fn rx_ports(&self) -> usize {
        match &self.gnb {
            GnbEnd::Zmq { rx, .. } => rx.len(),
            GnbEnd::Recording { .. } => 0,
        }
    }

    /// The weights at the start, M×P.
    #[must_use]
    pub fn start_weights(&self) -> Vec<Complex32> {
        if !self.weights.is_empty() {
            return self.weights.clone();
        }
        let (m, p) = (self.antennas, self.ports());
        (0..m * p).map(|i| if i / p == i % p { Complex32::ONE } else { Complex32::ZERO }).collect()
    }

    /// Samples of the time in which a UE that does not know the cell has met one of its blocks.
    #[must_use]
    pub fn block_period_samples(&self) -> u64 {
        //= TS 38.213 §4.1: for cell selection a UE takes half frames with SS/PBCH blocks to come every two frames
        (0.02 * self.rate_hz).round() as u64
    }

    /// Samples of one cycle of the frame number.
    #[must_use]
    pub fn frame_cycle_samples(&self) -> u64 {
        //= TS 38.331 §6.2.2, MIB: the system frame number has 10 bits; TS 38.211 §4.3.1: a frame is 10 ms
        (1024.0 * 0.01 * self.rate_hz).round() as u64
    }

    /// Checks every number.
    ///
    /// # Errors
    /// [`AirError::Config`] with what to change.
    pub fn check(&self) -> Result<(), AirError> {
        let fault = |text: String| Err(AirError::Config(text));
        if !(self.rate_hz.is_finite() && (1e3..=1e9).contains(&self.rate_hz)) {
            return fault(format!("rate_hz is {}: give 1 kHz to 1 GHz", self.rate_hz));
        }
        if self.antennas == 0 || self.antennas > MAX_ANTENNAS {
            return fault(format!("antennas is {}: give 1 to {MAX_ANTENNAS}", self.antennas));
        }
        if self.ports() == 0 || self.ports() > MAX_PORTS {
            return fault(format!("the gNB has {} transmit addresses: give 1 to {MAX_PORTS}", self.ports()));
        }
        if self.rx_ports() > MAX_PORTS {
            return fault(format!("the gNB has {} receive addresses: give at most {MAX_PORTS}", self.rx_ports()));
        }
        if self.rx_ports() > self.antennas {
            return fault(format!(
                "{} receive ports on {} antennas: give as many antennas",
                self.rx_ports(),
                self.antennas
            ));
        }
        if self.ues.len() > MAX_UES {
            return fault(format!("{} receivers: at most {MAX_UES}", self.ues.len()));
        }
        if self.slot_samples == 0 {
            return fault("slot_samples is 0: give the samples of a slot".into());
        }
        if self.uplink_lead_samples > 300_000 {
            return fault("uplink_lead_samples: give at most 300 000, else the gNB's receive ring overflows".into());
        }
        if self.pace.is_some_and(|p| !(p.is_finite() && p > 0.0)) {
            return fault("pace must be above 0".into());
        }
        for ue in &self.ues {
            if !ue.uplink_gain_db.is_finite() {
                return fault(format!("{}: uplink_gain_db must be a finite number", ue.name));
            }
            if ue.tx.is_some() && ue.rx.is_none() {
                return fault(format!(
                    "{} sends and never asks for samples: give it the address of its receive port too",
                    ue.name
                ));
            }
            self.check_link(&ue.link).map_err(|e| AirError::Config(format!("{}: {e}", ue.name)))?;
            self.check_link(&ue.uplink_link()).map_err(|e| AirError::Config(format!("{}, uplink: {e}", ue.name)))?;
        }
        Ok(())
    }

    fn check_link(&self, link: &LinkConfig) -> Result<(), String> {
        link.check()?;
        link.check_antennas(self.antennas)?;
        if link.cfo_hz.abs() > self.rate_hz / 2.0 {
            return Err(format!(
                "cfo_hz is {}: give at most half the sample rate, ± {} Hz",
                link.cfo_hz,
                self.rate_hz / 2.0
            ));
        }
        let update = self.emulator.update_for(link.doppler_hz, self.rate_hz);
        if update < LEAST_UPDATE_SAMPLES {
            return Err(format!(
                "the channel would be computed anew every {update} samples, at least {LEAST_UPDATE_SAMPLES} are taken: give a longer update, a smaller doppler_hz or a higher rate"
            ));
        }
        Ok(())
    }
}

/// Why the data plane cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AirError {
    /// A number is out of range.
    #[error("configuration of air: {0}")]
    Config(String),
    /// An address cannot be bound or connected.
    #[error("{name}: cannot open {address}: {source}; is another air running, or the address wrong?")]
    Socket {
        /// Whose wire.
        name: String,
        /// As configured.
        address: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The memory that outlives a worker cannot be had.
    #[error("cannot make the ledger of the connections: {0}")]
    Ledger(rustix::io::Errno),
    /// Polling failed.
    #[error("waiting for messages failed: {0}")]
    Poll(rustix::io::Errno),
    /// The recording cannot be played.
    #[error(transparent)]
    Recording(#[from] SigmfError),
    /// The recording has another rate.
    #[error("the recording has {recording_hz} samples/s, air runs at {air_hz}: set the rate of air to the recording's")]
    Rate {
        /// Of the file.
        recording_hz: f64,
        /// Of the configuration.
        air_hz: f64,
    },
}

/// What was done, at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Downlink samples.
    pub dl_sample: u64,
    /// Index of the next uplink sample.
    pub ul_sample: u64,
    /// Counters.
    pub counters: Counters,
    /// Time of the stage a slot.
    pub stage: StageTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_in_words() {
        let lab = |ue: UeEnd| {
            let gnb = GnbEnd::Zmq { tx: vec!["ipc://a".into()], rx: vec!["ipc://b".into()] };
            AirConfig::lab(1.92e6, 1, gnb, vec![ue])
        };
        let link = |link| lab(UeEnd { link, ..UeEnd::cable("ue0", Some("ipc://c"), Some("ipc://d")) });
        let uplink = |l| lab(UeEnd { uplink: Some(l), ..UeEnd::cable("ue0", Some("ipc://c"), Some("ipc://d")) });
        link(LinkConfig { cfo_hz: 0.9e6, doppler_hz: 700.0, ..LinkConfig::default() }).check().unwrap();
        let mut hasty = link(LinkConfig::default());
        hasty.emulator.update_samples = 7;
        for (config, word) in [
            (lab(UeEnd::cable("ue0", None, Some("ipc://d"))), "never asks"),
            (link(LinkConfig { cfo_hz: 0.97e6, ..LinkConfig::default() }), "half the sample rate"),
            (uplink(LinkConfig { cfo_hz: -0.97e6, ..LinkConfig::default() }), "half the sample rate"),
            // 0.00301·1.92e6/1000 = 5.8 samples
            (link(LinkConfig { doppler_hz: 1000.0, ..LinkConfig::default() }), "every 5 samples"),
            (hasty, "every 7 samples"),
        ] {
            let error = config.check().expect_err(word).to_string();
            assert!(error.contains(word), "{error} does not say {word}");
        }
    }
}

//! The cases of the bench.

use super::path::{Path, RATE_HZ};
use num_complex::Complex32;
use ran_bridge::air::{AirConfig, GnbEnd, UeEnd};
use ran_bridge::emulator::{LinkConfig, TdlProfile};

/// Largest Doppler shift of every channel, Hz.
const DOPPLER_HZ: f64 = 70.0;
/// Gain of an uplink that is no cable, dB: the sum of four never leaves ±1.
const UPLINK_DB: f32 = -20.0;

/// What `air` does in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// One UE on a cable: every sample is compared.
    Cable,
    /// One UE, a moving tap without delay, both directions.
    OneTap,
    /// The same with four UEs.
    FourUes,
    /// One UE, TDL-A of 300 ns with fractional delays, both directions.
    TdlA,
    /// Eight antennas, four UEs, Rician, new weights every slot.
    EightAntennas,
}

impl Case {
    pub const ALL: [Self; 5] = [Self::Cable, Self::OneTap, Self::TdlA, Self::FourUes, Self::EightAntennas];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Cable => "air, 1 UE, cable",
            Self::OneTap => "air, 1 UE, single tap",
            Self::FourUes => "air, 4 UEs, single tap",
            Self::TdlA => "air, 1 UE, TDL-A 300 ns",
            Self::EightAntennas => "air, 8 antennas, 4 UEs, Rician, new weights every slot",
        }
    }

    pub const fn ues(self) -> usize {
        match self {
            Self::Cable | Self::OneTap | Self::TdlA => 1,
            Self::FourUes | Self::EightAntennas => 4,
        }
    }

    pub const fn antennas(self) -> usize {
        if matches!(self, Self::EightAntennas) { 8 } else { 1 }
    }

    fn link(self) -> LinkConfig {
        let moving =
            LinkConfig { gain_db: -6.0, rician_k_db: Some(6.0), doppler_hz: DOPPLER_HZ, ..LinkConfig::default() };
        match self {
            Self::Cable => LinkConfig::default(),
            Self::OneTap | Self::FourUes | Self::EightAntennas => moving,
            Self::TdlA => {
                LinkConfig { rician_k_db: None, profile: Some(TdlProfile::TdlA), delay_spread_ns: 300.0, ..moving }
            }
        }
    }

    /// What `air` gets to run it.
    pub fn config(self, path: &Path) -> AirConfig {
        let ue = |(i, path): (usize, &super::path::UePath)| {
            let mut ue = UeEnd::cable(&format!("ue{i}"), Some(&path.rx), Some(&path.tx));
            if self != Self::Cable {
                ue.link = LinkConfig { angle_deg: 15.0 * i as f64 - 20.0, ..self.link() };
                ue.uplink = Some(LinkConfig { gain_db: UPLINK_DB, ..ue.link.clone() });
            }
            ue
        };
        let ues = path.ues.iter().enumerate().map(ue).collect();
        let gnb = GnbEnd::Zmq { tx: vec![path.gnb_tx.clone()], rx: vec![path.gnb_rx.clone()] };
        let mut config = AirConfig::lab(RATE_HZ, self.antennas(), gnb, ues);
        config.start_wait_ms = 10_000;
        // A path is silent while the others have their turn.
        config.silent_after_ms = 3_600_000;
        config.emulator.truth_period_ms = 0;
        config
    }

    /// Weights for slot `k` where they change.
    pub fn weights(self, k: u64) -> Vec<Complex32> {
        let m = self.antennas() as f32;
        (0..self.antennas()).map(|i| Complex32::cis(0.1 * (k % 1024) as f32 * i as f32) / m.sqrt()).collect()
    }
}

//! From the configuration to what `air` takes.

use super::quantity::Frequency;
use super::sections::{AirSection, Config, LinkSection, PathLossKind, ProfileSection, TapSection};
use crate::air::{AirProcessConfig, HoldConfig};
use ran_bridge::air::{AirConfig, GnbEnd, UeEnd};
use ran_bridge::emulator::{
    EmulatorConfig, ExactTap, LinkConfig, PathLoss, PathLossModel, TapConfig, TdlProfile, TraceConfig,
};

impl Config {
    /// What the process `air` takes; `run` is the run's number in wire headers.
    #[must_use]
    pub fn air_process(&self, run: u64) -> AirProcessConfig {
        AirProcessConfig {
            run,
            cpu: self.air.cpu,
            ..AirProcessConfig::new(self.air_engine(), Some(self.air.control.clone()))
        }
    }

    /// What the data plane takes.
    #[must_use]
    pub fn air_engine(&self) -> AirConfig {
        let air = &self.air;
        let rate_hz = air.sample_rate.hz();
        let samples = |s: f64| (s * rate_hz).round();
        let gnb = match &air.gnb.play {
            Some(path) => GnbEnd::Recording { path: path.clone(), repeat: air.gnb.repeat },
            None => {
                let rx = std::iter::once(&air.gnb.rx).chain(&air.gnb.further_rx).cloned().collect();
                GnbEnd::Zmq { tx: air.gnb.tx.clone(), rx }
            }
        };
        let ues = air.ues.iter().map(|ue| UeEnd {
            name: ue.name.clone(),
            rx: ue.rx.clone(),
            tx: ue.tx.clone(),
            link: link(&ue.link, rate_hz),
            uplink_gain_db: ue.uplink_gain.db() as f32,
            uplink: ue.uplink.as_ref().map(|l| link(l, rate_hz)),
        });
        AirConfig {
            emulator: EmulatorConfig {
                seed: self.run.seed,
                update_samples: samples(air.emulator.update.s()) as u32,
                truth_period_ms: ms(air.emulator.truth_period.s()) as u32,
            },
            slot_samples: samples(air.slot.s()) as u32,
            uplink_lead_samples: samples(air.uplink_lead.s()) as u64,
            start_wait_ms: ms(air.start_wait.s()),
            late_after_ms: ms(air.late_after.s()),
            silent_after_ms: ms(air.silent_after.s()),
            pace: air.pace,
            strict: air.strict,
            ..AirConfig::lab(rate_hz, usize::from(air.antennas), gnb, ues.collect())
        }
    }
}

impl Config {
    /// What the process that holds the connections of `air` is told.
    #[must_use]
    pub fn air_hold(&self) -> HoldConfig {
        HoldConfig {
            air: self.air_engine(),
            door: std::env::temp_dir().join(format!("sidecar-air-{}.door", std::process::id())),
            pause: self.air.restart_pause.std(),
            hang: self.air.hang_after.std(),
        }
    }
}

impl AirSection {
    /// The receivers that are monitored: index of the stream, and its entry.
    pub(super) fn monitored(&self) -> impl Iterator<Item = (u32, &super::sections::UeSection)> {
        (0..).zip(&self.ues).filter(|(_, ue)| ue.monitor)
    }
}

pub(super) fn link(link: &LinkSection, rate_hz: f64) -> LinkConfig {
    let whole = |t: &TapSection| TapConfig {
        delay_samples: (t.delay.s() * rate_hz).round() as u32,
        power_db: t.power.db() as f32,
    };
    let exact = |t: &TapSection| ExactTap { delay_ns: t.delay.s() * 1e9, power_db: t.power.db() };
    let (taps, exact_taps) = if link.exact_delays {
        (Vec::new(), link.taps.iter().map(exact).collect())
    } else {
        (link.taps.iter().map(whole).collect(), Vec::new())
    };
    LinkConfig {
        gain_db: link.gain.db() as f32,
        rician_k_db: link.rician_k.map(|k| k.db() as f32),
        doppler_hz: link.doppler.hz(),
        angle_deg: link.angle.deg(),
        angle_deg_per_s: link.angle_rate.deg_per_s(),
        angle_limit_deg: link.angle_limit.deg(),
        taps,
        noise_dbfs: link.noise.map(|n| n.dbfs() as f32),
        cfo_hz: link.cfo.hz(),
        profile: link.profile.map(profile),
        delay_spread_ns: link.delay_spread.s() * 1e9,
        exact_taps,
        delay_ns: link.delay.s() * 1e9,
        array_correlation: link.array_correlation,
        receive_antenna: link.receive_antenna,
        receive_group: link.receive_group,
        receive_correlation: link.receive_correlation,
        path_loss: link.path_loss.as_ref().map(|l| PathLoss {
            model: path_loss(l.model),
            distance_m: l.distance.m(),
            carrier_hz: l.carrier.hz(),
        }),
        // a section without any file is refused with the missing one's name
        trace: link.trace.as_ref().filter(|t| t.csi.is_none() || t.path.is_some()).map(|t| TraceConfig {
            path: t.path.clone().unwrap_or_default(),
            carrier_hz: t.carrier.map_or(0.0, Frequency::hz),
        }),
        csi: link.trace.as_ref().and_then(|t| t.csi.clone()),
    }
}

const fn path_loss(kind: PathLossKind) -> PathLossModel {
    match kind {
        PathLossKind::FreeSpace => PathLossModel::FreeSpace,
        PathLossKind::UmiLos => PathLossModel::UmiLos,
        PathLossKind::UmiNlos => PathLossModel::UmiNlos,
        PathLossKind::UmaLos => PathLossModel::UmaLos,
        PathLossKind::UmaNlos => PathLossModel::UmaNlos,
        PathLossKind::InhLos => PathLossModel::InhLos,
        PathLossKind::InhNlos => PathLossModel::InhNlos,
    }
}

const fn profile(profile: ProfileSection) -> TdlProfile {
    match profile {
        ProfileSection::TdlA => TdlProfile::TdlA,
        ProfileSection::TdlB => TdlProfile::TdlB,
        ProfileSection::TdlC => TdlProfile::TdlC,
        ProfileSection::TdlD => TdlProfile::TdlD,
        ProfileSection::TdlE => TdlProfile::TdlE,
    }
}

fn ms(s: f64) -> u64 {
    (s * 1e3).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::quantity::{Duration, Frequency, GainDb};

    #[test]
    fn the_demo_cell_is_one_that_air_takes() {
        let air = Config::default().air_engine();
        air.check().unwrap();
        assert_eq!((air.slot_samples, air.uplink_lead_samples, air.emulator.update_samples), (7_680, 30_720, 768));
        // 300 ns at 7.68 MS/s is 2.3 samples
        assert_eq!(air.ues[0].link.taps[1].delay_samples, 2);
        assert!(!air.ues[0].link.has_exact_delays());
        assert_eq!(air.ues[3].tx, None);
        assert_eq!(air.ues[1].rx.as_deref(), Some("tcp://127.0.0.1:2110"));
    }
    #[test]
    fn a_profile_and_exact_delays_are_taken_over() {
        let mut section = LinkSection {
            profile: Some(ProfileSection::TdlA),
            delay_spread: Duration::new(300e-9),
            doppler: Frequency::new(70.0),
            ..LinkSection::default()
        };
        let tdl = link(&section, 23.04e6);
        assert_eq!(tdl.check(), Ok(()));
        assert_eq!(tdl.profile, Some(TdlProfile::TdlA));
        assert!((tdl.delay_spread_ns - 300.0).abs() < 1e-9 && tdl.has_exact_delays());
        section.profile = None;
        section.delay_spread = Duration::new(0.0);
        section.exact_delays = true;
        section.taps = vec![TapSection { delay: Duration::new(310e-9), power: GainDb::new(-3.0) }];
        let exact = link(&section, 7.68e6);
        assert_eq!(exact.check(), Ok(()));
        section.path_loss = Some(crate::config::sections::PathLossSection {
            model: PathLossKind::UmiLos,
            distance: crate::config::Distance::new(100.0),
            carrier: Frequency::new(3.5e9),
        });
        assert!((link(&section, 7.68e6).mean_gain_db() + 85.31).abs() < 0.02);
        assert!(exact.taps.is_empty() && (exact.exact_taps[0].delay_ns - 310.0).abs() < 1e-9);
    }
}

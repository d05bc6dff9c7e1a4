//! From the configuration to what `ran` takes.

use super::sections::Config;
use crate::ran::config::{CellConfig, Monitor, PowerPolicy, RanConfig, SoundingConfig};

impl Config {
    /// What `ran` takes; `run` is the run's number in wire headers.
    #[must_use]
    pub fn ran_process(&self, run: u64) -> RanConfig {
        let (ran, cell) = (&self.ran, &self.ran.cell);
        let monitors = self.air.monitored().map(|(stream, ue)| Monitor {
            stream,
            eavesdropper: ue.eavesdropper,
            supi: ue.supi.clone(),
        });
        RanConfig {
            run,
            controller: Some(self.controller.bind.clone()),
            tx_guard: self.tx.radio.as_ref().filter(|_| ran.feed_tx_guard).map(|_| self.tx.control.clone()),
            gnb_ws: ran.gnb_ws.clone(),
            plmn: ran.plmn.clone(),
            rate_hz: self.air.sample_rate.hz(),
            antennas: usize::from(self.air.antennas),
            cell: CellConfig {
                centre_hz: Some(cell.dl_centre.hz()),
                scs_hz: cell.scs.hz(),
                prb: cell.prb,
                pci: cell.pci,
                ssb_offset_hz: cell.ssb_offset.map(|f| f.hz()),
                ssb_period_s: cell.ssb_period.s(),
            },
            sounding: SoundingConfig {
                enabled: ran.sounding.enabled,
                period_slots: (ran.sounding.period.s() / self.air.slot.s()).round() as u32,
                offset_slot: ran.sounding.offset_slot,
                sounded_symbol: ran.sounding.sounded_symbol,
                beam_symbol: ran.sounding.beam_symbol,
                k0: ran.sounding.k0,
            },
            act: ran.act,
            null_part: ran.null_part as f32,
            fresh_s: ran.fresh.s(),
            limits: self.guard_limits(),
            power: PowerPolicy {
                enough_db: ran.power.enough.db(),
                least_db: ran.power.least.db(),
                step_db: ran.power.step.db() as f32,
            },
            learn: self.learner(crate::wire::Agent::Ran, run),
            metrics: Some(ran.metrics.at()),
            window_ns: (self.controller.policy.effect_window.s() * 1e9).round() as u64,
            ..RanConfig::demo(&self.air.control, monitors.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_cell_is_that_of_ran() {
        let ran = Config::default().ran_process(7);
        assert_eq!(ran.served(), [0, 1, 2]);
        assert_eq!(ran.eavesdropper(), Some(3));
        assert_eq!((ran.run, ran.sounding.period_slots), (7, 5));
        let demo = RanConfig::demo("x", vec![]);
        assert_eq!((&ran.cell, &ran.sounding, &ran.power), (&demo.cell, &demo.sounding, &demo.power));
    }
}

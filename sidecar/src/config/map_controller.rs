//! From the configuration to the guard's bounds and the controller's settings.

use super::quantity::Duration;
use super::sections::{Config, LearnSection, StopSection, TrainWhen};
use crate::controller::ControllerConfig;
use crate::controller::config::{HubConfig, Slice, Subscriber};
use crate::controller::decide::Policy;
use crate::controller::transmitter::TransmitterConfig;
use crate::guard::Limits;
use crate::learn::Triggers;
use mops::StopRule;

impl Config {
    /// The guard's bounds, the same in every process.
    #[must_use]
    pub fn guard_limits(&self) -> Limits {
        let l = &self.controller.limits;
        Limits {
            weights: Some(usize::from(self.air.antennas) * self.air.gnb.tx.len()),
            min_power_db: l.min_power.db() as f32,
            max_power_db: l.max_power.db() as f32,
            max_power_step_db: l.max_power_step.db() as f32,
            min_quota_cap: l.min_quota_cap_percent,
            min_rate_bit_per_s: l.min_rate.bit_per_s(),
            max_rate_bit_per_s: l.max_rate.bit_per_s(),
            beam_inputs_ns: ns(l.beam_inputs),
            slow_inputs_ns: ns(l.slow_inputs),
            ..Limits::default()
        }
    }

    /// What the process `controller` takes; `run` is the run's number in wire headers.
    #[must_use]
    pub fn controller_process(&self, run: u64, name: &str) -> ControllerConfig {
        let c = &self.controller;
        ControllerConfig {
            run,
            bind: c.bind.clone(),
            http: c.http,
            token: c.token.clone(),
            hub: HubConfig { wire_run: run, ..self.controller_hub(name) },
            train: self.learn.enabled.then_some(self.learn.train),
            round_timeout_ns: ns(self.learn.round_timeout),
            weighting: self.learn.weighting,
            triggers: triggers(&self.learn),
            keep_ns: ns(self.learn.keep_every),
            transmitter: self.tx.radio.as_ref().map(|_| self.transmitter()),
            metrics: Some(c.metrics.at()),
        }
    }

    /// Where the guard of the section `tx` is, and what stops it.
    fn transmitter(&self) -> TransmitterConfig {
        let tx = &self.tx;
        let token = tx.metrics.token.as_ref().map_or("", |_| "-H 'Authorization: Bearer …' ");
        TransmitterConfig {
            control: tx.control.clone(),
            stop_by: vec![
                "sidecar tx stop".to_owned(),
                format!("touch {}", tx.stop_file.display()),
                format!("curl -X POST {token}http://{}/stop", tx.metrics.listen),
            ],
        }
    }

    /// The controller's settings. UEs are counted at the gNB in the order of `air.ues`, eavesdroppers left out.
    #[must_use]
    pub fn controller_hub(&self, run: &str) -> HubConfig {
        let p = &self.controller.policy;
        let served = self.air.ues.iter().zip(0_u32..).filter(|(ue, _)| !ue.eavesdropper);
        let subscribers = served.zip(0_u32..).filter_map(|((ue, stream), index)| {
            Some(Subscriber {
                supi: ue.supi.clone()?,
                ue: Some(index),
                rnti: None,
                stream: ue.monitor.then_some(stream),
                slice: ue.sst.map(|sst| (sst, ue.sd)),
            })
        });
        let slices = self.controller.slices.iter().map(|s| Slice {
            sst: s.sst,
            sd: s.sd,
            min: s.min_percent,
            max: s.max_percent,
        });
        HubConfig {
            run: run.to_owned(),
            wire_run: 0,
            act: self.ran.act,
            prb: u32::from(self.ran.cell.prb),
            subscribers: subscribers.collect(),
            slices: slices.collect(),
            limits: self.guard_limits(),
            policy: Policy {
                starved_below: p.starved_below,
                headroom: p.headroom,
                greedy_above: p.greedy_above,
                quota_step: p.quota_step_percent,
                window_ns: ns(p.effect_window),
                rest_ns: ns(p.rest),
                ..Policy::default()
            },
            decide_every_ns: ns(self.controller.decide_every),
            answer_ns: ns(self.controller.answer_timeout),
        }
    }
}

/// What begins and ends training.
fn triggers(learn: &LearnSection) -> Triggers {
    let StopSection { o, c, per_megabyte, target, patience, most_rounds } = learn.stop;
    Triggers {
        always: learn.when == TrainWhen::Always,
        o_error: learn.trigger.o_error,
        c_error: learn.trigger.c_error,
        forecast: learn.trigger.forecast,
        pause_ns: ns(learn.trigger.pause),
        stop: StopRule { o, g: 0.0, c, per_megabyte, target, patience, most_rounds },
    }
}

fn ns(d: Duration) -> u64 {
    (d.s() * 1e9).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_is_asked_only_where_there_is_a_radio() {
        let mut config = Config::default();
        assert_eq!(config.controller_process(1, "r").transmitter, None);
        config.tx.radio = Some("driver=x".into());
        let found = config.controller_process(1, "r").transmitter.unwrap();
        assert_eq!(found.control, "ipc:///tmp/sidecar-tx.sock");
        let ways = ["sidecar tx stop", "touch /tmp/sidecar-tx.stop", "curl -X POST http://127.0.0.1:9707/stop"];
        assert_eq!(found.stop_by, ways);
    }

    #[test]
    fn eavesdroppers_are_no_subscribers() {
        let hub = Config::default().controller_hub("demo");
        let seen: Vec<_> = hub.subscribers.iter().map(|s| (s.supi.as_str(), s.ue, s.stream)).collect();
        assert_eq!(
            seen,
            [
                ("imsi-001010123456780", Some(0), Some(0)),
                ("imsi-001010123456781", Some(1), Some(1)),
                ("imsi-001010123456782", Some(2), Some(2)),
            ]
        );
        assert_eq!(hub.subscribers[2].slice, Some((2, None)));
        assert_eq!(hub.limits.weights, Some(4));
        assert_eq!(Config::default().guard_limits().beam_inputs_ns, 20_000_000);
    }
}

//! From the configuration to what `core` and `app` take, and to what every agent learns with.

use super::quantity::Duration;
use super::sections::{Config, MetricsSection};
use crate::agent::{AgentConfig, LearnerConfig};
use crate::app::{AppConfig, AppTrace};
use crate::core::CoreConfig;
use crate::wire::Agent;
use core_bridge::open5gs::{Endpoint, PollerConfig, Source};
use core_bridge::trace::TraceConfig;
use predict::optim::{AdamWConfig, OptimiserConfig};

impl Config {
    /// How an agent learns; `None` where learning is off.
    #[must_use]
    pub fn learner(&self, agent: Agent, run: u64) -> Option<LearnerConfig> {
        let learn = &self.learn;
        learn.enabled.then(|| LearnerConfig {
            sample_every: learn.sample_every.std(),
            train: learn.train,
            round_every: learn.round_every.std(),
            batch: learn.batch as usize,
            weighting: learn.weighting,
            keep_every: learn.keep_every.std(),
            seed: self.run.seed,
            optimiser: OptimiserConfig::AdamW(AdamWConfig {
                rate: learn.learning_rate as f32,
                ..AdamWConfig::default()
            }),
            ..LearnerConfig::new(agent, run)
        })
    }

    fn agent(&self, agent: Agent, run: u64, state_every: Duration, metrics: &MetricsSection) -> AgentConfig {
        AgentConfig {
            run,
            controller: self.controller.bind.clone(),
            state_every: state_every.std(),
            limits: self.guard_limits(),
            learn: self.learner(agent, run),
            metrics: Some(metrics.at()),
        }
    }

    /// What the process `core` takes; `run` is the run's number in wire headers.
    #[must_use]
    pub fn core_process(&self, run: u64) -> CoreConfig {
        let core = &self.core;
        let asked = [
            (&core.amf, &[Source::AmfMetrics, Source::UeInfo, Source::GnbInfo][..]),
            (&core.smf, &[Source::SmfMetrics, Source::PduInfo]),
            (&core.upf, &[Source::UpfMetrics]),
            (&core.pcf, &[Source::PcfMetrics]),
        ];
        let endpoints = asked
            .into_iter()
            .filter_map(|(base, sources)| Some((base.as_ref()?, sources)))
            .flat_map(|(base, sources)| sources.iter().map(|source| Endpoint { source: *source, base: base.clone() }));
        CoreConfig {
            agent: self.agent(Agent::Core, run, core.state_every, &core.metrics),
            poller: PollerConfig {
                period: core.poll.std(),
                timeout: core.timeout.std(),
                ..PollerConfig::new(endpoints.collect())
            },
            user_plane: core.user_plane.clone(),
            timeout: core.timeout.std(),
        }
    }

    /// What the process `app` takes; `run` is the run's number in wire headers.
    #[must_use]
    pub fn app_process(&self, run: u64) -> AppConfig {
        let app = &self.app;
        let trace = app.trace.as_ref().map(|t| AppTrace {
            file: TraceConfig { path: t.file.clone(), columns: vec![t.column.clone()], time: None, run: None },
            supi: t.supi.clone(),
            bit_per_s_per_unit: t.unit.bit_per_s(),
            every: t.every.std(),
        });
        AppConfig {
            agent: self.agent(Agent::App, run, app.state_every, &app.metrics),
            listen: app.listen,
            trace,
            control: app.control.clone(),
            silent_after: app.silent_after.std(),
            timeout: app.timeout.std(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_is_asked_for_seven_things() {
        let mut config = Config::default();
        assert_eq!(config.core_process(1).poller.endpoints.len(), 7);
        config.core.amf = None;
        assert_eq!(config.core_process(1).poller.endpoints.len(), 4);
        config.learn.enabled = false;
        assert!(config.app_process(1).agent.learn.is_none());
    }
}

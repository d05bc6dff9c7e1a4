//! Where each slot's results go: WebSocket, application rates, log, power switches.
use crate::ue::{Power, Switch};
use crate::world::World;
use crate::ws::{self, Replay};
use std::io::Write;
use std::sync::Arc;

/// The outlets of a run.
pub struct Outlets {
    /// Metrics for the WebSocket's subscribers.
    pub metrics: tokio::sync::broadcast::Sender<Arc<str>>,
    /// Bodies for the application's posts.
    pub rates: Option<tokio::sync::mpsc::Sender<String>>,
    /// World log.
    pub log: Option<std::io::BufWriter<std::fs::File>>,
    /// Recorded metrics in place of own ones.
    pub replay: Option<Replay>,
    /// Power switches of the terminals' threads.
    pub switches: Vec<Arc<Switch>>,
}

impl Outlets {
    /// Called after every slot with the world as it is.
    pub fn after_slot(&mut self, world: &mut World) {
        for (ue, switch) in world.ues.iter().zip(&self.switches) {
            switch.set(match (ue.on, ue.dead) {
                (true, _) => Power::On,
                (false, false) => Power::Off,
                (false, true) => Power::Dead,
            });
        }
        if let Some(replay) = &mut self.replay {
            for text in replay.due(world.time_s()) {
                // Nobody subscribed is fine.
                let _ = self.metrics.send(text);
            }
        } else if world.slot.is_multiple_of(world.config.ws.period_ms) {
            let messages = ws::period_report(world);
            if self.metrics.receiver_count() > 0 {
                for text in messages.texts() {
                    let _ = self.metrics.send(text);
                }
            }
        }
        if world.slot.is_multiple_of(world.config.core.rates_period_ms)
            && let Some(rates) = &self.rates
            && rates.try_send(world.rates().to_string()).is_err()
        {
            world.rates_lost += 1;
        }
        if world.slot.is_multiple_of(100)
            && let Some(log) = &mut self.log
            && let Err(e) = writeln!(log, "{}", world.view()).and_then(|()| log.flush())
        {
            tracing::error!("world log: {e}; it ends here");
            self.log = None;
        }
    }
}

//! The lab's door, and `/metrics` of ours: small HTTP questions.

use super::peers::Order;
use serde::Deserialize;
use std::time::Duration;

/// A UE as the lab tells.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct UeSeen {
    pub(super) attached: bool,
}

/// The world as the lab tells.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Seen {
    pub(super) t_s: f64,
    pub(super) ues: Vec<UeSeen>,
}

/// Asks.
pub(super) struct Door {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    world: String,
}

impl Door {
    pub(super) fn new(world_port: u16) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(2))
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self { runtime, client, world: format!("http://127.0.0.1:{world_port}/world") })
    }

    /// The text at an address; `None` where nobody answers.
    pub(super) fn text(&self, url: &str) -> Option<String> {
        self.runtime.block_on(async { self.client.get(url).send().await.ok()?.text().await.ok() })
    }

    /// The world now; `None` where the lab does not answer.
    pub(super) fn world(&self) -> Option<Seen> {
        serde_json::from_str(&self.text(&self.world)?).ok()
    }

    /// Gives an order; whether it was taken.
    pub(super) fn order(&self, ue: usize, order: Order) -> bool {
        let body = format!("{{\"state\":\"{}\"}}", order.word());
        let to = format!("{}/ue/{ue}", self.world);
        let sent = self.runtime.block_on(async { self.client.post(to).body(body).send().await });
        sent.is_ok_and(|answer| answer.status().is_success())
    }
}

//! The world as JSON: for tests, for reports, for the log.
use super::state::World;
use super::ue::Ue;
use serde_json::{Value, json};

fn terminal(ue: &Ue, stall_after_s: f64) -> Value {
    let (offered, delivered) = ue.rates_bit_per_s();
    json!({
        "index": ue.index,
        "supi": ue.supi,
        "rnti": ue.attached.map(|a| a.0),
        "sst": ue.sst,
        "on": ue.on,
        "in_sync": ue.in_sync,
        "attached": ue.attached.is_some(),
        "sinr_db": ue.sinr_db,
        "ssb_sinr_db": ue.ssb_sinr_db,
        "ul_snr_db": ue.ul_snr_db,
        "downlink_offset_samples": ue.timing.downlink.view(),
        "uplink_offset_samples": ue.timing.uplink.view(),
        "cqi": ue.cqi,
        "mcs": ue.mcs,
        "resolution": ue.resolution,
        "limit_bit_per_s": ue.bucket.limit_bit_per_s(),
        "offered_bit_per_s": offered,
        "delivered_bit_per_s": delivered,
        "queue_bytes": ue.queue.bytes(),
        "stalled": ue.stalled(stall_after_s),
        "offered_bits": ue.total.0,
        "delivered_bits": ue.total.1,
        "stall_s": ue.stall_s,
    })
}

impl World {
    /// The whole world.
    #[must_use]
    pub fn view(&self) -> Value {
        let after = self.config.mac.stall_after_s;
        let ues: Vec<Value> = self.ues.iter().filter(|u| !u.eavesdropper).map(|u| terminal(u, after)).collect();
        let ears: Vec<Value> = self
            .ues
            .iter()
            .filter(|u| u.eavesdropper)
            .map(|u| {
                json!({"index": u.index, "on": u.on, "in_sync": u.in_sync, "sinr_db": u.sinr_db,
                       "ssb_sinr_db": u.ssb_sinr_db})
            })
            .collect();
        let sum = |f: fn(&Ue) -> f64| self.ues.iter().map(f).fold(0.0, |a, b| a + b);
        json!({
            "t_s": self.time_s(),
            "slot": self.slot,
            "sfn": self.absolute() / 10,
            "seed": self.config.seed,
            "ues": ues,
            "eavesdropper": ears.first(),
            "eavesdroppers": ears,
            "leak_bit_per_s": 10.0 * self.leak_window.1,
            "slices": self.slices,
            "ssb_block_power_dbm": self.ssb_block_power_dbm,
            "rates_lost": self.rates_lost,
            "totals": {
                "offered_bits": sum(|u| u.total.0),
                "delivered_bits": sum(|u| u.total.1),
                "stall_s": sum(|u| u.stall_s),
                "leaked_bits": self.leaked_bits,
            },
        })
    }

    /// Application rates as posted to `sidecar app`.
    #[must_use]
    pub fn rates(&self) -> Value {
        let after = self.config.mac.stall_after_s;
        let items: Vec<Value> = self
            .ues
            .iter()
            .filter(|u| !u.eavesdropper)
            .map(|u| {
                let (offered, delivered) = u.rates_bit_per_s();
                json!({"supi": u.supi, "offered_bit_per_s": offered, "delivered_bit_per_s": delivered,
                       "resolution": u.resolution, "stalled": u.stalled(after)})
            })
            .collect();
        json!({"t_s": self.time_s(), "items": items})
    }
}

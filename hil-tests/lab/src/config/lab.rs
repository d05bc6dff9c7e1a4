//! The whole world in one file.
use super::{CellConfig, UeConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no configuration.
    #[error("{path}: {reason}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What the parser found.
        reason: String,
    },
    /// Values do not fit together.
    #[error("{0}")]
    Value(String),
}

/// The gNB's radio and sample source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GnbConfig {
    /// Where the transmit socket (REP) binds.
    pub tx_port: String,
    /// Where the receive socket (REQ) connects.
    pub rx_port: String,
    /// Play this SigMF recording (its `.sigmf-meta`) in place of the generator, repeated.
    pub play: Option<PathBuf>,
    /// Samples of the very first reply, as the real one answers early requests with a part of its zeros.
    pub first_reply_samples: usize,
    /// Slots that transmit is ahead of receive; the real one has 2 and no more. A radio that is farther away than it allows for needs more.
    #[schemars(range(min = 2, max = 40))]
    pub lead_slots: u64,
    /// Frame number of the first sample; by default drawn from the seed.
    pub sfn0: Option<u16>,
}

impl Default for GnbConfig {
    fn default() -> Self {
        Self {
            tx_port: "tcp://127.0.0.1:2000".into(),
            rx_port: "tcp://127.0.0.1:2001".into(),
            play: None,
            first_reply_samples: 600,
            lead_slots: 2,
            sfn0: None,
        }
    }
}

/// Slices, application load and reporting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MacConfig {
    /// Application rates are those of the resolutions times this: a 5 MHz cell carries about a third of a 20 MHz one.
    pub traffic_scale: f64,
    /// CQI report period in radio time.
    pub cqi_period_ms: u32,
    /// Age of a UE's report when the scheduler learns of it.
    pub report_delay_slots: u64,
    /// Data a UE may wait for in the gNB before new data is dropped.
    pub queue_bytes: usize,
    /// A UE whose application gets less than 90 % of what it asks for this long is stalled.
    pub stall_after_s: f64,
    /// A UE is lost to the cell after so long without a report.
    pub radio_link_failure_ms: u64,
    /// A UE in sync is attached after so long.
    pub attach_ms: u64,
}

impl Default for MacConfig {
    fn default() -> Self {
        Self {
            traffic_scale: 0.4,
            cqi_period_ms: 10,
            report_delay_slots: 8,
            queue_bytes: 500_000,
            stall_after_s: 1.0,
            radio_link_failure_ms: 300,
            attach_ms: 100,
        }
    }
}

/// The gNB's WebSocket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WsConfig {
    /// Listening address; empty is off.
    pub listen: String,
    /// Report period in radio time.
    pub period_ms: u64,
    /// Send the lines of this recording (`{"t": s, "raw": text}`) in place of own reports, on radio time, repeated.
    pub replay: Option<PathBuf>,
}

impl Default for WsConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8001".into(), period_ms: 1000, replay: None }
    }
}

/// The core, the user plane and the application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoreConfig {
    /// AMF `/metrics`, `/ue-info`, `/gnb-info`.
    pub amf: String,
    /// SMF `/metrics`, `/pdu-info`.
    pub smf: String,
    /// UPF `/metrics`.
    pub upf: String,
    /// PCF `/metrics`.
    pub pcf: String,
    /// User plane control.
    pub userplane: String,
    /// Application control.
    pub app: String,
    /// Where the application posts its rates; empty is nowhere.
    pub rates_url: String,
    /// Posting period in radio time.
    pub rates_period_ms: u64,
}

impl Default for CoreConfig {
    fn default() -> Self {
        let at = |port: u16| format!("127.0.0.1:{port}");
        Self {
            amf: at(9091),
            smf: at(9092),
            upf: at(9093),
            pcf: at(9094),
            userplane: at(9095),
            app: at(9096),
            rates_url: "http://127.0.0.1:9097/rates".into(),
            rates_period_ms: 100,
        }
    }
}

/// What the lab itself tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorldConfig {
    /// `GET /world`, `POST /world/ue/{i}`.
    pub listen: String,
    /// JSON lines, one every 100 ms of radio time.
    pub log: Option<PathBuf>,
    /// Ground truth of the downlink, written once at start.
    pub truth: Option<PathBuf>,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9098".into(), log: None, truth: None }
    }
}

/// The lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LabConfig {
    /// Draws everything that is drawn.
    pub seed: u64,
    /// Radio seconds per wall second, at most; absent is as fast as it goes.
    pub pace: Option<f64>,
    /// End after this radio time; absent is never.
    pub duration_s: Option<f64>,
    /// The cell.
    pub cell: CellConfig,
    /// The gNB.
    pub gnb: GnbConfig,
    /// The terminals.
    pub ues: Vec<UeConfig>,
    /// Scheduling and load.
    pub mac: MacConfig,
    /// The gNB's WebSocket.
    pub ws: WsConfig,
    /// The core.
    pub core: CoreConfig,
    /// The lab's own view.
    pub world: WorldConfig,
}

impl Default for LabConfig {
    fn default() -> Self {
        let ue = |sst| UeConfig { sst, ..UeConfig::default() };
        let eavesdropper = UeConfig { eavesdropper: true, ..UeConfig::default() };
        Self {
            seed: 1,
            pace: None,
            duration_s: None,
            cell: CellConfig::default(),
            gnb: GnbConfig::default(),
            ues: vec![ue(1), ue(1), ue(2), eavesdropper],
            mac: MacConfig::default(),
            ws: WsConfig::default(),
            core: CoreConfig::default(),
            world: WorldConfig::default(),
        }
    }
}

impl LabConfig {
    /// The JSON Schema (2020-12) of the file.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Reads and checks a YAML file.
    ///
    /// # Errors
    /// [`ConfigError`], with the place in the file where there is one.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
        let config: Self = serde_yaml::from_str(&text)
            .map_err(|e| ConfigError::Parse { path: path.to_path_buf(), reason: e.to_string() })?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// [`ConfigError::Value`] with the first thing that does not fit.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bad = |text: String| Err(ConfigError::Value(text));
        if let Some(problem) = self.cell.problem() {
            return bad(problem);
        }
        if self.ues.iter().filter(|u| !u.eavesdropper).count() > crate::uplink::MAX_UES {
            return bad(format!("ues: more than {} transmit", crate::uplink::MAX_UES));
        }
        if !(2..=40).contains(&self.gnb.lead_slots) {
            return bad("gnb.lead_slots: must lie in 2..=40".into());
        }
        if self.ues.iter().any(|u| !(1..=40).contains(&u.lead_slots)) {
            return bad("ues: lead_slots must lie in 1..=40".into());
        }
        if self.pace.is_some_and(|p| !(p > 0.0 && p.is_finite())) {
            return bad("pace: must be above 0".into());
        }
        if self.duration_s.is_some_and(|d| !(d > 0.0 && d.is_finite())) {
            return bad("duration_s: must be above 0".into());
        }
        if !(self.mac.traffic_scale >= 0.0 && self.mac.traffic_scale.is_finite()) {
            return bad("mac.traffic_scale: must not be negative".into());
        }
        if self.ws.period_ms == 0 || self.core.rates_period_ms == 0 || self.mac.cqi_period_ms == 0 {
            return bad("periods must be at least 1 ms".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/lab.schema.json");
        let committed: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert!(committed == LabConfig::schema(), "run: lab --schema > configs/lab.schema.json");
        let keys = committed["properties"].as_object().unwrap();
        let config = serde_json::to_value(LabConfig::default()).unwrap();
        assert!(config.as_object().unwrap().keys().eq(keys.keys()), "{keys:?}");
    }

    #[test]
    fn defaults_fit() {
        LabConfig::default().check().unwrap();
    }

    #[test]
    fn an_unknown_key_and_a_bad_value_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lab.yaml");
        std::fs::write(&path, "cell:\n  pcii: 3\n").unwrap();
        assert!(LabConfig::load(&path).unwrap_err().to_string().contains("pcii"));
        std::fs::write(&path, "cell:\n  ssb_offset_sc: 40\n").unwrap();
        assert!(LabConfig::load(&path).unwrap_err().to_string().contains("ssb_offset_sc"));
        std::fs::write(&path, "seed: 4\ncell:\n  pci: 3\nues:\n  - {sst: 2, resolution: 720p}\n").unwrap();
        let config = LabConfig::load(&path).unwrap();
        assert_eq!((config.seed, config.cell.pci, config.ues.len()), (4, 3, 1));
    }
}

//! One task an endpoint: asks, waits, backs off, and tells what changed.

use super::info::{GnbInfo, PduInfo, UeInfo};
use super::metrics::{self, Exposition};
use super::pages::{PageError, get_all};
use crate::clock::mono_ns;
use crate::http::{Http, HttpError};
use serde::Serialize;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `/metrics` of the AMF.
    AmfMetrics,
    /// `/metrics` of the SMF.
    SmfMetrics,
    /// `/metrics` of the UPF.
    UpfMetrics,
    /// `/metrics` of the PCF.
    PcfMetrics,
    /// `/ue-info` of the AMF.
    UeInfo,
    /// `/gnb-info` of the AMF.
    GnbInfo,
    /// `/pdu-info` of the SMF.
    PduInfo,
}

impl Source {
    /// Its path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::AmfMetrics | Self::SmfMetrics | Self::UpfMetrics | Self::PcfMetrics => "/metrics",
            Self::UeInfo => "/ue-info",
            Self::GnbInfo => "/gnb-info",
            Self::PduInfo => "/pdu-info",
        }
    }

    /// Its name in records and `/metrics`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AmfMetrics => "amf_metrics",
            Self::SmfMetrics => "smf_metrics",
            Self::UpfMetrics => "upf_metrics",
            Self::PcfMetrics => "pcf_metrics",
            Self::UeInfo => "ue_info",
            Self::GnbInfo => "gnb_info",
            Self::PduInfo => "pdu_info",
        }
    }
}

/// What to ask where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What.
    pub source: Source,
    /// `http://127.0.0.5:9090`.
    pub base: String,
}

/// How often and how patiently. The core answers from its control-plane thread: do not ask faster than needed.
#[derive(Debug, Clone)]
pub struct PollerConfig {
    /// Endpoints.
    pub endpoints: Vec<Endpoint>,
    /// Time between two questions to one endpoint; 1 to 5 s is right for a real core.
    pub period: Duration,
    /// Time for one answer.
    pub timeout: Duration,
    /// Longest pause after failures.
    pub backoff_max: Duration,
    /// Largest body, bytes.
    pub max_bytes: usize,
    /// Items a page of the information API, at most 100.
    pub page_size: u32,
}

impl PollerConfig {
    /// Period 1 s, timeout 2 s, pauses up to 30 s, bodies up to 8 MiB, pages of 100.
    #[must_use]
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self {
            endpoints,
            period: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            backoff_max: Duration::from_secs(30),
            max_bytes: 8 << 20,
            page_size: 100,
        }
    }
}

/// How an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum EndpointState {
    /// The last answer was good.
    Ok,
    /// No answer.
    Unreachable(String),
    /// An answer that could not be used.
    Bad(String),
}

/// What an endpoint said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreSample {
    /// Prometheus.
    Metrics(Exposition),
    /// UEs.
    Ues(Vec<UeInfo>),
    /// gNBs.
    Gnbs(Vec<GnbInfo>),
    /// Sessions.
    Pdus(Vec<PduInfo>),
}

/// What the poller tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreEvent {
    /// A good answer.
    Sample {
        /// Of which endpoint.
        source: Source,
        /// What it says.
        sample: CoreSample,
        /// When it was complete.
        mono_ns: u64,
    },
    /// An endpoint's state changed. The last good sample stays the last good one.
    State {
        /// Which endpoint.
        source: Source,
        /// How it is now.
        state: EndpointState,
        /// When.
        mono_ns: u64,
    },
}

/// The running tasks; they end when it is dropped.
#[derive(Debug)]
pub struct Poller {
    tasks: JoinSet<()>,
}

impl Poller {
    /// Starts one task an endpoint on the current tokio runtime. A full channel makes the poller wait, and so ask less often.
    ///
    /// # Errors
    /// [`HttpError::Client`].
    pub fn spawn(config: &PollerConfig) -> Result<(Self, mpsc::Receiver<CoreEvent>), HttpError> {
        let http = Http::new(config.timeout, config.max_bytes)?;
        let (out, events) = mpsc::channel(64);
        let mut tasks = JoinSet::new();
        for endpoint in &config.endpoints {
            tasks.spawn(poll(http.clone(), endpoint.clone(), config.clone(), out.clone()));
        }
        Ok((Self { tasks }, events))
    }

    /// Number of endpoints that are asked.
    #[must_use]
    pub fn endpoints(&self) -> usize {
        self.tasks.len()
    }
}

async fn poll(http: Http, endpoint: Endpoint, config: PollerConfig, out: mpsc::Sender<CoreEvent>) {
    let source = endpoint.source;
    let mut state = None;
    let mut pause = config.period;
    loop {
        let answer = ask(&http, &endpoint, config.page_size).await;
        let now = match &answer {
            Ok(_) => EndpointState::Ok,
            Err(PageError::Http(e)) if e.unreachable() => EndpointState::Unreachable(e.to_string()),
            Err(e) => EndpointState::Bad(e.to_string()),
        };
        pause = if now == EndpointState::Ok {
            config.period
        } else {
            (pause * 2).min(config.backoff_max.max(config.period))
        };
        if state.as_ref() != Some(&now) {
            let event = CoreEvent::State { source, state: now.clone(), mono_ns: mono_ns() };
            if out.send(event).await.is_err() {
                return;
            }
            state = Some(now);
        }
        if let Ok(sample) = answer
            && out.send(CoreEvent::Sample { source, sample, mono_ns: mono_ns() }).await.is_err()
        {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn ask(http: &Http, endpoint: &Endpoint, page_size: u32) -> Result<CoreSample, PageError> {
    let (base, path) = (endpoint.base.as_str(), endpoint.source.path());
    Ok(match endpoint.source {
        Source::UeInfo => CoreSample::Ues(get_all(http, base, path, page_size).await?),
        Source::GnbInfo => CoreSample::Gnbs(get_all(http, base, path, page_size).await?),
        Source::PduInfo => CoreSample::Pdus(get_all(http, base, path, page_size).await?),
        Source::AmfMetrics | Source::SmfMetrics | Source::UpfMetrics | Source::PcfMetrics => {
            let text = http.get(&format!("{}{path}", base.trim_end_matches('/'))).await?;
            CoreSample::Metrics(metrics::parse(&text))
        }
    })
}

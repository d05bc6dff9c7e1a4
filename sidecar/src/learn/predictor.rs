//! The serving side of an agent: samples in, forecasts out, at once, whatever training does.

use super::score::Score;
use super::{DataSet, Figures, LearnError, Window};
use crate::wire::{Agent, Kind, Message};
use candle_core::{Device, Tensor};
use mops::{AgentPart, SharedPart};
use predict::data::{Encoded, Normaliser};
use predict::optim::OptimiserConfig;
use predict::{DLinear, Fused, Persistence};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Who made a forecast. From the best to the last resort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The shared part at the controller.
    Controller,
    /// The agent's copy of the last shared part it was given.
    LocalShared,
    /// The local floor.
    DLinear,
    /// The last value.
    Persistence,
}

impl Source {
    /// From the best to the last resort.
    pub const ALL: [Self; 4] = [Self::Controller, Self::LocalShared, Self::DLinear, Self::Persistence];

    /// For a metric's label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Controller => "controller",
            Self::LocalShared => "local_shared",
            Self::DLinear => "dlinear",
            Self::Persistence => "persistence",
        }
    }
}

/// A forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Samples seen when it was made.
    pub origin: u64,
    /// Who made it.
    pub source: Source,
    /// Coming values of the target, in the unit of the series, one a sample period.
    pub values: Vec<f32>,
}

/// How an agent serves.
#[derive(Debug, Clone, Copy)]
pub struct PredictorConfig {
    /// Who it is.
    pub agent: Agent,
    /// Run that its messages belong to.
    pub run: u64,
    /// Whether to keep and use a copy of the shared part for the time when the controller is away.
    pub keep_shared: bool,
}

/// The serving side of an agent.
#[derive(Debug)]
pub struct Predictor {
    config: PredictorConfig,
    normaliser: Normaliser,
    dlinear: DLinear,
    part: AgentPart,
    shared: Option<SharedPart>,
    /// Both parts in one, laid out for one window; a copy, made anew with every set of weights.
    whole: Option<Fused>,
    /// Its last forecast, of this origin.
    local: Option<(u64, Vec<f32>)>,
    observe: usize,
    horizon: usize,
    width: usize,
    rows: VecDeque<Vec<Option<f32>>>,
    samples: u64,
    remote: Option<(u64, Vec<f32>)>,
    asked: VecDeque<(u64, Encoded)>,
    score: Score,
    windows: VecDeque<Window>,
    seq: u64,
    /// Messages that could not be used.
    pub refused: u64,
    /// Sample values that were not finite and were taken as not observed.
    pub not_finite: u64,
}

/// Requests of inference that may be open; older ones are forgotten.
const ASKED: usize = 64;
/// Windows kept for the trainer until it takes them.
const WINDOWS: usize = 1024;

impl Predictor {
    /// From data made ready and weights; without weights the model is untrained, and so nearly persistence.
    ///
    /// # Errors
    /// [`LearnError::Model`] for weights of another shape.
    pub fn new(
        config: PredictorConfig,
        data: &DataSet,
        agent: Option<&[u8]>,
        shared: Option<&[u8]>,
    ) -> Result<Self, LearnError> {
        let shape = data.config();
        let mut part = AgentPart::new(shape, OptimiserConfig::default(), 0)?;
        if let Some(bytes) = agent {
            part.load_weights(bytes)?;
        }
        let mut this = Self {
            config,
            normaliser: data.normaliser.clone(),
            dlinear: data.dlinear.clone(),
            part,
            shared: None,
            whole: None,
            local: None,
            observe: shape.observe,
            horizon: shape.horizon,
            width: data.trace.width(),
            rows: VecDeque::new(),
            samples: 0,
            remote: None,
            asked: VecDeque::new(),
            score: Score::default(),
            windows: VecDeque::new(),
            seq: 0,
            refused: 0,
            not_finite: 0,
        };
        if let (true, Some(bytes)) = (config.keep_shared, shared) {
            this.set_shared(bytes)?;
        }
        Ok(this)
    }

    /// Takes new weights of the agent's part.
    ///
    /// # Errors
    /// [`LearnError::Model`] when they do not fit; the old ones keep serving.
    pub fn set_weights(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        self.part.load_weights(bytes)?;
        self.lay_out()
    }

    fn lay_out(&mut self) -> Result<(), LearnError> {
        let of = |shared: &SharedPart| Fused::of_parts(self.part.config(), self.part.params(), shared.params());
        self.whole = self.shared.as_ref().map(of).transpose()?;
        Ok(())
    }

    /// Takes a copy of the shared part; does nothing where copies are not permitted.
    ///
    /// # Errors
    /// [`LearnError::Model`] when it does not fit; the old one stays.
    pub fn set_shared(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        if self.config.keep_shared {
            let mut shared = SharedPart::new(self.part.config(), OptimiserConfig::default(), 0)?;
            shared.load_weights(bytes)?;
            self.shared = Some(shared);
            self.lay_out()?;
        }
        Ok(())
    }

    /// A new series begins: what was observed before does not belong to it.
    pub fn new_series(&mut self) {
        self.rows.clear();
        (self.remote, self.local) = (None, None);
        self.asked.clear();
        self.score.clear_flying();
    }

    /// One sample of every feature; `None` = not observed. Missing features count as not observed, values that are not finite too.
    ///
    /// Opens the forecasts of this origin for the running test error: persistence, `DLinear`, and the Transformer on the local copy where there
    /// is one; else the Transformer's is taken from the controller's answer to [`Predictor::infer_message`].
    pub fn push(&mut self, sample: &[Option<f32>]) {
        let row: Vec<Option<f32>> = (0..self.width)
            .map(|f| {
                let x = sample.get(f).copied().flatten();
                self.not_finite += u64::from(x.is_some_and(|x| !x.is_finite()));
                x.filter(|x| x.is_finite())
            })
            .collect();
        self.samples += 1;
        self.score.truth(row.first().copied().flatten(), self.horizon);
        self.rows.push_back(row);
        while self.rows.len() > self.observe + self.horizon {
            self.rows.pop_front();
        }
        self.offer_window();
        let Some(window) = self.window() else { return };
        let dlinear = window.decode(&self.dlinear.forward(&window.x));
        let persistence = Persistence { horizon: self.horizon }.forecast(&[Some(window.last)]).unwrap_or_default();
        let local = self.forecast_local(&window);
        self.local = local.clone().map(|values| (self.samples, values));
        self.score.open(self.samples, local, dlinear, persistence);
    }

    /// The forecast now, by the best source there is; `None` until a whole window was observed.
    #[must_use]
    pub fn forecast(&self) -> Option<Forecast> {
        let origin = self.samples;
        let make = |source, values| Some(Forecast { origin, source, values });
        if let Some((_, values)) = self.remote.as_ref().filter(|(at, _)| *at == origin) {
            return make(Source::Controller, values.clone());
        }
        let Some(window) = self.window() else {
            let seen: Vec<Option<f32>> = self.rows.iter().map(|r| r.first().copied().flatten()).collect();
            let values = Persistence { horizon: self.horizon }.forecast(&seen)?;
            return make(Source::Persistence, values);
        };
        if let Some((_, values)) = self.local.as_ref().filter(|(at, _)| *at == origin) {
            return make(Source::LocalShared, values.clone());
        }
        let values = window.decode(&self.dlinear.forward(&window.x));
        if values.iter().all(|v| v.is_finite()) {
            return make(Source::DLinear, values);
        }
        make(Source::Persistence, vec![window.last; self.horizon])
    }

    /// Asks the controller for a forecast of this origin; `None` until a whole window was observed. `round` of the header is the origin.
    ///
    /// # Errors
    /// [`LearnError::Model`] when the embedding fails.
    pub fn infer_message(&mut self, now_mono_ns: u64) -> Result<Option<Message>, LearnError> {
        let Some(window) = self.window() else { return Ok(None) };
        let z = self.part.embed(&self.tensor(&window)?)?;
        let dims = z.dims().to_vec();
        let mut m = Message::f32(Kind::Infer, self.config.agent, &dims, &z.flatten_all()?.to_vec1::<f32>()?)?;
        self.seq += 1;
        (m.header.run, m.header.round, m.header.seq, m.header.sent_mono_ns) =
            (self.config.run, self.samples, self.seq, now_mono_ns);
        self.asked.push_back((self.samples, window));
        while self.asked.len() > ASKED {
            self.asked.pop_front();
        }
        Ok(Some(m))
    }

    /// Takes the controller's answer. Answers to what was not asked, of another shape or not finite are counted and dropped; `true` where it was used.
    pub fn on_prediction(&mut self, message: &Message) -> bool {
        let h = &message.header;
        let values = message.to_f32();
        let found = self.asked.iter().position(|(at, _)| *at == h.round);
        let good = h.kind == Kind::Prediction
            && h.run == self.config.run
            && values.len() == self.horizon
            && values.iter().all(|v| v.is_finite());
        let Some(i) = found.filter(|_| good) else {
            self.refused += 1;
            return false;
        };
        let Some((origin, window)) = self.asked.remove(i) else { return false };
        let values = window.decode(&values);
        self.score.late(origin, values.clone());
        if self.remote.as_ref().is_none_or(|(at, _)| *at < origin) {
            self.remote = Some((origin, values));
        }
        true
    }

    /// Windows whose labels are known by now, for the trainer; each is given once.
    pub fn take_windows(&mut self) -> Vec<Window> {
        self.windows.drain(..).collect()
    }

    /// Running test error of the Transformer, `DLinear` and persistence over the same origins.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.score.figures
    }

    /// Origins for which no Transformer's forecast came in time; they are in none of the figures.
    #[must_use]
    pub fn without_transformer(&self) -> u64 {
        self.score.without_transformer
    }

    /// Samples seen.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    fn window(&self) -> Option<Encoded> {
        let from = self.rows.len().checked_sub(self.observe)?;
        let rows: Vec<Option<f32>> = self.rows.iter().skip(from).flatten().copied().collect();
        self.normaliser.encode(&rows)
    }

    fn offer_window(&mut self) {
        if self.rows.len() < self.observe + self.horizon {
            return;
        }
        let rows: Vec<Option<f32>> = self.rows.iter().take(self.observe).flatten().copied().collect();
        let labels: Option<Vec<f32>> =
            self.rows.iter().skip(self.observe).map(|r| r.first().copied().flatten()).collect();
        if let (Some(encoded), Some(labels)) = (self.normaliser.encode(&rows), labels) {
            let labels = encoded.encode_labels(&labels);
            self.windows.push_back(Window { encoded, labels });
            while self.windows.len() > WINDOWS {
                self.windows.pop_front();
            }
        }
    }

    fn tensor(&self, window: &Encoded) -> Result<Tensor, LearnError> {
        Ok(Tensor::from_slice(&window.x, (1, self.observe, window.x.len() / self.observe.max(1)), &Device::Cpu)?)
    }

    fn forecast_local(&mut self, window: &Encoded) -> Option<Vec<f32>> {
        let out = self.whole.as_mut()?.forward(&window.x).ok()?;
        out.iter().all(|o| o.is_finite()).then(|| window.decode(out))
    }
}

//! The running test error: forecasts are made before the truth is known, and scored when it comes.

use super::Figures;
use std::collections::VecDeque;

/// Forecasts of one origin, waiting for the truth.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) origin: u64,
    pub(super) transformer: Option<Vec<f32>>,
    pub(super) dlinear: Vec<f32>,
    pub(super) persistence: Vec<f32>,
    truth: Vec<f32>,
}

/// Forecasts in flight and what became of those that landed.
#[derive(Debug, Clone, Default)]
pub(super) struct Score {
    flying: VecDeque<InFlight>,
    pub(super) figures: Figures,
    /// Origins for which no Transformer's forecast came in time; they are in none of the three sums.
    pub(super) without_transformer: u64,
}

impl Score {
    pub(super) fn open(
        &mut self,
        origin: u64,
        transformer: Option<Vec<f32>>,
        dlinear: Vec<f32>,
        persistence: Vec<f32>,
    ) {
        self.flying.push_back(InFlight { origin, transformer, dlinear, persistence, truth: Vec::new() });
    }

    /// A Transformer's forecast that came later than its origin, yet before all of its truth: it used nothing of it.
    pub(super) fn late(&mut self, origin: u64, forecast: Vec<f32>) -> bool {
        match self.flying.iter_mut().find(|f| f.origin == origin) {
            Some(f) if f.transformer.is_none() => {
                f.transformer = Some(forecast);
                true
            }
            _ => false,
        }
    }

    /// One observed value; `None` (not observed) ends every flight, since their truth will not be whole.
    pub(super) fn truth(&mut self, value: Option<f32>, horizon: usize) {
        let Some(value) = value else { return self.flying.clear() };
        for f in &mut self.flying {
            f.truth.push(value);
        }
        while self.flying.front().is_some_and(|f| f.truth.len() >= horizon) {
            let Some(f) = self.flying.pop_front() else { return };
            if let Some(t) = &f.transformer {
                self.figures.transformer.add(t, &f.truth);
                self.figures.dlinear.add(&f.dlinear, &f.truth);
                self.figures.persistence.add(&f.persistence, &f.truth);
            } else {
                self.without_transformer += 1;
            }
        }
    }

    pub(super) fn clear_flying(&mut self) {
        self.flying.clear();
    }
}

//! Changes on their way: checked, made ready, and waiting for their sample.

use super::change::{Armed, Change, Noise, SubBands};
use super::error::{FrontEndError, check_db, check_weights};
use super::noise::NoiseSource;
use super::null_space::null_space;
use super::precoder::SubBandPrecoder;
use super::stage::{FrontEnd, Layout};
use super::symbols::SymbolGrid;
use super::timeline::MAX_SAMPLE;
use crate::nr::Numerology;
use num_complex::Complex32;

/// Most changes that wait for their sample.
const MAX_PENDING: usize = 64;

/// A precoder that is ready, and the directions of noise that is orthogonal to it (R×M).
#[derive(Debug)]
pub(super) struct Beam {
    pub(super) weights: Weights,
    pub(super) null: Vec<Complex32>,
}

#[derive(Debug)]
pub(super) enum Weights {
    Wideband(Vec<Complex32>),
    SubBands(Box<ReadySubBands>),
}

/// Weights by sub-band with all that applying them needs.
pub(super) struct ReadySubBands {
    pub(super) spec: SubBands,
    pub(super) numerology: Numerology,
    pub(super) precoder: SubBandPrecoder,
}

impl std::fmt::Debug for ReadySubBands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadySubBands").field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// Artificial noise with its source and, where they are not those of the beam, its directions (R×M).
#[derive(Debug)]
pub(super) struct ReadyNoise {
    pub(super) spec: Noise,
    pub(super) source: NoiseSource,
    pub(super) null: Option<Vec<Complex32>>,
}

#[derive(Debug)]
pub(super) enum Ready {
    Beam(Beam),
    Power(f32),
    Noise(Option<ReadyNoise>),
    /// The beam of protected slots.
    Wide(Vec<Complex32>),
}

/// Changes that are checked and take effect together, once they are [committed](FrontEnd::commit).
#[derive(Debug)]
pub struct Prepared(Vec<Ready>);

/// Changes that wait, in the order of their samples.
#[derive(Debug, Default)]
pub(super) struct Queue(Vec<(u64, Ready)>);

impl Beam {
    pub(super) const fn wideband(weights: Vec<Complex32>, null: Vec<Complex32>) -> Self {
        Self { weights: Weights::Wideband(weights), null }
    }

    pub(super) fn sub_bands(&self) -> Option<&ReadySubBands> {
        match &self.weights {
            Weights::SubBands(bands) => Some(bands),
            Weights::Wideband(_) => None,
        }
    }

    fn change(&self) -> Change {
        match &self.weights {
            Weights::Wideband(w) => Change::Weights(w.clone()),
            Weights::SubBands(bands) => Change::SubBands(bands.spec.clone()),
        }
    }
}

impl Ready {
    const fn place(&self) -> u8 {
        match self {
            Self::Beam(_) => 0,
            Self::Power(_) => 1,
            Self::Noise(_) => 2,
            Self::Wide(_) => 3,
        }
    }

    /// The weights by sub-band, where it brings some.
    pub(super) fn sub_bands(&self) -> Option<&ReadySubBands> {
        if let Self::Beam(beam) = self { beam.sub_bands() } else { None }
    }

    fn change(&self) -> Change {
        match self {
            Self::Beam(beam) => beam.change(),
            Self::Wide(weights) => Change::Weights(weights.clone()),
            Self::Power(db) => Change::PowerDb(*db),
            Self::Noise(noise) => Change::Noise(noise.as_ref().map(|n| n.spec.clone())),
        }
    }
}

impl Queue {
    pub(super) fn beams(&self) -> impl Iterator<Item = &Beam> {
        self.0.iter().filter_map(|(_, ready)| if let Ready::Beam(beam) = ready { Some(beam) } else { None })
    }

    /// Samples at which something changes.
    pub(super) fn samples(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|(at, _)| *at)
    }

    /// Takes the next change that is due at `n` and that `wanted` lets through.
    pub(super) fn take(&mut self, n: u64, wanted: impl Fn(&Ready) -> bool) -> Option<Ready> {
        let i = self.0.iter().take_while(|(at, _)| *at <= n).position(|(_, ready)| wanted(ready))?;
        Some(self.0.remove(i).1)
    }

    pub(super) fn take_beam(&mut self, n: u64) -> Option<Ready> {
        self.take(n, |ready| matches!(ready, Ready::Beam(_)))
    }

    /// The wide beam that will be in force just before a sample, where one waits.
    pub(super) fn wide_before(&self, sample: u64) -> Option<&[Complex32]> {
        let mut waits = self.0.iter().rev().filter(|(at, _)| *at < sample);
        waits.find_map(|(_, ready)| if let Ready::Wide(w) = ready { Some(&w[..]) } else { None })
    }

    pub(super) fn add_wide(&mut self, sample: u64, weights: Vec<Complex32>) -> Result<(), FrontEndError> {
        if self.0.len() >= MAX_PENDING {
            return Err(FrontEndError::Busy { waiting: self.0.len(), most: MAX_PENDING });
        }
        self.insert(sample, Ready::Wide(weights));
        Ok(())
    }

    pub(super) fn take_wide(&mut self, n: u64) -> Option<Ready> {
        self.take(n, |ready| matches!(ready, Ready::Wide(_)))
    }

    pub(super) fn has_noise(&self) -> bool {
        self.0.iter().any(|(_, ready)| matches!(ready, Ready::Noise(Some(_))))
    }

    /// Whether weights by sub-band are due at `n`.
    pub(super) fn sub_bands_due(&self, n: u64) -> bool {
        let mut due = self.0.iter().take_while(|(at, _)| *at <= n);
        due.any(|(_, ready)| matches!(ready, Ready::Beam(beam) if beam.sub_bands().is_some()))
    }

    fn insert(&mut self, sample: u64, ready: Ready) {
        self.0.retain(|(at, other)| *at != sample || other.place() != ready.place());
        let i = self.0.iter().take_while(|(at, _)| *at <= sample).count();
        self.0.insert(i, (sample, ready));
    }
}

impl FrontEnd {
    /// Makes a change ready for sample `at`, or for the next slot boundary where that is past or not given; one that waits for the
    /// same quantity and the same sample is replaced.
    ///
    /// # Errors
    /// [`FrontEndError`]; then nothing is changed.
    pub fn arm(&mut self, at: Option<u64>, change: Change) -> Result<Armed, FrontEndError> {
        let prepared = self.prepare(vec![change]).map_err(|(_, error)| error)?;
        let sample = self.when(at, &prepared);
        let old = self.commit(sample, prepared).pop().ok_or(FrontEndError::Grid("no change"))?;
        Ok(Armed { sample, old })
    }

    /// Checks changes and makes them ready to take effect together.
    ///
    /// # Errors
    /// Which of them is wrong, counted from 0, and why; then nothing is changed.
    pub fn prepare(&mut self, changes: Vec<Change>) -> Result<Prepared, (usize, FrontEndError)> {
        let waiting = self.pending.0.len();
        let mut ready: Vec<Ready> = Vec::with_capacity(changes.len());
        for (i, change) in changes.into_iter().enumerate() {
            let quantity = change.quantity();
            let next = self.ready(change).map_err(|error| (i, error))?;
            if ready.iter().any(|r| r.place() == next.place()) {
                return Err((i, FrontEndError::Twice(quantity)));
            }
            if waiting + i >= MAX_PENDING {
                return Err((i, FrontEndError::Busy { waiting, most: MAX_PENDING }));
            }
            ready.push(next);
        }
        Ok(Prepared(ready))
    }

    /// When prepared changes would take effect: at `at`, or at the next slot boundary where samples of then are already taken.
    /// To and from weights by sub-band it is the next symbol that begins.
    #[must_use]
    pub fn when(&self, at: Option<u64>, prepared: &Prepared) -> u64 {
        let taken = self.position + self.unfinished() as u64;
        let Some(n) = at.filter(|n| *n >= taken) else { return self.slots.next_boundary(taken) };
        if !prepared.0.iter().any(|ready| matches!(ready, Ready::Beam(_))) {
            return n;
        }
        let new = prepared.0.iter().filter_map(|r| if let Ready::Beam(b) = r { Some(b) } else { None });
        let bands = new.chain(self.pending.beams()).chain([&self.beam]).find_map(Beam::sub_bands);
        match bands {
            Some(bands) => SymbolGrid::new(&bands.numerology, self.slots.boundary).next_start(n.min(MAX_SAMPLE)),
            None => n,
        }
    }

    /// Lets prepared changes take effect at a sample given by [`FrontEnd::when`]; gives what each of them replaces.
    pub fn commit(&mut self, sample: u64, prepared: Prepared) -> Vec<Change> {
        let mut old = Vec::with_capacity(prepared.0.len());
        for ready in prepared.0 {
            let before = self.pending.0.iter().rev().find(|(at, r)| *at < sample && r.place() == ready.place());
            old.push(before.map_or_else(|| self.in_force(&ready), |(_, ready)| ready.change()));
            self.pending.insert(sample, ready);
        }
        old
    }

    fn in_force(&self, like: &Ready) -> Change {
        match like {
            Ready::Beam(_) => self.beam.change(),
            Ready::Power(_) => Change::PowerDb(self.power_db),
            Ready::Noise(_) => Change::Noise(self.noise.as_ref().map(|n| n.spec.clone())),
            Ready::Wide(_) => Change::Weights(self.wide.clone()),
        }
    }

    fn ready(&mut self, change: Change) -> Result<Ready, FrontEndError> {
        match change {
            Change::Weights(w) => {
                check_weights(&w, self.antennas, self.ports)?;
                let null =
                    if self.streams.is_some() { self.directions(&columns_of(&w, self.ports)) } else { Vec::new() };
                Ok(Ready::Beam(Beam::wideband(w, null)))
            }
            Change::SubBands(spec) => self.ready_sub_bands(spec).map(Ready::Beam),
            Change::PowerDb(db) => check_db("power", db).map(|()| Ready::Power(db)),
            Change::Noise(None) => Ok(Ready::Noise(None)),
            Change::Noise(Some(noise)) => self.ready_noise(noise).map(|noise| Ready::Noise(Some(noise))),
        }
    }

    fn ready_sub_bands(&mut self, spec: SubBands) -> Result<Beam, FrontEndError> {
        let size = (self.antennas, self.ports);
        let Some(streams) = &mut self.streams else { return Err(FrontEndError::NoStreams("weights by sub-band")) };
        let numerology = streams.numerology(spec.scs_hz, self.slots.slot_samples)?;
        let precoder = SubBandPrecoder::new(&spec, size, numerology.fft(), &mut streams.planner)?;
        precoder.reserve(&mut streams.scratch);
        let weights = Weights::SubBands(Box::new(ReadySubBands { spec, numerology, precoder }));
        let mut beam = Beam { weights, null: Vec::new() };
        beam.null = self.directions(&beam.columns(self.ports));
        Ok(beam)
    }

    fn ready_noise(&mut self, spec: Noise) -> Result<ReadyNoise, FrontEndError> {
        check_db("artificial noise", spec.dbfs)?;
        let antennas = self.antennas;
        let Some(streams) = &mut self.streams else { return Err(FrontEndError::NoStreams("artificial noise")) };
        let null = match &spec.channels {
            None => None,
            Some(h) => Some(unheard(h, antennas)?),
        };
        let source = streams.noise_source(spec.band)?;
        Ok(ReadyNoise { spec, source, null })
    }

    /// What the inputs are with this beam.
    pub(super) fn layout_of(beam: &Beam) -> Layout {
        if beam.sub_bands().is_some() { Layout::Antennas } else { Layout::Ports }
    }
}

impl Beam {
    /// The weight vectors of each port (and sub-band), one after the other.
    pub(super) fn columns(&self, ports: usize) -> Vec<Complex32> {
        match &self.weights {
            Weights::Wideband(w) => columns_of(w, ports),
            Weights::SubBands(bands) => bands.spec.bands.iter().flat_map(|b| columns_of(&b.weights, ports)).collect(),
        }
    }
}

/// M×P row-major to P vectors of M.
fn columns_of(weights: &[Complex32], ports: usize) -> Vec<Complex32> {
    (0..ports).flat_map(|p| weights.iter().skip(p).step_by(ports).copied()).collect()
}

/// Directions that receivers with the channels `h` (K×M) do not hear.
fn unheard(h: &[Complex32], antennas: usize) -> Result<Vec<Complex32>, FrontEndError> {
    let k = h.len() / antennas;
    if k == 0 || k >= antennas || !h.len().is_multiple_of(antennas) {
        return Err(FrontEndError::Channels("channels: give K×M values, with 1 ≤ K < M antennas"));
    }
    if !h.iter().all(|z| z.re.is_finite() && z.im.is_finite()) {
        return Err(FrontEndError::NotFinite);
    }
    let mut rows = h.to_vec();
    for row in rows.chunks_exact_mut(antennas) {
        // in double precision: a channel of 1e-30 is a channel too
        let length = row.iter().map(|z| f64::from(z.re).powi(2) + f64::from(z.im).powi(2)).sum::<f64>().sqrt();
        if length == 0.0 {
            return Err(FrontEndError::Channels("a channel is zero: leave it out"));
        }
        row.iter_mut().for_each(|z| {
            *z = Complex32::new((f64::from(z.re) / length) as f32, (f64::from(z.im) / length) as f32);
        });
    }
    Ok(null_space(&rows, antennas, 1))
}

//! The front end: what is in force at each sample, and its settings.

use super::arm::{Beam, Queue, ReadyNoise};
use super::error::{FrontEndError, check_occasions, check_ramp, check_slots, check_weights};
use super::null_space::null_space;
use super::plan::Mode;
use super::ramp::Ramp;
use super::streams::Streams;
use super::timeline::{Occasions, ProtectedSlots};
use num_complex::Complex32;

/// Most inputs a plan has columns for: 16 antennas or ports, and 15 streams of noise.
pub const MAX_INPUTS: usize = 31;

/// Inputs of the plans of a front end that makes streams of its own: what each channel behind it must be made for.
#[must_use]
pub const fn inputs(antennas: usize, ports: usize) -> usize {
    (if ports > antennas { ports } else { antennas }) + noise_columns(antennas)
}

/// Directions that artificial noise has at most; one antenna alone sends it too.
pub(super) const fn noise_columns(antennas: usize) -> usize {
    if antennas > 1 { antennas - 1 } else { 1 }
}

/// What the first inputs of a plan are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The ports, as they come.
    Ports,
    /// The antennas' streams, made symbol by symbol with weights by sub-band.
    Antennas,
}

/// Precoder, power, artificial noise, protected slots and sounding of one cell.
///
/// # Input
/// Index ranges, in order and without gaps ([`FrontEnd::plan`]), or the ports' samples ([`FrontEnd::step`]); changes
/// ([`FrontEnd::arm`], or several at once: [`FrontEnd::prepare`], [`FrontEnd::commit`]).
/// # Output
/// A [`Plan`](super::Plan): coefficients antennas × inputs in pieces that are straight lines.
/// # Units
/// Weights: amplitude ratio antenna/port. Power: dB relative to the incoming stream. Noise: dBFS over all antennas.
/// # What it does
/// `w(n) = 10^(power_db/20) · W`, where `W` is the commanded weights, in a protected slot the wide beam, in a sounding
/// occasion of an unprotected slot the next column of the unitary on port 0. Each change is a straight line over
/// `ramp_samples` from the sample where it takes effect. Artificial noise is off outside the commanded beam: it has faded out
/// when a protected slot or a sounding occasion begins.
///
/// Weights by sub-band are applied to whole OFDM symbols, see [`FrontEnd::step`]. They, the wide beam and sounding
/// columns then change from one symbol to the next without a ramp: a symbol and its prefix are of one piece, and neighbouring
/// symbols have nothing to do with each other anyway, while a ramp would break the periodicity that the prefix is for.
///
/// As a combiner of the uplink: antennas M in, ports P out, `y_p(n) = Σ_m w_{m,p}(n)·x_m(n)`; only weights are of use there.
/// # Errors
/// [`FrontEndError`] from the setters; nothing is changed then.
#[derive(Debug)]
pub struct FrontEnd {
    pub(super) antennas: usize,
    pub(super) ports: usize,
    pub(super) inputs: usize,
    pub(super) ramp_samples: u64,
    pub(super) position: u64,
    pub(super) beam: Beam,
    pub(super) wide: Vec<Complex32>,
    pub(super) power_db: f32,
    pub(super) noise: Option<ReadyNoise>,
    pub(super) slots: ProtectedSlots,
    pub(super) sounding: Option<(Occasions, Vec<Complex32>)>,
    pub(super) pending: Queue,
    pub(super) mode: Mode,
    pub(super) layout: Layout,
    /// Antennas × signal inputs.
    pub(super) signal: Ramp,
    /// The common factor of the signal's coefficients, on the same ramp.
    pub(super) amplitude: (f32, f32),
    /// Antennas × noise streams.
    pub(super) noise_ramp: Ramp,
    /// Whether noise is set, or its coefficients in the plans are not 0 for good yet.
    pub(super) noisy: bool,
    pub(super) goal: Vec<Complex32>,
    pub(super) at_start: Vec<Complex32>,
    pub(super) at_end: Vec<Complex32>,
    /// Streams of noise that the last plan needs.
    pub(super) noise_streams: usize,
    pub(super) streams: Option<Box<Streams>>,
}

impl FrontEnd {
    /// A front end at sample 0 with the same weights for the beam and the wide beam, 0 dB, no noise. It has no streams of its own:
    /// weights for the whole band and power only.
    ///
    /// # Errors
    /// [`FrontEndError::Length`] when `weights` is not `antennas·ports` long, [`FrontEndError::Grid`] for a slot of 0 samples.
    pub fn new(
        antennas: usize,
        ports: usize,
        weights: &[Complex32],
        slots: ProtectedSlots,
        ramp_samples: u32,
    ) -> Result<Self, FrontEndError> {
        check_weights(weights, antennas, ports)?;
        check_slots(&slots)?;
        let ramp_samples = u64::from(ramp_samples.max(1));
        let mut stage = Self {
            antennas,
            ports,
            inputs: ports,
            ramp_samples,
            position: 0,
            beam: Beam::wideband(weights.to_vec(), Vec::new()),
            wide: weights.to_vec(),
            power_db: 0.0,
            noise: None,
            slots,
            sounding: None,
            pending: Queue::default(),
            mode: Mode::Beam,
            layout: Layout::Ports,
            signal: Ramp::new(weights.len(), antennas * antennas.max(ports), ramp_samples),
            amplitude: (1.0, 1.0),
            noise_ramp: Ramp::new(0, 0, ramp_samples),
            noisy: false,
            goal: Vec::with_capacity(antennas * antennas.max(ports)),
            at_start: vec![Complex32::ZERO; weights.len()],
            at_end: vec![Complex32::ZERO; weights.len()],
            noise_streams: 0,
            streams: None,
        };
        stage.retarget(0);
        stage.signal.settle();
        Ok(stage)
    }

    /// The combiner of an uplink from `antennas` antennas to `ports` ports: port `p` gets antenna `p` until other weights are armed.
    ///
    /// # Errors
    /// As [`FrontEnd::new`]; [`FrontEndError::Ramp`] as [`FrontEnd::with_streams`].
    pub fn combiner(
        antennas: usize,
        ports: usize,
        slots: ProtectedSlots,
        ramp_samples: u32,
    ) -> Result<Self, FrontEndError> {
        check_slots(&slots)?;
        check_ramp(slots.slot_samples, ramp_samples)?;
        let weight = |i: usize| if i / ports.max(1) == i % ports.max(1) { Complex32::ONE } else { Complex32::ZERO };
        let weights: Vec<_> = (0..antennas * ports).map(weight).collect();
        Self::new(antennas, ports, &weights, slots, ramp_samples)
    }

    /// The same with streams of its own, for weights by sub-band and artificial noise; plans then have columns for
    /// [`inputs`] inputs. To be called before the first sample.
    ///
    /// # Errors
    /// [`FrontEndError::Ramp`] where a ramp is shorter than a cyclic prefix or longer than a slot.
    pub fn with_streams(mut self, rate_hz: f64, seed: u64) -> Result<Self, FrontEndError> {
        check_ramp(self.slots.slot_samples, u32::try_from(self.ramp_samples).unwrap_or(u32::MAX))?;
        self.inputs = inputs(self.antennas, self.ports);
        let columns = self.antennas * noise_columns(self.antennas);
        self.noise_ramp = Ramp::new(columns, columns, self.ramp_samples);
        self.at_start = vec![Complex32::ZERO; self.width()];
        self.at_end = self.at_start.clone();
        self.streams = Some(Box::new(Streams::new(self.antennas, self.ports, rate_hz, seed)));
        let weights = self.beam.columns(self.ports);
        self.beam.null = self.directions(&weights);
        Ok(self)
    }

    /// Weights a plan has for each sample: antennas × inputs.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.antennas * self.inputs
    }

    /// Whether the first inputs of its plans are the ports, and not the antennas' streams made by sub-band.
    #[must_use]
    pub fn sends_ports(&self) -> bool {
        self.layout == Layout::Ports
    }

    /// The next sample to be planned.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Goes on at this sample: what came before was somebody else's.
    pub fn seek(&mut self, sample: u64) {
        self.position = sample;
        self.forget();
    }

    /// Where slots lie.
    #[must_use]
    pub const fn slots(&self) -> &ProtectedSlots {
        &self.slots
    }

    /// Replaces the wide beam at sample `at`, or at the next slot boundary where that is past or not given; gives the sample and the old one.
    ///
    /// # Errors
    /// As for weights; [`FrontEndError::Busy`].
    pub fn set_wide(&mut self, at: Option<u64>, weights: &[Complex32]) -> Result<(u64, Vec<Complex32>), FrontEndError> {
        check_weights(weights, self.antennas, self.ports)?;
        let taken = self.position + self.unfinished() as u64;
        let sample = at.filter(|n| *n >= taken).unwrap_or_else(|| self.slots.next_boundary(taken));
        let old = self.pending.wide_before(sample).unwrap_or(&self.wide).to_vec();
        self.pending.add_wide(sample, weights.to_vec())?;
        Ok((sample, old))
    }

    /// What is armed is in force at the next sample already, without a ramp: for one that begins where another ended, so nothing else was on
    /// air before. Weights by sub-band begin with the next symbol.
    pub fn settle(&mut self) {
        while let Some(ready) = self.pending.take(u64::MAX, |ready| ready.sub_bands().is_none()) {
            self.put(ready);
        }
        self.retarget(self.position);
        self.signal.settle();
        self.amplitude.0 = self.amplitude.1;
        self.noise_ramp.settle();
    }

    /// Replaces the slot grid, from the next sample on (a symbol that is being precoded by sub-band ends as it began); gives the old one.
    ///
    /// # Errors
    /// [`FrontEndError::Grid`]; [`FrontEndError::Ramp`] and [`FrontEndError::Numerology`] where the ramp or the sub-bands in force
    /// or waiting do not go with the new slots.
    pub fn set_slots(&mut self, slots: ProtectedSlots) -> Result<ProtectedSlots, FrontEndError> {
        self.check_slots(&slots)?;
        Ok(std::mem::replace(&mut self.slots, slots))
    }

    /// Whether [`FrontEnd::set_slots`] takes this grid.
    ///
    /// # Errors
    /// Its.
    pub fn check_slots(&self, slots: &ProtectedSlots) -> Result<(), FrontEndError> {
        check_slots(slots)?;
        if let Some(streams) = &self.streams {
            check_ramp(slots.slot_samples, u32::try_from(self.ramp_samples).unwrap_or(u32::MAX))?;
            for bands in self.pending.beams().chain([&self.beam]).filter_map(Beam::sub_bands) {
                streams.numerology(bands.spec.scs_hz, slots.slot_samples)?;
            }
        }
        Ok(())
    }

    /// Replaces the sounding plan. `unitary`: M×M row-major, column `c` is sent in occasion `c mod M`.
    ///
    /// With weights by sub-band a symbol has the column of the sample in the middle of its useful part.
    ///
    /// # Errors
    /// [`FrontEndError`]; the columns must have a squared norm ≤ 1.
    pub fn set_sounding(&mut self, plan: Option<(Occasions, Vec<Complex32>)>) -> Result<(), FrontEndError> {
        if let Some((occasions, unitary)) = &plan {
            check_weights(unitary, self.antennas, self.antennas)?;
            check_occasions(occasions)?;
        }
        self.sounding = plan;
        Ok(())
    }

    /// What is in force at sample `n`, as far as it is known now.
    #[must_use]
    pub fn mode_at(&self, n: u64) -> Mode {
        if self.slots.is_protected(n) {
            return Mode::Wide;
        }
        match &self.sounding {
            Some((occasions, _)) => occasions
                .at(n)
                .map_or(Mode::Beam, |k| Mode::Column(u16::try_from(k % self.antennas as u64).unwrap_or(0))),
            None => Mode::Beam,
        }
    }

    /// Directions for noise that is to be orthogonal to weight vectors (`vectors`: K×M, one after the other).
    pub(super) fn directions(&self, vectors: &[Complex32]) -> Vec<Complex32> {
        let rows: Vec<_> = vectors.iter().map(num_complex::Complex::conj).collect();
        let mut null = null_space(&rows, self.antennas, 1);
        null.truncate(self.antennas * noise_columns(self.antennas));
        null
    }
}

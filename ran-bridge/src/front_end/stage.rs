//! The front end: what is in force at each downlink sample, and when commanded changes take effect.

use super::plan::{Mode, Plan, Segment};
use super::timeline::{MAX_SAMPLE, Occasions, ProtectedSlots};
use num_complex::Complex32;

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FrontEndError {
    /// Wrong number of weights.
    #[error("{got} weights, {want} (antennas × ports) are needed")]
    Length {
        /// As given.
        got: usize,
        /// As needed.
        want: usize,
    },
    /// NaN or infinite.
    #[error("weights, power and noise must be finite numbers")]
    NotFinite,
    /// More than unit power.
    #[error("weights have power {power}, at most 1 for each port keeps the antennas within full scale")]
    TooStrong {
        /// Largest squared norm of a port's column.
        power: f32,
    },
    /// Above full scale.
    #[error("{what} of {db} dB: at most 0 dB is possible")]
    AboveFullScale {
        /// Which.
        what: &'static str,
        /// As given.
        db: f32,
    },
    /// A slot, period or length of 0, or out of range.
    #[error("{0}")]
    Grid(&'static str),
}

/// A commanded change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// M×P weights, row-major antennas × ports; each port's column has a squared norm ≤ 1.
    Weights(Vec<Complex32>),
    /// Transmit power, dB ≤ 0.
    PowerDb(f32),
    /// Power of the artificial noise over all antennas, dBFS ≤ 0; `None` = off.
    NoiseDbfs(Option<f32>),
}

/// A change that stands ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Armed {
    /// Downlink sample at which its ramp begins.
    pub sample: u64,
    /// What it replaces.
    pub old: Change,
}

/// Precoder, power, artificial noise, protected slots and sounding of one cell.
///
/// # Input
/// Downlink index ranges, in order and without gaps ([`FrontEnd::plan`]); changes ([`FrontEnd::arm`]).
/// # Output
/// A [`Plan`]: coefficients M×P in pieces that are straight lines.
/// # Units
/// Weights: amplitude ratio antenna/port. Power: dB relative to the incoming stream. Noise: dBFS over all antennas.
/// # What it does
/// `w(n) = 10^(power_db/20) · W`, where `W` is the commanded weights, in a protected slot the wide beam, in a sounding
/// occasion of an unprotected slot the next column of the unitary on port 0. Each change is a straight line over
/// `ramp_samples` from the sample where it takes effect. Artificial noise is off outside the commanded beam.
/// # Errors
/// [`FrontEndError`] from the setters; nothing is changed then.
#[derive(Debug)]
pub struct FrontEnd {
    antennas: usize,
    ports: usize,
    ramp_samples: u64,
    position: u64,
    beam: Vec<Complex32>,
    wide: Vec<Complex32>,
    power_db: f32,
    noise_dbfs: Option<f32>,
    slots: ProtectedSlots,
    sounding: Option<(Occasions, Vec<Complex32>)>,
    pending: [Option<(u64, Change)>; 3],
    mode: Mode,
    from: Vec<Complex32>,
    to: Vec<Complex32>,
    at_start: Vec<Complex32>,
    at_end: Vec<Complex32>,
    noise_from: f32,
    noise_to: f32,
    ramp_start: u64,
}

impl FrontEnd {
    /// A front end at sample 0 with the same weights for the beam and the wide beam, 0 dB, no noise.
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
        let zero = vec![Complex32::ZERO; weights.len()];
        let mut stage = Self {
            antennas,
            ports,
            ramp_samples: u64::from(ramp_samples.max(1)),
            position: 0,
            beam: weights.to_vec(),
            wide: weights.to_vec(),
            power_db: 0.0,
            noise_dbfs: None,
            slots,
            sounding: None,
            pending: [None, None, None],
            mode: Mode::Beam,
            from: zero.clone(),
            to: zero.clone(),
            at_start: zero.clone(),
            at_end: zero,
            noise_from: 0.0,
            noise_to: 0.0,
            ramp_start: 0,
        };
        stage.retarget(0);
        stage.from.clone_from(&stage.to);
        Ok(stage)
    }

    /// Weights a plan has for each sample: antennas × ports.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.antennas * self.ports
    }

    /// The next sample to be planned.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Goes on at this sample: what came before was somebody else's.
    pub const fn seek(&mut self, sample: u64) {
        self.position = sample;
    }

    /// Where slots lie.
    #[must_use]
    pub const fn slots(&self) -> &ProtectedSlots {
        &self.slots
    }

    /// Makes a change ready; one that is pending for the same quantity is replaced.
    ///
    /// # Errors
    /// [`FrontEndError`]; then nothing is changed.
    pub fn arm(&mut self, at: Option<u64>, change: Change) -> Result<Armed, FrontEndError> {
        match &change {
            Change::Weights(w) => check_weights(w, self.antennas, self.ports)?,
            Change::PowerDb(db) => check_db("power", *db)?,
            Change::NoiseDbfs(db) => check_db("artificial noise", db.unwrap_or(0.0))?,
        }
        let sample = match at {
            Some(n) if n >= self.position => n,
            _ => self.slots.next_boundary(self.position),
        };
        let (place, old) = match &change {
            Change::Weights(_) => (0, Change::Weights(self.beam.clone())),
            Change::PowerDb(_) => (1, Change::PowerDb(self.power_db)),
            Change::NoiseDbfs(_) => (2, Change::NoiseDbfs(self.noise_dbfs)),
        };
        self.pending[place] = Some((sample, change));
        Ok(Armed { sample, old })
    }

    /// Replaces the wide beam, from the next protected slot on; gives the old one.
    ///
    /// # Errors
    /// As for weights.
    pub fn set_wide(&mut self, weights: &[Complex32]) -> Result<Vec<Complex32>, FrontEndError> {
        check_weights(weights, self.antennas, self.ports)?;
        Ok(std::mem::replace(&mut self.wide, weights.to_vec()))
    }

    /// Replaces the slot grid, from the next sample on; gives the old one.
    ///
    /// # Errors
    /// [`FrontEndError::Grid`].
    pub fn set_slots(&mut self, slots: ProtectedSlots) -> Result<ProtectedSlots, FrontEndError> {
        check_slots(&slots)?;
        Ok(std::mem::replace(&mut self.slots, slots))
    }

    /// Replaces the sounding plan. `unitary`: M×M row-major, column `c` is sent in occasion `c mod M`.
    ///
    /// # Errors
    /// [`FrontEndError`]; the columns must have a squared norm ≤ 1.
    pub fn set_sounding(&mut self, plan: Option<(Occasions, Vec<Complex32>)>) -> Result<(), FrontEndError> {
        if let Some((occasions, unitary)) = &plan {
            check_weights(unitary, self.antennas, self.antennas)?;
            if occasions.first > MAX_SAMPLE || occasions.period > MAX_SAMPLE {
                return Err(FrontEndError::Grid("sounding occasions start or repeat beyond 2^48 samples"));
            }
            if occasions.period == 0 || occasions.len == 0 || occasions.len > occasions.period {
                return Err(FrontEndError::Grid("sounding occasions need a period ≥ 1 and 1 ≤ length ≤ period"));
            }
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

    /// Plans the next samples, up to `len` (fewer when the plan has no more room). Does not allocate.
    pub fn plan(&mut self, len: usize, plan: &mut Plan) {
        plan.restart(self.position);
        let end = self.position + len as u64;
        while self.position < end && !plan.full() {
            let n = self.position;
            self.take_changes(n);
            let mut stop = end.min(self.slots.next_boundary(n + 1));
            if let Some((occasions, _)) = &self.sounding {
                stop = stop.min(occasions.next_edge(n));
            }
            for (at, _) in self.pending.iter().flatten() {
                stop = stop.min((*at).max(n + 1));
            }
            let ramp_end = self.ramp_start + self.ramp_samples;
            if n < ramp_end {
                stop = stop.min(ramp_end);
            }
            let noise_from = self.value_at(n, true);
            let noise_to = self.value_at(stop, false);
            let segment = Segment {
                offset: (n - plan.start) as usize,
                len: (stop - n) as usize,
                mode: self.mode,
                noise_from,
                noise_to,
            };
            plan.push(segment, &self.at_start, &self.at_end);
            self.position = stop;
        }
    }

    /// Takes over what is due at `n` and begins a ramp where the target differs.
    fn take_changes(&mut self, n: u64) {
        for place in 0..self.pending.len() {
            if self.pending[place].as_ref().is_some_and(|(at, _)| *at <= n)
                && let Some((_, change)) = self.pending[place].take()
            {
                match change {
                    Change::Weights(w) => self.beam = w,
                    Change::PowerDb(db) => self.power_db = db,
                    Change::NoiseDbfs(db) => self.noise_dbfs = db,
                }
            }
        }
        self.retarget(n);
    }

    fn retarget(&mut self, n: u64) {
        let mode = self.mode_at(n);
        let amplitude = 10.0_f32.powf(self.power_db / 20.0);
        let ports = self.ports;
        let target = |i: usize| {
            target_of(mode, i, ports, self.antennas, &self.beam, &self.wide, self.sounding.as_ref()) * amplitude
        };
        let noise = match (mode, self.noise_dbfs) {
            (Mode::Beam, Some(db)) => 10.0_f32.powf(db / 20.0),
            _ => 0.0,
        };
        self.mode = mode;
        if noise == self.noise_to && (0..self.to.len()).all(|i| self.to[i] == target(i)) {
            return;
        }
        let share = self.share(n);
        for i in 0..self.to.len() {
            let goal =
                target_of(mode, i, ports, self.antennas, &self.beam, &self.wide, self.sounding.as_ref()) * amplitude;
            let step = (self.to[i] - self.from[i]) * share;
            self.from[i] += step;
            self.to[i] = goal;
        }
        self.noise_from += (self.noise_to - self.noise_from) * share;
        self.noise_to = noise;
        self.ramp_start = n;
    }

    fn share(&self, n: u64) -> f32 {
        ((n - self.ramp_start.min(n)).min(self.ramp_samples)) as f32 / self.ramp_samples as f32
    }

    /// Writes the weights at `n` to `at_start` or `at_end` and gives the noise amplitude.
    fn value_at(&mut self, n: u64, start: bool) -> f32 {
        let share = self.share(n);
        let Self { at_start, at_end, from, to, .. } = self;
        let out = if start { at_start } else { at_end };
        for ((z, from), to) in out.iter_mut().zip(&*from).zip(&*to) {
            *z = if share >= 1.0 { *to } else { *from + (*to - *from) * share };
        }
        if share >= 1.0 { self.noise_to } else { self.noise_from + (self.noise_to - self.noise_from) * share }
    }
}

fn target_of(
    mode: Mode,
    i: usize,
    ports: usize,
    antennas: usize,
    beam: &[Complex32],
    wide: &[Complex32],
    sounding: Option<&(Occasions, Vec<Complex32>)>,
) -> Complex32 {
    match (mode, sounding) {
        (Mode::Beam, _) => beam[i],
        (Mode::Wide, _) => wide[i],
        (Mode::Column(c), Some((_, u))) if i.is_multiple_of(ports) => u[(i / ports) * antennas + usize::from(c)],
        (Mode::Column(_), _) => Complex32::ZERO,
    }
}

fn check_weights(weights: &[Complex32], antennas: usize, ports: usize) -> Result<(), FrontEndError> {
    let want = antennas * ports;
    if weights.len() != want || want == 0 {
        return Err(FrontEndError::Length { got: weights.len(), want });
    }
    if !weights.iter().all(|w| w.re.is_finite() && w.im.is_finite()) {
        return Err(FrontEndError::NotFinite);
    }
    for port in 0..ports {
        let power: f32 = weights.iter().skip(port).step_by(ports).map(num_complex::Complex::norm_sqr).sum();
        if power > 1.0 + 1e-3 {
            return Err(FrontEndError::TooStrong { power });
        }
    }
    Ok(())
}

fn check_db(what: &'static str, db: f32) -> Result<(), FrontEndError> {
    if !db.is_finite() {
        return Err(FrontEndError::NotFinite);
    }
    if db > 0.0 { Err(FrontEndError::AboveFullScale { what, db }) } else { Ok(()) }
}

fn check_slots(slots: &ProtectedSlots) -> Result<(), FrontEndError> {
    if slots.slot_samples == 0 {
        return Err(FrontEndError::Grid("a slot has at least one sample"));
    }
    if slots.spans.iter().any(|&(period, offset)| period == 0 || offset >= period) {
        return Err(FrontEndError::Grid("a protected slot needs a period ≥ 1 and an offset below it"));
    }
    Ok(())
}

//! The streams that the front end makes itself: antennas with weights by sub-band, and noise.

use super::change::PrbRange;
use super::error::FrontEndError;
use super::kernel::{multiply, multiply_add};
use super::noise::NoiseSource;
use super::plan::{Mode, Plan};
use super::precoder::Scratch;
use super::stage::{FrontEnd, Layout, noise_columns};
use super::symbols::{Symbol, SymbolGrid};
use crate::emulator::NoiseTable;
use crate::nr::Numerology;
use num_complex::Complex32;
use rustfft::FftPlanner;

/// Most samples a step gives with noise: the streams stay in the second-level cache.
const NOISE_PIECE: usize = 4096;

/// Buffers and state of these streams.
pub(super) struct Streams {
    rate_hz: f64,
    seed: u64,
    pub(super) planner: FftPlanner<f32>,
    pub(super) scratch: Scratch,
    table: NoiseTable,
    source: NoiseSource,
    noise: Vec<Vec<Complex32>>,
    /// P ports: what has come of the symbol under way.
    symbol: Vec<Vec<Complex32>>,
    under_way: Symbol,
    filled: usize,
    /// Samples of it that are given already.
    given: usize,
    /// M antennas.
    out: Vec<Vec<Complex32>>,
    out_from: usize,
    out_to: usize,
    /// Where in `out` the last step's samples begin.
    last: usize,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("filled", &self.filled).field("given", &self.given).finish_non_exhaustive()
    }
}

impl Streams {
    pub(super) fn new(antennas: usize, ports: usize, rate_hz: f64, seed: u64) -> Self {
        let mut planner = FftPlanner::new();
        let mut longest = 0;
        for scs_hz in [15e3, 30e3] {
            if let Ok(numerology) = Numerology::new(rate_hz, scs_hz) {
                longest = longest.max(numerology.fft() + numerology.cp_of(0, 0));
                // planned now, so that a command need not
                planner.plan_fft_forward(numerology.fft());
                planner.plan_fft_inverse(numerology.fft());
            }
        }
        let buffers = |count: usize, len: usize| vec![vec![Complex32::ZERO; len]; count];
        let table = NoiseTable::new(seed);
        Self {
            rate_hz,
            seed,
            planner,
            scratch: Scratch::default(),
            source: NoiseSource::white(&table),
            table,
            noise: buffers(noise_columns(antennas), NOISE_PIECE),
            symbol: buffers(ports, longest),
            under_way: Symbol { cp: 0, len: 0 },
            filled: 0,
            given: 0,
            out: buffers(antennas, longest),
            out_from: 0,
            out_to: 0,
            last: 0,
        }
    }

    /// Forgets what is under way.
    pub(super) const fn clear(&mut self) {
        (self.filled, self.given, self.out_from, self.out_to) = (0, 0, 0, 0);
    }

    /// The numerology of a subcarrier spacing at the rate of the streams.
    pub(super) fn numerology(&self, scs_hz: u32, slot_samples: u32) -> Result<Numerology, FrontEndError> {
        let error = |reason| FrontEndError::Numerology { scs_hz, rate_hz: self.rate_hz, slot_samples, reason };
        let numerology = Numerology::new(self.rate_hz, f64::from(scs_hz)).map_err(|_| {
            error("the spacing must be 15 000 or 30 000 Hz and the rate 256 to 8192 times it, in steps of 128")
        })?;
        if numerology.slot() as u64 != u64::from(slot_samples) {
            return Err(error("a slot is 1 ms at 15 kHz, 0.5 ms at 30 kHz: set the slot grid first"));
        }
        Ok(numerology)
    }

    pub(super) fn noise_source(&mut self, band: Option<PrbRange>) -> Result<NoiseSource, FrontEndError> {
        let Some(band) = band else { return Ok(NoiseSource::white(&self.table)) };
        if !band.fits() {
            return Err(FrontEndError::Band(
                "the band of the noise has no resource block or reaches beyond the carrier",
            ));
        }
        let width_hz = 12.0 * f64::from(band.carrier_prbs) * f64::from(band.scs_hz);
        if !matches!(band.scs_hz, 15_000 | 30_000) || width_hz > self.rate_hz {
            return Err(FrontEndError::Band(
                "the noise needs a spacing of 15 000 or 30 000 Hz and a carrier within the sampled band",
            ));
        }
        if self.has_band(Some(band)) {
            return Ok(self.source.clone());
        }
        Ok(NoiseSource::shaped(&self.table, self.seed, band, self.rate_hz, &mut self.planner))
    }

    fn has_band(&self, band: Option<PrbRange>) -> bool {
        self.source.band == band
    }

    pub(super) fn has(&self, source: &NoiseSource) -> bool {
        self.has_band(source.band)
    }

    pub(super) fn take_source(&mut self, source: &NoiseSource) {
        self.source.clone_from(source);
    }

    /// Zeros at the start of the ports' next `n` samples.
    fn zeros(x: &[&[Complex32]], n: usize) -> usize {
        x.iter().map(|x| x[..n].iter().position(|z| *z != Complex32::ZERO).unwrap_or(n)).min().unwrap_or(0)
    }
}

impl FrontEnd {
    /// Takes samples of the ports and plans those that can be sent now. Gives how many were taken; the plan says how many
    /// are sent, [`FrontEnd::streams`] what its inputs are. Does not allocate.
    ///
    /// With weights for the whole band, samples are sent as they are taken. With weights by sub-band a symbol is sent when it
    /// is whole, so less than one symbol is [held](FrontEnd::held_samples) back, 1655 samples at 23.04 MS/s and 15 kHz. What is sent depends
    /// on the samples alone, never on how they are cut into messages. Zeros with which a symbol begins are sent at once (as
    /// zeros): a radio that has nothing to send pads with them just as far as it wants uplink, and would wait for ever for
    /// peers that wait for the held samples. A radio with signal is ahead of its uplink by more than a symbol (srsRAN: by 1 ms and a slot), so
    /// there the samples that are held are never the ones that everybody waits for.
    ///
    /// # Shapes
    /// `x`: one slice a port, of any length; the shortest counts.
    pub fn step(&mut self, x: &[&[Complex32]], plan: &mut Plan) -> usize {
        let ready = x.iter().map(|x| x.len()).min().unwrap_or(0);
        self.switch();
        let taken = match self.layout {
            Layout::Ports => {
                // with noise to come, a step must not be longer than its buffers
                let most = if self.quiet() { usize::MAX } else { NOISE_PIECE };
                self.plan(ready.min(most), plan);
                plan.len
            }
            Layout::Antennas => {
                let taken = if self.has_output() { 0 } else { self.collect(x, ready) };
                let n = self.streams.as_ref().map_or(0, |s| s.out_to - s.out_from);
                self.plan(n.min(NOISE_PIECE), plan);
                if let Some(streams) = &mut self.streams {
                    streams.last = streams.out_from;
                    streams.out_from += plan.len;
                }
                taken
            }
        };
        let count = self.noise_streams;
        if let Some(streams) = &mut self.streams {
            for (k, noise) in streams.noise.iter_mut().enumerate().take(count) {
                streams.source.fill(k, &mut noise[..plan.len], plan.start);
            }
        }
        taken
    }

    /// The inputs of the last step's plan: those of `x` (what the step was given) or the antennas, then noise; gives how many.
    ///
    /// # Shapes
    /// `to`: at least [`MAX_INPUTS`](super::MAX_INPUTS) places.
    pub fn streams<'a>(&'a self, x: &[&'a [Complex32]], plan: &Plan, to: &mut [&'a [Complex32]]) -> usize {
        let n = plan.len;
        let mut count = 0;
        let mut add = |stream: &'a [Complex32]| {
            if let Some(to) = to.get_mut(count) {
                *to = stream;
                count += 1;
            }
        };
        match (self.layout, &self.streams) {
            (Layout::Antennas, Some(s)) => s.out.iter().for_each(|out| add(&out[s.last..s.last + n])),
            _ => x.iter().for_each(|x| add(&x[..n])),
        }
        if let Some(s) = &self.streams {
            s.noise.iter().take(self.noise_streams).for_each(|noise| add(&noise[..n]));
        }
        count
    }

    /// Whether a step gives more samples without taking any.
    #[must_use]
    pub fn has_output(&self) -> bool {
        self.streams.as_ref().is_some_and(|s| s.out_from < s.out_to)
    }

    /// Samples that are taken and wait for the rest of their symbol.
    #[must_use]
    pub fn held_samples(&self) -> usize {
        self.streams.as_ref().map_or(0, |s| s.filled - s.given)
    }

    /// Drops the samples that are held, of a radio that is gone: the next sample taken is the next one planned.
    pub fn forget(&mut self) {
        if let Some(streams) = &mut self.streams {
            streams.clear();
        }
    }

    /// Samples that are taken and not planned yet.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.held_samples() + self.streams.as_ref().map_or(0, |s| s.out_to - s.out_from)
    }

    /// Whether no noise is sent, nor will be by what is known.
    fn quiet(&self) -> bool {
        self.noise.is_none() && !self.pending.has_noise() && self.noise_ramp.is_zero_from(self.position)
    }

    /// Between two symbols, takes over the weights that are due, with what they make of the inputs.
    fn switch(&mut self) {
        let n = self.position;
        if self.streams.as_ref().is_none_or(|s| s.filled > 0 || s.out_from < s.out_to) {
            return;
        }
        while let Some(wide) = self.pending.take_wide(n) {
            self.put(wide);
        }
        if self.layout == Layout::Antennas || self.pending.sub_bands_due(n) {
            while let Some(beam) = self.pending.take_beam(n) {
                self.put(beam);
            }
            self.lay_out(n);
        }
    }

    /// Takes samples of the symbol under way, and writes what can be sent to `out`.
    fn collect(&mut self, x: &[&[Complex32]], ready: usize) -> usize {
        let Some(mut s) = self.streams.take() else { return 0 };
        let taken = self.collect_into(&mut s, x, ready);
        self.streams = Some(s);
        taken
    }

    fn collect_into(&self, s: &mut Streams, x: &[&[Complex32]], ready: usize) -> usize {
        let Some(bands) = self.beam.sub_bands() else { return 0 };
        (s.out_from, s.out_to) = (0, 0);
        if s.filled == 0 {
            let grid = SymbolGrid::new(&bands.numerology, self.slots.boundary);
            let start = grid.next_start(self.position);
            if start > self.position {
                // the rest of a symbol whose beginning is gone: the grid has moved
                let n = ready.min((start - self.position) as usize).min(s.out.first().map_or(0, Vec::len));
                self.uniform(Mode::Wide, x, &mut s.out, n);
                s.out_to = n;
                return n;
            }
            s.under_way = grid.symbol(start);
        }
        let Symbol { cp, len } = s.under_way;
        let n = ready.min(len - s.filled);
        if s.filled == s.given {
            let zeros = Streams::zeros(x, n);
            if zeros > 0 {
                s.symbol.iter_mut().for_each(|to| to[s.filled..s.filled + zeros].fill(Complex32::ZERO));
                s.out.iter_mut().for_each(|out| out[..zeros].fill(Complex32::ZERO));
                s.out_to = zeros;
                s.filled += zeros;
                s.given = s.filled;
                if s.filled == len {
                    (s.filled, s.given) = (0, 0);
                }
                return zeros;
            }
        }
        for (to, x) in s.symbol.iter_mut().zip(x) {
            to[s.filled..s.filled + n].copy_from_slice(&x[..n]);
        }
        s.filled += n;
        if s.filled == len {
            let middle = self.position - s.given as u64 + (cp + (len - cp) / 2) as u64;
            match self.mode_at(middle) {
                Mode::Beam => bands.precoder.symbol(&mut s.symbol, &mut s.out, cp, &mut s.scratch),
                mode => self.uniform(mode, &s.symbol, &mut s.out, len),
            }
            (s.out_from, s.out_to) = (s.given, len);
            (s.filled, s.given) = (0, 0);
        }
        n
    }

    /// The same weights for all subcarriers: the wide beam, or a column of the sounding unitary.
    fn uniform(&self, mode: Mode, x: &[impl AsRef<[Complex32]>], y: &mut [Vec<Complex32>], n: usize) {
        for (m, y) in y.iter_mut().enumerate() {
            for (p, x) in x.iter().enumerate() {
                let w = match (mode, &self.sounding) {
                    (Mode::Column(c), Some((_, u))) if p == 0 => u[m * self.antennas + usize::from(c)],
                    (Mode::Column(_), _) => Complex32::ZERO,
                    _ => self.wide[m * self.ports + p],
                };
                let x = &x.as_ref()[..n];
                if p == 0 { multiply(&mut y[..n], x, w) } else { multiply_add(&mut y[..n], x, w) }
            }
        }
    }
}

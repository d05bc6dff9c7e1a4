//! From what is in force to a plan: where coefficients begin to change, and their values there.

use super::arm::{Ready, Weights};
use super::plan::{Mode, Plan, Segment};
use super::stage::{FrontEnd, Layout, noise_columns};
use num_complex::Complex32;

impl FrontEnd {
    /// Plans the next samples, up to `len` (fewer when the plan has no more room, or where the inputs become others). Does not allocate.
    pub fn plan(&mut self, len: usize, plan: &mut Plan) {
        plan.restart(self.position);
        self.noise_streams = 0;
        let end = self.position + len as u64;
        while self.position < end && !plan.full() {
            let n = self.position;
            self.take_changes(n);
            if n > plan.start && self.inputs_change(n) {
                break;
            }
            self.retarget(n);
            let stop = self.stop(n, end);
            self.write_values(n, true);
            self.write_values(stop, false);
            if self.noisy {
                if !self.noise_ramp.is_zero_from(n) {
                    let used = self.noise_ramp.columns_in_use(noise_columns(self.antennas));
                    self.noise_streams = self.noise_streams.max(used);
                } else if self.noise.is_none() {
                    self.noisy = false;
                }
            }
            let segment = Segment { offset: (n - plan.start) as usize, len: (stop - n) as usize, mode: self.mode };
            plan.push(segment, &self.at_start, &self.at_end);
            self.position = stop;
        }
    }

    /// Up to where everything is a straight line from `n` on.
    fn stop(&self, n: u64, end: u64) -> u64 {
        let mut stop = end.min(self.slots.next_boundary(n + 1));
        let fade = self.ramp_samples;
        if let Some((occasions, _)) = &self.sounding {
            stop = stop.min(occasions.next_edge(n));
        }
        if self.noise.is_some() {
            // noise fades out ahead of what it must spare
            if !self.slots.spans.is_empty() {
                stop = stop.min(self.slots.next_boundary(n + 1 + fade) - fade);
            }
            if let Some((occasions, _)) = &self.sounding {
                stop = stop.min(occasions.next_edge(n + fade).saturating_sub(fade).max(n + 1));
            }
        }
        for at in self.pending.samples() {
            stop = stop.min(at.max(n + 1));
        }
        for ramp_end in [self.signal.end(), self.noise_ramp.end()] {
            if n < ramp_end {
                stop = stop.min(ramp_end);
            }
        }
        stop
    }

    /// Takes over what is due at `n`, but for what the layout of the inputs depends on: that is [`FrontEnd::step`]'s.
    fn take_changes(&mut self, n: u64) {
        let layout = self.layout;
        let ours = |ready: &Ready| match ready {
            Ready::Beam(beam) => layout == Layout::Ports && beam.sub_bands().is_none(),
            Ready::Power(_) | Ready::Noise(_) | Ready::Wide(_) => true,
        };
        while let Some(ready) = self.pending.take(n, ours) {
            self.put(ready);
        }
    }

    pub(super) fn put(&mut self, ready: Ready) {
        match ready {
            Ready::Beam(beam) => self.beam = beam,
            Ready::Power(db) => self.power_db = db,
            Ready::Noise(noise) => self.noise = noise,
            Ready::Wide(weights) => self.wide = weights,
        }
    }

    /// Whether a plan that began earlier must end at `n`.
    fn inputs_change(&self, n: u64) -> bool {
        (self.layout == Layout::Ports && self.pending.sub_bands_due(n)) || self.other_source(n)
    }

    /// Whether noise begins at `n` whose source is not the one in use.
    fn other_source(&self, n: u64) -> bool {
        match (&self.noise, &self.streams) {
            (Some(noise), Some(streams)) => !streams.has(&noise.source) && self.noise_ramp.is_zero_from(n),
            _ => false,
        }
    }

    /// Begins ramps at `n` where the targets differ.
    pub(super) fn retarget(&mut self, n: u64) {
        self.mode = self.mode_at(n);
        let amplitude = 10.0_f32.powf(self.power_db / 20.0);
        let mut goal = std::mem::take(&mut self.goal);
        goal.clear();
        let columns = self.signal_columns();
        goal.extend((0..self.antennas * columns).map(|i| self.target(i / columns, i % columns) * amplitude));
        let share = self.signal.share(n);
        if self.signal.lead_to(&goal, n) || amplitude != self.amplitude.1 {
            let (from, to) = self.amplitude;
            self.amplitude = (from + (to - from) * share, amplitude);
        }
        self.goal = goal;
        self.noisy |= self.noise.is_some();
        if self.noisy {
            self.retarget_noise(n);
        }
    }

    /// The weight of an antenna for one signal input, at 0 dB.
    fn target(&self, m: usize, column: usize) -> Complex32 {
        if self.layout == Layout::Antennas {
            return if m == column { Complex32::ONE } else { Complex32::ZERO };
        }
        let i = m * self.ports + column;
        match (self.mode, &self.beam.weights, &self.sounding) {
            (Mode::Beam, Weights::Wideband(w), _) => w[i],
            (Mode::Column(c), _, Some((_, u))) if column == 0 => u[m * self.antennas + usize::from(c)],
            (Mode::Column(_), ..) => Complex32::ZERO,
            (Mode::Wide, ..) | (Mode::Beam, Weights::SubBands(_), _) => self.wide[i],
        }
    }

    fn retarget_noise(&mut self, n: u64) {
        if self.other_source(n)
            && let (Some(noise), Some(streams)) = (&self.noise, &mut self.streams)
        {
            streams.take_source(&noise.source);
        }
        let mut goal = std::mem::take(&mut self.goal);
        let columns = noise_columns(self.antennas);
        goal.clear();
        goal.resize(self.antennas * columns, Complex32::ZERO);
        if let (Some(noise), Some(streams)) = (&self.noise, &self.streams)
            && streams.has(&noise.source)
            && !self.noise_rests(n)
        {
            let null = noise.null.as_ref().unwrap_or(&self.beam.null);
            let directions = null.len() / self.antennas;
            let amplitude = 10.0_f32.powf(noise.spec.dbfs / 20.0) / (directions as f32).sqrt();
            for (i, z) in null.iter().enumerate() {
                goal[i % self.antennas * columns + i / self.antennas] = z * amplitude;
            }
        }
        self.noise_ramp.lead_to(&goal, n);
        self.goal = goal;
    }

    /// Whether noise must be off at `n`, or fade out from there on to be off in time.
    fn noise_rests(&self, n: u64) -> bool {
        let fade = self.ramp_samples;
        let sounds = self.sounding.as_ref().is_some_and(|(o, _)| o.at(n).is_some() || o.next_edge(n) <= n + fade);
        sounds || self.slots.is_protected(n) || self.slots.is_protected(n + fade)
    }

    pub(super) const fn signal_columns(&self) -> usize {
        match self.layout {
            Layout::Ports => self.ports,
            Layout::Antennas => self.antennas,
        }
    }

    /// Writes the coefficients at `n` to `at_start` or `at_end`: signal inputs first, then noise.
    fn write_values(&mut self, n: u64, start: bool) {
        let columns = self.signal_columns();
        let noises = noise_columns(self.antennas);
        let Self { at_start, at_end, signal, noise_ramp, inputs, noisy, .. } = self;
        let out = if start { at_start } else { at_end };
        let mut values = signal.values(signal.share(n));
        for row in out.chunks_exact_mut(*inputs) {
            for (z, value) in row[..columns].iter_mut().zip(&mut values) {
                *z = value;
            }
        }
        if *noisy {
            let mut values = noise_ramp.values(noise_ramp.share(n));
            for row in out.chunks_exact_mut(*inputs) {
                for (z, value) in row[columns..columns + noises].iter_mut().zip(&mut values) {
                    *z = value;
                }
            }
        }
    }

    /// Goes over to the layout of the beam in force: coefficients of other inputs, at the same power.
    pub(super) fn lay_out(&mut self, n: u64) {
        let layout = Self::layout_of(&self.beam);
        if layout == self.layout {
            return;
        }
        let share = self.signal.share(n);
        let (from, to) = self.amplitude;
        let now = from + (to - from) * share;
        self.layout = layout;
        self.mode = self.mode_at(n);
        let columns = self.signal_columns();
        let mut goal = std::mem::take(&mut self.goal);
        goal.clear();
        goal.extend((0..self.antennas * columns).map(|i| self.target(i / columns, i % columns)));
        self.signal.replace(n, goal.iter().map(|z| z * now), goal.iter().map(|z| z * to));
        self.goal = goal;
        self.amplitude = (now, to);
        self.at_start.fill(Complex32::ZERO);
        self.at_end.fill(Complex32::ZERO);
    }
}

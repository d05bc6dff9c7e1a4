//! Downlink: from the gNB's ports through front end and channels to the receivers.

use super::capture::Tap;
use super::config::MAX_PORTS;
use super::engine::{CHUNK, Engine, Truth};
use super::fault::{Direction, FaultStatus};
use super::msg::{Event, PeerState};
use super::stats::{Band, add};
use crate::clock::mono_ns;
use crate::front_end::MAX_INPUTS;
use crate::iq::MAX_REPLY_SAMPLES;
use num_complex::Complex32;

impl Engine<'_> {
    /// Plays a recording in the gNB's place.
    pub(super) fn play(&mut self) {
        if !self.wants_downlink() {
            return;
        }
        let from_ns = mono_ns();
        let slot = self.config.slot_samples as usize;
        if let (Some(player), Some(fifo)) = (&mut self.gnb.player, self.gnb.ports.first_mut()) {
            player.next(fifo, slot.min(MAX_REPLY_SAMPLES));
        }
        self.process(from_ns, from_ns);
    }

    /// Processes what every port has. `arrival_ns`: when the message that completed it was received; `begin_ns`: when work
    /// on these samples began. Gives the time at the end.
    pub(super) fn process(&mut self, arrival_ns: u64, mut begin_ns: u64) -> u64 {
        loop {
            let ready = self.gnb.ready().min(CHUNK);
            if ready == 0 && !self.front_end.has_output() {
                break;
            }
            let ports = self.gnb.ports.len();
            let mut x: [&[Complex32]; MAX_PORTS] = [&[]; MAX_PORTS];
            for (x, fifo) in x.iter_mut().zip(&self.gnb.ports) {
                *x = &fifo.samples()[..ready];
            }
            let first_taken = self.dl + self.front_end.unfinished() as u64;
            let taken = self.front_end.step(&x[..ports], &mut self.plan);
            let n = self.plan.len;
            let mut inputs: [&[Complex32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
            let count = self.front_end.streams(&x[..ports], &self.plan, &mut inputs);
            if let Some(capture) = &mut self.capture {
                for (port, x) in (0..).zip(&x[..ports]) {
                    capture.take(Tap::GnbTx { port }, first_taken, &x[..taken]);
                }
                capture.take_inputs(self.dl, n, &inputs[..count]);
                capture.note(Direction::Downlink, &self.plan, !self.front_end.sends_ports());
            }
            let ues = (0_u32..).zip(&mut self.ues);
            for (stream, ue) in ues.filter(|(_, u)| n > 0 && u.state == PeerState::Present) {
                if ue.rx.is_none() {
                    ue.out.restart(self.dl);
                }
                let Some(y) = ue.out.grow(n) else { continue };
                if self.works {
                    ue.channel.process(&self.plan, &inputs[..count], y);
                } else {
                    y.fill(Complex32::ZERO);
                    add(&self.stats.held_dl_samples, n as u64);
                }
                if !self.faults.is_idle() {
                    let port = &mut self.port;
                    let told = |status: &FaultStatus| port.event(&Event::Fault(status.clone()));
                    self.faults.apply(stream as usize, Direction::Downlink, self.dl, y, told);
                }
                if let Some(capture) = &mut self.capture {
                    capture.take(Tap::UeRx { stream }, self.dl, y);
                }
            }
            for fifo in &mut self.gnb.ports {
                fifo.drop_front(taken);
            }
            if n == 0 {
                continue;
            }
            let first = self.dl;
            self.dl += n as u64;
            add(&self.stats.dl_samples, n as u64);
            begin_ns = self.measure(begin_ns, n as u64);
            self.cut_snippets(first, n, arrival_ns);
            self.tell_truth(first, n as u64);
            self.end_capture();
        }
        self.progress_ns = arrival_ns;
        begin_ns
    }

    /// Tells of a capture that is over, and closes its files.
    pub(super) fn end_capture(&mut self) {
        if let Some(capture) = &mut self.capture {
            capture.give_up_short(self.dl, self.ul);
        }
        if let Some(mut capture) = self.capture.take_if(|c| c.is_over()) {
            capture.note_faults(self.faults.all());
            self.port.event(&Event::Capture(capture.status().clone()));
        }
    }

    /// Adds to the stage's time and gives the time of now.
    fn measure(&mut self, begin_ns: u64, n: u64) -> u64 {
        let now = mono_ns();
        self.stage_ns += now.saturating_sub(begin_ns);
        self.stage_samples += n;
        let slot = u64::from(self.config.slot_samples);
        if self.stage_samples >= slot {
            let per_slot = self.stage_ns * slot / self.stage_samples;
            let slots = self.stage_samples / slot;
            for _ in 0..slots {
                self.stats.stage.add(per_slot);
            }
            let band = Band::of(per_slot, (slot as f64 / self.config.rate_hz * 1e9) as u64);
            let counter = match band {
                Band::Green => &self.stats.green_slots,
                Band::Yellow => &self.stats.yellow_slots,
                Band::Red => &self.stats.red_slots,
            };
            add(counter, slots);
            self.stage_ns = 0;
            self.stage_samples = 0;
        }
        now
    }

    fn cut_snippets(&mut self, first: u64, n: usize, arrival_ns: u64) {
        for (stream, ue) in self.ues.iter().enumerate().filter(|(_, u)| u.state == PeerState::Present) {
            let Some(samples) = ue.out.range(first, n) else { continue };
            let cuts = self.windows.take(stream, first, samples, arrival_ns, &self.front_end, self.port);
            add(&self.stats.snippets, cuts.sent);
            add(&self.stats.snippets_dropped, cuts.dropped);
        }
    }

    fn tell_truth(&mut self, first: u64, n: u64) {
        let period = (self.config.rate_hz * f64::from(self.config.emulator.truth_period_ms) / 1000.0) as u64;
        if period == 0 {
            return;
        }
        let mut sample = first.div_ceil(period) * period;
        while sample < first + n {
            for (stream, ue) in self.ues.iter().enumerate() {
                let h = &mut self.truth_h[..ue.channel.truth_len()];
                ue.channel.truth(sample, h);
                (self.truth)(&Truth { stream: stream as u32, sample, h });
            }
            sample += period;
        }
    }
}

//! Downlink: from the gNB's ports through front end and channels to the receivers.

use super::engine::{CHUNK, Engine, Truth, warn_socket};
use super::msg::PeerState;
use super::stats::{AirStats, add};
use crate::clock::mono_ns;
use crate::front_end::MAX_INPUTS;
use crate::iq::{
    BYTES_PER_SAMPLE, MAX_REPLY_SAMPLES, MessageFault, SampleFifo, check_reply, check_request, copy_finite,
};
use num_complex::Complex32;

use super::config::MAX_PORTS;

/// Samples that are copied and processed at once: with their result they fit the second-level cache.
const PIECE: usize = 4096;

impl Engine<'_> {
    /// Takes what the gNB has sent and processes it.
    pub(super) fn take_downlink(&mut self) {
        if self.gnb.player.is_some() {
            self.play();
            return;
        }
        let mut message = std::mem::replace(&mut self.message, zmq::Message::new());
        for port in 0..self.gnb.ports.len() {
            self.take_port(port, &mut message);
        }
        self.message = message;
    }

    /// Takes the reply of one port, if it is there. With one port it is copied and processed piece by piece, so that a piece
    /// stays in the nearest cache from the copy to the last receiver; several ports wait for each other.
    fn take_port(&mut self, port: usize, message: &mut zmq::Message) {
        let Some(link) = self.gnb.wires.as_mut().and_then(|w| w.tx.get_mut(port)) else { return };
        if !link.requested() {
            return;
        }
        match link.receive(message) {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(address = link.address(), %error, "wire of the gNB failed; it is opened anew");
                warn_socket(link.reopen(), link.address());
                return;
            }
        }
        let arrival_ns = mono_ns();
        if checked(message, self.stats, link.address()) == 0 {
            return;
        }
        if self.gnb.state != PeerState::Present {
            self.gnb.state = PeerState::Present;
            self.gnb.told_silent = false;
            add(&self.stats.joins, 1);
            self.tell_peer("gnb", PeerState::Present, String::new());
        }
        let piece = if self.gnb.ports.len() == 1 { PIECE } else { MAX_REPLY_SAMPLES };
        let mut begin_ns = arrival_ns;
        for bytes in message.chunks(piece * BYTES_PER_SAMPLE) {
            append(bytes, &mut self.gnb.ports[port], self.stats);
            begin_ns = self.process(arrival_ns, begin_ns);
        }
    }

    fn play(&mut self) {
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
    fn process(&mut self, arrival_ns: u64, mut begin_ns: u64) -> u64 {
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
            let taken = self.front_end.step(&x[..ports], &mut self.plan);
            let n = self.plan.len;
            let mut inputs: [&[Complex32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
            let count = self.front_end.streams(&x[..ports], &self.plan, &mut inputs);
            for ue in self.ues.iter_mut().filter(|u| n > 0 && u.state == PeerState::Present) {
                if ue.rx.is_none() {
                    ue.out.restart(self.dl);
                }
                if let Some(y) = ue.out.grow(n) {
                    ue.channel.process(&self.plan, &inputs[..count], y);
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
        }
        self.progress_ns = arrival_ns;
        begin_ns
    }

    /// Adds to the stage's time and gives the time of now.
    fn measure(&mut self, begin_ns: u64, n: u64) -> u64 {
        let now = mono_ns();
        self.stage_ns += now.saturating_sub(begin_ns);
        self.stage_samples += n;
        let slot = u64::from(self.config.slot_samples);
        if self.stage_samples >= slot {
            let per_slot = self.stage_ns * slot / self.stage_samples;
            for _ in 0..self.stage_samples / slot {
                self.stats.stage.add(per_slot);
            }
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

    /// Reads the receivers' requests; the first one of a receiver that is not there makes it join.
    pub(super) fn take_requests(&mut self) {
        for i in 0..self.ues.len() {
            let ue = &mut self.ues[i];
            let Some(link) = &mut ue.rx else { continue };
            if !link.requested() {
                match link.receive(&mut self.message) {
                    Ok(true) => {
                        if check_request(&self.message).is_err() {
                            add(&self.stats.empty_messages, 1);
                        }
                        if !self.is_of_a_live_ue(i) {
                            self.free_dead_ue(i);
                        }
                    }
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(address = link.address(), %error, "wire of a receiver failed; it is opened anew");
                        warn_socket(link.reopen(), link.address());
                        ue.rx_up = 0;
                    }
                }
            }
            let ue = &mut self.ues[i];
            let Some(link) = &mut ue.rx else { continue };
            if link.requested() && !ue.is_present() && ue.may_join(mono_ns()) {
                ue.join(self.dl);
                let name = ue.name.clone();
                add(&self.stats.joins, 1);
                self.tell_peer(&name, PeerState::Present, String::new());
            }
        }
        if let Some(wires) = &mut self.gnb.wires
            && !wires.rx.requested()
        {
            match wires.rx.receive(&mut self.message) {
                Ok(true) => {
                    if check_request(&self.message).is_err() {
                        add(&self.stats.empty_messages, 1);
                    }
                    if !self.is_of_a_live_gnb() {
                        self.free_dead_gnb();
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(address = wires.rx.address(), %error, "wire of the gNB failed; it is opened anew");
                    warn_socket(wires.rx.reopen(), wires.rx.address());
                    self.gnb.rx_up = 0;
                }
            }
        }
    }

    /// Answers receivers with all that is ready for them.
    pub(super) fn give_downlink(&mut self) {
        for ue in &mut self.ues {
            let Some(link) = &mut ue.rx else { continue };
            if !link.requested() || ue.out.is_empty() {
                continue;
            }
            let n = ue.out.len().min(MAX_REPLY_SAMPLES);
            match link.reply(&ue.out.samples()[..n]) {
                Ok(()) => {
                    ue.out.drop_front(n);
                    ue.given += n as u64;
                }
                Err(error) => warn_socket(Err(error), link.address()),
            }
        }
    }
}

/// Checks a message and appends its samples; gives how many.
pub(super) fn ingest(message: &[u8], fifo: &mut SampleFifo, stats: &AirStats, address: &str) -> usize {
    let n = checked(message, stats, address);
    if n > 0 {
        append(message, fifo, stats);
    }
    n
}

/// Number of samples of a message; 0 where it is not taken, which is counted.
fn checked(message: &[u8], stats: &AirStats, address: &str) -> usize {
    match check_reply(message) {
        Ok(n) => n,
        Err(fault) => {
            let counter = match fault {
                MessageFault::Empty => &stats.empty_messages,
                MessageFault::OddSize { .. } => &stats.odd_size_messages,
                MessageFault::Oversize { .. } => &stats.oversize_messages,
            };
            add(counter, 1);
            add(&stats.lost_samples, (message.len() / BYTES_PER_SAMPLE) as u64);
            tracing::warn!(address, %fault, "message dropped");
            0
        }
    }
}

fn append(bytes: &[u8], fifo: &mut SampleFifo, stats: &AirStats) {
    match fifo.grow(bytes.len() / BYTES_PER_SAMPLE) {
        Some(space) => add(&stats.nonfinite_samples, copy_finite(bytes, space)),
        None => add(&stats.lost_samples, (bytes.len() / BYTES_PER_SAMPLE) as u64),
    }
}

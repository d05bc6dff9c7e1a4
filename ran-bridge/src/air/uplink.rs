//! Uplink: the sum of what the receivers send, on the gNB's time line.

use super::downlink::ingest;
use super::engine::{Engine, warn_socket};
use super::stats::add;
use crate::clock::mono_ns;
use crate::front_end::{multiply, multiply_add};
use crate::iq::MAX_REPLY_SAMPLES;
use num_complex::Complex32;

impl Engine<'_> {
    /// Takes what the receivers have sent.
    pub(super) fn take_uplink(&mut self) {
        for ue in &mut self.ues {
            let Some(link) = &mut ue.tx else { continue };
            if !link.requested() {
                continue;
            }
            match link.receive(&mut self.message) {
                Ok(true) => {
                    if ingest(&self.message, &mut ue.uplink, self.stats, link.address()) > 0 {
                        ue.sent();
                    }
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(address = link.address(), %error, "wire of a receiver failed; it is opened anew");
                    warn_socket(link.reopen(), link.address());
                }
            }
        }
        if self.gnb.wires.is_none() {
            for ue in &mut self.ues {
                let n = ue.uplink.len();
                ue.uplink.drop_front(n);
            }
        }
    }

    /// Index up to which uplink may be given now: what everyone present has sent, at most the lead beyond the
    /// downlink taken; without anybody, as much as downlink was taken.
    pub(super) fn uplink_limit(&self) -> u64 {
        let sent = self.ues.iter().filter(|u| u.owes_uplink()).map(super::ue::Ue::uplink_end).min();
        match sent {
            None => self.dl,
            Some(end) => u64::try_from(end).unwrap_or(0).min(self.dl + self.config.uplink_lead_samples),
        }
    }

    /// Answers the gNB's request with the sum of all uplinks. Never with zero samples.
    pub(super) fn give_uplink(&mut self) {
        let limit = self.uplink_limit();
        let ul = self.ul;
        let Some(wires) = &mut self.gnb.wires else { return };
        if !wires.rx.requested() || limit <= ul {
            return;
        }
        let n = ((limit - ul) as usize).min(MAX_REPLY_SAMPLES);
        let mut touched = 0;
        let mut written = false;
        for ue in self.ues.iter_mut().filter(|u| u.owes_uplink()) {
            touched += 1;
            // Samples of the receiver that fall into [ul, ul + n), and those that come too late for it.
            let own = ul as i64 - ue.base;
            let first = ue.uplink.first() as i64;
            if own > first {
                let late = ue.uplink.drop_front((own - first) as usize);
                add(&self.stats.late_samples, late as u64);
            }
            let skip = (ue.uplink.first() as i64 - own).clamp(0, n as i64) as usize;
            let count = (n - skip).min(ue.uplink.len());
            let invented = n - count - (ue.joined_at.saturating_sub(ul) as usize).min(n - count);
            add(&self.stats.invented_samples, invented as u64);
            let from = &ue.uplink.samples()[..count];
            let gain = Complex32::from(ue.gain);
            if written {
                multiply_add(&mut self.mix[skip..skip + count], from, gain);
            } else {
                self.mix[..skip].fill(Complex32::ZERO);
                self.mix[skip + count..n].fill(Complex32::ZERO);
                multiply(&mut self.mix[skip..skip + count], from, gain);
                written = true;
            }
        }
        if !written {
            self.mix[..n].fill(Complex32::ZERO);
        }
        if touched == 0 {
            add(&self.stats.absent_zero_samples, n as u64);
        }
        add(&self.stats.clipped_samples, clip(&mut self.mix[..n]));
        match wires.rx.reply(&self.mix[..n]) {
            Ok(()) => {
                self.ul += n as u64;
                self.progress_ns = mono_ns();
                add(&self.stats.ul_samples, n as u64);
                for ue in self.ues.iter_mut().filter(|u| u.owes_uplink()) {
                    let done = (self.ul as i64 - ue.base - ue.uplink.first() as i64).max(0);
                    ue.uplink.drop_front(done as usize);
                }
            }
            Err(error) => warn_socket(Err(error), wires.rx.address()),
        }
    }
}

/// Keeps each part within ±1, as the gNB's conversion to 16 bit does; gives how many samples were beyond.
fn clip(samples: &mut [Complex32]) -> u64 {
    let beyond = |z: &Complex32| z.re.abs() > 1.0 || z.im.abs() > 1.0;
    let (blocks, rest) = bytemuck::cast_slice::<Complex32, f32>(samples).as_chunks::<8>();
    let mut any = [false; 8];
    for block in blocks {
        for (any, x) in any.iter_mut().zip(block) {
            *any |= x.abs() > 1.0;
        }
    }
    if !any.contains(&true) && rest.iter().all(|x| x.abs() <= 1.0) {
        return 0;
    }
    let mut n = 0;
    for z in samples.iter_mut().filter(|z| beyond(z)) {
        *z = Complex32::new(z.re.clamp(-1.0, 1.0), z.im.clamp(-1.0, 1.0));
        n += 1;
    }
    n
}

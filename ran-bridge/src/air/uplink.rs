//! Uplink: the sum of what the receivers send, on the gNB's time line.

use super::engine::Engine;
use super::msg::PeerState;
use super::stats::add;
use crate::clock::mono_ns;
use crate::front_end::{multiply, multiply_add};
use crate::iq::MAX_REPLY_SAMPLES;
use num_complex::Complex32;

impl Engine<'_> {
    /// Index up to which uplink may be given now: what everyone present has sent, at most the lead beyond the
    /// downlink taken; without anybody, as much as downlink was taken.
    pub(super) fn uplink_limit(&self) -> u64 {
        let sent = self.ues.iter().filter(|u| u.owes_uplink()).map(super::ue::Ue::uplink_end).min();
        match sent {
            None => self.dl + self.front_end.held_samples() as u64,
            Some(end) => u64::try_from(end).unwrap_or(0).min(self.dl + self.config.uplink_lead_samples),
        }
    }

    /// Answers the gNB's request with the sum of all uplinks. Never with zero samples.
    pub(super) fn give_uplink(&mut self) {
        self.push_uplink();
        let limit = self.uplink_limit();
        if limit <= self.ul || !self.gnb.asks() {
            return;
        }
        let n = ((limit - self.ul) as usize).min(MAX_REPLY_SAMPLES);
        self.mix_uplink(n);
        for wire in self.gnb.wires.iter_mut().flat_map(|w| &mut w.rx) {
            wire.begin_reply(n);
        }
        self.ul += n as u64;
        self.progress_ns = mono_ns();
        add(&self.stats.ul_samples, n as u64);
        for ue in self.ues.iter_mut().filter(|u| u.owes_uplink()) {
            let done = (self.ul as i64 - ue.base - ue.uplink.first() as i64).max(0);
            ue.uplink.drop_front(done as usize);
        }
        self.push_uplink();
    }

    /// Writes what the gNB's sockets take.
    fn push_uplink(&mut self) {
        let mut gone = 0;
        if let Some(wires) = &mut self.gnb.wires {
            for (wire, fifo) in wires.rx.iter_mut().zip(&mut self.gnb.mixed) {
                if let Err(why) = wire.push(fifo) {
                    gone |= Self::ended(wire, Err(why));
                }
            }
        }
        self.end_wires(gone);
    }

    /// Sums the next `n` samples of every uplink for each of the gNB's receive ports.
    fn mix_uplink(&mut self, n: usize) {
        let ul = self.ul;
        let Some((first, others)) = self.gnb.mixed.split_first_mut() else { return };
        let Some(mix) = first.grow(n) else { return };
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
            let gain = if self.works { Complex32::from(ue.gain) } else { Complex32::ZERO };
            add(&self.stats.held_ul_samples, if self.works { 0 } else { count as u64 });
            if written {
                multiply_add(&mut mix[skip..skip + count], from, gain);
            } else {
                mix[..skip].fill(Complex32::ZERO);
                mix[skip + count..].fill(Complex32::ZERO);
                multiply(&mut mix[skip..skip + count], from, gain);
                written = true;
            }
        }
        if !written {
            mix.fill(Complex32::ZERO);
        }
        if touched == 0 {
            add(&self.stats.absent_zero_samples, n as u64);
        }
        add(&self.stats.clipped_samples, clip(mix));
        for other in others {
            if let Some(copy) = other.grow(n) {
                copy.copy_from_slice(mix);
            }
        }
    }

    /// Answers receivers with all that is ready for them.
    pub(super) fn give_downlink(&mut self) {
        let mut gone = 0;
        for ue in &mut self.ues {
            let Some(wire) = &mut ue.rx else { continue };
            if wire.requested() && wire.unwritten() == 0 && !ue.out.is_empty() && ue.state == PeerState::Present {
                wire.begin_reply(ue.out.len().min(MAX_REPLY_SAMPLES));
            }
            if let Err(why) = wire.push(&mut ue.out) {
                gone |= Self::ended(wire, Err(why));
            }
        }
        self.end_wires(gone);
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

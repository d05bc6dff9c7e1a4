//! Takes what peers send: the gNB's samples and requests, the receivers' requests and samples.

use super::engine::Engine;
use super::msg::PeerState;
use super::stats::{AirStats, add};
use crate::clock::mono_ns;
use crate::iq::{Got, MAX_REPLY_SAMPLES, MessageFault};

/// Samples that are read and processed at once: with their result they fit the second-level cache.
const PIECE: usize = 4096;

impl Engine<'_> {
    /// Takes what the gNB has sent and processes it piece by piece, so that a piece stays in the nearest cache from the socket to the
    /// last receiver; several ports wait for each other.
    pub(super) fn take_downlink(&mut self) {
        if self.gnb.player.is_some() {
            self.play();
            return;
        }
        let mut gone = 0;
        for port in 0..self.gnb.ports.len() {
            gone |= self.take_port(port);
        }
        self.end_wires(gone);
    }

    /// Takes what one port has sent. The bit of its wire, where that has ended.
    fn take_port(&mut self, port: usize) -> u64 {
        let (mut arrival_ns, mut begin_ns) = (0, 0);
        while let Some(wire) = self.gnb.wires.as_mut().and_then(|w| w.tx.get_mut(port))
            && wire.readable
            && wire.requested()
        {
            let got = wire.receive(&mut self.gnb.ports[port], PIECE);
            let more = wire.readable;
            match got {
                Ok(Got::Samples(_, zeroed)) => {
                    add(&self.stats.nonfinite_samples, zeroed);
                    self.gnb_is_there();
                    let now = mono_ns();
                    if arrival_ns == 0 {
                        begin_ns = now;
                    }
                    arrival_ns = now;
                    begin_ns = self.process(arrival_ns, begin_ns);
                }
                Ok(Got::Fault(fault, samples)) => refused(self.stats, wire.address(), fault, samples),
                Ok(Got::Nothing) if more => {}
                Ok(Got::Nothing) => break,
                Err(why) => return Self::ended(wire, Err(why)),
            }
        }
        0
    }

    fn gnb_is_there(&mut self) {
        if self.gnb.state != PeerState::Present {
            self.gnb.state = PeerState::Present;
            self.gnb.told_silent = false;
            add(&self.stats.joins, 1);
            self.note();
            self.tell_peer("gnb", PeerState::Present, String::new());
        }
    }

    /// Reads the receivers' requests; the first one of a receiver that is not there makes it join.
    pub(super) fn take_requests(&mut self) {
        let mut gone = 0;
        for i in 0..self.ues.len() {
            let ue = &mut self.ues[i];
            let Some(wire) = ue.rx.as_mut().filter(|w| w.is_up()) else { continue };
            match wire.receive_request() {
                Ok(len) => add(&self.stats.empty_messages, u64::from(len == Some(0))),
                Err(why) => {
                    gone |= Self::ended(wire, Err(why));
                    continue;
                }
            }
            if ue.asks() && ue.may_join(mono_ns()) {
                let place = ue.place(self.dl, self.config);
                if place > self.dl + self.config.uplink_lead_samples {
                    continue;
                }
                add(&self.stats.missed_dl_samples, ue.join(place, self.dl, self.ul));
                let name = ue.name.clone();
                add(&self.stats.joins, 1);
                self.note();
                self.tell_peer(&name, PeerState::Present, String::new());
            }
        }
        if let Some(wires) = &mut self.gnb.wires {
            for wire in &mut wires.rx {
                match wire.receive_request() {
                    Ok(len) => add(&self.stats.empty_messages, u64::from(len == Some(0))),
                    Err(why) => gone |= Self::ended(wire, Err(why)),
                }
            }
        }
        self.end_wires(gone);
    }

    /// Takes what the receivers have sent.
    pub(super) fn take_uplink(&mut self) {
        let mut gone = 0;
        for ue in &mut self.ues {
            let Some(wire) = &mut ue.tx else { continue };
            while wire.readable && wire.requested() {
                match wire.receive(&mut ue.uplink, MAX_REPLY_SAMPLES) {
                    Ok(Got::Samples(_, zeroed)) => {
                        add(&self.stats.nonfinite_samples, zeroed);
                        self.heard_ns = mono_ns();
                        (ue.retry_ns, ue.retry_ms) = (0, 0);
                    }
                    Ok(Got::Fault(fault, samples)) => refused(self.stats, wire.address(), fault, samples),
                    Ok(Got::Nothing) if wire.readable => {}
                    Ok(Got::Nothing) => break,
                    Err(why) => {
                        gone |= Self::ended(wire, Err(why));
                        break;
                    }
                }
            }
            add(&self.stats.late_samples, ue.drop_late(self.ul));
            if self.gnb.wires.is_none() {
                let n = ue.uplink.len();
                ue.uplink.drop_front(n);
            }
        }
        self.end_wires(gone);
    }
}

/// Counts a message that is not taken.
fn refused(stats: &AirStats, address: &str, fault: MessageFault, samples: u64) {
    let counter = match fault {
        MessageFault::Empty => &stats.empty_messages,
        MessageFault::OddSize { .. } => &stats.odd_size_messages,
        MessageFault::Oversize { .. } => &stats.oversize_messages,
    };
    add(counter, 1);
    add(&stats.lost_samples, samples);
    tracing::warn!(address, %fault, "message dropped");
}

//! Peers that come, go, are late, or do not answer.

use super::engine::Engine;
use super::msg::{Event, PeerState};
use super::stats::add;
use crate::clock::mono_ns;
use crate::iq::{Wire, WireEnd};

impl Engine<'_> {
    /// Gives new connections to wires that have none.
    pub(super) fn plug(&mut self) {
        self.connections.turn(mono_ns());
        let Self { gnb, ues, connections, .. } = self;
        let mut plug = |wire: &mut Wire| {
            let new = if wire.is_up() { None } else { connections.take(wire.index()) };
            new.map(|c| wire.plug(c)).is_some()
        };
        let mut gnb_rx = false;
        if let Some(wires) = &mut gnb.wires {
            wires.tx.iter_mut().for_each(|w| {
                plug(w);
            });
            wires.rx.iter_mut().for_each(|w| gnb_rx |= plug(w));
        }
        for wire in ues.iter_mut().flat_map(|u| u.rx.iter_mut().chain(&mut u.tx)) {
            plug(wire);
        }
    }

    /// A wire whose peer has gone or speaks nonsense: its bit is set.
    pub(super) fn ended(wire: &Wire, result: Result<(), WireEnd>) -> u64 {
        let Err(why) = result else { return 0 };
        if let WireEnd::Protocol(fault) = why {
            tracing::warn!(address = wire.address(), %fault, "the connection is closed");
        }
        1 << wire.index()
    }

    /// Gives up the connections of these wires, and whoever was behind them.
    pub(super) fn end_wires(&mut self, gone: u64) {
        if gone == 0 {
            return;
        }
        self.end_gnb_wires(gone);
        for i in 0..self.ues.len() {
            self.end_ue_wires(i, gone);
        }
        self.note();
    }

    fn end_ue_wires(&mut self, i: usize, gone: u64) {
        let ue = &mut self.ues[i];
        let is_gone = |w: &&mut Wire| w.is_up() && gone >> w.index() & 1 != 0;
        let mut some = false;
        if let Some(wire) = ue.tx.as_mut().filter(is_gone) {
            some = true;
            wire.unplug();
            self.connections.lost(wire.index());
            // What it sent last is not its successor's.
            ue.uplink.restart(0);
        }
        if let Some(wire) = ue.rx.as_mut().filter(is_gone) {
            some = true;
            wire.unplug();
            self.connections.lost(wire.index());
        }
        if some && ue.departs(mono_ns()) {
            let was_there = ue.state == PeerState::Present || ue.state == PeerState::Late;
            ue.forget(self.dl);
            if was_there {
                add(&self.stats.disconnects, 1);
                let name = self.ues[i].name.clone();
                self.tell_peer(&name, PeerState::Gone, "its uplink is zeros until it connects again".into());
            }
        }
    }

    fn end_gnb_wires(&mut self, gone: u64) {
        let Some(wires) = &mut self.gnb.wires else { return };
        let is_gone = |w: &Wire| w.is_up() && gone >> w.index() & 1 != 0;
        let tx_gone = wires.tx.iter().any(is_gone);
        let rx_gone = wires.rx.iter().any(is_gone);
        let ended = (if tx_gone { &mut wires.tx[..] } else { &mut [] }).iter_mut().chain(if rx_gone {
            &mut wires.rx[..]
        } else {
            &mut []
        });
        for wire in ended {
            if wire.unplug() {
                self.connections.lost(wire.index());
            }
        }
        if tx_gone {
            // The next gNB counts both directions from 0: its first uplink sample belongs to its first downlink sample.
            for fifo in &mut self.gnb.ports {
                fifo.restart(0);
            }
            self.front_end.forget();
            self.dl_base = self.dl;
            self.set_uplink(self.dl);
            if self.gnb.state == PeerState::Present || self.gnb.state == PeerState::Silent {
                add(&self.stats.disconnects, 1);
                self.gnb.state = PeerState::Gone;
                self.tell_peer("gnb", PeerState::Gone, "start the gNB again; air keeps serving it".into());
            }
        }
        if rx_gone {
            for fifo in &mut self.gnb.mixed {
                fifo.restart(0);
            }
            // An answer that went to the gone one counts for nobody.
            self.set_uplink(if self.gnb.state == PeerState::Gone { self.dl } else { self.ul });
        }
    }

    /// The next uplink sample for the gNB is this one.
    fn set_uplink(&mut self, ul: u64) {
        self.ul = ul;
        self.combiner.seek(ul);
        let begun = self.gnb.begun_samples();
        self.ul_base = i64::try_from(ul).unwrap_or(i64::MAX).saturating_sub_unsigned(begun);
    }

    /// Every 10 ms: gives up a receiver that holds up the others, and tells which peer is silent.
    pub(super) fn watch_progress(&mut self, now_ns: u64) {
        let still_ms = now_ns.saturating_sub(self.progress_ns) / 1_000_000;
        if still_ms >= self.config.late_after_ms {
            self.give_up_late(now_ns);
        }
        if still_ms >= self.config.silent_after_ms {
            self.tell_silent();
        }
        let alive_ms = now_ns.saturating_sub(self.started_ns) / 1_000_000;
        if alive_ms >= self.config.silent_after_ms {
            self.tell_silent_ues();
        }
    }

    fn give_up_late(&mut self, now_ns: u64) {
        let gnb_waits = self.gnb.asks();
        let blocked_by_backlog = !self.wants_downlink();
        for i in 0..self.ues.len() {
            let ue = &mut self.ues[i];
            if !ue.is_present() {
                continue;
            }
            let does_not_ask = blocked_by_backlog && !ue.out.is_empty() && ue.rx.is_some() && !ue.asks();
            let ul = i64::try_from(self.ul).unwrap_or(i64::MAX);
            let owes = gnb_waits && ue.tx.is_some() && ue.uplink_end() <= ul && self.ul < self.dl;
            if !(does_not_ask || owes) {
                continue;
            }
            ue.give_up(self.dl, !does_not_ask, now_ns, self.config.late_after_ms);
            let name = ue.name.clone();
            add(&self.stats.late_peers, 1);
            let advice = if does_not_ask {
                "it takes no downlink: look at its log; it is served again when it asks, at most 10.24 s of radio time later"
            } else {
                "it sends no uplink: look at its log; it is served again when it sends some (at most 10.24 s of radio time later), and tried again now and then"
            };
            self.note();
            self.tell_peer(&name, PeerState::Late, advice.into());
        }
    }

    fn tell_silent(&mut self) {
        let Some(wires) = &self.gnb.wires else { return };
        if self.gnb.told_silent || !self.wants_downlink() {
            return;
        }
        let tx = wires.tx.first().map_or("", |l| l.address());
        let rx = wires.rx.first().map_or("", |l| l.address());
        let asks = wires.rx.iter().any(Wire::requested);
        let advice = match self.gnb.is_up() {
            (false, _) => format!("nothing answers at {tx}: start the gNB, or compare tx_port in its device_args with air's configuration"),
            (true, false) => format!("the gNB does not connect to {rx}: compare rx_port in its device_args with air's configuration"),
            (true, true) if !asks => {
                "the gNB is connected but asks for nothing: its radio waits for ever for a reply that was lost when air ended; restart the gNB, then the UEs".into()
            }
            (true, true) => "the gNB asks for uplink but sends no downlink: it lost a request when air ended, or stands still; look at its console, else restart the gNB, then the UEs".into(),
        };
        self.gnb.told_silent = true;
        if self.gnb.state == PeerState::Present {
            self.gnb.state = PeerState::Silent;
        }
        self.tell_peer("gnb", PeerState::Silent, advice);
    }

    fn tell_silent_ues(&mut self) {
        for i in 0..self.ues.len() {
            let ue = &mut self.ues[i];
            if ue.told_silent || !ue.connected() || ue.state != PeerState::Awaited {
                continue;
            }
            ue.told_silent = true;
            let name = ue.name.clone();
            let advice = "it is connected but asks for nothing: its radio waits for ever for a reply that was lost when air ended; restart this UE";
            self.tell_peer(&name, PeerState::Silent, advice.into());
        }
    }

    pub(super) fn tell_peer(&mut self, name: &str, state: PeerState, advice: String) {
        match state {
            PeerState::Present | PeerState::Awaited => tracing::info!(peer = name, ?state, sample = self.dl, "peer"),
            _ => tracing::warn!(peer = name, ?state, sample = self.dl, advice, "peer"),
        }
        self.port.event(&Event::Peer { name: name.to_owned(), state, sample: self.dl, advice });
    }
}

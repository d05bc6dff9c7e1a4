//! Peers that come, go, are late, or do not answer.

use super::engine::{Engine, warn_socket};
use super::msg::{Event, PeerState};
use super::stats::add;
use crate::clock::mono_ns;
use crate::iq::LinkEvent;

impl Engine<'_> {
    /// Reads what happened on the connections. A REQ whose connection ended is made anew; a REP is freed.
    pub(super) fn watch_links(&mut self) {
        self.watch_gnb();
        for i in 0..self.ues.len() {
            self.watch_ue(i);
        }
    }

    /// Whether a request that was just received came over a connection that is there. What a receiver sent before it ended may be
    /// read after its end was told; an answer to that would be one that its successor misses.
    pub(super) fn is_of_a_live_ue(&mut self, i: usize) -> bool {
        if self.ues[i].rx_up == 0 {
            // Its connection may be newer than the last look.
            self.watch_ue(i);
        }
        self.ues[i].rx_up > 0
    }

    /// As [`Engine::is_of_a_live_ue`] for the gNB.
    pub(super) fn is_of_a_live_gnb(&mut self) -> bool {
        if self.gnb.rx_up == 0 {
            self.watch_gnb();
        }
        self.gnb.rx_up > 0
    }

    fn watch_ue(&mut self, i: usize) {
        let ue = &mut self.ues[i];
        let mut gone = false;
        if let Some(link) = &mut ue.tx {
            while let Some(event) = link.next_event() {
                ue.tx_up = event == LinkEvent::Up;
                if event == LinkEvent::Down {
                    gone = true;
                    warn_socket(link.reopen(), link.address());
                    // What it sent last is not its successor's.
                    ue.uplink.restart(0);
                    break;
                }
            }
        }
        if let Some(link) = &mut ue.rx {
            while let Some(event) = link.next_event() {
                ue.rx_up = counted(ue.rx_up, event);
                // One of several, a port scan or a UE that was started twice, takes nothing along.
                if event == LinkEvent::Down && ue.rx_up == 0 {
                    gone = true;
                    warn_socket(link.free_dead_request(), link.address());
                }
            }
        }
        if gone && ue.departs(mono_ns()) {
            let was_there = ue.state == PeerState::Present || ue.state == PeerState::Late;
            ue.forget(self.dl);
            if was_there {
                add(&self.stats.disconnects, 1);
                let name = self.ues[i].name.clone();
                self.tell_peer(&name, PeerState::Gone, "its uplink is zeros until it connects again".into());
            }
        }
    }

    /// Answers a request of the dead, so that the next one can be read.
    pub(super) fn free_dead_ue(&mut self, i: usize) {
        if let Some(link) = &mut self.ues[i].rx {
            warn_socket(link.free_dead_request(), link.address());
        }
    }

    /// As [`Engine::free_dead_ue`] for the gNB.
    pub(super) fn free_dead_gnb(&mut self) {
        if let Some(wires) = &mut self.gnb.wires {
            warn_socket(wires.rx.free_dead_request(), wires.rx.address());
        }
    }

    fn watch_gnb(&mut self) {
        let Some(wires) = &mut self.gnb.wires else { return };
        let mut gone = false;
        for link in &mut wires.tx {
            while let Some(event) = link.next_event() {
                self.gnb.tx_up = event == LinkEvent::Up;
                if event == LinkEvent::Down {
                    gone = true;
                    break;
                }
            }
        }
        while let Some(event) = wires.rx.next_event() {
            self.gnb.rx_up = counted(self.gnb.rx_up, event);
            if event == LinkEvent::Down && self.gnb.rx_up == 0 {
                warn_socket(wires.rx.free_dead_request(), wires.rx.address());
                if self.gnb.state == PeerState::Gone {
                    // An answer that went to the gone one counts for nobody.
                    self.ul = self.dl;
                }
            }
        }
        if !gone {
            return;
        }
        for link in &mut wires.tx {
            warn_socket(link.reopen(), link.address());
        }
        // The next gNB counts both directions from 0: its first uplink sample belongs to its first downlink sample.
        for fifo in &mut self.gnb.ports {
            fifo.restart(0);
        }
        self.ul = self.dl;
        if self.gnb.state == PeerState::Present || self.gnb.state == PeerState::Silent {
            add(&self.stats.disconnects, 1);
            self.gnb.state = PeerState::Gone;
            self.tell_peer("gnb", PeerState::Gone, "start the gNB again; air keeps serving it".into());
        }
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
        let gnb_waits = self.gnb.wires.as_ref().is_some_and(|w| w.rx.requested());
        let blocked_by_backlog = !self.wants_downlink();
        for i in 0..self.ues.len() {
            let ue = &mut self.ues[i];
            if !ue.is_present() {
                continue;
            }
            let does_not_ask =
                blocked_by_backlog && !ue.out.is_empty() && ue.rx.as_ref().is_some_and(|l| !l.requested());
            let ul = i64::try_from(self.ul).unwrap_or(i64::MAX);
            let owes = gnb_waits && ue.tx.is_some() && ue.uplink_end() <= ul && self.ul < self.dl;
            if !(does_not_ask || owes) {
                continue;
            }
            ue.give_up(self.dl, !does_not_ask, now_ns, self.config.late_after_ms);
            let name = ue.name.clone();
            add(&self.stats.late_peers, 1);
            let advice = if does_not_ask {
                "it takes no downlink: look at its log; it is served again when it asks"
            } else {
                "it sends no uplink: look at its log; it is served again when it sends some, and tried again now and then"
            };
            self.tell_peer(&name, PeerState::Late, advice.into());
        }
    }

    fn tell_silent(&mut self) {
        let Some(wires) = &self.gnb.wires else { return };
        if self.gnb.told_silent || !self.wants_downlink() {
            return;
        }
        let tx = wires.tx.first().map_or("", |l| l.address());
        let rx = wires.rx.address();
        let advice = match (self.gnb.tx_up, self.gnb.rx_up > 0) {
            (false, _) => format!("nothing answers at {tx}: start the gNB, or compare tx_port in its device_args with air's configuration"),
            (true, false) => format!("the gNB does not connect to {rx}: compare rx_port in its device_args with air's configuration"),
            (true, true) if !wires.rx.requested() => {
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

/// Connections after an event.
const fn counted(n: u32, event: LinkEvent) -> u32 {
    match event {
        LinkEvent::Up => n.saturating_add(1),
        LinkEvent::Down => n.saturating_sub(1),
    }
}

//! Where the lockstep stands, for whoever goes on with it: together with the wires' records ([`crate::iq::Ledger`]) it is complete.

use super::engine::Engine;
use super::gnb::begun_samples;
use super::msg::PeerState;
use super::stats::{MAX_COUNTERS, add};
use crate::clock::mono_ns;
use crate::iq::{BYTES_PER_SAMPLE, Ledger, Wire, grow_zeros};

/// Words of a standing: four for the lab, three a receiver.
const WORDS: usize = 4 + 3 * super::config::MAX_UES;

/// What the counts of samples on the wires are counted from.
///
/// Downlink and uplink indices follow: `base` + samples that went over the gNB's connection since it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Downlink index of the gNB's first sample.
    pub dl_base: u64,
    /// Uplink index of the first sample over the gNB's present connection.
    pub ul_base: i64,
    /// The gNB.
    pub gnb: PeerState,
    /// The receivers.
    pub ues: Vec<UeStanding>,
    /// Number of the next fault on purpose: none is given twice.
    pub next_fault: u32,
}

/// What of a receiver does not follow from its wires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UeStanding {
    /// Where it is.
    pub state: PeerState,
    /// Uplink index of its sample 0.
    pub base: i64,
    /// Index of its last join.
    pub joined_at: u64,
    /// Uplink samples from there on that the gNB had before, below 2^48.
    pub given_before: u64,
}

impl Standing {
    fn words(engine: &Engine<'_>) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        let (head, ues) = words.split_at_mut(4);
        head.copy_from_slice(&[
            1 | code(engine.gnb.state) << 8,
            engine.dl_base,
            engine.ul_base as u64,
            engine.faults.next_id().into(),
        ]);
        for (to, ue) in ues.chunks_exact_mut(3).zip(&engine.ues) {
            to.copy_from_slice(&[code(ue.state) | ue.given_before << 8, ue.base as u64, ue.joined_at]);
        }
        words
    }

    /// What was noted last; `None` where nothing was.
    #[must_use]
    pub fn read(ledger: &Ledger) -> Option<Self> {
        let words: [u64; WORDS] = ledger.standing_words()?;
        if words[0] & 1 == 0 {
            return None;
        }
        let ue =
            |w: &[u64]| UeStanding { state: state(w[0]), base: w[1] as i64, joined_at: w[2], given_before: w[0] >> 8 };
        let ues = words[4..].chunks_exact(3).map(ue).collect();
        let next_fault = u32::try_from(words[3]).unwrap_or(1).max(1);
        Some(Self { dl_base: words[1], ul_base: words[2] as i64, gnb: state(words[0] >> 8), ues, next_fault })
    }
}

const STATES: [PeerState; 5] =
    [PeerState::Awaited, PeerState::Present, PeerState::Late, PeerState::Gone, PeerState::Silent];

fn code(state: PeerState) -> u64 {
    STATES.iter().position(|s| *s == state).unwrap_or(0) as u64
}

fn state(code: u64) -> PeerState {
    STATES.get(code as usize & 0xff).copied().unwrap_or(PeerState::Awaited)
}

fn samples_taken(wire: &Wire) -> u64 {
    wire.sample_bytes().0 / BYTES_PER_SAMPLE as u64
}

impl Engine<'_> {
    /// Notes what does not follow from the wires.
    pub(super) fn note(&self) {
        self.ledger.note_standing(&Standing::words(self));
        self.ledger.note_life(mono_ns(), &self.stats.counters().words());
    }

    /// Goes on where another process stopped. What it had taken and not given yet is lost: zeros take its place, counted, so that every
    /// peer gets as many samples as if nothing had happened.
    pub(super) fn resume(&mut self, from: &Standing) {
        let mut counters = [0; MAX_COUNTERS];
        self.ledger.counters(&mut counters);
        self.stats.restore(&counters);
        self.dl_base = from.dl_base;
        self.ul_base = from.ul_base;
        self.gnb.state = from.gnb;
        self.faults.go_on(from.next_fault);
        for (ue, stood) in self.ues.iter_mut().zip(&from.ues) {
            if ue.rx.is_some() {
                ue.state = stood.state;
            }
            (ue.base, ue.joined_at, ue.given_before) = (stood.base, stood.joined_at, stood.given_before);
        }
        self.plug();
        let unanswered = self.resume_gnb();
        let torn_dl = self.gnb.wires.iter().flat_map(|w| &w.tx).map(Wire::torn_samples).max().unwrap_or(0);
        self.front_end.seek(self.dl);
        self.combiner.seek(self.ul);
        if self.works {
            self.restore_settings();
        }
        // Whoever was to be there at the start has been waited for.
        self.started_ns = self.started_ns.saturating_sub(self.config.start_wait_ms.saturating_mul(1_000_000));
        self.paced_from = self.dl;
        for i in 0..self.ues.len() {
            let (dl, ul) = self.ues[i].resume(self.dl, self.ul);
            // a sample of the gNB's that is zero now is zero at everybody
            let dl = if self.ues[i].is_present() { dl + torn_dl } else { dl };
            let torn = self.ues[i].tx.as_ref().map_or(0, Wire::torn_samples);
            // and of an answer to the gNB that was not written whole, everybody's samples are
            let ul = if self.ues[i].owes_uplink() { ul + unanswered } else { ul };
            add(&self.stats.resumed_dl_samples, dl);
            add(&self.stats.resumed_ul_samples, ul + torn);
        }
        self.note();
    }

    /// Gives how many samples of uplink are zero now at the gNB, as their answer had begun.
    fn resume_gnb(&mut self) -> u64 {
        let base = self.dl_base;
        self.dl = base;
        let Some(wires) = &mut self.gnb.wires else { return 0 };
        self.dl = base + wires.tx.iter().map(samples_taken).min().unwrap_or(0);
        for (wire, fifo) in wires.tx.iter().zip(&mut self.gnb.ports) {
            let ahead = base + samples_taken(wire) - self.dl;
            fifo.restart(0);
            grow_zeros(fifo, ahead as usize);
        }
        let most = wires.begun_samples();
        self.ul = u64::try_from(self.ul_base.saturating_add_unsigned(most)).unwrap_or(0);
        for (wire, fifo) in wires.rx.iter_mut().zip(&mut self.gnb.mixed) {
            let behind = (most - begun_samples(wire)) as usize;
            if behind > 0 && wire.requested() {
                wire.begin_reply(behind);
            }
            fifo.restart(0);
            grow_zeros(fifo, wire.owed_samples() as usize);
        }
        wires.rx.iter().map(Wire::owed_samples).max().unwrap_or(0)
    }
}

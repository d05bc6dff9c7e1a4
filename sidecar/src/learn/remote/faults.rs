//! A link that is bad on purpose: by a seed it loses, doubles, delays and reorders what passes.

use crate::wire::Message;
use predict::SeededRng;
use serde::{Deserialize, Serialize};

/// A delayed message comes this much later, ns: 20 ms and up to ten times as much.
const DELAY_NS: u64 = 20_000_000;
/// One that is to be overtaken waits for the next, at most this long, ns.
const OVERTAKEN_NS: u64 = 50_000_000;
/// Steps of a share.
const GRAIN: usize = 1_000_000;

/// What was done to messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCounts {
    /// That came to the link.
    pub messages: u64,
    /// Never came out.
    pub lost: u64,
    /// Came out twice.
    pub doubled: u64,
    /// Came out later.
    pub delayed: u64,
    /// Came out after their successor.
    pub reordered: u64,
}

/// One direction of a bad link. Time is handed in.
#[derive(Debug)]
pub struct LinkFaults {
    rng: SeededRng,
    /// Of each fault, in steps of 1/[`GRAIN`].
    share: usize,
    held: Vec<(u64, Message)>,
    overtaken: Option<(u64, Message)>,
    counts: FaultCounts,
}

impl LinkFaults {
    /// Each of the four faults hits this share of the messages (0 to 0.25), by stream `stream` of a seed.
    #[must_use]
    pub fn new(share: f64, seed: u64, stream: u64) -> Self {
        let share = (share.clamp(0.0, 0.25) * GRAIN as f64) as usize;
        Self {
            rng: SeededRng::new(seed, stream),
            share,
            held: Vec::new(),
            overtaken: None,
            counts: FaultCounts::default(),
        }
    }

    /// Lets a message in and gives what comes out at once.
    pub fn pass(&mut self, message: Message, now_ns: u64) -> Vec<Message> {
        self.counts.messages += 1;
        let drawn = if self.share == 0 { GRAIN } else { self.rng.below(GRAIN) };
        let mut out = Vec::new();
        match drawn / self.share.max(1) {
            0 => self.counts.lost += 1,
            1 => {
                self.counts.doubled += 1;
                out.extend([message.clone(), message]);
            }
            2 => {
                self.counts.delayed += 1;
                let later = DELAY_NS * (1 + self.rng.below(10) as u64);
                self.held.push((now_ns + later, message));
            }
            3 if self.overtaken.is_none() => {
                self.counts.reordered += 1;
                self.overtaken = Some((now_ns + OVERTAKEN_NS, message));
                return out;
            }
            _ => out.push(message),
        }
        if !out.is_empty() {
            out.extend(self.overtaken.take().map(|(_, m)| m));
        }
        out
    }

    /// What comes out now without anything going in.
    pub fn due(&mut self, now_ns: u64) -> Vec<Message> {
        let mut out: Vec<Message> = self.held.extract_if(.., |(at, _)| *at <= now_ns).map(|(_, m)| m).collect();
        if self.overtaken.as_ref().is_some_and(|(at, _)| *at <= now_ns) {
            out.extend(self.overtaken.take().map(|(_, m)| m));
        }
        out
    }

    /// When [`LinkFaults::due`] has something next; `None` where nothing is held.
    #[must_use]
    pub fn next_ns(&self) -> Option<u64> {
        self.held.iter().map(|(at, _)| *at).chain(self.overtaken.as_ref().map(|(at, _)| *at)).min()
    }

    /// What was done so far.
    #[must_use]
    pub const fn counts(&self) -> FaultCounts {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Agent, Kind};

    fn message(seq: u64) -> Message {
        let mut m = Message::empty(Kind::Ack, Agent::Ran);
        m.header.seq = seq;
        m
    }

    fn out(share: f64, seed: u64) -> (Vec<u64>, FaultCounts) {
        let mut link = LinkFaults::new(share, seed, 1);
        let mut seen = Vec::new();
        for k in 0..2_000_u64 {
            let now = k * 1_000_000;
            seen.extend(link.due(now));
            seen.extend(link.pass(message(k), now));
        }
        assert!(link.next_ns().is_none_or(|at| at > 1_999_000_000));
        seen.extend(link.due(u64::MAX));
        (seen.iter().map(|m| m.header.seq).collect(), link.counts())
    }

    #[test]
    fn each_fault_hits_its_share_and_the_same_seed_the_same_messages() {
        let (seen, counts) = out(0.05, 7);
        assert_eq!(out(0.05, 7), (seen.clone(), counts));
        assert_ne!(out(0.05, 8).0, seen);
        for n in [counts.lost, counts.doubled, counts.delayed, counts.reordered] {
            assert!((60..=140).contains(&n), "{counts:?}");
        }
        assert_eq!(seen.len() as u64, 2_000 - counts.lost + counts.doubled);
        assert!(seen.windows(2).filter(|w| w[0] > w[1]).count() as u64 >= counts.reordered / 2);
        let (whole, counts) = out(0.0, 7);
        assert_eq!((whole, counts), ((0..2_000).collect(), FaultCounts { messages: 2_000, ..FaultCounts::default() }));
    }
}

//! What must outlive the process that moves the samples: where each connection stands.
//!
//! A record is written down before what it tells of is done: an item before its first byte is taken from the socket, a reply before its first
//! byte is written. The kernel counts the bytes that were really moved. Both together say, without doubt, where a connection stands whenever
//! the process ends, be it in the middle of a write.

use super::zmtp::{Inbound, Item, ItemKind, Outbound};
use rustix::fd::OwnedFd;
use std::sync::Arc;

/// Bytes of a wire's records: what comes in, what goes out.
const SLOT: usize = 128;
const OUTBOUND: usize = 64;
/// Where the records that belong to no wire begin: after those of 64.
const STANDING: u64 = 64 * SLOT as u64;
/// Where the sign of life is, and where the counters begin.
const BEAT: u64 = STANDING + 2048;
const COUNTERS: u64 = BEAT + 64;
/// Where texts begin.
const TEXTS: u64 = COUNTERS + 2048;

/// Records in a file in memory that another process has open too; or nowhere.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Option<Arc<OwnedFd>>);

impl Ledger {
    /// Records go to this file.
    #[must_use]
    pub fn in_file(file: Arc<OwnedFd>) -> Self {
        Self(Some(file))
    }

    /// Writes down what is read from a connection.
    pub fn note_inbound(&self, wire: usize, generation: u32, inn: &Inbound) {
        let item = inn.item.unwrap_or(Item { start: inn.read, head: 0, len: 0, kind: ItemKind::Skip, last: false });
        let flags = u32::from(inn.item.is_some())
            | u32::from(item.kind == ItemKind::Body) << 1
            | u32::from(item.last) << 2
            | u32::from(inn.parts) << 3;
        let low = u64::from(generation) << 32 | u64::from(flags);
        self.put(
            (wire * SLOT) as u64,
            &[low, item.start, u64::from(item.head), item.len, inn.messages, inn.sample_bytes],
        );
    }

    /// Writes down what is written to a connection.
    pub fn note_outbound(&self, wire: usize, generation: u32, out: &Outbound) {
        self.put(
            (wire * SLOT + OUTBOUND) as u64,
            &[u64::from(generation) << 32, out.start, out.len, out.replies, out.sample_bytes, 0],
        );
    }

    /// Writes down what belongs to no wire.
    pub fn note_standing(&self, words: &[u64]) {
        self.put(STANDING, words);
    }

    /// What was noted last that belongs to no wire; `None` where nothing was.
    #[must_use]
    pub fn standing_words<const N: usize>(&self) -> Option<[u64; N]> {
        let mut words = [0; N];
        self.get(STANDING, &mut words).then_some(words)
    }

    /// Writes down that the process lives, and its counters.
    pub fn note_life(&self, now_ns: u64, counters: &[u64]) {
        self.put(BEAT, &[now_ns]);
        self.put(COUNTERS, counters);
    }

    /// When the process gave its last sign of life; 0 = never.
    #[must_use]
    pub fn beat_ns(&self) -> u64 {
        let mut words = [0];
        self.get(BEAT, &mut words);
        words[0]
    }

    /// The counters noted last; zeros where none were.
    pub fn counters(&self, into: &mut [u64]) {
        if !self.get(COUNTERS, into) {
            into.fill(0);
        }
    }

    /// Whether there is anybody to read it.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Writes down a text of at most `room` bytes at one of the places for texts.
    pub fn note_text(&self, place: usize, room: usize, text: &[u8]) {
        let at = TEXTS + (place * (room + 8)) as u64;
        if let Some(file) = self.0.as_ref().filter(|_| text.len() <= room) {
            // the length last: a text that is cut short is none
            self.put(at, &[0]);
            let _ = rustix::io::pwrite(file, text, at + 8);
            self.put(at, &[text.len() as u64]);
        }
    }

    /// The text at a place; empty where there is none.
    pub fn text(&self, place: usize, room: usize, into: &mut Vec<u8>) {
        let at = TEXTS + (place * (room + 8)) as u64;
        into.clear();
        let mut len = [0];
        if self.get(at, &mut len) && len[0] as usize <= room {
            into.resize(len[0] as usize, 0);
            let whole = self.0.as_ref().is_some_and(|f| rustix::io::pread(f, &mut into[..], at + 8) == Ok(into.len()));
            if !whole {
                into.clear();
            }
        }
    }

    fn put(&self, at: u64, words: &[u64]) {
        if let Some(file) = &self.0 {
            // It is memory: there is nothing that could be done about an error, and none is known.
            let _ = rustix::io::pwrite(file, bytemuck::cast_slice(words), at);
        }
    }

    fn get(&self, at: u64, words: &mut [u64]) -> bool {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(words);
        let n = bytes.len();
        self.0.as_ref().is_some_and(|file| rustix::io::pread(file, bytes, at) == Ok(n))
    }

    /// Where a connection stands, of which `read` and `written` bytes were moved since its handshake. What was noted for another
    /// generation counts as nothing: nobody has touched this one.
    #[must_use]
    pub fn standing(&self, wire: usize, generation: u32, read: u64, written: u64) -> (Inbound, Outbound) {
        let mut inn = Inbound { read, ..Inbound::default() };
        let mut out = Outbound { written, ..Outbound::default() };
        if let Some(r) = self.read(wire * SLOT, generation) {
            let item = Item {
                start: r[1],
                head: r[2] as u32,
                len: r[3],
                kind: if r[0] & 2 != 0 { ItemKind::Body } else { ItemKind::Skip },
                last: r[0] & 4 != 0,
            };
            inn = Inbound {
                read: item.start,
                item: (r[0] & 1 != 0).then_some(item),
                messages: r[4],
                sample_bytes: r[5],
                parts: r[0] & 8 != 0,
            };
            inn.took(read.saturating_sub(item.start));
        }
        if let Some(r) = self.read(wire * SLOT + OUTBOUND, generation) {
            out = Outbound { written, start: r[1], len: r[2], replies: r[3], sample_bytes: r[4] };
        }
        (inn, out)
    }

    fn read(&self, at: usize, generation: u32) -> Option<[u64; 6]> {
        let mut words = [0; 6];
        (self.get(at as u64, &mut words) && words[0] >> 32 == u64::from(generation)).then_some(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{MemfdFlags, memfd_create};

    /// `cargo test -p ran-bridge cost_of_the_records -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn cost_of_the_records() {
        let file = Arc::new(memfd_create("ledger", MemfdFlags::CLOEXEC).unwrap());
        let (mut inn, mut out) = (Inbound::default(), Outbound::default());
        inn.open(&[1, 0, 0, 24]).unwrap().unwrap();
        out.begin(80);
        for (name, ledger) in [("nowhere", Ledger::default()), ("in memory", Ledger::in_file(file))] {
            let least = (0..20).map(|_| {
                let from = crate::clock::mono_ns();
                for wire in 0..1000 {
                    ledger.note_inbound(wire % 64, 1, std::hint::black_box(&inn));
                    ledger.note_outbound(wire % 64, 1, std::hint::black_box(&out));
                }
                (crate::clock::mono_ns() - from) / 1000
            });
            std::println!("records {name}: {} ns for what comes in and what goes out", least.min().unwrap());
        }
    }

    #[test]
    fn a_connection_that_ended_anywhere_in_a_message_is_found_again() {
        let ledger = Ledger::in_file(Arc::new(memfd_create("ledger", MemfdFlags::CLOEXEC).unwrap()));
        // two messages of 16 bytes were read; the third, of 24, is noted
        let mut inn = Inbound { read: 40, messages: 2, sample_bytes: 32, ..Inbound::default() };
        inn.open(&[1, 0, 0, 24]).unwrap().unwrap();
        ledger.note_inbound(3, 7, &inn);
        let mut out = Outbound { written: 5, ..Outbound::default() };
        out.begin(80);
        ledger.note_outbound(3, 7, &out);
        for taken in 0..=28_u64 {
            let (i, o) = ledger.standing(3, 7, 40 + taken, 5 + taken);
            assert_eq!(i.sample_bytes_taken(), 32 + taken.saturating_sub(4));
            assert_eq!((i.messages, i.item.is_some()), if taken == 28 { (3, false) } else { (2, true) });
            assert_eq!((o.left(), o.sample_bytes_written()), (91 - taken, taken.saturating_sub(11)));
        }
        // a connection that nobody has read from yet
        assert_eq!(ledger.standing(3, 8, 0, 0), (Inbound::default(), Outbound::default()));
        assert_eq!(Ledger::default().standing(0, 0, 4, 5).0.read, 4);
        let mut text = Vec::new();
        ledger.note_text(2, 100, b"what was set");
        ledger.text(2, 100, &mut text);
        assert_eq!(text, b"what was set");
        ledger.note_text(2, 100, b"less");
        ledger.text(2, 100, &mut text);
        assert_eq!(text, b"less");
        ledger.text(1, 100, &mut text);
        assert!(text.is_empty());
    }
}

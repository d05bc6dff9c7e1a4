//! Addresses and messages of the bench.

use super::run::BenchError;
use crate::free_ports::FreePorts;

/// Sample rate of every wire, Hz.
pub(super) const RATE_HZ: f64 = 23.04e6;
/// Samples of a slot at 15 kHz.
pub(super) const SLOT: usize = 23_040;
/// Bytes of a slot.
pub(super) const SLOT_BYTES: usize = SLOT * 8;

/// Addresses of a UE.
#[derive(Debug, Clone)]
pub(super) struct UePath {
    /// It binds this.
    pub tx: String,
    /// It connects to this.
    pub rx: String,
}

/// Addresses of one path. The peers bind `gnb_tx` and each UE's `tx`, what stands between binds the others.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// gNB transmit.
    pub gnb_tx: String,
    /// gNB receive.
    pub gnb_rx: String,
    /// The UEs.
    pub ues: Vec<UePath>,
}

impl Path {
    /// Free loopback TCP ports, as the gNB's radio takes no other transport.
    ///
    /// # Errors
    /// [`BenchError::Ports`] when there is none.
    pub fn free(ues: usize) -> Result<Self, BenchError> {
        let mut ports = FreePorts::stock(2 + 2 * ues)?;
        let (gnb_tx, gnb_rx) = (ports.wire()?, ports.wire()?);
        let ue = |_| Ok(UePath { tx: ports.wire()?, rx: ports.wire()? });
        Ok(Self { gnb_tx, gnb_rx, ues: (0..ues).map(ue).collect::<Result<_, BenchError>>()? })
    }
}

/// The slots of a peer as bytes: sample `i` is `(i/2^15, −i/2^15)`, the first one carries the slot's number.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    bytes: Vec<u8>,
    next: u64,
}

impl Slots {
    pub fn new() -> Self {
        let sample = |i| {
            let x = i as f32 / 32_768.0;
            [x.to_le_bytes(), (-x).to_le_bytes()].concat()
        };
        Self { bytes: (0..SLOT).flat_map(sample).collect(), next: 0 }
    }

    /// The next slot. Its number stands in its first sample, as two values below 1 that a float holds exactly.
    pub fn next(&mut self) -> &[u8] {
        let part = |x: u64| ((x % 8192) as f32 / 8192.0).to_le_bytes();
        self.bytes[..4].copy_from_slice(&part(self.next));
        self.bytes[4..8].copy_from_slice(&part(self.next / 8192));
        self.next += 1;
        &self.bytes
    }

    /// Samples of a received slot that are not those of the next one; where the path changes samples only their count is compared.
    pub fn differing(&mut self, got: &[u8], exact: bool) -> u64 {
        let want = self.next();
        let missing = got.len().abs_diff(want.len()).div_ceil(8) as u64;
        if !exact || got == want {
            return missing;
        }
        missing + got.chunks(8).zip(want.chunks(8)).filter(|(a, b)| a != b).count() as u64
    }
}

/// Puts whole slots together from messages of any length.
#[derive(Debug, Default)]
pub(super) struct Gather(Vec<u8>);

impl Gather {
    /// Takes a message and hands out every slot that is whole with it.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn take<E>(&mut self, got: &[u8], mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        if self.0.is_empty() && got.len() == SLOT_BYTES {
            return each(got);
        }
        self.0.extend_from_slice(got);
        let whole = self.0.len() / SLOT_BYTES * SLOT_BYTES;
        self.0[..whole].chunks_exact(SLOT_BYTES).try_for_each(&mut each)?;
        self.0.drain(..whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_out_whole_however_they_are_cut() {
        let mut slots = Slots::new();
        let sent: Vec<u8> = (0..4).flat_map(|_| slots.next().to_vec()).collect();
        for cut in [SLOT_BYTES, 100_000, SLOT_BYTES + 8, 3 * SLOT_BYTES] {
            let (mut gather, mut wants, mut faults, mut count) = (Gather::default(), Slots::new(), 0, 0);
            for message in sent.chunks(cut) {
                let mut each = |slot: &[u8]| {
                    faults += wants.differing(slot, true);
                    count += 1;
                    Ok::<(), ()>(())
                };
                gather.take(message, &mut each).unwrap();
            }
            assert_eq!((count, faults), (4, 0), "{cut}");
        }
    }

    #[test]
    fn a_slot_that_is_short_late_or_changed_is_noticed() {
        let (mut sent, mut wanted) = (Slots::new(), Slots::new());
        assert_eq!(wanted.differing(sent.next(), true), 0);
        let mut changed = sent.next().to_vec();
        changed[800] ^= 1;
        assert_eq!(wanted.differing(&changed, true), 1);
        // the slot before: its number differs
        let before = sent.next().to_vec();
        wanted.next();
        assert_eq!(wanted.differing(&before, true), 1);
        assert_eq!(wanted.differing(&before[..SLOT_BYTES - 16], false), 2);
        assert_eq!(wanted.differing(&[&before[..], &[0; 8]].concat(), false), 1);
    }
}

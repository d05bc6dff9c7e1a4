//! Reads the frame number by comparing the PBCH with every broadcast the cell could send.
use crate::config::CellConfig;
use crate::phy::{self, Broadcast};
use num_complex::Complex32;

/// All 1024 broadcasts as signs, packed.
pub struct FrameNumbers {
    candidates: Vec<[u64; 14]>,
}

fn pack(bits: impl Iterator<Item = bool>) -> [u64; 14] {
    let mut out = [0u64; 14];
    for (i, bit) in bits.take(864).enumerate() {
        out[i / 64] |= u64::from(bit) << (i % 64);
    }
    out
}

impl FrameNumbers {
    /// Encodes every frame number of `cell`.
    #[must_use]
    pub fn new(cell: &CellConfig) -> Self {
        let candidates = (0..1024)
            .map(|sfn| {
                let b = Broadcast { mib: cell.mib(), sfn, half_frame: false };
                pack(phy::encode_bits(&b, cell.pci, 0).into_iter().map(|b| b == 1))
            })
            .collect();
        Self { candidates }
    }

    /// The frame whose 864 bits agree best with the equalised symbols `pbch`, where it is clear: at least a quarter fewer wrong
    /// bits than chance and 40 fewer than the next.
    #[must_use]
    pub fn read(&self, pbch: &[Complex32]) -> Option<u16> {
        let heard = pack(pbch.iter().flat_map(|s| [s.re < 0.0, s.im < 0.0]));
        let wrong = |c: &[u64; 14]| c.iter().zip(&heard).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        let mut ranked: Vec<(u32, u16)> = self.candidates.iter().zip(0u16..).map(|(c, sfn)| (wrong(c), sfn)).collect();
        ranked.sort_unstable();
        (ranked[0].0 < 324 && ranked[0].0 + 40 <= ranked[1].0).then_some(ranked[0].1)
    }
}

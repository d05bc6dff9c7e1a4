//! The master information block and the rest of the PBCH payload.

/// Fields of the MIB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
//= TS 38.331 §6.2.2, MIB
pub struct Mib {
    /// Subcarrier spacing for SIB1, Msg2/4 and paging, in kHz (FR1: 15 or 30).
    pub scs_common_khz: u8,
    /// k_SSB, 0…31 with the bit from the PBCH payload: subcarriers (of 15 kHz) between the block and the common resource-block grid.
    pub k_ssb: u8,
    /// First DMRS symbol of PDSCH and PUSCH, 2 or 3.
    pub dmrs_type_a_position: u8,
    /// controlResourceSetZero, 0…15.
    pub coreset_zero: u8,
    /// searchSpaceZero, 0…15.
    pub search_space_zero: u8,
    /// The cell is barred.
    pub cell_barred: bool,
    /// Selection of another cell on the same frequency is allowed when this one is barred.
    pub intra_freq_reselection: bool,
}

/// What a PBCH says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PbchPayload {
    /// System frame number, 0…1023.
    pub sfn: u16,
    /// The block lies in the second half of its frame.
    pub half_frame: bool,
    /// Fields of the MIB.
    pub mib: Mib,
}

/// Number of payload bits.
pub const PAYLOAD_BITS: usize = 32;

//= TS 38.212 Table 7.1.1-1
const G: [u8; PAYLOAD_BITS] = [
    16, 23, 18, 17, 8, 30, 10, 6, 24, 7, 0, 5, 3, 2, 1, 4, 9, 11, 12, 13, 14, 15, 19, 20, 21, 22, 25, 26, 27, 28, 29,
    31,
];

/// Place after interleaving of payload bit `i` (0…23 the MIB message, 24…31 the timing bits).
///
/// # Shapes
/// `[32]`, a permutation of `0..32`.
#[must_use]
//= TS 38.212 §7.1.1: j_SFN from 0, j_HRF = 10, j_SSB from 11, j_other from 14
pub fn payload_interleaver() -> [u8; PAYLOAD_BITS] {
    let (mut sfn, mut ssb, mut other) = (0, 11, 14);
    std::array::from_fn(|i| {
        let counter = match i {
            1..=6 | 24..=27 => &mut sfn,
            28 => return G[10],
            29..=31 => &mut ssb,
            _ => &mut other,
        };
        *counter += 1;
        G[*counter - 1]
    })
}

/// Whether the first scrambling leaves interleaved place `place` alone (at most eight blocks a half frame).
#[must_use]
//= TS 38.212 §7.1.2: half-frame bit and second and third least significant bits of the SFN
pub const fn is_unscrambled(place: usize) -> bool {
    place == G[10] as usize || place == G[8] as usize || place == G[7] as usize
}

/// ν of the first scrambling, from the interleaved payload.
#[must_use]
//= TS 38.212 Table 7.1.2-1: third and second least significant bit of the SFN
pub const fn first_scrambling_phase(interleaved: &[u8; PAYLOAD_BITS]) -> usize {
    interleaved[G[7] as usize] as usize * 2 + interleaved[G[8] as usize] as usize
}

impl PbchPayload {
    /// Reads 32 descrambled, deinterleaved bits; none if the message is no MIB (extension of the message class).
    ///
    /// # Shapes
    /// `bits[32]`, each 0 or 1: 24 of the BCCH-BCH message, then 4 SFN, 1 half frame, 3 of block index or k_SSB.
    #[must_use]
    //= TS 38.331 §6.2.2 (field order) and TS 38.212 §7.1.1 (a_A … a_A+7)
    pub fn from_bits(bits: &[u8; PAYLOAD_BITS]) -> Option<Self> {
        let number = |from: usize, len: usize| bits[from..from + len].iter().fold(0u16, |n, &b| n << 1 | u16::from(b));
        if bits[0] != 0 {
            return None;
        }
        Some(Self {
            sfn: number(1, 6) << 4 | number(24, 4),
            half_frame: bits[28] == 1,
            mib: Mib {
                scs_common_khz: if bits[7] == 0 { 15 } else { 30 },
                k_ssb: (number(29, 1) << 4 | number(8, 4)) as u8,
                dmrs_type_a_position: if bits[12] == 0 { 2 } else { 3 },
                coreset_zero: number(13, 4) as u8,
                search_space_zero: number(17, 4) as u8,
                cell_barred: bits[21] == 0,
                intra_freq_reselection: bits[22] == 0,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaver_is_a_permutation_with_the_timing_bits_in_place() {
        let p = payload_interleaver();
        let mut sorted = p;
        sorted.sort_unstable();
        assert!(sorted.iter().enumerate().all(|(i, &v)| usize::from(v) == i));
        // SFN bits, most significant first: table entries 0…9
        assert_eq!([p[1], p[6], p[24], p[25], p[26], p[27]], [16, 30, 10, 6, 24, 7]);
        assert_eq!([p[28], p[29], p[30], p[31], p[0], p[7]], [0, 5, 3, 2, 1, 4]);
    }

    #[test]
    fn fields_by_hand() {
        // mib, sfn 0b101010, 15 kHz, ssb-offset 0110, pos2 (0), coreset 0110, search 0000, not barred (1), not allowed (1), spare
        let mut bits = [0u8; 32];
        for (i, c) in "010101000110001100000110".chars().enumerate() {
            bits[i] = u8::from(c == '1');
        }
        bits[24..29].copy_from_slice(&[1, 0, 0, 1, 1]);
        let p = PbchPayload::from_bits(&bits).unwrap();
        assert_eq!((p.sfn, p.half_frame), (0b10_1010_1001, true));
        assert_eq!((p.mib.scs_common_khz, p.mib.k_ssb, p.mib.dmrs_type_a_position), (15, 6, 2));
        assert_eq!((p.mib.coreset_zero, p.mib.search_space_zero), (6, 0));
        assert!(!p.mib.cell_barred && !p.mib.intra_freq_reselection);
        bits[0] = 1;
        assert!(PbchPayload::from_bits(&bits).is_none());
    }
}

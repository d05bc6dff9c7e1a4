//! The broadcast channel: MIB and frame number to 432 QPSK symbols.
use super::crc::crc24c;
use super::gold::gold;
use super::mapper::qpsk;
use super::polar;
use num_complex::Complex32;
use serde::{Deserialize, Serialize};

/// What a master information block says, besides the frame number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mib {
    /// `subCarrierSpacingCommon` is 30 kHz (else 15 kHz), FR1.
    pub scs_common_30khz: bool,
    /// k_SSB, 0..=31.
    pub k_ssb: u8,
    /// `dmrs-TypeA-Position` is symbol 3 (else 2).
    pub dmrs_type_a_pos3: bool,
    /// `pdcch-ConfigSIB1`.
    pub pdcch_config_sib1: u8,
    /// `cellBarred` is barred.
    pub cell_barred: bool,
    /// `intraFreqReselection` is allowed.
    pub intra_freq_reselection: bool,
}

/// Everything a broadcast transport block carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// The block itself.
    pub mib: Mib,
    /// Frame number, 0..=1023.
    pub sfn: u16,
    /// Second half of the frame.
    pub half_frame: bool,
}

//= TS 38.212 Table 7.1.1-1
const G: [usize; 32] = [
    16, 23, 18, 17, 8, 30, 10, 6, 24, 7, 0, 5, 3, 2, 1, 4, 9, 11, 12, 13, 14, 15, 19, 20, 21, 22, 25, 26, 27, 28, 29,
    31,
];

/// Where bit `i` of the unpermuted payload goes: SFN bits, half frame, index bits, the rest, each in its own run of `G`.
fn permutation() -> [usize; 32] {
    let (mut sfn, mut other) = (0, 14);
    std::array::from_fn(|i| match i {
        1..=6 | 24..=27 => {
            sfn += 1;
            G[sfn - 1]
        }
        28 => G[10],
        29..=31 => G[11 + i - 29],
        _ => {
            other += 1;
            G[other - 1]
        }
    })
}

/// Payload after interleaving, before scrambling.
//= TS 38.331 §6.2.2 (MIB), TS 38.212 §7.1.1 (timing bits, L_max = 4)
fn payload(b: &Broadcast) -> [u8; 32] {
    let bit = |value: u16, shift: u16| ((value >> shift) & 1) as u8;
    let m = &b.mib;
    let k_ssb = u16::from(m.k_ssb);
    let sib1 = u16::from(m.pdcch_config_sib1);
    let mut plain = [0u8; 32];
    for i in 0..6 {
        plain[1 + i as usize] = bit(b.sfn, 9 - i);
    }
    plain[7] = u8::from(m.scs_common_30khz);
    for i in 0..4 {
        plain[8 + i as usize] = bit(k_ssb, 3 - i);
    }
    plain[12] = u8::from(m.dmrs_type_a_pos3);
    for i in 0..8 {
        plain[13 + i as usize] = bit(sib1, 7 - i);
    }
    plain[21] = u8::from(!m.cell_barred);
    plain[22] = u8::from(!m.intra_freq_reselection);
    for i in 0..4 {
        plain[24 + i as usize] = bit(b.sfn, 3 - i);
    }
    plain[28] = u8::from(b.half_frame);
    plain[29] = bit(k_ssb, 4);
    let mut out = [0u8; 32];
    for (i, &to) in permutation().iter().enumerate() {
        out[to] = plain[i];
    }
    out
}

fn parse(interleaved: &[u8; 32]) -> Broadcast {
    let p = permutation();
    let plain: [u8; 32] = std::array::from_fn(|i| interleaved[p[i]]);
    let number = |range: std::ops::Range<usize>| plain[range].iter().fold(0u16, |v, &b| (v << 1) | u16::from(b));
    Broadcast {
        mib: Mib {
            scs_common_30khz: plain[7] == 1,
            k_ssb: (number(8..12) | (u16::from(plain[29]) << 4)) as u8,
            dmrs_type_a_pos3: plain[12] == 1,
            pdcch_config_sib1: number(13..21) as u8,
            cell_barred: plain[21] == 0,
            intra_freq_reselection: plain[22] == 0,
        },
        sfn: (number(1..7) << 4) | number(24..28),
        half_frame: plain[28] == 1,
    }
}

/// First scrambling, its own inverse: half frame and the 3rd and 2nd LSB of the frame number stay clear.
//= TS 38.212 §7.1.2, L_max = 4: M = A - 3
fn scramble_payload(bits: &mut [u8; 32], pci: u16) {
    let v = 2 * usize::from(bits[G[7]]) + usize::from(bits[G[8]]);
    let sequence = gold(u32::from(pci), 4 * 29);
    let mut j = 29 * v;
    for (i, bit) in bits.iter_mut().enumerate() {
        if i != G[7] && i != G[8] && i != G[10] {
            *bit ^= sequence[j];
            j += 1;
        }
    }
}

/// The 864 scrambled bits of `broadcast` in cell `pci`, SSB `index`.
#[must_use]
pub fn encode_bits(broadcast: &Broadcast, pci: u16, index: u8) -> [u8; polar::E] {
    let mut info = payload(broadcast);
    scramble_payload(&mut info, pci);
    let mut with_crc = [0u8; polar::K];
    with_crc[..32].copy_from_slice(&info);
    with_crc[32..].copy_from_slice(&crc24c(&info));
    let mut coded = polar::encode(&with_crc);
    scramble_coded(&mut coded, pci, index);
    coded
}

//= TS 38.211 §7.3.3.1, v = 2 LSB of the index for L_max = 4
fn scramble_coded(coded: &mut [u8; polar::E], pci: u16, index: u8) {
    let v = usize::from(index & 3);
    let sequence = gold(u32::from(pci), polar::E * 4);
    for (bit, s) in coded.iter_mut().zip(&sequence[v * polar::E..]) {
        *bit ^= s;
    }
}

/// The 432 QPSK symbols.
#[must_use]
pub fn encode(broadcast: &Broadcast, pci: u16, index: u8) -> Vec<Complex32> {
    qpsk(&encode_bits(broadcast, pci, index))
}

/// What error-free `coded` bits say; `None` where they are no broadcast of this cell.
#[must_use]
pub fn invert(coded: &[u8; polar::E], pci: u16, index: u8) -> Option<Broadcast> {
    let mut coded = *coded;
    scramble_coded(&mut coded, pci, index);
    let bits = polar::invert(&coded)?;
    let mut info = [0u8; 32];
    info.copy_from_slice(&bits[..32]);
    if crc24c(&info)[..] != bits[32..] {
        return None;
    }
    scramble_payload(&mut info, pci);
    Some(parse(&info))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mib(k_ssb: u8, sib1: u8) -> Mib {
        Mib {
            scs_common_30khz: false,
            k_ssb,
            dmrs_type_a_pos3: false,
            pdcch_config_sib1: sib1,
            cell_barred: false,
            intra_freq_reselection: true,
        }
    }

    #[test]
    fn every_frame_number_comes_back() {
        for sfn in (0..1024).step_by(7) {
            let b = Broadcast { mib: mib((sfn % 24) as u8, (sfn % 251) as u8), sfn, half_frame: sfn % 2 == 1 };
            let coded = encode_bits(&b, 1, 0);
            assert_eq!(invert(&coded, 1, 0), Some(b));
            assert_eq!(invert(&coded, 2, 0), None, "another cell's scrambling");
            assert_eq!(invert(&coded, 1, 1), None, "another index");
        }
    }

    #[test]
    fn the_permutation_uses_every_place_once() {
        let mut places = permutation();
        places.sort_unstable();
        assert_eq!(places, std::array::from_fn::<usize, 32, _>(|i| i));
    }
}

//! CRC24C of the broadcast channel.

/// The 24 parity bits of `bits` (most significant first).
//= TS 38.212 §5.1, gCRC24C(D)
#[must_use]
pub fn crc24c(bits: &[u8]) -> [u8; 24] {
    let mut register: u32 = 0;
    for &bit in bits {
        let feedback = ((register >> 23) & 1) ^ u32::from(bit & 1);
        register = (register << 1) & 0x00ff_ffff;
        if feedback == 1 {
            register ^= 0x00b2_b117;
        }
    }
    std::array::from_fn(|i| ((register >> (23 - i)) & 1) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_one_gives_the_polynomial() {
        // D^24 mod g(D) is g(D) without its leading term: 0xB2B117.
        let parity = crc24c(&[1]);
        let value = parity.iter().fold(0u32, |v, &b| (v << 1) | u32::from(b));
        assert_eq!(value, 0x00b2_b117);
    }

    #[test]
    fn data_with_its_parity_divides_evenly() {
        let mut bits: Vec<u8> = (0..32).map(|i| u8::from(i % 3 == 0)).collect();
        let parity = crc24c(&bits);
        bits.extend(parity);
        assert_eq!(crc24c(&bits), [0; 24]);
        bits[5] ^= 1;
        assert_ne!(crc24c(&bits), [0; 24]);
    }
}

//! The 24-bit CRC of PBCH and the downlink control channel.

/// CRC24C of `bits` (each 0 or 1, first bit first).
#[must_use]
//= TS 38.212 §5.1: g_CRC24C(D) = D^24+D^23+D^21+D^20+D^17+D^15+D^13+D^12+D^8+D^4+D^2+D+1
pub fn crc24c(bits: impl IntoIterator<Item = u8>) -> u32 {
    bits.into_iter().fold(0u32, |crc, bit| {
        let top = (crc >> 23) & 1 ^ u32::from(bit & 1);
        ((crc << 1) & 0x00ff_ffff) ^ (top * 0x00b2_b117)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_single_bits_by_hand() {
        // one bit: the remainder of D^24 is the polynomial without its top term
        assert_eq!(crc24c([1]), 0x00b2_b117);
        // "10": D·(0xb2b117) = 0x165622e, reduce by the polynomial 0x1b2b117 → 0x0d7d339
        assert_eq!(crc24c([1, 0]), 0x0165_622e ^ 0x01b2_b117);
        assert_eq!(crc24c([0; 32]), 0);
    }

    #[test]
    fn a_message_with_its_crc_leaves_nothing() {
        let message: Vec<u8> = (0..32).map(|i| (i * 7 % 5 % 2) as u8).collect();
        let crc = crc24c(message.iter().copied());
        assert_eq!(crc24c(message.iter().copied().chain((0..24).rev().map(|i| (crc >> i & 1) as u8))), 0);
    }
}

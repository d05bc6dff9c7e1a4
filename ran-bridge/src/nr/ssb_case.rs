//! Where SS/PBCH blocks begin in a half frame.

use super::Numerology;

/// Pattern of the candidate SS/PBCH blocks of a half frame, FR1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SsbCase {
    /// 15 kHz: first symbols {2, 8} + 14 n.
    A,
    /// 30 kHz: first symbols {4, 8, 16, 20} + 28 n.
    B,
    /// 30 kHz: first symbols {2, 8} + 14 n.
    C,
}

/// Bands whose 30 kHz blocks follow case B, downlink, in Hz. Of the bands that share n66's frequencies none other has blocks at 30 kHz.
//= TS 38.104 Table 5.4.3.3-1: n5 and n66
const CASE_B_HZ: [(f64, f64); 2] = [(869e6, 894e6), (2110e6, 2200e6)];
/// Unpaired bands between 1.88 and 3 GHz, in Hz.
//= TS 38.104 Table 5.2-1: n39, n34, n40, n53, n38, n41
const UNPAIRED_HZ: [(f64, f64); 4] = [(1880e6, 1920e6), (2010e6, 2025e6), (2300e6, 2400e6), (2483.5e6, 2690e6)];

fn within(bands: &[(f64, f64)], hz: f64) -> bool {
    bands.iter().any(|(from, to)| (*from..=*to).contains(&hz))
}

impl SsbCase {
    /// The pattern used with subcarrier spacing `scs_hz` on a carrier at `center_hz`; C where the carrier is not known at 30 kHz.
    #[must_use]
    //= TS 38.104 Table 5.4.3.3-1
    pub fn of(scs_hz: f64, center_hz: Option<f64>) -> Self {
        if scs_hz < 20e3 {
            Self::A
        } else if center_hz.is_some_and(|hz| within(&CASE_B_HZ, hz)) {
            Self::B
        } else {
            Self::C
        }
    }

    /// Most blocks in a half frame on a carrier at `center_hz`: 4 or 8; 4 where the carrier is not known.
    #[must_use]
    //= TS 38.213 §4.1: 4 up to 3 GHz (case C, unpaired: below 1.88 GHz), 8 above in FR1
    pub fn l_max(self, center_hz: Option<f64>) -> u8 {
        let Some(hz) = center_hz else { return 4 };
        if hz > 3e9 || (self == Self::C && within(&UNPAIRED_HZ, hz)) { 8 } else { 4 }
    }

    /// First symbol of block `index` (0…7), counted from the start of the half frame.
    #[must_use]
    //= TS 38.213 §4.1
    pub const fn first_symbol(self, index: u8) -> usize {
        let index = index as usize;
        match self {
            Self::A | Self::C => 14 * (index / 2) + if index.is_multiple_of(2) { 2 } else { 8 },
            Self::B => {
                28 * (index / 4)
                    + match index % 4 {
                        0 => 4,
                        1 => 8,
                        2 => 16,
                        _ => 20,
                    }
            }
        }
    }

    /// Samples from the start of the half frame to the first CP sample of block `index`.
    #[must_use]
    pub fn start_samples(self, index: u8, numerology: &Numerology) -> usize {
        let symbol = self.first_symbol(index);
        symbol / 14 * numerology.slot() + numerology.symbol_start(0, symbol % 14)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_symbols_of_the_standard() {
        let of = |case: SsbCase| (0..8).map(|i| case.first_symbol(i)).collect::<Vec<_>>();
        assert_eq!(of(SsbCase::A), [2, 8, 16, 22, 30, 36, 44, 50]);
        assert_eq!(of(SsbCase::B), [4, 8, 16, 20, 32, 36, 44, 48]);
        assert_eq!(of(SsbCase::C), of(SsbCase::A));
    }

    #[test]
    fn bands_by_hand() {
        assert_eq!(SsbCase::of(15e3, Some(2140e6)), SsbCase::A);
        assert_eq!(SsbCase::of(30e3, Some(881e6)), SsbCase::B);
        assert_eq!(SsbCase::of(30e3, Some(3.6e9)), SsbCase::C);
        // n78: 8; n41: case C, unpaired, above 1.88 GHz: 8; n3 at 30 kHz: 4
        assert_eq!(SsbCase::C.l_max(Some(3.6e9)), 8);
        assert_eq!(SsbCase::C.l_max(Some(2.6e9)), 8);
        assert_eq!(SsbCase::C.l_max(Some(1.8425e9)), 4);
        assert_eq!(SsbCase::A.l_max(Some(2.6e9)), 4);
    }

    #[test]
    fn samples_by_hand() {
        // 30 kHz at 15.36 MS/s: long prefixes of 44 at symbols 0 and 14, slot 7680; block 2 of case B starts with symbol 16
        let n = Numerology::new(15.36e6, 30e3).unwrap();
        assert_eq!(SsbCase::B.start_samples(2, &n), 7680 + 44 + 36 + 2 * 512);
        assert_eq!(SsbCase::B.start_samples(0, &n), 44 + 3 * 36 + 4 * 512);
    }
}

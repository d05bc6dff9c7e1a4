//! NR-ARFCN and frequency.
//= TS 38.104 §5.4.2.1, Table 5.4.2.1-1

/// Lower edge of each range: frequency, first number, step, Hz.
const RANGES: &[(f64, u32, f64)] = &[(0.0, 0, 5e3), (3e9, 600_000, 15e3), (24.25008e9, 2_016_667, 60e3)];
/// Last number.
const LAST: u32 = 3_279_165;

/// Frequency of a number, Hz.
#[must_use]
pub fn hz_of_arfcn(arfcn: u32) -> Option<f64> {
    let (low_hz, first, step_hz) = RANGES.iter().rev().find(|(_, first, _)| arfcn >= *first)?;
    (arfcn <= LAST).then(|| low_hz + step_hz * f64::from(arfcn - first))
}

/// The number nearest to a frequency in Hz.
#[must_use]
pub fn arfcn_of_hz(hz: f64) -> Option<u32> {
    let (low_hz, first, step_hz) = RANGES.iter().rev().find(|(low_hz, ..)| hz >= *low_hz)?;
    let number = first + ((hz - low_hz) / step_hz).round() as u32;
    (number <= LAST).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_the_recorded_cell_and_of_band_n78() {
        assert_eq!(hz_of_arfcn(368_500), Some(1_842.5e6));
        assert_eq!(hz_of_arfcn(368_410), Some(1_842.05e6));
        assert_eq!(hz_of_arfcn(632_628), Some(3_489.42e6));
        assert_eq!(hz_of_arfcn(LAST + 1), None);
    }

    proptest! {
        #[test]
        fn there_and_back(arfcn in 0_u32..=LAST) {
            prop_assert_eq!(hz_of_arfcn(arfcn).and_then(arfcn_of_hz), Some(arfcn));
        }
    }
}

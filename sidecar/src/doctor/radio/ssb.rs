//! Where the SS/PBCH block of a cell lies that is configured by its carrier and its CORESET#0 only.

use super::arfcn::arfcn_of_hz;

/// Resource blocks of CORESET#0 and its offset below the block, by index, for 15 kHz of both.
//= TS 38.213 Table 13-1
const CORESET0: [(f64, f64); 15] = [
    (24.0, 0.0),
    (24.0, 2.0),
    (24.0, 4.0),
    (24.0, 0.0),
    (24.0, 2.0),
    (24.0, 4.0),
    (48.0, 12.0),
    (48.0, 16.0),
    (48.0, 12.0),
    (48.0, 16.0),
    (48.0, 12.0),
    (48.0, 16.0),
    (96.0, 38.0),
    (96.0, 38.0),
    (96.0, 38.0),
];
/// Width of a resource block at 15 kHz, Hz.
const RB_HZ: f64 = 180e3;

/// The NR-ARFCN of the block: the lowest place of the synchronisation raster at which the block and its CORESET#0 lie within the carrier.
///
/// For 15 kHz below 3 GHz, where srsUE works; `None` elsewhere or where no place fits.
//= TS 38.104 §5.4.3.1: N · 1200 kHz + M · 50 kHz, M = 1, 3, 5
#[must_use]
pub fn ssb_arfcn(centre_hz: f64, carrier_blocks: u32, coreset0_index: u32) -> Option<u32> {
    let (wide, offset) = *CORESET0.get(coreset0_index as usize)?;
    if !(0.0..3e9).contains(&centre_hz) {
        return None;
    }
    let low_hz = centre_hz - f64::from(carrier_blocks) / 2.0 * RB_HZ;
    let first = (low_hz / 1.2e6).floor().max(1.0) as u32;
    let places = (first..first + 200).flat_map(|n| [1.0, 3.0, 5.0].map(|m| f64::from(n) * 1.2e6 + m * 50e3));
    let fits = |ssb_hz: &f64| {
        // The block begins at a subcarrier of the carrier, up to eleven into a resource block (k_SSB).
        let subcarriers = (ssb_hz - 10.0 * RB_HZ - low_hz) / (RB_HZ / 12.0);
        let aligned = (subcarriers - subcarriers.round()).abs() < 1e-3;
        let begin = subcarriers.round() / 12.0;
        let coreset = begin.floor() - offset;
        let blocks = f64::from(carrier_blocks);
        aligned && begin >= 0.0 && begin + 20.0 <= blocks && coreset >= 0.0 && coreset + wide <= blocks
    };
    places.into_iter().find(fits).and_then(arfcn_of_hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_cell_and_the_usual_20_mhz_one() {
        assert_eq!(ssb_arfcn(1842.5e6, 52, 6), Some(368_410));
        assert_eq!(ssb_arfcn(1842.5e6, 106, 12), Some(368_410));
    }

    #[test]
    fn a_coreset_that_does_not_fit_has_no_place() {
        assert_eq!(ssb_arfcn(1842.5e6, 52, 12), None);
        assert_eq!(ssb_arfcn(3.5e9, 106, 12), None);
        assert_eq!(ssb_arfcn(1842.5e6, 52, 15), None);
    }
}

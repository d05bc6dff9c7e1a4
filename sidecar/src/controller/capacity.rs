//! From a radio condition to the bit rate it carries.

/// Efficiency by CQI, bit per resource element.
//= TS 38.214 Table 5.2.2.1-2
pub const CQI_EFFICIENCY: [f64; 16] = [
    0.0, 0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234,
    5.1152, 5.5547,
];

/// Resource elements for data in a PRB and slot: 12 × 14 less control (2 symbols) and DMRS (12 elements).
const ELEMENTS: f64 = 132.0;
/// Slots a second at 15 kHz.
const SLOTS_PER_S: f64 = 1000.0;
/// Distance of real coding from Shannon's bound, dB.
const GAP_DB: f64 = 3.0;

/// Bit rate of a whole carrier of `prb` PRBs at 15 kHz for a UE with this CQI.
#[must_use]
pub fn from_cqi(cqi: u8, prb: u32) -> f64 {
    CQI_EFFICIENCY[usize::from(cqi.min(15))] * ELEMENTS * SLOTS_PER_S * f64::from(prb)
}

/// The same for an SNR in dB.
#[must_use]
pub fn from_snr_db(snr_db: f64, prb: u32) -> f64 {
    let snr = 10f64.powf((snr_db - GAP_DB) / 10.0);
    (1.0 + snr).log2().min(CQI_EFFICIENCY[15]) * ELEMENTS * SLOTS_PER_S * f64::from(prb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_worked_by_hand() {
        // 5.5547 · 132 · 1000 · 25 = 18.33 Mbit/s
        assert!((from_cqi(15, 25) - 18_330_510.0).abs() < 1.0);
        assert_eq!(from_cqi(0, 25), 0.0);
        // 13 dB less 3 dB is a factor of 10: log2(11) = 3.4594
        assert!((from_snr_db(13.0, 1) - 3.4594 * 132_000.0).abs() < 10.0);
        assert_eq!(from_snr_db(60.0, 25), from_cqi(15, 25));
    }
}

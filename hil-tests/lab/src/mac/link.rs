//! From SINR to CQI, MCS, rate and block error rate.

/// Spectral efficiency of CQI 1..=15.
//= TS 38.214 Table 5.2.2.1-2
pub const CQI_EFFICIENCY: [f64; 15] = [
    0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234, 5.1152,
    5.5547,
];

/// SINR where a block of that CQI fails one time in ten on a flat channel: the link-level curve commonly used with this table.
const CQI_SINR_DB: [f64; 15] = [-6.7, -4.7, -2.3, 0.2, 2.4, 4.3, 5.9, 8.1, 10.3, 11.7, 14.1, 16.3, 18.7, 21.0, 22.7];

/// Spectral efficiency of MCS 0..=28.
//= TS 38.214 Table 5.1.3.1-1
pub const MCS_EFFICIENCY: [f64; 29] = [
    0.2344, 0.3066, 0.3770, 0.4902, 0.6016, 0.7402, 0.8770, 1.0273, 1.1758, 1.3262, 1.3281, 1.4766, 1.6953, 1.9141,
    2.1602, 2.4063, 2.5703, 2.5664, 2.7305, 3.0293, 3.3223, 3.6094, 3.9023, 4.2129, 4.5234, 4.8164, 5.1152, 5.3320,
    5.5547,
];

/// Highest CQI that works at `sinr_db`; 0 is out of range.
#[must_use]
pub fn cqi(sinr_db: f64) -> u8 {
    CQI_SINR_DB.iter().filter(|&&t| sinr_db >= t).count() as u8
}

/// Highest MCS whose efficiency does not exceed that of `cqi`.
#[must_use]
pub fn mcs(cqi: u8) -> u8 {
    let Some(&limit) = usize::from(cqi).checked_sub(1).and_then(|i| CQI_EFFICIENCY.get(i)) else {
        return 0;
    };
    MCS_EFFICIENCY.iter().rposition(|&e| e <= limit + 1e-9).unwrap_or(0) as u8
}

/// SINR at which `mcs` fails one time in ten, between the points of the CQI curve.
#[must_use]
pub fn threshold_db(mcs: u8) -> f64 {
    let e = MCS_EFFICIENCY[usize::from(mcs.min(28))];
    let i = CQI_EFFICIENCY.iter().position(|&c| c >= e - 1e-9).unwrap_or(14).max(1);
    let (e0, e1) = (CQI_EFFICIENCY[i - 1], CQI_EFFICIENCY[i]);
    CQI_SINR_DB[i - 1] + (CQI_SINR_DB[i] - CQI_SINR_DB[i - 1]) * ((e - e0) / (e1 - e0)).clamp(0.0, 1.0)
}

/// Block error rate of `mcs` at `sinr_db`: 0.1 at the threshold, a factor of about e every 0.45 dB beside it.
#[must_use]
pub fn block_error_rate(sinr_db: f64, mcs: u8) -> f64 {
    let x = (sinr_db - threshold_db(mcs)) / 0.45 + 9f64.ln();
    1.0 / (1.0 + x.exp())
}

/// Bits one resource block carries in a slot: 12 subcarriers, 11 data symbols (14 less control and DMRS overhead).
#[must_use]
pub fn bits_per_prb(mcs: u8) -> f64 {
    12.0 * 11.0 * MCS_EFFICIENCY[usize::from(mcs.min(28))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_meet() {
        assert_eq!((cqi(-10.0), cqi(-6.7), cqi(6.0), cqi(30.0)), (0, 1, 7, 15));
        // CQI 7 is 1.4766, exactly MCS 11; CQI 15 is 5.5547, MCS 28; CQI 1 (0.1523) is below MCS 0.
        assert_eq!((mcs(7), mcs(15), mcs(1), mcs(0)), (11, 28, 0, 0));
        assert!((threshold_db(11) - 5.9).abs() < 1e-9);
        assert!((block_error_rate(5.9, 11) - 0.1).abs() < 1e-9);
        assert!(block_error_rate(8.0, 11) < 0.002 && block_error_rate(3.0, 11) > 0.95);
        for m in 0..28 {
            assert!(threshold_db(m) <= threshold_db(m + 1) + 0.05, "mcs {m}");
        }
    }
}

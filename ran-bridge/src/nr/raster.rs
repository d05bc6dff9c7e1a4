//! Where the centre of an SS/PBCH block may lie.

/// Offsets from a carrier centre at which the synchronisation raster allows a block, nearest first, in Hz.
///
/// `width_hz` is the width of the block; only offsets that keep it inside `rate_hz` are given.
#[must_use]
//= TS 38.104 §5.4.3.1: below 3 GHz N·1200 kHz + M·50 kHz, M ∈ {1, 3, 5}; above 3 GHz + N·1.44 MHz
pub fn ssb_offsets_hz(center_hz: f64, rate_hz: f64, width_hz: f64) -> Vec<f64> {
    let reach = (rate_hz - width_hz) / 2.0;
    if !(center_hz > 0.0 && reach >= 0.0 && center_hz.is_finite() && reach.is_finite()) {
        return Vec::new();
    }
    let (base, step, shifts): (f64, f64, &[f64]) =
        if center_hz < 3.0e9 { (0.0, 1.2e6, &[50e3, 150e3, 250e3]) } else { (3.0e9, 1.44e6, &[0.0]) };
    let first = ((center_hz - reach - base) / step).floor() as i64 - 1;
    let last = ((center_hz + reach - base) / step).ceil() as i64 + 1;
    let mut offsets: Vec<f64> = (first..=last)
        .flat_map(|n| shifts.iter().map(move |shift| base + n as f64 * step + shift - center_hz))
        .filter(|offset| offset.abs() <= reach)
        .collect();
    offsets.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    offsets
}

/// Every multiple of 15 kHz at which a block of `width_hz` stays inside `rate_hz`, nearest to the centre first, in Hz.
#[must_use]
pub fn all_offsets_hz(rate_hz: f64, width_hz: f64) -> Vec<f64> {
    let reach = ((rate_hz - width_hz) / 2.0 / 15e3).floor() as i64;
    (0..=reach.max(0)).flat_map(|n| if n == 0 { vec![0.0] } else { vec![n as f64 * 15e3, n as f64 * -15e3] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn band_n3_by_hand() {
        // 1842.05 MHz = 1535 · 1.2 MHz + 50 kHz, that is 450 kHz below 1842.5 MHz
        let offsets = ssb_offsets_hz(1842.5e6, 11.52e6, 3.6e6);
        assert!(offsets.iter().any(|o| (o + 450e3).abs() < 1e-3));
        assert!(offsets.iter().all(|o| o.abs() <= 3.96e6));
        assert_eq!(offsets.len(), 20);
        assert!(ssb_offsets_hz(f64::NAN, 11.52e6, 3.6e6).is_empty());
    }

    #[test]
    fn full_grid_has_both_signs() {
        let all = all_offsets_hz(7.68e6, 3.6e6);
        assert_eq!((all.len(), all[1], all[2]), (2 * 136 + 1, 15e3, -15e3));
    }
}

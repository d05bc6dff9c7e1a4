//! The uplink resource grid that an srsRAN gNB writes with `log.phy_rx_symbols_filename`.
//!
//! The file has slot after slot: port by port, 14 symbols, 12 subcarriers a resource block, two little-endian `f32` (real, imaginary) each. The log line
//! `RX_SYMBOL: sector=0 offset=N size=M` (logger `PHY`, info) says which slot begins at complex value N of the file and how many it has.

use num_complex::Complex32;

use super::line::{LogSlot, number};
use crate::csi::{ChannelEstimate, DelayFit, mean_delay_s};
use crate::nr::{NrError, qpsk_sequence};

/// Symbols of a slot in the file.
const SYMBOLS: usize = 14;
/// Bytes of a complex value.
const BYTES: usize = 8;

/// What is wrong with a dump.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The slot's size does not fit the ports.
    #[error(
        "{size} values are no {ports} ports of 14 symbols of whole resource blocks: how many ports does the gNB write?"
    )]
    Shape {
        /// Complex values of the slot.
        size: usize,
        /// Ports given.
        ports: usize,
    },
    /// The piece is not as long as the slot.
    #[error("{got} bytes, the slot has {needed}: the gNB may not have written it out yet")]
    TooShort {
        /// Bytes that came.
        got: usize,
        /// Bytes needed.
        needed: usize,
    },
}

/// A slot of the file, from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct GridSlot {
    /// When it was received.
    pub at: LogSlot,
    /// Sector.
    pub sector: u32,
    /// First complex value in the file.
    pub offset: u64,
    /// Complex values.
    pub size: usize,
}

impl GridSlot {
    /// From a line of the log; none if it is another.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let (at, rest) = LogSlot::of_line(line)?;
        let rest = rest.trim_start().strip_prefix("RX_SYMBOL: ")?;
        let whole = |key| number(rest, key).filter(|v| (0.0..=9e15).contains(v) && v.fract() == 0.0);
        Some(Self {
            at,
            sector: whole("sector").filter(|v| *v < 4e9)? as u32,
            offset: whole("offset")? as u64,
            size: whole("size").filter(|v| *v < 4e9)? as usize,
        })
    }

    /// Place in the file, in bytes; none beyond what a file can have.
    #[must_use]
    pub fn bytes(&self) -> Option<std::ops::Range<u64>> {
        let from = self.offset.checked_mul(BYTES as u64)?;
        Some(from..from.checked_add(self.size as u64 * BYTES as u64)?)
    }
}

/// Ports and resource blocks of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct GridShape {
    /// Receive ports.
    pub ports: usize,
    /// Resource blocks.
    pub prbs: usize,
}

impl GridShape {
    /// Of a slot of `size` complex values with `ports` ports.
    ///
    /// # Errors
    /// [`GridError::Shape`].
    pub const fn of(size: usize, ports: usize) -> Result<Self, GridError> {
        let block = ports.saturating_mul(SYMBOLS * 12);
        if block == 0 || size == 0 || !size.is_multiple_of(block) || size / block > 275 {
            return Err(GridError::Shape { size, ports });
        }
        Ok(Self { ports, prbs: size / block })
    }
}

/// One slot as resource elements.
#[derive(Debug, Clone, PartialEq)]
pub struct UplinkGrid {
    /// Its shape.
    pub shape: GridShape,
    /// `[port][symbol][subcarrier]`, row-major; what was no finite number is 0.
    pub re: Vec<Complex32>,
    /// Values that were no finite numbers.
    pub nonfinite: u64,
}

/// Where a PUSCH has its DMRS: configuration type 1, one port of CDM group 0, no transform precoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DmrsConfig {
    /// N_ID of the scrambling.
    pub n_id: u16,
    /// n_SCID, 0 or 1.
    pub n_scid: u8,
    /// Symbol of the slot.
    pub symbol: u8,
    /// First resource block of the grant, counted from point A, and from the first of the grid.
    pub first_prb: (u16, u16),
    /// Resource blocks of the grant.
    pub prbs: u16,
    /// Subcarrier spacing in Hz.
    pub scs_hz: f64,
}

impl UplinkGrid {
    /// Reads the bytes of one slot.
    ///
    /// # Errors
    /// [`GridError`].
    pub fn read(bytes: &[u8], size: usize, ports: usize) -> Result<Self, GridError> {
        let shape = GridShape::of(size, ports)?;
        let needed = size * BYTES;
        let bytes = bytes.get(..needed).ok_or(GridError::TooShort { got: bytes.len(), needed })?;
        let mut nonfinite = 0;
        let part = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let re = bytes
            .chunks_exact(BYTES)
            .map(|b| {
                let value = Complex32::new(part(&b[..4]), part(&b[4..]));
                if value.is_finite() {
                    value
                } else {
                    nonfinite += 1;
                    Complex32::new(0.0, 0.0)
                }
            })
            .collect();
        Ok(Self { shape, re, nonfinite })
    }

    /// Subcarriers of a symbol of a port; empty where there is none.
    #[must_use]
    pub fn symbol(&self, port: usize, symbol: usize) -> &[Complex32] {
        let width = 12 * self.shape.prbs;
        let from = (port * SYMBOLS + symbol) * width;
        if symbol < SYMBOLS { self.re.get(from..from + width).unwrap_or(&[]) } else { &[] }
    }

    /// Mean power of a resource element in each resource block of a port, over the slot.
    ///
    /// # Shapes
    /// `[prbs]`, in the square of the file's unit.
    #[must_use]
    pub fn prb_power(&self, port: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.shape.prbs];
        for symbol in 0..SYMBOLS {
            for (sum, block) in out.iter_mut().zip(self.symbol(port, symbol).chunks_exact(12)) {
                *sum += block.iter().map(Complex32::norm_sqr).sum::<f32>() / (12 * SYMBOLS) as f32;
            }
        }
        out
    }

    /// The channel of a grant from its DMRS in slot `slot` of the frame.
    ///
    /// # Errors
    /// [`NrError::Range`] where the grant or symbol lies outside the grid, [`NrError::NoSignal`].
    //= TS 38.211 §6.4.1.1.1.1: c_init = (2^17 (14 n_s + l + 1)(2 N_ID + 1) + 2 N_ID + n_SCID) mod 2^31; type 1: k = 4n + 2k'
    pub fn dmrs_estimate(&self, port: usize, slot: u16, config: &DmrsConfig) -> Result<ChannelEstimate, NrError> {
        let range = |what, value: i64, range| NrError::Range { what, value, range };
        let (from_a, from_grid) = config.first_prb;
        let (first, count) = (12 * usize::from(from_grid), 12 * usize::from(config.prbs));
        let row = self.symbol(port, config.symbol.into());
        let row = row.get(first..first + count).filter(|r| !r.is_empty());
        let row =
            row.ok_or_else(|| range("grant's last PRB", i64::from(from_grid) + i64::from(config.prbs), "in the grid"))?;
        let id = u64::from(config.n_id);
        let symbol = 14 * u64::from(slot) + u64::from(config.symbol) + 1;
        let c_init = ((symbol << 17) * (2 * id + 1) + 2 * id + u64::from(config.n_scid)) % (1 << 31);
        let skip = 6 * usize::from(from_a);
        let sequence = qpsk_sequence(c_init as u32, skip + count / 2).split_off(skip);
        let weights: Vec<f32> = (0..count).map(|k| if k % 2 == 0 { 1.0 } else { 0.0 }).collect();
        let rows: Vec<i32> = (0..count as i32).collect();
        let fit = DelayFit::new(&rows, &weights);
        let zero = Complex32::new(0.0, 0.0);
        let pilots: Vec<Complex32> = row.iter().step_by(2).zip(&sequence).map(|(y, r)| y * r.conj()).collect();
        let energy: f32 = pilots.iter().map(Complex32::norm_sqr).sum();
        if energy <= f32::MIN_POSITIVE {
            return Err(NrError::NoSignal);
        }
        let (mut sums, mut taps) = (vec![zero; fit.taps()], vec![zero; fit.taps()]);
        fit.project_all(pilots.iter().enumerate().map(|(n, z)| (2 * n, *z)), &mut sums);
        let n = pilots.len() as f32;
        let common = pilots.windows(2).map(|w| w[1] * w[0].conj()).sum::<Complex32>().norm() / (n - 1.0).max(1.0);
        let level = fit.level(common / (energy / n - common).max(1e-6 * energy / n));
        fit.solve(level, &sums, &mut taps);
        let mut out = ChannelEstimate { h: vec![zero; count], subcarriers: rows, ..ChannelEstimate::default() };
        fit.evaluate(&taps, &mut out.h);
        out.delay_s = mean_delay_s(&out.h, config.scs_hz);
        out.subcarriers.iter_mut().for_each(|k| *k += first as i32 - 6 * self.shape.prbs as i32);
        let left: f32 = pilots.iter().enumerate().map(|(n, z)| (z - out.h[2 * n]).norm_sqr()).sum();
        out.noise_var = left / (n - fit.freedom(level)).max(1.0);
        out.error_var = out.noise_var * fit.error_gain(level);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(values: &[Complex32]) -> Vec<u8> {
        values.iter().flat_map(|v| [v.re.to_le_bytes(), v.im.to_le_bytes()].concat()).collect()
    }

    #[test]
    fn log_line_and_layout() {
        let slot = GridSlot::of_line("t [PHY     ] [I] [  426.2] RX_SYMBOL: sector=0 offset=8736 size=8736").unwrap();
        assert_eq!((slot.at.sfn, slot.at.slot, slot.bytes()), (426, 2, Some(69_888..139_776)));
        assert!(GridSlot::of_line("t [PHY] [I] [  426.2] RX_PRACH: sector=0 offset=0 size=839").is_none());
        assert_eq!(GridShape::of(8736, 1), Ok(GridShape { ports: 1, prbs: 52 }));
        assert!(GridShape::of(8736, 3).is_err() && GridShape::of(8736, 0).is_err());
        // two ports, one block: port 1, symbol 3, subcarrier 5 is value 168 + 36 + 5
        let mut values = vec![Complex32::new(0.0, 0.0); 336];
        values[209] = Complex32::new(3.0, 4.0);
        values[0].re = f32::NAN;
        let grid = UplinkGrid::read(&bytes(&values), 336, 2).unwrap();
        assert_eq!((grid.symbol(1, 3)[5], grid.nonfinite), (Complex32::new(3.0, 4.0), 1));
        assert!((grid.prb_power(1)[0] - 25.0 / 168.0).abs() < 1e-6 && grid.prb_power(0) == [0.0]);
        assert!(grid.symbol(2, 0).is_empty() && grid.symbol(0, 14).is_empty());
        assert!(matches!(UplinkGrid::read(&[0; 9], 336, 2), Err(GridError::TooShort { needed: 2688, .. })));
    }

    #[test]
    fn channel_from_dmrs_by_the_definition() {
        // PCI 1, slot 3, symbol 2: c_init = 2^17·45·3 + 2 = 17 694 722; grant of 6 blocks from block 2
        let r = qpsk_sequence(17_694_722, 6 * 8);
        let gain = |k: usize| Complex32::cis(0.02 * k as f32) * 0.5;
        let mut values = vec![Complex32::new(0.0, 0.0); 10 * 168];
        for n in 0..36 {
            let k = 24 + 2 * n;
            values[2 * 120 + k] = gain(k) * r[12 + n];
        }
        let grid = UplinkGrid::read(&bytes(&values), values.len(), 1).unwrap();
        let config = DmrsConfig { n_id: 1, n_scid: 0, symbol: 2, first_prb: (2, 2), prbs: 6, scs_hz: 15e3 };
        let e = grid.dmrs_estimate(0, 3, &config).unwrap();
        assert_eq!((e.h.len(), e.subcarriers[0]), (72, 24 - 60));
        let worst = e.h.iter().enumerate().map(|(k, h)| (h - gain(24 + k)).norm()).fold(0.0, f32::max);
        assert!(worst < 0.05, "{worst}");
        // 0.02 rad a subcarrier of 15 kHz: −0.02 / (2π · 15 kHz) = −212.2 ns
        assert!((e.delay_s + 212.2e-9).abs() < 4e-9, "{}", e.delay_s);
        assert!(grid.dmrs_estimate(0, 4, &config).unwrap().snr_db().is_none_or(|snr| snr < 5.0));
        assert!(grid.dmrs_estimate(0, 3, &DmrsConfig { prbs: 9, ..config }).is_err());
        assert_eq!(grid.dmrs_estimate(0, 3, &DmrsConfig { symbol: 3, ..config }), Err(NrError::NoSignal));
    }

    proptest! {
        #[test]
        fn any_bytes_and_shape(data in proptest::collection::vec(any::<u8>(), 0..4000), size in 0usize..600, ports in 0usize..5) {
            if let Ok(grid) = UplinkGrid::read(&data, size, ports) {
                prop_assert_eq!(grid.re.len(), size);
                prop_assert!(grid.re.iter().all(|v| v.is_finite()));
                prop_assert_eq!(grid.prb_power(0).len(), grid.shape.prbs);
            }
        }

        #[test]
        fn any_line(line in ".{0,120}", offset: u64, size: u64) {
            let _ = GridSlot::of_line(&line);
            if let Some(slot) = GridSlot::of_line(&format!("[ 1.2] RX_SYMBOL: sector=1 offset={offset} size={size}")) {
                let _ = slot.bytes();
            }
        }
    }
}

//! Cells for tests: one of a recording of a real gNB, and one that nobody heard.

use num_complex::Complex32;
use ran_bridge::nr::{Cell, SearchConfig, search};
use std::path::Path;

/// Sample rate of the recording, Hz.
pub(crate) const RATE_HZ: f64 = 11.52e6;
/// Samples of a symbol with its prefix, and of a block.
pub(crate) const SYMBOL: usize = 768 + 54;
pub(crate) const BLOCK: usize = 4 * SYMBOL;

/// The cell (PCI 1, block 450 kHz below the centre), the recording, and how it was searched.
pub(crate) fn recorded() -> (Cell, Vec<Complex32>, SearchConfig) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/iq/gnb_downlink_25ms.sigmf-meta");
    let recording = ran_bridge::iq::read(&path).unwrap();
    assert_eq!(recording.rate_hz, RATE_HZ);
    let config =
        SearchConfig { center_hz: recording.frequency_hz, ssb_offset_hz: Some(-450e3), ..SearchConfig::default() };
    let cell = search(&recording.samples, RATE_HZ, &config).unwrap()[0];
    (cell, recording.samples, config)
}

/// `seconds` of hardly any noise with `block` at these samples.
pub(crate) fn with_blocks(block: &[Complex32], seconds: f64, at: impl Iterator<Item = usize>) -> Vec<Complex32> {
    let len = (seconds * RATE_HZ) as u64;
    let mut iq: Vec<Complex32> = (0..len).map(|n| Complex32::cis((n * n % 9973) as f32) * 1e-6).collect();
    at.for_each(|at| iq[at..at + block.len()].copy_from_slice(block));
    iq
}

/// A cell with its block at the carrier's centre.
pub(crate) fn a_cell(scs_hz: f64) -> Cell {
    Cell {
        pci: 1,
        ssb_offset_hz: 0.0,
        scs_hz,
        sample: 0,
        snr_db: 10.0,
        cfo_hz: 0.0,
        symbol_phase_rad: 0.0,
        l_max: 4,
        blocks: 1,
        rsrp_dbfs: -40.0,
        mib_crc_ok: true,
        explained: 1.0,
    }
}

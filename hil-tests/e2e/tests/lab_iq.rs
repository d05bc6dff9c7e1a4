//! What is measured in the lab's downlink against what the lab put into it: an independent transmitter whose level, frame number and broadcast
//! are known, with noise and a frequency offset of known size on top.
#![expect(clippy::unwrap_used, reason = "a test")]

use lab::config::CellConfig;
use lab::gnb::Downlink;
use num_complex::{Complex32, Complex64};
use ran_bridge::emulator::NoiseTable;
use ran_bridge::nr::SearchConfig;
use sidecar::csi::analyse;
use std::f64::consts::TAU;

/// Slots of 1 ms.
const SLOTS: u64 = 100;

struct Errors {
    blocks: usize,
    bad_mibs: usize,
    rsrp_db: f64,
    sinr_db: f64,
    cfo_hz: f64,
}

/// Mean squared errors over the blocks of 100 ms.
fn measure(pci: u16, snr_db: f64, cfo_hz: f64, seed: u64) -> Errors {
    let cell = CellConfig { pci, ..CellConfig::default() };
    let sfn0 = 700;
    let mut lab = Downlink::new(&cell, sfn0, seed).unwrap();
    let (slot, rate_hz) = (lab.numerology().slot, f64::from(cell.rate_hz));
    let mut iq = vec![Complex32::ZERO; slot * SLOTS as usize];
    for (k, out) in (0..).zip(iq.chunks_exact_mut(slot)) {
        lab.slot(k, out);
    }
    // of K subcarriers of equal power, each has the K-th part of the mean level of a full slot
    let rsrp_dbfs = f64::from(cell.rms_dbfs) - 10.0 * (lab.numerology().subcarriers() as f64).log10();
    // noise of a resource element is that of the sampled bandwidth over the points of the transform
    let noise_dbfs = rsrp_dbfs - snr_db + 10.0 * (lab.numerology().fft as f64).log10();
    for (n, z) in iq.iter_mut().enumerate() {
        let turn = Complex64::cis(TAU * (n as f64 * cfo_hz / rate_hz).fract());
        *z *= Complex32::new(turn.re as f32, turn.im as f32);
    }
    NoiseTable::new(seed).stream(1).add(&mut iq, 0, 10f64.powf(noise_dbfs / 20.0) as f32);
    let config = SearchConfig { center_hz: Some(cell.carrier_hz), ..SearchConfig::default() };
    let got = analyse(&iq, rate_hz, &config).unwrap();
    assert_eq!((got.pci, got.cells.len()), (Some(pci), 1), "PCI {pci} at {snr_db} dB");
    let n = got.reports.len() as f64;
    let mean =
        |f: &dyn Fn(&ran_bridge::nr::SsbReport) -> f64| got.reports.iter().map(|r| f(r).powi(2)).sum::<f64>() / n;
    let bad = got.reports.iter().filter(|r| {
        let frame = sfn0 + u16::try_from(r.sample / (10 * slot as u64)).unwrap();
        !r.mib_crc_ok || r.sfn != Some(frame % 1024)
    });
    Errors {
        blocks: got.reports.len(),
        bad_mibs: bad.count(),
        rsrp_db: mean(&|r| f64::from(r.rsrp_dbfs.unwrap()) - rsrp_dbfs).sqrt(),
        sinr_db: mean(&|r| f64::from(r.snr_db.unwrap()) - snr_db).sqrt(),
        cfo_hz: mean(&|r| r.cfo_hz - cfo_hz).sqrt(),
    }
}

#[test]
fn pci_mib_rsrp_sinr_and_offset_of_the_labs_downlink() {
    std::println!("| PCI | SNR | blocks | MIBs bad | SS-RSRP RMSE | SS-SINR RMSE | CFO RMSE |");
    for (pci, snr_db, cfo_hz) in [(1, 20.0, 300.0), (500, 10.0, -900.0), (1007, 0.0, 600.0), (3, -3.0, 0.0)] {
        let e = measure(pci, snr_db, cfo_hz, u64::from(pci) + 5);
        std::println!(
            "| {pci} | {snr_db} dB | {} | {} | {:.3} dB | {:.2} dB | {:.0} Hz |",
            e.blocks,
            e.bad_mibs,
            e.rsrp_db,
            e.sinr_db,
            e.cfo_hz
        );
        // a block every 10 or 20 ms: none may be missing
        let wanted = (SLOTS / u64::from(CellConfig::default().ssb_period_ms)) as usize;
        assert!((wanted - 1..=wanted).contains(&e.blocks), "{} of {wanted} blocks", e.blocks);
        assert_eq!(e.bad_mibs, 0);
        // 1.5 × the bound of an unbiased estimator over the 398 known elements of a block, and the 16 bits of the lab's samples
        let bound_db = 10.0 / std::f64::consts::LN_10 * (2.0 / (10f64.powf(snr_db / 10.0) * 398.0)).sqrt();
        assert!(e.rsrp_db < 1.5 * bound_db + 0.05, "{} dB, bound {bound_db}", e.rsrp_db);
        assert!(e.sinr_db < 1.0 && e.cfo_hz < 100.0);
    }
}

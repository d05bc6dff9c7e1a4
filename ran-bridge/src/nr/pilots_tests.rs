use num_complex::Complex32;

use super::pilots::{BlockEstimator, BlockFit};
use super::test_support::{Block, noise};
use super::{Numerology, SSB_SUBCARRIERS, SsbGrid, SsbReport, SsbTracker, SymbolDemodulator, TrackerConfig};

const PCI: u16 = 77;

/// A block at 7.68 MS/s whose PSS has `gain` times the amplitude of the rest, in noise.
fn block(gain: f32, noise_var: f32, seed: u64) -> Vec<Complex32> {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let mut iq = Block { pci: PCI, index: 1, half_frame: true, sfn: 40, l_max: 4 }.samples(&n, 0.0);
    iq[..n.symbol()].iter_mut().for_each(|v| *v *= gain);
    iq.iter_mut().zip(noise(2192, noise_var, seed)).for_each(|(v, w)| *v += w);
    iq
}

fn reports(gain: f32, noise_var: f32) -> Vec<SsbReport> {
    let config = TrackerConfig {
        pci: PCI,
        rate_hz: 7.68e6,
        scs_hz: 15e3,
        ssb_offset_hz: 0.0,
        l_max: 4,
        cfo_hz: 0.0,
        symbol_phase_rad: 0.0,
    };
    let mut tracker = SsbTracker::new(config).unwrap();
    (0..40).map(|seed| tracker.process(0, &block(gain, noise_var, seed)).unwrap()).collect()
}

/// A resource element of the SSS has power 1 with a unitary FFT of 512: −27.09 dBFS.
#[test]
fn powers_are_those_of_the_sss_whatever_the_pss_has() {
    for gain in [1.0, std::f32::consts::SQRT_2] {
        for snr_db in [6.0f32, 15.0, 25.0] {
            let reports = reports(gain, 10f32.powf(-snr_db / 10.0));
            let mean =
                |of: fn(&SsbReport) -> Option<f32>| reports.iter().filter_map(of).sum::<f32>() / reports.len() as f32;
            let (rsrp, sinr) = (mean(|r| r.rsrp_dbfs), mean(|r| r.snr_db));
            assert!((rsrp + 27.09).abs() < 0.2, "gain {gain}, {snr_db} dB: RSRP {rsrp}");
            assert!((sinr - snr_db).abs() < 0.5, "gain {gain}, {snr_db} dB: SINR {sinr}");
        }
    }
}

fn gains(iq: impl Fn(u64) -> Vec<Complex32>, count: u64) -> Vec<f32> {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let mut demod = SymbolDemodulator::new(n, 0.0, SSB_SUBCARRIERS).unwrap();
    let mut estimator = BlockEstimator::new(PCI).unwrap();
    let (mut grid, mut fit) = (SsbGrid::zero(), BlockFit::zero());
    let one = |seed| {
        demod.demodulate_block(&iq(seed), 0.0, &mut grid).unwrap();
        estimator.fit(&grid, None, &mut fit).unwrap();
        fit.pss_gain
    };
    (0..count).map(one).collect()
}

#[test]
fn noise_and_another_cell_are_no_stronger_pss() {
    for noise_var in [0.01, 0.3, 1.0, 4.0, 100.0] {
        assert!(gains(|seed| block(1.0, noise_var, seed), 200).iter().all(|g| *g == 1.0), "{noise_var}");
    }
    // a cell with the same PSS, 2 dB weaker, at the same time or up to 1 µs later
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let other = Block { pci: PCI + 3, index: 0, half_frame: false, sfn: 40, l_max: 4 }.samples(&n, 0.0);
    let both = |seed: u64| {
        let (late, turn) = ((seed % 9) as usize, Complex32::cis(seed as f32) * 0.8);
        let mut iq = block(1.0, 0.01, seed);
        iq[late..].iter_mut().zip(&other).for_each(|(v, o)| *v += o * turn);
        iq
    };
    assert!(gains(both, 200).iter().all(|g| *g == 1.0));
    // and a stronger one is seen from 6 dB on
    let stronger = |seed| block(std::f32::consts::SQRT_2, 0.25, seed);
    assert!(gains(stronger, 200).iter().filter(|g| **g > 1.0).count() > 195);
}

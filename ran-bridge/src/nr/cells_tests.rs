//! Search of unknown cells: rates, several cells at once, time.

use num_complex::Complex32;

use super::ofdm::rotate;
use super::test_support::{Block, noise};
use super::{Cell, Numerology, SearchConfig, search, ssb_offsets_hz};

/// A block of a cell in a recording.
struct Sent {
    pci: u16,
    at: usize,
    offset_hz: f64,
    gain: f32,
    cfo_hz: f64,
}

fn mix(n: &Numerology, len: usize, sent: &[Sent], noise_var: f32, seed: u64) -> Vec<Complex32> {
    let mut iq = noise(len, noise_var, seed);
    for s in sent {
        let frame = (0.010 * n.rate_hz()) as usize;
        for (f, at) in (s.at..len).step_by(frame).enumerate() {
            let block = Block { pci: s.pci, index: 0, half_frame: false, sfn: 64 + f as u16, l_max: 4 };
            let mut samples = block.samples(n, s.offset_hz);
            // whole subcarriers from the generator, the rest of the raster offset by turning
            let rest = s.offset_hz - (s.offset_hz / n.scs_hz()).round() * n.scs_hz();
            rotate(&mut samples, at, (s.cfo_hz + rest) / n.rate_hz());
            iq[at..].iter_mut().zip(samples).for_each(|(v, x)| *v += x * s.gain);
        }
    }
    iq
}

fn pcis(cells: &[Cell]) -> Vec<u16> {
    cells.iter().map(|c| c.pci).collect()
}

#[test]
fn every_rate_and_spacing_anywhere_on_the_raster() {
    let cases = [7.68e6, 11.52e6, 15.36e6, 23.04e6, 30.72e6, 46.08e6, 61.44e6].map(|rate| (rate, 15e3, 1842.5e6));
    let wide = [11.52e6, 15.36e6, 23.04e6, 30.72e6, 46.08e6, 61.44e6].map(|rate| (rate, 30e3, 3.6e9));
    for (i, (rate_hz, scs_hz, center_hz)) in cases.into_iter().chain(wide).enumerate() {
        let n = Numerology::new(rate_hz, scs_hz).unwrap();
        let offsets = ssb_offsets_hz(center_hz, rate_hz, 240.0 * scs_hz);
        // the outermost of the raster, below and above in turn
        let offset_hz = offsets[offsets.len() - 1 - i % 2];
        let pci = (83 * i % 1008) as u16;
        let len = (0.006 * rate_hz) as usize;
        let at = (0.0021 * rate_hz) as usize + 17 * i;
        let iq = mix(&n, len, &[Sent { pci, at, offset_hz, gain: 1.0, cfo_hz: 1700.0 }], 0.1, i as u64);
        let config = SearchConfig { scs_hz, center_hz: Some(center_hz), ..SearchConfig::default() };
        let cells = search(&iq, rate_hz, &config).unwrap();
        assert_eq!(pcis(&cells), [pci], "{rate_hz} {scs_hz}");
        assert!((cells[0].ssb_offset_hz - offset_hz).abs() < 1.0 && cells[0].mib_crc_ok);
        assert!(cells[0].sample.abs_diff(at as u64) <= (rate_hz / 7e6) as u64, "{} {at}", cells[0].sample);
        assert!((cells[0].snr_db - 10.0).abs() < 1.0, "{}", cells[0].snr_db);
        // unit power a resource element of a unitary FFT
        assert!((cells[0].rsrp_dbfs + 10.0 * (n.fft() as f32).log10()).abs() < 0.5, "{}", cells[0].rsrp_dbfs);
    }
}

/// PCIs found of two cells, the second at `delay` samples and `db` below.
fn two(pci: (u16, u16), delay: usize, db: f32, seed: u64) -> Vec<Cell> {
    let n = Numerology::new(11.52e6, 15e3).unwrap();
    let gain = 10f32.powf(-db / 20.0);
    let sent = [
        Sent { pci: pci.0, at: 20_000, offset_hz: -450e3, gain: 1.0, cfo_hz: 300.0 },
        Sent { pci: pci.1, at: 20_000 + delay, offset_hz: -450e3, gain, cfo_hz: -200.0 },
    ];
    let iq = mix(&n, 230_400, &sent, 0.01, seed);
    let config = SearchConfig { center_hz: Some(1842.5e6), ..SearchConfig::default() };
    search(&iq, 11.52e6, &config).unwrap()
}

#[test]
fn a_second_cell_6_db_below_is_found_at_the_same_time_and_at_another() {
    let mut wrong = Vec::new();
    // other PSS; same PSS; same PSS and DMRS places; far in time, within the first's symbols, at once
    for (i, pci) in [(1, 500), (1, 4), (100, 112), (7, 1001)].into_iter().enumerate() {
        for delay in [0, 9, 411, 40_000] {
            let cells = two(pci, delay, 6.0, i as u64);
            let below = cells.get(1).map(|c| cells[0].rsrp_dbfs - c.rsrp_dbfs);
            if pcis(&cells) != [pci.0, pci.1] || below.is_none_or(|db| (db - 6.0).abs() > 2.0) {
                wrong.push((pci, delay, cells, below));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_strong_cell_is_one_cell() {
    for seed in 0..4 {
        let n = Numerology::new(11.52e6, 15e3).unwrap();
        let sent = [Sent { pci: 17, at: 5000, offset_hz: -450e3, gain: 1.0, cfo_hz: 2400.0 }];
        let iq = mix(&n, 345_600, &sent, 1e-5, seed);
        let config = SearchConfig { center_hz: Some(1842.5e6), ..SearchConfig::default() };
        assert_eq!(pcis(&search(&iq, 11.52e6, &config).unwrap()), [17]);
    }
}

#[test]
#[ignore = "prints figures"]
fn second_cell_over_level() {
    for db in [3.0, 6.0, 9.0, 12.0] {
        let (mut found, mut wrong, mut runs) = (0, 0, 0);
        for (i, pci) in [(1, 500), (1, 4), (100, 112), (7, 1001)].into_iter().enumerate() {
            for (j, delay) in [0, 9, 411, 40_000].into_iter().enumerate() {
                for seed in 0..5 {
                    let cells = pcis(&two(pci, delay, db, 100 * seed + 10 * i as u64 + j as u64));
                    runs += 1;
                    found += usize::from(cells.contains(&pci.1));
                    wrong += cells.iter().filter(|c| **c != pci.0 && **c != pci.1).count();
                }
            }
        }
        println!("{db} dB below: second cell found {found} of {runs}, cells that are not there {wrong}");
    }
}

#[test]
#[ignore = "prints timings"]
fn search_times() {
    for (rate_hz, scs_hz, center_hz) in
        [(11.52e6, 15e3, 1842.5e6), (23.04e6, 15e3, 1842.5e6), (23.04e6, 30e3, 3.6e9), (61.44e6, 30e3, 3.6e9)]
    {
        let n = Numerology::new(rate_hz, scs_hz).unwrap();
        let offset_hz = ssb_offsets_hz(center_hz, rate_hz, 240.0 * scs_hz)[9];
        let len = (0.010 * rate_hz) as usize;
        let sent = [Sent { pci: 301, at: len / 3, offset_hz, gain: 1.0, cfo_hz: 1234.0 }];
        let iq = mix(&n, len, &sent, 0.3, 1);
        let config = SearchConfig { scs_hz, center_hz: Some(center_hz), ..SearchConfig::default() };
        for _ in 0..4 {
            let from = crate::clock::mono_ns();
            let found = pcis(&search(&iq, rate_hz, &config).unwrap());
            println!("{rate_hz} {scs_hz}: {} µs {found:?}", (crate::clock::mono_ns() - from) / 1000);
        }
    }
}

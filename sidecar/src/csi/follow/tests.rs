use super::*;
use crate::csi::command::analyse;
use crate::ran::recorded::{BLOCK, RATE_HZ, SYMBOL, recorded, with_blocks};

/// A block of a real gNB (PCI 1, index 0), and how it is searched.
fn block() -> (Vec<Complex32>, SearchConfig) {
    let (cell, iq, config) = recorded();
    let at = cell.sample as usize;
    (iq[at..at + BLOCK].to_vec(), config)
}

#[test]
fn every_block_of_a_burst_is_followed() {
    let (block, config) = block();
    // two beams six symbols apart every 20 ms; the second is not heard from 160 to 360 ms
    let frames =
        |shift: usize, heard: fn(&usize) -> bool| (0..20).filter(heard).map(move |k| 5000 + shift + 230_400 * k);
    let mut at: Vec<usize> = frames(0, |_| true).chain(frames(6 * SYMBOL, |k| !(8..18).contains(k))).collect();
    at.sort_unstable();
    let iq = with_blocks(&block, 0.41, at.iter().copied());
    let outcome = analyse(&iq, RATE_HZ, &config).unwrap();
    let got: Vec<usize> = outcome.reports.iter().map(|r| r.sample as usize).collect();
    assert_eq!(got.len(), at.len(), "{got:?}");
    assert!(got.iter().zip(&at).all(|(a, b)| a.abs_diff(*b) <= 1), "{got:?}");
}

#[test]
fn csi_rs_go_on_after_a_loss() {
    let (block, config) = block();
    // blocks every 10 ms, none from 300 to 500 ms
    let at = (0..80).filter(|k| !(30..50).contains(k)).map(|k| 5000 + 115_200 * k);
    let iq = with_blocks(&block, 0.81, at);
    let outcome = analyse(&iq, RATE_HZ, &config).unwrap();
    let occasion = Occasion { rs: CsiRs::tracking(1, 4, 1, 52), period_slots: 10, offset_slots: 3 };
    let lines = csi_rs(&iq, RATE_HZ, &config, &outcome, &[occasion]).unwrap();
    let after = lines.iter().filter(|l| l.sample as f64 > 0.6 * RATE_HZ).count();
    assert!(after >= 15, "{after} of {}", lines.len());
    assert!(lines.windows(2).all(|w| w[0].sample < w[1].sample));
}

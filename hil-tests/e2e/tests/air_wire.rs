//! `air` between a gNB and UEs: sample-exact whatever the message sizes, and bad messages are counted drops.

mod air_support;

use air_support::{Lab, SLOT, tags, to_bytes, until};
use num_complex::Complex32;
use ran_bridge::air::Event;
use std::time::Duration;

#[test]
fn both_directions_are_sample_exact_with_any_reply_size() {
    let lab = Lab::start(1, 1, |c| c.start_wait_ms = 5000);
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    for n in [195_840, 600, 1, 23_040, 7, 7680, 614_400, 3] {
        ue_rx.ask();
        let first = gnb_tx.next;
        gnb_tx.send_tags(n);
        let mut got = ue_rx.take();
        while got.len() < n {
            ue_rx.ask();
            got.extend(ue_rx.take());
        }
        assert!(got == tags(first, n), "downlink of {n} samples");
        gnb_rx.ask();
        let first = ue_tx.next;
        ue_tx.send_tags(n);
        let mut got = gnb_rx.take();
        while got.len() < n {
            gnb_rx.ask();
            got.extend(gnb_rx.take());
        }
        assert!(got == tags(first, n), "uplink of {n} samples");
    }
    let done = lab.stop();
    assert_eq!((done.dl_sample, done.ul_sample), (841_571, 841_571));
    let c = done.counters;
    assert_eq!((c.lost_samples, c.invented_samples, c.absent_zero_samples, c.late_samples), (0, 0, 0, 0));
}

#[test]
fn two_ues_are_added_up() {
    let lab = Lab::start(1, 2, |c| {
        c.start_wait_ms = 5000;
        c.ues[1].uplink_gain_db = -6.020_6;
    });
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut rx0, mut tx0) = lab.ue(0);
    let (mut rx1, mut tx1) = lab.ue(1);
    rx0.ask();
    rx1.ask();
    gnb_tx.send_tags(SLOT);
    assert!(rx0.take() == rx1.take());
    gnb_rx.ask();
    tx0.send(&vec![Complex32::new(0.25, 0.0); SLOT]);
    tx1.send(&vec![Complex32::new(0.0, 0.5); 100]);
    let sum = gnb_rx.take();
    assert_eq!(sum.len(), 100, "no further than the slower of the two");
    assert!(sum.iter().all(|z| (z - Complex32::new(0.25, 0.25)).norm() < 1e-5));
    lab.stop();
}

#[test]
fn bad_messages_are_counted_and_the_stream_goes_on() {
    let lab = Lab::start(1, 1, |c| c.start_wait_ms = 5000);
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    gnb_tx.send_bytes(&[]);
    gnb_tx.send_bytes(&[0; 12]);
    gnb_tx.send_bytes(&vec![0; 614_401 * 8]);
    let mut samples = tags(0, 100);
    samples[7].re = f32::NAN;
    samples[9].im = f32::INFINITY;
    gnb_tx.send(&samples);
    let got = ue_rx.take();
    samples[7] = Complex32::ZERO;
    samples[9] = Complex32::ZERO;
    assert!(got == samples);
    gnb_rx.ask();
    ue_tx.send_bytes(&[]);
    ue_tx.send_bytes(&[1; 9]);
    ue_tx.send_bytes(&vec![0; 614_401 * 8]);
    gnb_rx.takes_nothing(Duration::from_millis(50));
    ue_tx.send(&[Complex32::new(300.0, -0.5); 4]);
    assert_eq!(gnb_rx.take(), [Complex32::new(1.0, -0.5); 4], "limited as the gNB's 16-bit conversion does");
    let c = lab.stop().counters;
    assert_eq!((c.empty_messages, c.odd_size_messages, c.oversize_messages), (2, 2, 2));
    assert_eq!((c.nonfinite_samples, c.clipped_samples), (2, 4));
}

#[test]
fn uplink_is_never_further_ahead_than_the_lead() {
    let lab = Lab::start(1, 1, |c| {
        c.start_wait_ms = 5000;
        c.late_after_ms = 60_000;
    });
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    gnb_tx.send_tags(1000);
    ue_rx.take();
    ue_tx.send_tags(20 * SLOT);
    let got = gnb_rx.collect(1000 + 4 * SLOT);
    assert_eq!(got.len(), 1000 + 4 * SLOT, "downlink taken plus 4 ms, no more");
    gnb_rx.ask();
    gnb_rx.takes_nothing(Duration::from_millis(50));
    ue_rx.ask();
    gnb_tx.send_tags(1);
    assert_eq!(gnb_rx.take(), tags(1000 + 4 * SLOT as u64, 1));
    lab.stop();
}

#[test]
fn downlink_waits_for_a_present_ue_but_a_dead_one_is_given_up() {
    let lab = Lab::start(1, 1, |c| {
        c.start_wait_ms = 5000;
        c.late_after_ms = 300;
    });
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    ue_rx.ask();
    gnb_tx.send_tags(100);
    ue_rx.take();
    gnb_tx.send_tags(5 * SLOT);
    gnb_tx.is_not_asked(Duration::from_millis(100));
    lab.event(|e| matches!(e, Event::Peer { name, state: ran_bridge::air::PeerState::Late, .. } if name == "ue0"));
    gnb_rx.ask();
    assert!(gnb_rx.take().iter().all(|z| *z == Complex32::ZERO));
    gnb_tx.send_tags(5 * SLOT);
    until("the gNB is served further", || lab.stats.counters().dl_samples == 100 + 10 * SLOT as u64);
    assert_eq!(lab.stop().counters.late_peers, 1);
}

#[test]
fn a_reply_reaches_the_ue_byte_for_byte() {
    let lab = Lab::start(1, 1, |_| {});
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("it joined", || lab.stats.counters().joins == 1);
    gnb_tx.send_tags(64);
    assert_eq!(to_bytes(&ue_rx.take()), to_bytes(&tags(0, 64)));
    lab.stop();
}

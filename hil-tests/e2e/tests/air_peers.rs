//! Peers of `air` that come late, die, and come back.

mod air_support;

use air_support::{Lab, SLOT, tags, until};
use num_complex::Complex32;
use ran_bridge::air::{Event, PeerState};
use std::time::Duration;

fn is_zero(samples: &[Complex32]) -> bool {
    samples.iter().all(|z| *z == Complex32::ZERO)
}

#[test]
fn without_ues_the_gnb_gets_one_zero_for_each_sample() {
    let lab = Lab::start(1, 1, |_| {});
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    gnb_tx.send_tags(600);
    let got = gnb_rx.collect(600);
    assert!(got.len() == 600 && is_zero(&got));
    gnb_rx.ask();
    gnb_rx.takes_nothing(Duration::from_millis(50));
    let c = lab.stop().counters;
    assert_eq!((c.absent_zero_samples, c.invented_samples), (600, 0));
}

#[test]
fn a_ue_that_joins_late_dies_and_rejoins_is_put_at_its_place() {
    let lab = Lab::start(1, 1, |_| {});
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    gnb_tx.send_tags(1234);
    assert!(is_zero(&gnb_rx.collect(1234)));

    // Joins at downlink 1234: its uplink sample 0 belongs to uplink 1234.
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("it joined", || lab.stats.counters().joins == 2);
    gnb_tx.send_tags(500);
    assert!(ue_rx.take() == tags(1234, 500));
    gnb_rx.ask();
    ue_tx.send_tags(500);
    assert!(gnb_rx.take() == tags(0, 500));

    // Dies with a request under way on both sides.
    ue_rx.ask();
    drop((ue_rx, ue_tx));
    lab.event(|e| matches!(e, Event::Peer { state: PeerState::Gone, .. }));
    gnb_tx.send_tags(766);
    let got = gnb_rx.collect(766);
    assert!(got.len() == 766 && is_zero(&got), "zeros in its place");

    // Comes back as a new process: counts from 0 again, at downlink 2500.
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("it joined again", || lab.stats.counters().joins == 3);
    gnb_tx.send_tags(SLOT);
    assert!(ue_rx.take() == tags(2500, SLOT));
    gnb_rx.ask();
    ue_tx.send_tags(SLOT);
    assert!(gnb_rx.take() == tags(0, SLOT));
    let c = lab.stop().counters;
    assert_eq!((c.disconnects, c.lost_samples, c.invented_samples, c.late_samples), (1, 0, 0, 0));
}

#[test]
fn a_ue_that_joins_while_others_are_ahead_misses_what_the_gnb_has_and_is_not_late() {
    joins_while_others_are_ahead(false);
}

#[test]
fn nor_is_one_that_sends_before_it_asks() {
    joins_while_others_are_ahead(true);
}

fn joins_while_others_are_ahead(sends_first: bool) {
    let lab = Lab::start(1, 2, |_| {});
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut first_rx, mut first_tx) = lab.ue(0);
    first_rx.ask();
    until("the first joined", || lab.stats.counters().joins == 1);
    gnb_tx.send_tags(1000);
    assert!(first_rx.take() == tags(0, 1000));
    // 300 samples ahead of its downlink, as a UE with a timing advance may
    first_tx.send_tags(1300);
    assert!(gnb_rx.collect(1300) == tags(0, 1300));

    // Joins at downlink 1000, where the gNB has 1300 of uplink: its sample 300 is the first that counts.
    let (mut rx, mut tx) = lab.ue(1);
    if sends_first {
        tx.send_tags(1300);
        tx.is_asked();
    }
    rx.ask();
    until("the second joined", || lab.stats.counters().joins == 3);
    gnb_tx.send_tags(1300);
    assert!(rx.take() == tags(1000, 1300));
    if !sends_first {
        tx.send_tags(1300);
    }
    first_tx.send_tags(1300);
    let sum: Vec<Complex32> = tags(1300, 1000).iter().zip(tags(300, 1000)).map(|(a, b)| a + b).collect();
    assert!(gnb_rx.collect(1000) == sum);
    let c = lab.stop().counters;
    assert_eq!((c.late_samples, c.invented_samples, c.clipped_samples), (0, 0, 0));
}

#[test]
fn a_ue_that_was_given_up_goes_on_where_the_cells_frame_number_is_what_it_expects() {
    // At 96 kHz the 1024 frames of a cycle are 983 040 samples.
    const CYCLE: usize = 983_040;
    const MISSED: usize = 500_000;
    let lab = Lab::start(1, 1, |c| (c.late_after_ms, c.rate_hz) = (200, 96e3));
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("it joined", || lab.stats.counters().joins == 1);
    gnb_tx.send_tags(2000);
    assert!(ue_rx.take() == tags(0, 2000));
    ue_tx.send_tags(2000);
    assert!(gnb_rx.collect(2000) == tags(0, 2000));
    gnb_tx.send_tags(MISSED);
    lab.event(|e| matches!(e, Event::Peer { state: PeerState::Late, .. }));
    assert!(is_zero(&gnb_rx.collect(MISSED)));

    // It asks again; 2000 samples, enough to find the cell in, are all it knows of the cell's time, and so many the cell's must be after whole cycles.
    ue_rx.ask();
    ue_rx.takes_nothing(Duration::from_millis(50));
    let rest = CYCLE - MISSED;
    gnb_tx.send_tags(rest - 70);
    let mut got = gnb_rx.collect(rest - 70);
    until("it is back", || lab.stats.counters().joins == 3);
    gnb_tx.send_tags(70 + 50);
    assert!(ue_rx.take() == tags(2000 + CYCLE as u64, 50));
    ue_tx.send_tags(50);
    got.extend(gnb_rx.collect(rest + 50 - got.len()));
    assert!(is_zero(&got[..rest]) && got[rest..] == tags(2000, 50));
    let c = lab.stop().counters;
    assert_eq!((c.missed_dl_samples, c.late_peers, c.late_samples, c.invented_samples), (CYCLE as u64, 1, 0, 0));
}

#[test]
fn a_ue_that_asks_but_sends_nothing_does_not_stop_the_cell() {
    let lab = Lab::start(1, 1, |c| c.late_after_ms = 100);
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("it joined", || lab.stats.counters().joins == 1);
    gnb_tx.send_tags(100);
    assert!(ue_rx.take() == tags(0, 100));
    // As srsUE does between its first samples and the start of its stack: the next request waits, no uplink comes.
    ue_rx.ask();
    assert!(is_zero(&gnb_rx.collect(100)), "zeros once it is given up");
    let late = lab.stats.counters().late_peers;
    for _ in 0..3 {
        gnb_tx.send_tags(SLOT);
        assert!(is_zero(&gnb_rx.collect(SLOT)));
    }
    assert_eq!((late, lab.stats.counters().late_peers), (1, 1), "the cell goes on without it");

    // After a while it is tried again, in vain.
    until("it is tried again", || lab.stats.counters().joins == 3);
    gnb_tx.send_tags(SLOT);
    assert!(ue_rx.take() == tags(100 + 3 * SLOT as u64, SLOT));
    ue_rx.ask();
    assert!(is_zero(&gnb_rx.collect(SLOT)));
    assert_eq!(lab.stats.counters().late_peers, 2);

    // What it then sends belongs to samples that are over; from there on it is at its place.
    ue_tx.send_tags(100 + SLOT);
    until("it is back", || lab.stats.counters().joins == 4);
    gnb_tx.send_tags(50);
    assert!(ue_rx.take() == tags(100 + 4 * SLOT as u64, 50));
    gnb_rx.ask();
    ue_tx.send_tags(50);
    assert!(gnb_rx.take() == tags(100 + SLOT as u64, 50));
    assert_eq!(lab.stop().counters.late_samples, 100 + SLOT as u64);
}

#[test]
fn a_gnb_that_restarts_is_served_again_from_its_own_zero() {
    let lab = Lab::start(1, 1, |_| {});
    let (mut gnb_tx, gnb_rx) = lab.gnb();
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("the UE joined", || lab.stats.counters().joins == 1);
    gnb_tx.send_tags(900);
    assert_eq!(ue_rx.take().len(), 900);
    gnb_rx.ask();
    std::thread::sleep(Duration::from_millis(20));
    drop((gnb_tx, gnb_rx));
    lab.event(|e| matches!(e, Event::Peer { name, state: PeerState::Gone, .. } if name == "gnb"));

    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    ue_rx.ask();
    gnb_tx.send_tags(300);
    assert!(ue_rx.take() == tags(0, 300), "the UE's stream goes on with the new gNB's samples");
    // The UE sent 900 samples for the first gNB and then 300 for this one.
    ue_tx.send_tags(900);
    gnb_rx.ask();
    gnb_rx.takes_nothing(Duration::from_millis(50));
    ue_tx.send_tags(300);
    assert!(gnb_rx.take() == tags(900, 300));
    let c = lab.stop().counters;
    assert_eq!((c.disconnects, c.invented_samples), (1, 0));
}

#[test]
fn a_gnb_whose_reply_was_lost_is_named_with_what_to_restart() {
    let lab = Lab::start(1, 1, |c| c.silent_after_ms = 200);
    let (_gnb_tx, _gnb_rx) = lab.gnb();
    let event = lab.event(|e| matches!(e, Event::Peer { name, state: PeerState::Silent, .. } if name == "gnb"));
    let Event::Peer { advice, .. } = event else { panic!() };
    assert!(advice.contains("restart the gNB"), "{advice}");
    lab.stop();
}

#[test]
fn nobody_at_the_gnbs_address_is_named() {
    let lab = Lab::start(1, 0, |c| c.silent_after_ms = 200);
    let event = lab.event(|e| matches!(e, Event::Peer { state: PeerState::Silent, .. }));
    let Event::Peer { advice, .. } = event else { panic!() };
    assert!(advice.contains("start the gNB"), "{advice}");
    lab.stop();
}

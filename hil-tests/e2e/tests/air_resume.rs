//! Whoever works with the connections is replaced, message by message: what the next one knows of peers that are not simply there.

mod air_support;

use air_support::{Lab, SLOT, tags, until};

/// A receiver that was given up is still given up for the next worker: the cell does not wait for it once more, and when it goes on sending, its
/// samples are at their place.
#[test]
fn a_receiver_that_is_late_holds_up_nobody_after_a_restart() {
    let lab = Lab::start_on_tcp(1, 2, |c| c.late_after_ms = 1000);
    let (mut gnb_tx, mut gnb_rx) = lab.gnb();
    let (mut rx0, mut tx0) = lab.ue(0);
    let (mut rx1, _tx1) = lab.ue(1);
    rx0.ask();
    rx1.ask();
    until("both are there", || lab.stats.counters().joins >= 2);
    gnb_tx.send_tags(SLOT);
    assert_eq!((rx0.take().len(), rx1.take().len()), (SLOT, SLOT));
    gnb_rx.ask();
    tx0.send_tags(SLOT);
    // the second sends nothing: after a second the first one's uplink goes without it
    assert_eq!(gnb_rx.take(), tags(0, SLOT));
    until("it is late", || lab.stats.counters().late_peers == 1);

    let lab = lab.restart();
    // nothing waits for it: a slot comes and goes at once, many times over
    for slot in 1..=5_u64 {
        rx0.ask();
        gnb_tx.send_tags(SLOT);
        let first = slot * SLOT as u64;
        assert_eq!(rx0.take(), tags(first, SLOT), "slot {slot}");
        gnb_rx.ask();
        tx0.send_tags(SLOT);
        assert_eq!(gnb_rx.take(), tags(first, SLOT), "slot {slot}");
    }
    let c = lab.stats.counters();
    assert_eq!((c.late_peers, c.disconnects, c.worker_restarts, c.hard()), (1, 0, 1, 0), "{c:?}");

    // it asks at last, and joins where the cell is now
    rx1.ask();
    // the gNB joined once, the second receiver twice
    until("it is there again", || lab.stats.counters().joins == 4);
    gnb_tx.send_tags(SLOT);
    assert_eq!(rx1.take(), tags(6 * SLOT as u64, SLOT));
    lab.stop();
}

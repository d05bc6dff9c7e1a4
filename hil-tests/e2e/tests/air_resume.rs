//! Whoever works with the connections is replaced, message by message: what the next one knows of peers that are not simply there.
#![expect(clippy::unwrap_used, reason = "helpers of the test")]

mod air_support;

use air_support::{Lab, SLOT, tags, to_samples, until};
use num_complex::Complex32;
use ran_bridge::iq::zmtp::{Handshake, Role};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

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

/// The longest message of a gNB or UE, samples.
const LONGEST: usize = 614_400;
/// Bytes before the samples of a reply: the empty delimiter, then flags and length of a long frame.
const REPLY_HEAD: usize = 2 + 9;

/// A gNB's receive port that asks and then takes its time: libzmq would read as soon as something comes.
fn asker_that_does_not_read(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address.trim_start_matches("tcp://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(&Handshake::greeting(Role::Req)).unwrap();
    let mut hands = Handshake::new(Role::Req);
    let mut bytes = [0; 64];
    while hands.wants() > 0 {
        let n = stream.read(&mut bytes[..hands.wants().min(64)]).unwrap();
        assert!(n > 0, "air hung up");
        hands.take(&bytes[..n]).unwrap();
    }
    // the empty delimiter and one byte, as srsRAN's request is
    stream.write_all(&[1, 0, 0, 1, 0xff]).unwrap();
    stream
}

/// An answer to the gNB was half written when the worker ended: the rest of it is zeros, and every one of them is counted.
#[test]
fn the_rest_of_an_answer_is_zeros_and_counted() {
    let lab = Lab::start_on_tcp(1, 1, |c| c.start_wait_ms = 5000);
    let (mut gnb_tx, gnb_rx) = lab.gnb();
    drop(gnb_rx);
    let (mut ue_rx, mut ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("it is there", || lab.stats.counters().joins == 1);
    gnb_tx.send_tags(LONGEST);
    let mut heard = ue_rx.take();
    heard.extend(ue_rx.collect(LONGEST - heard.len()));
    ue_tx.send_tags(LONGEST);
    ue_tx.is_asked();
    let mut gnb_rx = asker_that_does_not_read(&lab.gnb_rx);
    until("the answer has begun", || lab.stats.counters().ul_samples == LONGEST as u64);

    let lab = lab.restart();
    let mut bytes = vec![0; REPLY_HEAD + LONGEST * 8];
    gnb_rx.read_exact(&mut bytes).unwrap();
    let got = to_samples(&bytes[REPLY_HEAD..]);
    let right = got.iter().zip(tags(0, LONGEST)).take_while(|(got, want)| *got == want).count();
    // one sample may be torn, and of a stream of tags only the first is zero
    assert!(got[(right + 1).min(LONGEST)..].iter().all(|z| *z == Complex32::ZERO), "{right} are right");
    let zeros = (LONGEST - right) as u64;
    assert!(zeros > 0, "the system took the whole answer: nothing is tested");
    let c = lab.stop().counters;
    assert_eq!((c.resumed_ul_samples, c.ul_samples, c.hard(), c.late_samples), (zeros, LONGEST as u64, 0, 0), "{c:?}");
}

//! What a peer can do to the gNB's radio.
use lab::gnb::{CAPACITY, Channel, Radio};
use num_complex::Complex32;

struct Peer {
    radio: Radio,
    request: zmq::Socket,
    answer: zmq::Socket,
    _dir: tempfile::TempDir,
}

fn peer() -> Peer {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("ipc://{}", dir.path().join(name).display());
    let context = zmq::Context::new();
    let answer = context.socket(zmq::REP).unwrap();
    answer.bind(&at("rx")).unwrap();
    let radio = Radio::open(&context, &at("tx"), &at("rx"), 0).unwrap();
    let request = context.socket(zmq::REQ).unwrap();
    request.connect(&at("tx")).unwrap();
    request.set_rcvtimeo(300).unwrap();
    answer.set_rcvtimeo(1000).unwrap();
    Peer { radio, request, answer, _dir: dir }
}

fn serve(radio: &mut Radio) {
    for _ in 0..20 {
        radio.serve(5).unwrap();
    }
}

#[test]
fn odd_bytes_and_a_sample_too_many_stop_the_receiver_for_good() {
    for length in [9usize, 8 * (CAPACITY + 1)] {
        let mut p = peer();
        serve(&mut p.radio);
        assert_eq!(p.answer.recv_bytes(0).unwrap(), [0u8], "one byte 0x00");
        p.answer.send(vec![0u8; length], 0).unwrap();
        serve(&mut p.radio);
        assert_eq!(p.radio.receive_state(), Channel::Stopped, "{length} bytes");
        assert!(p.answer.recv_bytes(zmq::DONTWAIT).is_err(), "asks no more");
    }
}

#[test]
fn an_overfilled_ring_blocks_transmit_too() {
    let mut p = peer();
    p.radio.tx_ring.push(&[Complex32::new(0.5, 0.0); 10]);
    for _ in 0..2 {
        serve(&mut p.radio);
        p.answer.recv_bytes(0).unwrap();
        p.answer.send(vec![0u8; 8 * 400_000], 0).unwrap();
    }
    serve(&mut p.radio);
    assert!(p.radio.overflowed());
    p.request.send(&[0u8][..], 0).unwrap();
    serve(&mut p.radio);
    assert!(p.request.recv_bytes(zmq::DONTWAIT).is_err(), "no downlink while it waits for room");
    p.radio.rx_ring.consume(CAPACITY);
    serve(&mut p.radio);
    assert_eq!(p.request.recv_bytes(0).unwrap().len(), 80);
}

#[test]
fn an_empty_request_is_never_answered_and_an_empty_reply_is_harmless() {
    let mut p = peer();
    p.radio.tx_ring.push(&[Complex32::default(); 10]);
    serve(&mut p.radio);
    p.answer.recv_bytes(0).unwrap();
    p.answer.send("", 0).unwrap();
    serve(&mut p.radio);
    assert_eq!(p.answer.recv_bytes(0).unwrap(), [0u8], "asks again");
    p.request.send("", 0).unwrap();
    serve(&mut p.radio);
    assert!(p.request.recv_bytes(0).is_err());
}

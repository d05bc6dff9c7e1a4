//! The control socket of `sidecar air`: wire format in, wire format out, refusals for everything else, rows in the record.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of the test")]

mod air_support;

use air_support::{Answerer, Asker, RATE_HZ, SLOT, tags};
use num_complex::Complex32;
use ran_bridge::air::{AirConfig, Command, Event, GnbEnd, UeEnd, Window};
use sidecar::air::{AirProcessConfig, Refusal};
use sidecar::wire::{Agent, Dtype, Header, Kind, Message};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Dealer {
    socket: zmq::Socket,
    seq: u64,
}

impl Dealer {
    fn send(&mut self, mut message: Message) -> u64 {
        self.seq += 1;
        message.header.seq = self.seq;
        self.socket.send_multipart(message.into_frames(), 0).unwrap();
        self.seq
    }
    /// The next message of a kind.
    fn next(&self, kind: Kind) -> Message {
        loop {
            let message = Message::from_frames(self.socket.recv_multipart(0).expect("within 5 s")).unwrap();
            if message.header.kind == kind {
                return message;
            }
        }
    }
}

#[test]
fn commands_go_in_and_snippets_and_refusals_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let wire = |name: &str| format!("ipc://{}/{name}", folder.path().display());
    let gnb = GnbEnd::Zmq { tx: vec![wire("gnbtx")], rx: wire("gnbrx") };
    let ue = UeEnd::cable("ue0", Some(&wire("uerx")), Some(&wire("uetx")));
    let mut air = AirConfig::lab(RATE_HZ, 1, gnb, vec![ue]);
    air.start_wait_ms = 5000;
    let config = AirProcessConfig { run: 77, ..AirProcessConfig::new(air, Some(wire("air"))) };
    let stats = Arc::clone(&config.stats);
    let stop = Arc::new(AtomicBool::new(false));
    let run_dir = folder.path().join("run");
    std::fs::create_dir(&run_dir).unwrap();
    let thread = {
        let (stop, dir) = (Arc::clone(&stop), run_dir.clone());
        std::thread::spawn(move || sidecar::air::run(&config, Some(&dir), &stop).unwrap())
    };
    let context = zmq::Context::new();
    let socket = context.socket(zmq::DEALER).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_rcvtimeo(5000).unwrap();
    socket.connect(&wire("air")).unwrap();
    let mut dealer = Dealer { socket, seq: 0 };

    dealer.send(Message::empty(Kind::Hello, Agent::Ran));
    assert_eq!(dealer.next(Kind::Welcome).header.run, 77);

    // Another version, garbage, a kind that is not for air, and JSON that is no command.
    let mut frames = Message::empty(Kind::Hello, Agent::Ran).into_frames();
    frames[0][4] = 9;
    dealer.socket.send_multipart(frames, 0).unwrap();
    let refusal: Refusal = dealer.next(Kind::Refuse).parse().unwrap();
    assert_eq!(refusal.code, "version");
    dealer.socket.send("garbage", 0).unwrap();
    assert_eq!(dealer.next(Kind::Refuse).parse::<Refusal>().unwrap().code, "malformed");
    dealer.send(Message::empty(Kind::Gradient, Agent::Ran));
    assert_eq!(dealer.next(Kind::Refuse).parse::<Refusal>().unwrap().code, "kind");
    let seq = dealer.send(Message::json(Kind::Command, Agent::Ran, &serde_json::json!({"cmd": "quit"})).unwrap());
    let refusal = dealer.next(Kind::Refuse).parse::<Refusal>().unwrap();
    assert_eq!((refusal.code.as_str(), refusal.seq), ("malformed", Some(seq)));
    assert_eq!(stats.refused_messages.load(Ordering::Relaxed), 4, "each of the four is counted");

    let windows = vec![Window { id: 3, stream: 0, first: 50, period: 0, len: 20 }];
    dealer.send(Message::json(Kind::Command, Agent::Ran, &Command::Windows { windows }).unwrap());
    dealer.next(Kind::Applied);
    let mut weights = Message::cf32(Kind::Weights, Agent::Ran, &[1, 1], &[Complex32::new(0.5, 0.0)]).unwrap();
    weights.header.aux[0] = 12;
    let seq = dealer.send(weights);
    let event: Event = dealer.next(Kind::Applied).parse().unwrap();
    assert!(matches!(event, Event::Applied { seq: s, sample: 0, cause: 12, .. } if s == seq), "{event:?}");

    let mut gnb_tx = Answerer::new(&context, &wire("gnbtx"));
    let mut ue_rx = Asker::new(&context, &wire("uerx"));
    ue_rx.ask();
    gnb_tx.send_tags(SLOT);
    let got = ue_rx.take();
    assert_eq!(got[100], tags(100, 1)[0] * 0.5);
    let snippet = dealer.next(Kind::Snippet);
    let h: &Header = &snippet.header;
    assert_eq!((h.dtype, h.dims(), h.round, h.micro_batch), (Dtype::Cf32, &[20][..], 50, 0));
    assert!(h.aux[0] > 0 && h.aux[0] <= h.sent_mono_ns);
    assert_eq!(h.aux[1], 3);
    assert_eq!(snippet.to_cf32(), got[50..70]);

    dealer.send(Message::json(Kind::Command, Agent::Ran, &Command::Status).unwrap());
    let mut status = dealer.next(Kind::Status).parse::<Event>().unwrap();
    while !matches!(status, Event::Status(_)) {
        status = dealer.next(Kind::Status).parse().unwrap();
    }
    let Event::Status(status) = status else { panic!() };
    assert_eq!((status.dl_sample, status.peers.len()), (SLOT as u64, 2));

    stop.store(true, Ordering::Relaxed);
    assert_eq!(thread.join().unwrap().dl_sample, SLOT as u64);
    let log = std::fs::read(run_dir.join("air.sclog")).unwrap();
    for table in ["air_applied", "air_truth", "air_status", "air_peer"] {
        assert!(log.windows(table.len()).any(|w| w == table.as_bytes()), "no row of {table}");
    }
}

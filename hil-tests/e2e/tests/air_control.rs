//! The control socket of `sidecar air`: wire format in, wire format out, refusals for everything else, rows in the record.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of the test")]

mod air_support;

use air_support::{Answerer, Asker, RATE_HZ, SLOT, tags};
use num_complex::Complex32;
use ran_bridge::air::{AirConfig, Command, Event, GnbEnd, UeEnd, Window};
use sidecar::air::{AirProcessConfig, Refusal};
use sidecar::clock::mono_ns;
use sidecar::wire::local::{LocalStream, path_of};
use sidecar::wire::{Agent, Dtype, Header, Kind, Message};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

struct Client {
    stream: LocalStream,
    seq: u64,
}

impl Client {
    fn connect(address: &str) -> Self {
        let until = mono_ns() + 5_000_000_000;
        loop {
            match LocalStream::connect(path_of(address).unwrap()) {
                Ok(stream) => return Self { stream, seq: 0 },
                Err(error) => assert!(mono_ns() < until, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    fn send(&mut self, mut message: Message) -> u64 {
        self.seq += 1;
        message.header.seq = self.seq;
        assert!(self.stream.send(&message.header.encode(), &message.payload).unwrap());
        self.seq
    }
    /// The next message, or `None` when the connection was closed.
    fn receive(&mut self) -> Option<Message> {
        let until = mono_ns() + 5_000_000_000;
        let mut ended = false;
        loop {
            if let Some(frame) = self.stream.next_frame() {
                let (header, payload) = frame.unwrap();
                return Some(Message::decode(header, payload.to_vec()).unwrap());
            }
            if ended {
                return None;
            }
            ended = self.stream.turn().is_err();
            assert!(mono_ns() < until, "nothing within 5 s");
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    /// The next message of a kind.
    fn next(&mut self, kind: Kind) -> Message {
        loop {
            let message = self.receive().expect("the connection stays open");
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
    let gnb = GnbEnd::Zmq { tx: vec![wire("gnbtx")], rx: vec![wire("gnbrx")] };
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
    let mut client = Client::connect(&wire("air"));

    client.send(Message::empty(Kind::Hello, Agent::Ran));
    assert_eq!(client.next(Kind::Welcome).header.run, 77);

    // Another version, garbage, a kind that is not for air, and JSON that is no command.
    let mut other_version = Message::empty(Kind::Hello, Agent::Ran).header.encode();
    other_version[4] = 9;
    assert!(client.stream.send(&other_version, &[]).unwrap());
    let refusal: Refusal = client.next(Kind::Refuse).parse().unwrap();
    assert_eq!(refusal.code, "version");
    // Who sends what is no message is told so and let go; the others stay.
    let mut stranger = Client::connect(&wire("air"));
    assert!(stranger.stream.send(&[b'x'; 96], b"garbage").unwrap());
    assert_eq!(stranger.next(Kind::Refuse).parse::<Refusal>().unwrap().code, "malformed");
    assert_eq!(stranger.receive(), None);
    client.send(Message::empty(Kind::Gradient, Agent::Ran));
    assert_eq!(client.next(Kind::Refuse).parse::<Refusal>().unwrap().code, "kind");
    let seq = client.send(Message::json(Kind::Command, Agent::Ran, &serde_json::json!({"cmd": "quit"})).unwrap());
    let refusal = client.next(Kind::Refuse).parse::<Refusal>().unwrap();
    assert_eq!((refusal.code.as_str(), refusal.seq), ("malformed", Some(seq)));
    assert_eq!(stats.refused_messages.load(Ordering::Relaxed), 4, "each of the four is counted");

    let windows = vec![Window { id: 3, stream: 0, first: 50, period: 0, len: 20 }];
    client.send(Message::json(Kind::Command, Agent::Ran, &Command::Windows { windows }).unwrap());
    client.next(Kind::Applied);
    let mut weights = Message::cf32(Kind::Weights, Agent::Ran, &[1, 1], &[Complex32::new(0.5, 0.0)]).unwrap();
    weights.header.aux[0] = 12;
    let seq = client.send(weights);
    let event: Event = client.next(Kind::Applied).parse().unwrap();
    assert!(matches!(event, Event::Applied { seq: s, sample: 0, cause: 12, .. } if s == seq), "{event:?}");

    // Another who asks gets the answer; the snippets stay with who set the windows.
    let asked = sidecar::air::ask_status(&wire("air")).unwrap();
    assert_eq!((asked.dl_sample, asked.peers.len()), (0, 2));

    let mut gnb_tx = Answerer::new(&context, &wire("gnbtx"));
    let mut ue_rx = Asker::new(&context, &wire("uerx"));
    ue_rx.ask();
    gnb_tx.send_tags(SLOT);
    let got = ue_rx.take();
    assert_eq!(got[100], tags(100, 1)[0] * 0.5);
    let snippet = client.next(Kind::Snippet);
    let h: &Header = &snippet.header;
    assert_eq!((h.dtype, h.dims(), h.round, h.micro_batch), (Dtype::Cf32, &[20][..], 50, 0));
    assert!(h.aux[0] > 0 && h.aux[0] <= h.sent_mono_ns);
    assert_eq!(h.aux[1], 3);
    assert_eq!(snippet.to_cf32(), got[50..70]);

    client.send(Message::json(Kind::Command, Agent::Ran, &Command::Status).unwrap());
    let mut status = client.next(Kind::Status).parse::<Event>().unwrap();
    while !matches!(status, Event::Status(_)) {
        status = client.next(Kind::Status).parse().unwrap();
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

//! Wires of the ZMQ radio: ours at both ends, or libzmq at one.

use crate::cases;
use crate::drive::{BOUND, Passed, Watch, read, write_all};
use crate::faults::assert_tags;
use crate::libzmq::{Giver, Taker, bytes_of};
use crate::rig::{Rig, Verdict, tag, tags};
use num_complex::Complex32;
use ran_bridge::iq::{MAX_REPLY_SAMPLES, MessageFault, Next, Sink, Source, StreamError, WireSink, WireSource};
use sidecar::free_ports::FreePorts;
use std::net::TcpListener;
use std::time::Duration;

const RATE_HZ: f64 = 11.52e6;

/// Who is at an end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Ours,
    Libzmq,
}

pub struct ZmqRig {
    gives: Who,
    takes: Who,
    address: String,
    ports: FreePorts,
}

impl ZmqRig {
    pub fn new(gives: Who, takes: Who) -> Self {
        let mut ports = FreePorts::stock(2).unwrap();
        let address = format!("tcp://127.0.0.1:{}", ports.take().unwrap());
        Self { gives, takes, address, ports }
    }
}

impl Rig for ZmqRig {
    fn name(&self) -> &'static str {
        match (self.gives, self.takes) {
            (Who::Ours, Who::Ours) => "zmq",
            (Who::Libzmq, _) => "zmq, libzmq gives",
            (_, Who::Libzmq) => "zmq, libzmq takes",
        }
    }

    fn rate_hz(&self) -> f64 {
        RATE_HZ
    }

    fn sink(&mut self) -> Box<dyn Sink + Send> {
        match self.gives {
            Who::Ours => Box::new(WireSink::open(&self.address, RATE_HZ).unwrap()),
            Who::Libzmq => Box::new(Giver::bind(&self.address, RATE_HZ)),
        }
    }

    fn source(&mut self) -> Box<dyn Source> {
        match self.takes {
            Who::Ours => Box::new(WireSource::open(&self.address, RATE_HZ).unwrap()),
            Who::Libzmq => Box::new(Taker::connect(&self.address, RATE_HZ)),
        }
    }

    fn origin(&self, _: u64) -> Option<u64> {
        Some(0)
    }

    fn most(&self) -> usize {
        140_001
    }

    fn tries(&self) -> (u32, usize) {
        (24, 6_000)
    }

    fn cannot(&self, case: &str) -> Option<&'static str> {
        const LIBZMQ: &str = "that is libzmq's end, not ours";
        let wire = match case {
            cases::RATE => Some("a wire carries no rate: both ends believe theirs"),
            cases::METADATA => Some("a wire carries no metadata"),
            cases::HIGH_SOURCE => Some("a wire carries no index: a source counts from its connection on"),
            _ => None,
        };
        wire.or(match (case, self.gives, self.takes) {
            (cases::BACK | cases::HIGH_SINK | cases::HOLE | cases::TAKER, Who::Libzmq, _) => Some(LIBZMQ),
            (cases::GIVER | cases::END, _, Who::Libzmq) => Some(LIBZMQ),
            (cases::LOSS, Who::Ours, _) => {
                Some("a wire carries no index: only what a transmitter sends against the rules is known to be lost, and ours does not")
            }
            (cases::ODD | cases::OVERSIZE, Who::Ours, _) => Some("ours sends none: libzmq does"),
            _ => None,
        })
    }

    fn own(&mut self, case: &str) -> Verdict {
        match case {
            cases::LOSS => self.loss(),
            cases::HOLE => self.hole(),
            cases::ODD => self.odd(),
            cases::OVERSIZE => self.oversize(),
            cases::SILENT => self.silent(),
            _ => panic!("{case} is not written"),
        }
        Verdict::Holds
    }
}

impl ZmqRig {
    /// Messages that libzmq gives one after the other, and what our source makes of them.
    fn messages(&self, messages: Vec<Vec<u8>>) -> Vec<Result<Next, StreamError>> {
        let giver = Giver::bind(&self.address, RATE_HZ);
        let mut source = WireSource::open(&self.address, RATE_HZ).unwrap();
        std::thread::scope(|scope| {
            let giving = scope.spawn(move || {
                let watch = Watch::start();
                for message in &messages {
                    while !giver.answer(message) {
                        assert!(watch.past() < Duration::from_secs(30), "nobody asks");
                    }
                }
                giver
            });
            let (mut said, mut block, mut quiet) = (Vec::new(), vec![Complex32::ZERO; 400_000], 0);
            while quiet < 3 {
                let next = read(&mut source, &mut block);
                match &next {
                    Ok(Next::Samples(got)) => {
                        // every sample says which one of the stream it is
                        let is_it = |(i, z): (u64, &Complex32)| *z == tag(i);
                        assert!((got.first..).zip(&block[..got.len]).all(is_it), "{got:?}");
                    }
                    Ok(Next::Nothing) => {
                        quiet += u32::from(giving.is_finished());
                        continue;
                    }
                    _ => {}
                }
                said.push(next);
            }
            drop(giving.join().unwrap());
            said
        })
    }

    /// A message that is too long lies between two that are good: it counts, and is told.
    fn loss(&self) {
        let all = MAX_REPLY_SAMPLES as u64 + 5_001;
        let span = |from: u64, to: u64| bytes_of(&(from..to).map(tag).collect::<Vec<_>>());
        let lost = MAX_REPLY_SAMPLES as u64 + 1;
        let said = self.messages(vec![span(0, 3_000), span(3_000, 3_000 + lost), span(3_000 + lost, all)]);
        let mut passed = Passed::default();
        for next in said {
            if let Ok(Next::Samples(got)) = next {
                passed.stretches.push((got, (got.first..got.first + got.len as u64).map(tag).collect()));
            }
        }
        assert_tags(&passed, all);
        assert_eq!((passed.lost(), passed.span(3_000 + lost, 2_000).map(|s| s.len())), (lost, Some(2_000)));
    }

    /// What is not given becomes as many zeros: the receiver's time goes on.
    fn hole(&mut self) {
        let mut sink = self.sink();
        let mut source = self.source();
        std::thread::scope(|scope| {
            let sending = scope.spawn(move || {
                write_all(&mut *sink, 500, &tags(1_000), &[300])?;
                write_all(&mut *sink, 500 + 1_000 + 70_000, &tags(1_000), &[300])?;
                sink.finish()
            });
            let (mut came, mut block, watch) = (Vec::new(), vec![Complex32::ZERO; 4_096], Watch::start());
            while came.len() < 72_000 {
                assert!(watch.past() < Duration::from_secs(30), "{}", came.len());
                if let Next::Samples(got) = read(&mut *source, &mut block).unwrap() {
                    came.extend_from_slice(&block[..got.len]);
                }
            }
            sending.join().unwrap().unwrap();
            assert!(came[..1_000] == tags(1_000) && came[71_000..] == tags(1_000));
            assert!(came[1_000..71_000].iter().all(|z| *z == Complex32::ZERO));
        });
    }

    fn odd(&self) {
        let good = bytes_of(&tags(10));
        let mut odd = bytes_of(&(10..20).map(tag).collect::<Vec<_>>());
        odd.extend_from_slice(&[1, 2, 3]);
        let last = bytes_of(&(20..30).map(tag).collect::<Vec<_>>());
        let said = self.messages(vec![good, odd, Vec::new(), last]);
        let faults: Vec<_> = said.iter().filter_map(|s| s.as_ref().err()).collect();
        assert!(
            matches!(
                faults[..],
                [StreamError::Message(MessageFault::OddSize { bytes: 83 }), StreamError::Message(MessageFault::Empty)]
            ),
            "{faults:?}"
        );
        assert!(
            matches!(said.last(), Some(Ok(Next::Samples(got))) if (got.first, got.lost, got.len) == (20, 10, 10)),
            "{said:?}"
        );
    }

    fn oversize(&self) {
        let long: Vec<_> = (0..=MAX_REPLY_SAMPLES as u64).map(tag).collect();
        let n = long.len() as u64;
        let next = bytes_of(&(n..n + 5).map(tag).collect::<Vec<_>>());
        let said = self.messages(vec![bytes_of(&long), next]);
        assert!(matches!(said[0], Err(StreamError::Message(MessageFault::Oversize { samples: 614_401 }))), "{said:?}");
        assert!(matches!(&said[1], Ok(Next::Samples(got)) if (got.first, got.lost, got.len) == (n, n, 5)), "{said:?}");
    }

    fn silent(&mut self) {
        if self.takes == Who::Ours {
            // one that accepts and is no ZeroMQ; one that takes the request and never answers; nobody at all
            let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
            let deaf = Giver::bind(&self.address, RATE_HZ);
            let nobody = format!("tcp://127.0.0.1:{}", self.ports.take().unwrap());
            let silent = format!("tcp://{}", stranger.local_addr().unwrap());
            for address in [&silent, &self.address, &nobody] {
                let mut source = WireSource::open(address, RATE_HZ).unwrap();
                for _ in 0..4 {
                    let next = read(&mut source, &mut [Complex32::ZERO; 100]);
                    assert!(matches!(next, Ok(Next::Nothing)), "{address}: {next:?}");
                }
            }
            assert!(deaf.socket.recv_bytes(0).is_ok(), "it was asked");
            self.ports = FreePorts::stock(1).unwrap();
        }
        if self.gives == Who::Ours {
            // connected, and asks for nothing
            let mut sink = WireSink::open(&self.address, RATE_HZ).unwrap();
            let (context, block) = (zmq::Context::new(), tags(100_000));
            let silent = context.socket(zmq::REQ).unwrap();
            silent.set_linger(0).unwrap();
            silent.connect(&self.address).unwrap();
            let mut taken = 0;
            for _ in 0..4 {
                let watch = Watch::start();
                taken += sink.write(taken, &block).unwrap() as u64;
                assert!(watch.past() < BOUND, "{:?}", watch.past());
            }
            // so many wait in it, and no more
            assert_eq!(taken, 61_440);
            let watch = Watch::start();
            let said = sink.finish().unwrap_err();
            assert!(matches!(said, StreamError::Unsent { samples: 61_440 }), "{said}");
            assert!(watch.past() < BOUND + Duration::from_secs(2), "{:?}", watch.past());
            let after = sink.write(taken, &block).unwrap_err();
            assert!(after.to_string().contains("finished"), "{after}");
        }
    }
}

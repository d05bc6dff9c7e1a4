//! Real libzmq at an end of a wire, as srsRAN and srsUE have it: REP gives, REQ takes.

use num_complex::Complex32;
use ran_bridge::iq::{BYTES_PER_SAMPLE, MAX_REPLY_SAMPLES, Next, Sink, Source, StreamError, Stretch, copy_finite};

/// As long as ours wait, ms.
const WAIT_MS: i32 = 100;
/// What was sent may take so long to leave, ms.
const LINGER_MS: i32 = 2_000;

fn open(kind: zmq::SocketType) -> (zmq::Context, zmq::Socket) {
    let context = zmq::Context::new();
    let socket = context.socket(kind).unwrap();
    socket.set_rcvtimeo(WAIT_MS).unwrap();
    socket.set_linger(LINGER_MS).unwrap();
    (context, socket)
}

/// A transmitter. Samples of one write are one message, the longest that is allowed at most.
pub struct Giver {
    // closed before its context
    pub socket: zmq::Socket,
    _context: zmq::Context,
    rate_hz: f64,
}

impl Giver {
    pub fn bind(address: &str, rate_hz: f64) -> Self {
        let (context, socket) = open(zmq::REP);
        socket.bind(address).unwrap();
        Self { socket, _context: context, rate_hz }
    }

    /// Answers the next request with these bytes; false where nobody asks.
    pub fn answer(&self, bytes: &[u8]) -> bool {
        if self.socket.recv_bytes(0).is_err() {
            return false;
        }
        self.socket.send(bytes, 0).unwrap();
        true
    }
}

impl Sink for Giver {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn write(&mut self, _: u64, samples: &[Complex32]) -> Result<usize, StreamError> {
        let n = samples.len().min(MAX_REPLY_SAMPLES);
        Ok(if n > 0 && self.answer(&bytes_of(&samples[..n])) { n } else { 0 })
    }

    fn finish(&mut self) -> Result<(), StreamError> {
        // closed with linger when it is dropped
        Ok(())
    }
}

/// Samples as bytes of a message.
pub fn bytes_of(samples: &[Complex32]) -> Vec<u8> {
    samples.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()]).flatten().collect()
}

/// A receiver.
pub struct Taker {
    socket: zmq::Socket,
    _context: zmq::Context,
    rate_hz: f64,
    asked: bool,
    next: u64,
    /// What came, and how much of it was read.
    got: Vec<u8>,
    at: usize,
}

impl Taker {
    pub fn connect(address: &str, rate_hz: f64) -> Self {
        let (context, socket) = open(zmq::REQ);
        socket.set_linger(0).unwrap();
        socket.connect(address).unwrap();
        Self { socket, _context: context, rate_hz, asked: false, next: 0, got: Vec::new(), at: 0 }
    }
}

impl Source for Taker {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn read(&mut self, samples: &mut [Complex32]) -> Result<Next, StreamError> {
        if self.at == self.got.len() {
            if !self.asked {
                self.socket.send([0xff].as_slice(), 0).unwrap();
                self.asked = true;
            }
            let Ok(bytes) = self.socket.recv_bytes(0) else { return Ok(Next::Nothing) };
            let n = bytes.len() / BYTES_PER_SAMPLE;
            assert!(
                bytes.len().is_multiple_of(BYTES_PER_SAMPLE) && (1..=MAX_REPLY_SAMPLES).contains(&n),
                "{n} samples"
            );
            (self.asked, self.got, self.at) = (false, bytes, 0);
        }
        let left = &self.got[self.at..];
        let len = samples.len().min(left.len() / BYTES_PER_SAMPLE);
        let nonfinite = copy_finite(left, &mut samples[..len]);
        self.at += len * BYTES_PER_SAMPLE;
        let first = self.next;
        self.next += len as u64;
        Ok(Next::Samples(Stretch { len, first, lost: 0, nonfinite }))
    }
}

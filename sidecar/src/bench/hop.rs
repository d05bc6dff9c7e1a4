//! `sidecar bench hop`: a snippet there and weights back between two threads that wait, over the UNIX socket of `air` and `ran` and
//! over libzmq's `ipc` transport, in turns.

use super::list::{BenchContext, BenchError};
use super::row::Row;
use super::stats::Percentiles;
use crate::clock::mono_ns;
use crate::wire::local::{LocalListener, LocalStream};
use crate::wire::{Agent, Header, Kind, Limits, Message};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

/// Samples of a snippet: four OFDM symbols at 7.68 MS/s.
const SNIPPET: usize = 2200;
/// Weights of an answer.
const WEIGHTS: usize = 4;
/// Trips a turn, and turns.
const TRIPS: usize = 200;
const TURNS: usize = 10;
/// Pause before each trip, so that both sides sleep as they do between two slots.
const PAUSE: Duration = Duration::from_micros(500);
/// Longest wait for an answer, ms.
const WAIT_MS: i64 = 5000;

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::Failed(error.to_string())
}

pub(super) fn run(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let dir = std::env::temp_dir().join(format!("sidecar-hop-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let result = measure(&dir, if context.quick { 1 } else { TURNS });
    // What stays in the system's place for temporary things does no harm.
    let _left = std::fs::remove_dir_all(&dir);
    let (ours, peer) = result?;
    for (metric, ours, peer) in [
        ("trip mean", ours.mean, peer.mean),
        ("trip p50", ours.p50, peer.p50),
        ("trip p99", ours.p99, peer.p99),
        ("trip max", ours.max, peer.max),
    ] {
        row(Row::new("libzmq ipc", metric, peer, "us"));
        row(Row::new("UNIX socket", metric, ours, "us").against_cost("libzmq ipc", peer));
    }
    Ok(())
}

/// One side of a connection that sends whole messages and waits for them.
trait Wire: Send {
    fn put(&mut self, message: &Message) -> Result<(), BenchError>;
    /// The next message; `None` when the other side has ended.
    fn take(&mut self) -> Result<Option<Message>, BenchError>;
}

impl Wire for LocalStream {
    fn put(&mut self, message: &Message) -> Result<(), BenchError> {
        self.send(&message.header.encode(), &message.payload).map(drop).map_err(failed)
    }
    fn take(&mut self) -> Result<Option<Message>, BenchError> {
        loop {
            if let Some(frame) = self.next_frame() {
                let (header, payload) = frame.map_err(failed)?;
                return Message::decode(header, payload.to_vec()).map(Some).map_err(failed);
            }
            if zmq::poll(&mut [zmq::PollItem::from_fd(self.fd().as_raw_fd(), zmq::POLLIN)], WAIT_MS).map_err(failed)?
                == 0
            {
                return Err(failed("no answer"));
            }
            if self.turn().is_err() {
                return Ok(None);
            }
        }
    }
}

impl Wire for zmq::Socket {
    fn put(&mut self, message: &Message) -> Result<(), BenchError> {
        self.send(&message.header.encode()[..], zmq::SNDMORE).map_err(failed)?;
        self.send(&message.payload[..], 0).map_err(failed)
    }
    fn take(&mut self) -> Result<Option<Message>, BenchError> {
        if self.poll(zmq::POLLIN, WAIT_MS).map_err(failed)? == 0 {
            return Err(failed("no answer"));
        }
        let frames = self.recv_multipart(0).map_err(failed)?;
        // libzmq does not tell that the other side ends: one empty frame does.
        if frames.len() == 1 { Ok(None) } else { Message::from_frames(frames).map(Some).map_err(failed) }
    }
}

/// Trips of both, µs.
fn measure(dir: &Path, turns: usize) -> Result<(Percentiles, Percentiles), BenchError> {
    let listener = LocalListener::bind(&dir.join("unix")).map_err(failed)?;
    let far = LocalStream::connect(&dir.join("unix")).map_err(failed)?;
    let mut near = listener.accept(Limits::WIDEST).map_err(failed)?.ok_or_else(|| failed("no connection"))?;
    let unix_far = answer(far)?;

    let context = zmq::Context::new();
    let address = format!("ipc://{}", dir.join("zmq").display());
    let mut zmq_near = context.socket(zmq::PAIR).map_err(failed)?;
    zmq_near.bind(&address).map_err(failed)?;
    let other = zmq::Context::new();
    let far = other.socket(zmq::PAIR).map_err(failed)?;
    far.connect(&address).map_err(failed)?;
    let zmq_far = answer(far)?;

    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for turn in 0..=turns {
        let (a, b) = (trips(&mut near)?, trips(&mut zmq_near)?);
        // The first turn warms up.
        if turn > 0 {
            ours.extend(a);
            peer.extend(b);
        }
    }
    drop(near);
    zmq_near.send(&[][..], 0).map_err(failed)?;
    for thread in [unix_far, zmq_far] {
        thread.join().map_err(|_| failed("the far side panicked"))??;
    }
    let of = |v: &[f64]| Percentiles::of(v).ok_or_else(|| failed("no trip"));
    Ok((of(&ours)?, of(&peer)?))
}

fn message(kind: Kind, samples: usize) -> Message {
    let payload = (0..samples * 8).map(|i| i as u8).collect();
    Message::seal(Header::new(kind, Agent::Air), payload)
}

fn answer(mut wire: impl Wire + 'static) -> Result<JoinHandle<Result<(), BenchError>>, BenchError> {
    let weights = message(Kind::Weights, WEIGHTS);
    let body = move || {
        while wire.take()?.is_some() {
            wire.put(&weights)?;
        }
        Ok(())
    };
    std::thread::Builder::new().name("far".into()).spawn(body).map_err(failed)
}

fn trips(wire: &mut impl Wire) -> Result<Vec<f64>, BenchError> {
    let snippet = message(Kind::Snippet, SNIPPET);
    let one = |wire: &mut dyn Wire| -> Result<f64, BenchError> {
        std::thread::sleep(PAUSE);
        let from = mono_ns();
        wire.put(&snippet)?;
        let got = wire.take()?.ok_or_else(|| failed("the far side ended"))?;
        let took = mono_ns() - from;
        if got.payload.len() != WEIGHTS * 8 {
            return Err(failed("another answer came back"));
        }
        Ok(took as f64 / 1e3)
    };
    (0..TRIPS).map(|_| one(wire)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_wires_carry_every_trip() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, peer) = measure(dir.path(), 1).unwrap();
        assert_eq!((ours.count, peer.count), (TRIPS, TRIPS));
        assert!(ours.p50 > 0.0 && peer.p50 > 0.0 && ours.max < 5e6);
    }
}

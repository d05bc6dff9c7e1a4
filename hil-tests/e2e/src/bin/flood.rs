//! A program of the same user that does to a control socket whatever such a program can, on several threads at once, until it is ended.
//!
//! `flood SOCKET LARGEST_PAYLOAD`. Five times a second it prints how much of each it has done.

use sidecar::tx::{ArmOrder, Ask};
use sidecar::wire::{Agent, Header, Kind, Message};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// One thread's doing. An error is the guard's answer to it: it begins again.
type Doing = fn(&Target) -> io::Result<()>;

const DOINGS: [(&str, Doing); 6] = [
    ("connections", connect),
    ("orders", orders),
    ("samples", samples),
    ("half messages", half),
    ("garbage", garbage),
    ("too long", too_long),
];
static DONE: [AtomicU64; DOINGS.len()] = [const { AtomicU64::new(0) }; DOINGS.len()];

struct Target {
    path: PathBuf,
    /// Longest payload of samples that is taken, bytes.
    largest: usize,
    done: &'static AtomicU64,
}

impl Target {
    fn write(&self, stream: &mut UnixStream, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes)?;
        self.done.fetch_add(1, Relaxed);
        Ok(())
    }

    fn open(&self) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&self.path)?;
        stream.set_write_timeout(Some(Duration::from_millis(20)))?;
        Ok(stream)
    }
}

fn bytes_of(message: &Message) -> Vec<u8> {
    [&message.header.encode()[..], &message.payload].concat()
}

/// Connects and says nothing.
fn connect(to: &Target) -> io::Result<()> {
    let _silent = to.open()?;
    to.done.fetch_add(1, Relaxed);
    Ok(())
}

/// Orders without end, of which no answer is read.
fn orders(to: &Target) -> io::Result<()> {
    let arm = ArmOrder { for_ms: 1000, jam: None, relay: false, phrase: String::new() };
    let messages = [Ask::Status, Ask::Arm(arm)]
        .into_iter()
        .filter_map(|ask| Message::json(Kind::Command, Agent::Other, &ask).ok());
    let bytes: Vec<u8> = messages.flat_map(|m| bytes_of(&m)).collect();
    let mut stream = to.open()?;
    loop {
        to.write(&mut stream, &bytes)?;
    }
}

/// Samples that nobody has asked for, as many at once as are taken.
fn samples(to: &Target) -> io::Result<()> {
    let bytes = bytes_of(&Message::seal(Header::new(Kind::Snippet, Agent::Other), vec![0; to.largest]));
    let mut stream = to.open()?;
    loop {
        to.write(&mut stream, &bytes)?;
    }
}

/// Half a message, byte by byte from then on.
fn half(to: &Target) -> io::Result<()> {
    let bytes = bytes_of(&Message::seal(Header::new(Kind::Snippet, Agent::Other), vec![0; to.largest]));
    let (now, later) = bytes.split_at(bytes.len() / 2);
    let mut stream = to.open()?;
    to.write(&mut stream, now)?;
    for byte in later.iter().take(200) {
        to.write(&mut stream, &[*byte])?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// No message at all.
fn garbage(to: &Target) -> io::Result<()> {
    to.write(&mut to.open()?, &[0xff; 1 << 16])
}

/// A message that says it is of 64 MiB, as far as it is taken.
fn too_long(to: &Target) -> io::Result<()> {
    let mut header = Header::new(Kind::Snippet, Agent::Other);
    header.payload_bytes = 64 << 20;
    let mut stream = to.open()?;
    to.write(&mut stream, &header.encode())?;
    loop {
        stream.write_all(&[0; 1 << 16])?;
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let (Some(path), Some(largest)) = (words.next(), words.next().and_then(|n| n.parse().ok())) else {
        println!("flood SOCKET LARGEST_PAYLOAD");
        return;
    };
    std::thread::scope(|scope| {
        for ((_, doing), done) in DOINGS.iter().zip(&DONE) {
            let to = Target { path: PathBuf::from(&path), largest, done };
            scope.spawn(move || {
                loop {
                    let _refused = doing(&to);
                }
            });
        }
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let line: Vec<String> =
                DOINGS.iter().zip(&DONE).map(|((name, _), n)| format!("{name} {}", n.load(Relaxed))).collect();
            println!("{}", line.join(", "));
        }
    });
}

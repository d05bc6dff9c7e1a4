//! A lab's key, a policy, and a disk in memory.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ed25519_dalek::{Signer, SigningKey};
use governor::{
    ArmRequest, Band, Burst, Chain, Denial, Disk, Event, Feeder, Governor, Mode, Pending, Permit, Policy, Purpose,
    Token,
};
use jiff::Timestamp;
use num_complex::Complex32;
use sha2::{Digest, Sha256};
use std::io;

pub const MS: u64 = 1_000_000;
pub const RATE_HZ: f64 = 1e6;

pub fn wall() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn sign(text: &[u8]) -> [u8; 64] {
    key().sign(&Sha256::digest(text)).to_bytes()
}

pub fn load(text: &str) -> Result<Policy, Denial> {
    Policy::load(text.as_bytes(), &sign(text.as_bytes()), &key().verifying_key().to_bytes(), wall())
}

/// A cable in band n78 and a licence in band n3.
pub const POLICY: &str = r#"
version: 1
person: Jane Doe
stop_contact: "+49 241 555 0100"
licence: EXP-0815
from: 2026-11-01T00:00:00Z
until: 2026-12-01T00:00:00Z
grants:
  - {mode: conducted, radios: [31A5F2C], low_hz: 3.4e9, high_hz: 3.6e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 50, max_duty: 0.1, duty_window_ms: 1000}
  - {mode: conducted, radios: [31A5F2C], low_hz: 3.4e9, high_hz: 3.6e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 50, max_duty: 0.1, duty_window_ms: 1000, victims: [1, 2]}
  - {mode: licensed, radios: [31A5F2C], low_hz: 1.84e9, high_hz: 1.845e9, max_gain_db: 10, max_amplitude: 0.1, max_burst_ms: 10, max_duty: 1.0, duty_window_ms: 100}
"#;

pub fn ask() -> ArmRequest {
    ArmRequest {
        mode: Mode::Conducted,
        serial: "31A5F2C".into(),
        band: Band { low_hz: 3.49e9, high_hz: 3.51e9 },
        purpose: Purpose::Own,
        for_ns: 1000 * MS,
        phrase: String::new(),
    }
}

pub fn burst(token: Token) -> Burst {
    Burst { token, samples: 10_000, rate_hz: RATE_HZ, band: Band { low_hz: 3.495e9, high_hz: 3.505e9 }, gain_db: 20.0 }
}

/// With the policy, fed at 0.
pub fn governor() -> Governor {
    let mut g = Governor::new(load(POLICY), 0, wall());
    feed(&mut g, 0);
    g
}

pub fn feed(g: &mut Governor, now_ns: u64) {
    g.feed(Feeder::Loop, now_ns);
    g.feed(Feeder::Monitor, now_ns);
}

/// A file that keeps everything.
#[derive(Default)]
pub struct Memory(pub Vec<u8>);

impl Disk for Memory {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(line);
        Ok(())
    }
}

/// Writes a burst down and gives its permit.
pub fn logged(pending: Pending) -> Permit {
    let receipt = Chain::default().append(&mut Memory::default(), pending.event(), wall(), 0).unwrap();
    pending.logged(&receipt).unwrap()
}

/// On air with 10 000 samples at time 0.
pub fn on_air() -> (Governor, Permit) {
    let mut g = governor();
    let token = g.arm(&ask(), [1; 16], 0, wall()).unwrap();
    let permit = logged(g.fire(&burst(token), 0, wall()).unwrap());
    (g, permit)
}

pub fn samples(n: usize) -> Vec<Complex32> {
    vec![Complex32::new(0.3, 0.4); n]
}

pub fn is_stop(event: Option<&Event>) -> bool {
    matches!(event, Some(Event::Stop { .. }))
}

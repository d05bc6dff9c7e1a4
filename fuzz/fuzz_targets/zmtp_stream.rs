//! The bytes of a ZMQ radio: the handshake, then messages, cut anywhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ran_bridge::iq::zmtp::{Handshake, Inbound, PEEK, Role};

fuzz_target!(|data: (&[u8], u8)| {
    let (bytes, cut) = data;
    let mut handshake = Handshake::new(if cut & 1 == 0 { Role::Req } else { Role::Rep });
    let mut at = 0;
    while handshake.wants() > 0 && at < bytes.len() {
        let n = handshake.wants().min(bytes.len() - at).min(usize::from(cut) + 1);
        if handshake.take(&bytes[at..at + n]).is_err() {
            break;
        }
        at += n;
    }
    let mut inbound = Inbound::default();
    while (inbound.read as usize) < bytes.len() {
        let at = inbound.read as usize;
        let have = (at + usize::from(cut) + 1).min(bytes.len());
        if inbound.item.is_none() {
            match inbound.open(&bytes[at..bytes.len().min(at + PEEK)]) {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        let left = inbound.head_left() as u64 + inbound.body_left();
        let n = left.min((have - at) as u64);
        let before = inbound;
        inbound.took(n);
        assert!(inbound.read <= bytes.len() as u64 && inbound.sample_bytes_taken() >= before.sample_bytes_taken());
        if inbound == before {
            break;
        }
    }
});

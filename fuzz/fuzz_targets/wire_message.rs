#![no_main]
//! The two frames of a message between our processes: the first 96 bytes are the header.

use sidecar::wire::{HEADER_BYTES, Header, Message};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (header, payload) = data.split_at(data.len().min(HEADER_BYTES));
    if let Ok(h) = Header::decode(header) {
        assert_eq!(Header::decode(&h.encode()), Ok(h));
    }
    if let Ok(message) = Message::decode(header, payload.to_vec()) {
        let _ = (message.to_f32(), message.to_cf32());
        assert_eq!(Message::from_frames(message.clone().into_frames()), Ok(message));
    }
});

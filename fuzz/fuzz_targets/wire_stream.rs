#![no_main]
//! A byte stream of messages, as `air`'s control socket reads it. The first byte says how the rest is cut.

use sidecar::wire::{Deframer, Message};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((cut, bytes)) = data.split_first() else { return };
    let (mut deframer, mut given) = (Deframer::default(), 0);
    for piece in bytes.chunks(usize::from(*cut).max(1)) {
        let space = deframer.space();
        space[..piece.len()].copy_from_slice(piece);
        deframer.filled(piece.len());
        while let Some(frame) = deframer.next_frame() {
            let Ok((header, payload)) = frame else { return };
            given += header.len() + payload.len();
            let _ = Message::decode(header, payload.to_vec());
        }
    }
    assert!(given <= bytes.len());
});

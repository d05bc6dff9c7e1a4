//! A log that was touched is found.
#![expect(clippy::unwrap_used, reason = "helpers of the test")]

mod common;

use common::{Memory, ask, burst, wall};
use governor::{Chain, Event, Stop, Token, verify};
use proptest::prelude::*;

fn log() -> (Vec<u8>, Chain) {
    let (mut disk, mut chain) = (Memory::default(), Chain::default());
    let fire = Event::Fire { id: 1, policy: "ab".into(), serial: "31A5F2C".into(), burst: burst(Token([0xee; 16])) };
    for event in [
        Event::Arm { ask: ask() },
        fire,
        Event::End { id: 1, sent: 10_000, first_ns: None, first_radio_ns: None },
        Event::Stop { why: Stop::Asked },
    ] {
        chain.append(&mut disk, &event, wall(), chain.lines).unwrap();
    }
    (disk.0, chain)
}

#[test]
fn what_was_written_verifies_and_can_be_gone_on_with() {
    let (mut bytes, chain) = log();
    assert_eq!(verify(&bytes), Ok(chain));
    assert_eq!(chain.lines, 4);
    let mut disk = Memory(std::mem::take(&mut bytes));
    let mut chain = verify(&disk.0).unwrap();
    chain.append(&mut disk, &Event::Stop { why: Stop::Signal }, wall(), 9).unwrap();
    assert_eq!(verify(&disk.0), Ok(chain));
    let text = String::from_utf8(disk.0).unwrap();
    assert!(text.lines().all(|l| !l.contains("token")), "{text}");
    // the first line's hash, by `(head -c 32 /dev/zero; printf JSON) | sha256sum`
    let json = text.lines().next().unwrap().split_once(' ').unwrap().1;
    let by_hand = <sha2::Sha256 as sha2::Digest>::digest([&[0; 32], json.as_bytes()].concat());
    assert!(text.starts_with(&by_hand.iter().map(|b| format!("{b:02x}")).collect::<String>()));
}

#[test]
fn each_flipped_byte_is_found_in_its_line() {
    let (bytes, _) = log();
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        let line = bytes[..at].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        bytes[at] ^= 4;
        assert_eq!(verify(&bytes).unwrap_err().line, line, "byte {at}");
    }
}

#[test]
fn a_line_that_is_gone_moved_or_cut_off_is_found() {
    let (bytes, _) = log();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    for gone in 0..3 {
        let rest: Vec<u8> =
            lines.iter().enumerate().filter(|(i, _)| *i != gone).flat_map(|(_, l)| l.to_vec()).collect();
        assert_eq!(verify(&rest).unwrap_err().line, gone as u64 + 1);
    }
    let moved = [lines[0], lines[2], lines[1], lines[3]].concat();
    assert_eq!(verify(&moved).unwrap_err().line, 2);
    assert_eq!(verify(&bytes[..bytes.len() - 1]).unwrap_err().why, "is cut off");
    // cut off at a line's end: valid, but its head is another
    assert_ne!(verify(&lines[..3].concat()).unwrap().head, verify(&bytes).unwrap().head);
}

proptest! {
    #[test]
    fn any_bytes_give_an_end_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let verdict = verify(&bytes);
        prop_assert!(bytes.is_empty() || verdict.is_err());
    }
}

//! The cases: what each says, and those that ask only that samples come as they went.

use crate::drive::{pass, write_all};
use crate::endings;
use crate::faults;
use crate::rig::{Random, Rig, Verdict, tag, tags};
use crate::table::Case;
use num_complex::Complex32;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ran_bridge::iq::{MAX_REPLY_SAMPLES, Recording, SigmfSource, Sink, Source, StreamError, copy};
use std::cell::RefCell;
use std::path::Path;

pub const UNCHANGED: &str = "samples arrive unchanged and in order";
pub const INDEX: &str = "the index goes on without a gap from the first sample, which has the index that is documented";
pub const BLOCKS: &str = "blocks of 1, of primes and of more than any buffer, on either side";
pub const ANY_BLOCKS: &str = "any block sizes on either side give the same stream (property)";
pub const LARGE: &str = "a block of more than MAX_REPLY_SAMPLES arrives whole";
pub const LOSS: &str = "a stretch that is lost is told with its exact length, and the index goes on right after it";
pub const HOLE: &str = "a stretch that a sink is not given";
pub const BACK: &str = "an index that goes back is refused with both";
pub const HIGH_SINK: &str = "an index beyond 2^32 at the sink";
pub const HIGH_SOURCE: &str = "an index beyond 2^32 at the source";
pub const RATES: &str = "a source and a sink of two rates are refused with both";
pub const RATE: &str = "a rate that the back end does not have is refused";
pub const METADATA: &str = "rate, centre and datatype are told as they are";
pub const NONFINITE: &str = "NaN and infinity arrive as zeros, counted exactly";
pub const ODD: &str = "no whole number of samples is refused by name";
pub const OVERSIZE: &str = "a message that is too long is refused by name, and the stream goes on behind it";
pub const EMPTY: &str = "an empty stream has no sample";
pub const END: &str = "the end is told as documented";
pub const SILENT: &str = "a peer that is there and silent: every call comes back in its time";
pub const GIVER: &str = "who gives vanishes: the source says so, by type and in time";
pub const TAKER: &str = "who takes vanishes: the sink says so, by type and in time";
pub const AGAIN: &str = "what comes back begins again as documented";

/// All of them.
pub const ALL: &[Case] = &[
    Case { name: UNCHANGED, run: unchanged },
    Case { name: INDEX, run: index },
    Case { name: BLOCKS, run: blocks },
    Case { name: ANY_BLOCKS, run: any_blocks },
    Case { name: LARGE, run: large },
    Case { name: LOSS, run: faults::loss },
    Case { name: HOLE, run: faults::hole },
    Case { name: BACK, run: back },
    Case { name: HIGH_SINK, run: high_sink },
    Case { name: HIGH_SOURCE, run: |rig| rig.own(HIGH_SOURCE) },
    Case { name: RATES, run: rates },
    Case { name: RATE, run: |rig| rig.own(RATE) },
    Case { name: METADATA, run: |rig| rig.own(METADATA) },
    Case { name: NONFINITE, run: faults::nonfinite },
    Case { name: ODD, run: |rig| rig.own(ODD) },
    Case { name: OVERSIZE, run: |rig| rig.own(OVERSIZE) },
    Case { name: EMPTY, run: endings::empty },
    Case { name: END, run: endings::end },
    Case { name: SILENT, run: endings::silent },
    Case { name: GIVER, run: endings::giver },
    Case { name: TAKER, run: endings::taker },
    Case { name: AGAIN, run: endings::again },
];

/// Beyond what 32 bits count.
const HIGH: u64 = (1 << 32) + 12_345;

/// Sends these samples and asks that the same come, as the back end carries them.
pub fn same(rig: &mut dyn Rig, first: u64, samples: &[Complex32], writes: &[usize], reads: &[usize]) {
    let passed = pass(rig, first, samples, writes, reads);
    passed.assert_index_goes_on();
    let came = passed.span(passed.origin, samples.len());
    let came = came.unwrap_or_else(|| panic!("{} of {} samples lost", passed.lost(), samples.len()));
    let bits = |z: Complex32| (z.re.to_bits(), z.im.to_bits());
    for (i, (sent, got)) in samples.iter().zip(&came).enumerate() {
        let want = rig.carried(*sent);
        assert_eq!(bits(want), bits(*got), "sample {i}: {sent} became {got}, not {want}");
    }
}

fn unchanged(rig: &mut dyn Rig) -> Verdict {
    let mut random = Random(0x5eed);
    let samples: Vec<_> = if rig.is_exact() {
        (0..10_007).map(|_| Complex32::new(random.finite(), random.finite())).collect()
    } else {
        (0..10_007).map(|_| Complex32::new(random.unit(), random.unit())).collect()
    };
    same(rig, 0, &samples, &[997], &[1_999]);
    Verdict::Holds
}

fn index(rig: &mut dyn Rig) -> Verdict {
    let samples = tags(5_000);
    let passed = pass(rig, 77, &samples, &[500], &[333]);
    passed.assert_index_goes_on();
    let begin = passed.stretches[0].0;
    assert_eq!((begin.first, begin.lost), (if rig.is_live() { 0 } else { 77 }, 0));
    let came = passed.span(passed.origin, samples.len()).unwrap();
    assert!(came.iter().enumerate().all(|(i, z)| *z == tag(i as u64)));
    Verdict::Holds
}

fn blocks(rig: &mut dyn Rig) -> Verdict {
    let most = rig.most();
    // a block of one costs a call each
    for (samples, writes, reads) in [
        (1, 1, 1),
        (700, 1, 1),
        (3_001, 7, 1_999),
        (5_003, 1_009, 13),
        (most, most, 127),
        (most, 251, most),
        (most, most, most),
        (most, 8_191, 4_093),
    ] {
        same(rig, 0, &tags(samples), &[writes], &[reads]);
    }
    Verdict::Holds
}

fn any_blocks(rig: &mut dyn Rig) -> Verdict {
    let (cases, most) = rig.tries();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let size = || prop_oneof![Just(1_usize), 2_usize..40, 40_usize..4_000, Just(70_001)];
    let sizes = || proptest::collection::vec(size(), 1..6);
    let rig = RefCell::new(rig);
    let result = runner.run(&(1..=most, sizes(), sizes()), |(samples, writes, reads)| {
        same(&mut **rig.borrow_mut(), 0, &tags(samples), &writes, &reads);
        Ok(())
    });
    result.unwrap_or_else(|e| panic!("{e}"));
    Verdict::Holds
}

fn large(rig: &mut dyn Rig) -> Verdict {
    let n = MAX_REPLY_SAMPLES + 1;
    same(rig, 0, &tags(n), &[n], &[n]);
    Verdict::Holds
}

fn back(rig: &mut dyn Rig) -> Verdict {
    let mut sink = rig.sink();
    write_all(&mut *sink, 100, &tags(50), &[50]).unwrap();
    let refused = sink.write(149, &tags(1)).unwrap_err();
    assert!(matches!(refused, StreamError::Backwards { first: 149, next: 150 }), "{refused}");
    // and what fits still goes
    assert_eq!(sink.write(150, &tags(1)).unwrap(), 1);
    Verdict::Holds
}

fn high_sink(rig: &mut dyn Rig) -> Verdict {
    same(rig, HIGH, &tags(3_000), &[999], &[1_001]);
    Verdict::Holds
}

fn rates(rig: &mut dyn Rig) -> Verdict {
    let refused = |source: &mut dyn Source, sink: &mut dyn Sink| {
        let rates = (source.rate_hz(), sink.rate_hz());
        let said = copy(source, sink, None, &mut |_| true).unwrap_err();
        assert!(matches!(said, StreamError::Rate { source_hz, sink_hz } if (source_hz, sink_hz) == rates), "{said}");
        let text = said.to_string();
        assert!(text.contains(&rates.0.to_string()) && text.contains(&rates.1.to_string()), "{text}");
    };
    let mut sink = rig.sink();
    assert_eq!(sink.rate_hz(), rig.rate_hz());
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/air/five_ci16");
    refused(&mut SigmfSource::open(&fixture).unwrap(), &mut *sink);
    if !rig.is_live() {
        write_all(&mut *sink, 0, &tags(10), &[10]).and_then(|()| sink.finish()).unwrap();
    }
    refused(&mut *rig.source(), &mut Recording::empty(2.0 * rig.rate_hz(), None, ""));
    Verdict::Holds
}

//! Cases of samples that are missing or are no numbers.

use crate::cases::{HOLE, LOSS};
use crate::drive::{Passed, pass};
use crate::rig::{Rig, Verdict, tag, tags};
use num_complex::Complex32;

pub fn loss(rig: &mut dyn Rig) -> Verdict {
    rig.own(LOSS)
}

pub fn hole(rig: &mut dyn Rig) -> Verdict {
    rig.own(HOLE)
}

/// Each sample that came says by itself that it has the index it is told with; so what is told as lost is exactly what is missing.
pub fn assert_tags(passed: &Passed, samples: u64) {
    passed.assert_index_goes_on();
    let mut seen = 0;
    for (got, block) in &passed.stretches {
        for (index, z) in (got.first..).zip(block) {
            if (passed.origin..passed.origin + samples).contains(&index) {
                assert_eq!(*z, tag(index - passed.origin), "sample {index}, {got:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 0 && seen < samples, "{seen} of {samples} came: none was lost");
}

pub fn nonfinite(rig: &mut dyn Rig) -> Verdict {
    let mut samples = tags(4_001);
    let wrong = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let at = [0, 1, 16, 1_000, 1_001, 3_999, 4_000];
    for (k, i) in at.into_iter().enumerate() {
        let x = wrong[k % 3];
        samples[i] = if k % 2 == 0 { Complex32::new(x, 0.5) } else { Complex32::new(0.5, x) };
    }
    // whatever the blocks are that they lie in
    for (writes, reads) in [(4_001, 4_001), (17, 100), (1_000, 1)] {
        let passed = pass(rig, 0, &samples, &[writes], &[reads]);
        let came = passed.span(passed.origin, samples.len()).unwrap();
        for (i, z) in came.iter().enumerate() {
            assert_eq!(*z, if at.contains(&i) { Complex32::ZERO } else { tag(i as u64) }, "sample {i}");
        }
        let counted: u64 = passed.stretches.iter().map(|(got, _)| got.nonfinite).sum();
        assert_eq!(counted, at.len() as u64);
        for (got, block) in &passed.stretches {
            let within = (got.first..).zip(block).filter(|(i, _)| at.contains(&(*i as usize))).count();
            assert_eq!(got.nonfinite, within as u64, "{got:?}");
        }
    }
    Verdict::Holds
}

//! Products of few rows with several panels at once, for vectors as wide as a panel.
//!
//! A sum waits some cycles for its last product, so that eight of them or more must be under way to keep two multipliers busy: of five rows, one panel is not enough.
//! Every sum has a name of its own here: as elements of an array that a loop goes through, the compiler keeps them in memory.

use super::product::COLUMNS;
use pulp::Simd;

macro_rules! block {
    ($(#[$meta:meta])* $name:ident, $rows:literal, $panels:literal, [$($w:ident $p:literal: $($s:ident $r:literal),+);+]) => {
        $(#[$meta])*
        #[inline(always)]
        pub(super) fn $name<S: Simd>(
            simd: S,
            left: &[f32],
            panels: &[f32],
            start: &[f32],
        ) -> [[[f32; COLUMNS]; $rows]; $panels] {
            let vector = |at: &[f32; COLUMNS]| S::as_simd_f32s(at).0[0];
            let (left, _) = left.as_chunks::<$rows>();
            let (panels, _) = panels.as_chunks::<COLUMNS>();
            let (start, _) = start.as_chunks::<COLUMNS>();
            let n = left.len();
            $(
                let $w = &panels[$p * n..][..n];
                $(let mut $s = vector(&start[$p]);)+
            )+
            for i in 0..n {
                let x = &left[i];
                $(
                    let w = vector(&$w[i]);
                    $($s = simd.mul_add_f32s(simd.splat_f32s(x[$r]), w, $s);)+
                )+
            }
            let mut out = [[[0.0; COLUMNS]; $rows]; $panels];
            $($(S::as_mut_simd_f32s(&mut out[$p][$r]).0[0] = $s;)+)+
            out
        }
    };
}

block!(
    /// `[inputs][5]` times four of `[inputs][COLUMNS]`.
    five_by_four, 5, 4,
    [a 0: a0 0, a1 1, a2 2, a3 3, a4 4;
     b 1: b0 0, b1 1, b2 2, b3 3, b4 4;
     c 2: c0 0, c1 1, c2 2, c3 3, c4 4;
     d 3: d0 0, d1 1, d2 2, d3 3, d4 4]
);

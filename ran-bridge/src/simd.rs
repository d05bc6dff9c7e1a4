//! Inner loops compiled for several instruction sets; the processor decides when the program runs.
//!
//! Most are ordinary Rust over slices, compiled for the plain set and for AVX2 ([`widest`]); the compiler makes vectors of them, and makes
//! worse ones for AVX-512. What is written in vectors of the set itself is compiled for AVX-512, too ([`full_width`]).
//! `pulp` calls a [`WithSimd`] operation from a function that is compiled for the set, so its `with_simd` must be `#[inline(always)]`,
//! and all that it calls. No multiply and add are joined to one rounding unless the code says so, so the results are the same, bit for bit, on each set.

use std::sync::LazyLock;

pub(crate) use pulp::{Simd, WithSimd};

static FULL: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

#[cfg(target_arch = "x86_64")]
static ORDINARY: LazyLock<pulp::Arch> = LazyLock::new(|| pulp::x86::V3::try_new().map_or(*FULL, pulp::Arch::V3));
#[cfg(not(target_arch = "x86_64"))]
static ORDINARY: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// Runs `op` on the widest set of this processor for which the compiler makes good vectors.
pub(crate) fn widest<Op: WithSimd>(op: Op) -> Op::Output {
    ORDINARY.dispatch(op)
}

/// Runs `op`, which is written in vectors of the set, on the widest set of this processor.
pub(crate) fn full_width<Op: WithSimd>(op: Op) -> Op::Output {
    FULL.dispatch(op)
}

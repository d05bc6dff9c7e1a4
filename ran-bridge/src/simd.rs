//! Inner loops compiled twice, for the plain instruction set and for AVX2; the processor decides when the program runs.
//!
//! The loops are ordinary Rust over slices. `pulp` calls a [`WithSimd`] operation from a function that is compiled for the wider
//! set, so its `with_simd` must be `#[inline(always)]`, and all that it calls. No multiply and add are ever joined to one
//! rounding, so the results are the same, bit for bit, on each set.

use std::sync::LazyLock;

pub(crate) use pulp::{Simd, WithSimd};

static ARCH: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// Runs `op` on the widest set this processor has.
pub(crate) fn widest<Op: WithSimd>(op: Op) -> Op::Output {
    ARCH.dispatch(op)
}

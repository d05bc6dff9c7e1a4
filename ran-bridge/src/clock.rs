//! Host-monotonic time, the one place of this crate that reads a clock.

/// `CLOCK_MONOTONIC` in ns: the same for every process of one host, no meaning between hosts.
#[must_use]
pub fn mono_ns() -> u64 {
    read_ns(nix::time::ClockId::CLOCK_MONOTONIC)
}

/// Time that this thread has been running on a CPU, in ns: what is left of a cost where others compete for the CPU.
#[must_use]
pub fn thread_ns() -> u64 {
    read_ns(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn read_ns(clock: nix::time::ClockId) -> u64 {
    nix::time::clock_gettime(clock)
        .map_or(0, |t| u64::try_from(t.tv_sec()).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec()).unwrap_or(0))
}

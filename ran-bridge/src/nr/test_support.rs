//! Test-only signals.

//! Benches against a peer in the same run.

pub mod air_basic;
mod air_basic_peer;
mod air_basic_relay;

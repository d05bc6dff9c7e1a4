//! Everything between us and the core and the applications: Open5GS metrics and information API, application rates, and the
//! two things that can be set there, a UE's rate limit and an application's resolution.

pub mod act;
pub mod app;
pub mod clock;
pub mod http;
pub mod identity;
pub mod open5gs;
pub mod trace;

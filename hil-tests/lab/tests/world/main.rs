//! The lab as its neighbours meet it: sockets, WebSocket, HTTP, and the effect of what they change.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod doors;
mod effects;
mod lockstep;
mod radio;
mod relay;

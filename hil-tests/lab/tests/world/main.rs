//! The lab as its neighbours meet it: sockets, WebSocket, HTTP, and the effect of what they change.
mod doors;
mod effects;
mod lockstep;
mod radio;
mod relay;

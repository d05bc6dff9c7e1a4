//! The agent controller: the agents' rounds, decisions across layers, and the page people look at.

pub mod decide;
pub mod state;
pub mod view;

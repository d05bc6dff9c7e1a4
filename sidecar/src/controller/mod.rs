//! The agent controller: the agents' rounds, decisions across layers, and the page people look at.

pub mod capacity;
pub mod config;
pub mod decide;
pub mod hub;
pub mod picture;
pub mod state;
pub mod view;

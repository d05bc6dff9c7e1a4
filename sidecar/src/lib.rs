//! The daemon and its command line. What the binary does is here, so that tests can do it too.

pub mod agent;
pub mod air;
pub mod app;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod controller;
pub mod core;
pub mod csi;
pub mod demo;
pub mod doctor;
pub mod effect;
pub mod free_ports;
pub mod gnb;
pub mod guard;
pub mod learn;
pub mod notify;
pub mod ran;
pub mod record;
pub mod relay;
pub mod report;
pub mod telemetry;
pub mod tx;
pub mod up;
pub mod wire;

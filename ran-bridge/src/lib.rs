//! Everything between us and the radio: IQ over ZMQ and files, NR signals, CSI, the front end, gNB metrics and control.

pub mod air;
pub mod chains;
pub mod clock;
pub mod csi;
pub mod emulator;
pub mod front_end;
pub mod gnb;
pub mod iq;
pub mod nr;
pub mod radio;
mod simd;
pub mod sources;

//! The texts of other programs: bounded, sans-I/O.

mod address;
mod device_args;
mod ini;
mod near;
mod tree;

pub use address::{Wire, is_loopback_host};
pub use device_args::DeviceArgs;
pub use ini::{Ini, IniError};
pub use near::nearest;
pub use tree::{Tree, TreeError};

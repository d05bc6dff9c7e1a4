//! pAgent: follows the channel of every UE, forms beams within half a millisecond, watches the gNB.

pub mod beam;
pub mod fast;
pub mod phases;
pub mod track;

//! Model partition and sharing (`MoPS`) of `SANet`: scheme 3, where each agent holds embedding, position encoding and six encoder
//! layers, and the controller the six decoder layers and the output head that all agents share.
//!
//! # Order of updates
//! Eqs. (8)-(10) of `SANet` in one round `t`:
//! 1. each agent takes the gradient ∂ℓ/∂z of round t − 1 from the G-interface, goes back through its own layers on the graph
//!    of that round's batch, and updates its part (8), (9);
//! 2. it runs **forward again**, on the batch of round t with the new part, and uploads embedding and labels (E-interface);
//! 3. the controller takes the loss of each agent, updates the shared part by Σ γᵢ ∇ℓᵢ (10);
//! 4. and gives back ∂ℓᵢ/∂zᵢ of the **same** backward pass: it is the lowest entry of the stack of gradients in (10), taken
//!    at the shared part before its update, and not weighted by γᵢ, as (8) has none.
//!
//! A monolith with this order of updates ends with the same bits; a test holds it to that.

mod agent_part;
mod o_error;
mod shared_part;
mod weighting;

pub use agent_part::AgentPart;
pub use o_error::{OError, gradient_norm};
pub use shared_part::{Contribution, RoundResult, SharedPart};
pub use weighting::StaticWeights;

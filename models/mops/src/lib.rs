//! Model partition and sharing (`MoPS`) of `SANet`: each agent holds embedding, position encoding and the layers below its cut, the controller the
//! layers above the lowest cut and the output head that all agents share.
//!
//! | scheme | cut | agent | shared |
//! | --- | --- | --- | --- |
//! | 1 | - | a whole [`predict::Transformer`] | nothing |
//! | 2 | 0 ([`predict::Cut::scheme2`]) | embedding, position | 6 encoder and 6 decoder layers, head |
//! | 3 | 6 ([`predict::Cut::scheme3`]) | embedding, position, 6 encoder layers | 6 decoder layers, head |
//!
//! Any other cut will do, and agents may have different ones: who cuts higher enters the shared part there.
//!
//! # Order of updates
//! Eqs. (8)-(10) of `SANet` in one round `t`:
//! 1. each agent takes the gradient ∂ℓ/∂z of round t − 1 from the G-interface, goes back through its own layers on the graph
//!    of that round's batch, and updates its part (8), (9);
//! 2. it runs **forward again**, on the batch of round t with the new part, and uploads embedding and labels (E-interface);
//! 3. the controller takes the loss of each agent, updates the shared part by Σ γᵢ ∇ℓᵢ (10), with weights that stay or that follow the conflicts
//!    ([`StaticWeights`], [`MoDo`], [`min_norm`], [`pc_grad`], [`CaGrad`]);
//! 4. and gives back ∂ℓᵢ/∂zᵢ of the **same** backward pass: it is the lowest entry of the stack of gradients in (10), taken
//!    at the shared part before its update, and not weighted by γᵢ, as (8) has none.
//!
//! A monolith with this order of updates ends with the same bits; a test holds it to that.

mod agent_part;
mod bounds;
mod c_error;
mod errors_at;
mod federation;
mod g_error;
mod o_error;
mod shared_part;
mod stop_rule;
mod weighting;

pub use agent_part::AgentPart;
pub use bounds::{Constants, Run};
pub use c_error::CError;
pub use errors_at::{ErrorsAt, FullGradient};
pub use federation::{Federation, FederationConfig, RoundReport};
pub use g_error::{GError, Gap};
pub use o_error::{OError, gradient_norm};
pub use shared_part::{Contribution, RoundResult, SharedPart};
pub use stop_rule::{RoundErrors, StopRule, StopWhy, Stopping};
pub use weighting::{CaGrad, Gram, MoDo, Rescale, StaticWeights, Weighting, min_norm, pc_grad, project_on_simplex};

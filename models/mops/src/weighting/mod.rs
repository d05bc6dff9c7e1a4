//! How much each agent's gradient counts in the shared part's step.
//!
//! With the gradients gᵢ of n agents over the shared part, every method here gives coefficients wᵢ, and the step goes along Σ wᵢ gᵢ (`SANet` eq. (10)).
//! All of them see the gradients through their inner products only, the [`Gram`] matrix G = (⟨gᵢ, gⱼ⟩), so their cost beside one pass over
//! the gradients does not depend on how many parameters there are.
//!
//! | method | coefficients |
//! | --- | --- |
//! | [`StaticWeights`] | fixed γ on the simplex; 1/n each |
//! | [`MoDo`] | γ ← Π_Δ(γ − η (G⁽¹⁾ᵀG⁽²⁾ γ + ρ γ)) with two batches of their own, `SANet`'s dynamic weighting as its reference has it |
//! | [`min_norm`] | MGDA: argmin over the simplex of ‖Σ γᵢ gᵢ‖², exact; the γ* of the C-error |
//! | [`pc_grad`] | each gradient freed of what opposes another one, and their sum |
//! | [`CaGrad`] | the mean gradient and what helps the worst-off agent within a ball around it |
//!
//! [`Weighting`] is one of them with its state, as a training run carries it.

mod ca_grad;
mod choice;
mod fixed;
mod gram;
mod min_norm;
mod modo;
mod pc_grad;
mod simplex;

pub use ca_grad::{CaGrad, Rescale};
pub use choice::Weighting;
pub use fixed::StaticWeights;
pub use gram::Gram;
pub use min_norm::min_norm;
pub use modo::MoDo;
pub use pc_grad::pc_grad;
pub use simplex::project_on_simplex;

//! The weights that are built in: trained ahead of time by `sidecar learn pretrain`.

use super::LearnError;
use crate::wire::Agent;
use predict::Manifest;

/// Weights of one agent's part and of the shared part, safetensors.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// The agent's part.
    pub agent: &'static [u8],
    /// The shared part.
    pub shared: &'static [u8],
    manifest: &'static str,
}

impl Weights {
    /// Where they come from and how good they were on the test split.
    ///
    /// # Errors
    /// [`LearnError::Model`] when the manifest is damaged.
    pub fn manifest(&self) -> Result<Manifest, LearnError> {
        Ok(Manifest::from_json(self.manifest)?)
    }
}

/// The built-in weights of an agent; `None` for a process that has no model. The controller gets the shared part (its `agent` is empty).
#[must_use]
pub fn built_in(agent: Agent) -> Option<Weights> {
    let part: &'static [u8] = match agent {
        Agent::Ran => include_bytes!("../../../models/weights/p.safetensors"),
        Agent::Core => include_bytes!("../../../models/weights/n.safetensors"),
        Agent::App => include_bytes!("../../../models/weights/a.safetensors"),
        Agent::Controller => &[],
        Agent::Air | Agent::Other => return None,
    };
    Some(Weights {
        agent: part,
        shared: include_bytes!("../../../models/weights/shared.safetensors"),
        manifest: include_str!("../../../models/weights/manifest.json"),
    })
}

//! Forward and backward passes by hand, for training: what candle's graph does for [`crate::Front`] and [`crate::Trunk`], in a few products a layer.
//!
//! A batch is worked on in two halves, each by a thread of its own, and their gradients are added in one order: the numbers do not depend on how many cores
//! there are. Rows of a batch do not meet within a pass, so nothing else is shared.
//!
//! # The chain rule, layer by layer
//! | layer | forward | backward, from dy |
//! | --- | --- | --- |
//! | dense | y = x W + b | dx = dy Wᵀ, dW = xᵀ dy, db = Σ dy |
//! | norm | n = (x − mean) r, y = n ∘ w + b | dn = dy ∘ w, dx = r (dn − mean(dn) − n mean(dn ∘ n)), dw = Σ dy ∘ n, db = Σ dy |
//! | attention | P = softmax(Q Kᵀ), O = P V | dV = Pᵀ dO, dS = P ∘ (dO Vᵀ − rowsum(P ∘ dO Vᵀ)), dQ = dS K, dK = dSᵀ Q |
//! | residual | y = x + f(x) | dx = dy + df |
//!
//! Queries carry 1/√d, and so does their gradient.

mod attention;
mod blocks;
mod dense;
mod front;
mod norm;
mod trunk;

pub use front::{FrontPass, FrontTape};
pub use trunk::{TrunkBatch, TrunkPass, TrunkResult};

use crate::{Params, PredictError};
use std::sync::Once;

/// Where a parameter is among the others, by its name.
struct Names(Vec<String>);

impl Names {
    fn of(params: &Params) -> Self {
        Self(params.iter().map(|(name, _)| name.to_owned()).collect())
    }

    fn at(&self, name: &str) -> Result<usize, PredictError> {
        let found = self.0.iter().position(|n| n == name);
        found.ok_or_else(|| PredictError::Weights(format!("there is no {name}")))
    }
}

/// Just below the largest block for which glibc still raises its thresholds, bytes.
const LARGE: usize = (32 << 20) - (64 << 10);

/// Lets the allocator keep what a pass gives back for the next pass, a quarter of whose time is fresh pages otherwise.
///
/// glibc returns more than 128 kB of free memory at the end of a heap to the system, and raises this when a larger block is freed (mallopt(3),
/// `M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD`): here one whose pages nobody touches. Other allocators take it for what it is, a block that comes and goes.
fn keep_pages() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE))));
}

/// Gradients in the order of the parameters.
type Grads = Vec<Vec<f32>>;

fn zeros(values: &[Vec<f32>]) -> Grads {
    values.iter().map(|v| vec![0.0; v.len()]).collect()
}

fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
}

/// Windows of the first and of the second half.
fn halves(batch: usize) -> [usize; 2] {
    [batch - batch / 2, batch / 2]
}

/// Does the work of both halves side by side: the second, where there is one, on a thread of its own.
fn both<T: Send>(batch: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if halves(batch)[1] == 0 {
        return vec![work(0)];
    }
    std::thread::scope(|scope| {
        let second = scope.spawn(|| work(1));
        let first = work(0);
        // a panic there is one here
        let second = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        vec![first, second]
    })
}

/// The numbers of a half of a batch of so many windows.
fn half(all: &[f32], batch: usize, which: usize) -> &[f32] {
    let each = all.len() / batch.max(1);
    let [first, second] = halves(batch);
    if which == 0 { &all[..first * each] } else { &all[first * each..][..second * each] }
}

/// Room that is used again and again by a pass.
#[derive(Debug, Default)]
struct Room {
    left: Vec<f32>,
    panels: crate::kernel::Panels,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cut, Front, SeededRng, TransformerConfig, Trunk, huber};
    use candle_core::{Tensor, Var};

    fn spread(params: &Params, seed: u64) {
        let mut rng = SeededRng::new(seed, 9);
        let mut values = params.values().unwrap();
        values.iter_mut().flatten().for_each(|w| *w += 0.1 * rng.normal());
        params.set_values(values).unwrap();
    }

    fn numbers(t: &Tensor) -> Vec<f32> {
        t.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn apart(a: &[f32], b: &[f32], most: f32) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs())) / most
    }

    fn largest(all: &[Vec<f32>]) -> f32 {
        all.iter().flatten().fold(0.0_f32, |m, v| m.max(v.abs()))
    }

    /// Cut anywhere, entered anywhere, batches of one window and of an odd number: everything as candle's graph has it.
    #[test]
    fn as_the_graph() {
        let config = TransformerConfig {
            features: 2,
            observe: 7,
            horizon: 3,
            width: 24,
            heads: 3,
            encoder_layers: 2,
            decoder_layers: 2,
            feed_forward: 20,
        };
        for (own, from, batch) in [(2, 2, 5), (0, 0, 4), (3, 3, 3), (1, 0, 2), (3, 1, 3), (4, 4, 1)] {
            let cut = |layers| Cut::new(layers, &config).unwrap();
            let (mut agent, mut shared) = (Params::default(), Params::default());
            let front = Front::new(&mut agent, &mut SeededRng::new(1, 1), config, cut(own)).unwrap();
            let trunk = Trunk::new(&mut shared, &mut SeededRng::new(1, 2), config, cut(from)).unwrap();
            spread(&agent, 3);
            spread(&shared, 4);
            let mut rng = SeededRng::new(5, batch as u64);
            let x = rng.normal_tensor(&[batch, 7, config.channels()], 1.0).unwrap();
            let y = rng.normal_tensor(&[batch, 3, 1], 1.0).unwrap();
            // the graph, cut open
            let z = front.forward(&x).unwrap();
            let open = Var::from_tensor(&z).unwrap();
            let loss = huber(&trunk.forward(open.as_tensor(), cut(own)).unwrap(), &y, 0.1).unwrap();
            let store = loss.backward().unwrap();
            let dz = store.get(open.as_tensor()).unwrap().clone();
            let wanted_shared = shared.gradients(&store).unwrap();
            let back = (&z * &dz).unwrap().sum_all().unwrap().backward().unwrap();
            let wanted_agent = agent.gradients(&back).unwrap();
            // by hand
            let (agent_values, shared_values) = (agent.values().unwrap(), shared.values().unwrap());
            let pass = FrontPass::new(&agent, config, cut(own)).unwrap();
            let (z_hand, tape) = pass.forward(&agent_values, &numbers(&x)).unwrap();
            assert!(apart(&z_hand, &numbers(&z), 1.0) < 1e-4);
            let trunk_pass = TrunkPass::new(&shared, config, cut(from)).unwrap();
            let all = TrunkBatch { z: &numbers(&z), y: &numbers(&y), enter: cut(own), delta: 0.1 };
            let done = trunk_pass.contribution(&shared_values, &all).unwrap();
            assert!((done.loss - loss.to_scalar::<f32>().unwrap()).abs() < 1e-5);
            assert!(apart(&done.embedding, &numbers(&dz), largest(&[numbers(&dz)])) < 1e-4);
            let grads = pass.backward(&agent_values, &tape, &numbers(&dz)).unwrap();
            for (params, got, wanted) in [(&shared, &done.shared, &wanted_shared), (&agent, &grads, &wanted_agent)] {
                let most = largest(wanted);
                for (((name, _), got), wanted) in params.iter().zip(got).zip(wanted) {
                    let off = apart(got, wanted, most);
                    assert!(off < 1e-5, "{name}: {off} (own {own}, from {from}, batch {batch})");
                }
            }
            // wrong sizes are refused
            assert!(
                pass.forward(&agent_values, &[0.0; 5]).is_err() && pass.backward(&agent_values, &tape, &[0.0]).is_err()
            );
            assert!(trunk_pass.contribution(&shared_values, &TrunkBatch { y: &[], ..all }).is_err());
        }
    }
}

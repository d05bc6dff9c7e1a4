//! What a pass costs: floating-point operations by layer, and what crosses the cut.
//!
//! Counted are the multiplications and additions of matrix products, two operations for each pair, as `FLOP` counters do; norms, softmax, biases and
//! activations are under 2 % of them in this model. Going back costs each product twice: once for the gradient of its input, once for that of its weights. The
//! embedding, the first product of all, has no gradient of its input.
//= SANet Table 3

use crate::model::{Cut, TransformerConfig};
use serde::{Deserialize, Serialize};
use std::ops::Add;

/// Operations of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flops {
    /// Of the forward pass: inference.
    pub forward: u64,
    /// Of the way back.
    pub backward: u64,
}

impl Flops {
    fn of(forward: u64) -> Self {
        Self { forward, backward: 2 * forward }
    }

    fn times(self, n: usize) -> Self {
        Self { forward: self.forward * n as u64, backward: self.backward * n as u64 }
    }

    /// Of a step of training on one window.
    #[must_use]
    pub fn training(self) -> u64 {
        self.forward + self.backward
    }
}

impl Add for Flops {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { forward: self.forward + other.forward, backward: self.backward + other.backward }
    }
}

/// The layers of a model, for one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFlops {
    /// The dense layer from channels to the width.
    pub embedding: Flops,
    /// One encoder layer.
    pub encoder: Flops,
    /// One decoder layer.
    pub decoder: Flops,
    /// The dense layer from the width to the forecast.
    pub head: Flops,
}

impl LayerFlops {
    /// Of this shape.
    #[must_use]
    pub fn of(c: &TransformerConfig) -> Self {
        let [n, h, d, f, channels] = [c.observe, c.horizon, c.width, c.feed_forward, c.channels()].map(|v| v as u64);
        let dense = |rows: u64, from: u64, to: u64| 2 * rows * from * to;
        // scores, and their mixture of values
        let attention = |asks: u64, answers: u64| 2 * dense(asks, d, answers);
        let feed_forward = |rows: u64| dense(rows, d, f) + dense(rows, f, d);
        let embedding = dense(n, channels, d);
        Self {
            embedding: Flops { forward: embedding, backward: embedding },
            encoder: Flops::of(4 * dense(n, d, d) + attention(n, n) + feed_forward(n)),
            decoder: Flops::of(
                4 * dense(h, d, d)
                    + attention(h, h)
                    + 2 * dense(h, d, d)
                    + 2 * dense(n, d, d)
                    + attention(h, n)
                    + feed_forward(h),
            ),
            head: Flops::of(dense(h, d, 1)),
        }
    }

    /// Of an agent whose part ends at the cut.
    #[must_use]
    pub fn agent(&self, c: &TransformerConfig, cut: Cut) -> Flops {
        self.embedding + self.encoder.times(cut.encoder(c)) + self.decoder.times(cut.decoder(c))
    }

    /// Of the shared part for an agent whose own ends at the cut.
    #[must_use]
    pub fn shared(&self, c: &TransformerConfig, cut: Cut) -> Flops {
        self.encoder.times(c.encoder_layers - cut.encoder(c))
            + self.decoder.times(c.decoder_layers - cut.decoder(c))
            + self.head
    }

    /// Of the whole model: scheme 1.
    #[must_use]
    pub fn whole(&self, c: &TransformerConfig) -> Flops {
        self.agent(c, Cut::scheme2()) + self.shared(c, Cut::scheme2())
    }
}

/// Bytes of numbers that cross the cut for a batch, without headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// Embedding and labels, from agent to controller.
    pub up: u64,
    /// Gradient of the embedding, back.
    pub down: u64,
}

impl Crossing {
    /// Of a round of training with f32 numbers. Dynamic weighting needs two more batches upwards, whose gradients stay there.
    #[must_use]
    pub fn of_round(c: &TransformerConfig, cut: Cut, batch: usize, is_dynamic: bool) -> Self {
        let embedding = (4 * batch * cut.tokens(c) * c.width) as u64;
        let labels = (4 * batch * c.horizon) as u64;
        Self { up: (embedding + labels) * if is_dynamic { 3 } else { 1 }, down: embedding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_2_by_hand() {
        let c = TransformerConfig::table2(1);
        let all = LayerFlops::of(&c);
        // 8·15·128² + 4·15²·128 + 4·15·128·256
        assert_eq!(all.encoder.forward, 1_966_080 + 115_200 + 1_966_080);
        // 8·5·128² + 4·5²·128, 4·5·128² + 4·15·128² + 4·5·15·128, 4·5·128·256
        assert_eq!(all.decoder.forward, 655_360 + 12_800 + 327_680 + 983_040 + 38_400 + 655_360);
        assert_eq!((all.embedding.forward, all.head.forward), (11_520, 1_280));
        assert_eq!(all.whole(&c).forward, 40_332_800);
        assert_eq!(all.whole(&c).training(), 3 * 40_332_800 - 11_520);
        for own in 0..=12 {
            let cut = Cut::new(own, &c).unwrap();
            assert_eq!(all.agent(&c, cut) + all.shared(&c, cut), all.whole(&c));
        }
        let scheme3 = Crossing::of_round(&c, Cut::scheme3(&c), 32, false);
        assert_eq!((scheme3.up, scheme3.down), (4 * 32 * (15 * 128 + 5), 4 * 32 * 15 * 128));
        let within = Crossing::of_round(&c, Cut::new(7, &c).unwrap(), 32, true);
        assert_eq!((within.up, within.down), (3 * 4 * 32 * (20 * 128 + 5), 4 * 32 * 20 * 128));
    }
}

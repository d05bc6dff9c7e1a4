//! The layers of the Transformer, on tensors whose gradients candle tracks.

mod attention;
mod feed_forward;
mod linear;
mod norm;
mod position;
mod softmax;

pub use attention::Attention;
pub use feed_forward::FeedForward;
pub use linear::Linear;
pub use norm::LayerNorm;
pub use position::sinusoid;
pub use softmax::softmax;

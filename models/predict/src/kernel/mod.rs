//! What passes without a graph are made of: products of a few rows, normalisation, softmax.

mod block;
mod product;
mod rows;

pub(crate) use product::{Dense, Last, Panels, Rows, RowsMut};
pub(crate) use rows::{Moments, normalise, softmax};

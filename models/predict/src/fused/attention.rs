//! softmax(Q Kᵀ) V, head by head.

use crate::kernel::softmax;
use crate::kernel::{Last, Panels, Rows, RowsMut};

/// Room for one head.
#[derive(Debug, Default)]
pub(super) struct Heads {
    keys: Panels,
    values: Panels,
    scores: Vec<f32>,
    left: Vec<f32>,
}

/// Rows of tokens; the width is divided among the heads. The queries carry 1/√d already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) queries: Rows<'a>,
    pub(super) keys: Rows<'a>,
    pub(super) values: Rows<'a>,
    pub(super) heads: usize,
    pub(super) width: usize,
}

impl Heads {
    /// # Shapes
    /// Queries `[tokens, width]`, keys and values `[memory, width]` → `out` `[tokens, width]`.
    pub(super) fn apply(&mut self, asked: &Asked<'_>, out: &mut Vec<f32>) {
        let Asked { queries, keys, values, heads, width } = *asked;
        let each = width / heads.max(1);
        out.resize(queries.count * width, 0.0);
        let stride = keys.count.next_multiple_of(16);
        self.scores.resize(queries.count * stride, 0.0);
        for from in (0..heads).map(|head| head * each) {
            self.keys.fill(each, keys.count, |i, j| keys.at[j * keys.stride + from + i]);
            self.values.fill_rows(values.count, each, &values.at[from..], values.stride);
            let head = Rows { at: &queries.at[from..], ..queries };
            let scores = RowsMut { at: &mut self.scores, stride };
            self.keys.multiply(head, Last::Set, scores, &mut self.left);
            softmax(&mut self.scores, keys.count, stride);
            let scores = Rows { at: &self.scores, stride, step: 1, count: queries.count };
            let out = RowsMut { at: &mut out[from..], stride: width };
            self.values.multiply(scores, Last::Set, out, &mut self.left);
        }
    }
}

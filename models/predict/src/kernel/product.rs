//! A few rows times a matrix that stays: weights in panels of [`COLUMNS`] columns, so that each is read once, in order, whatever the number of rows.

use super::block::five_by_four;
use crate::PredictError;
use pulp::{Simd, WithSimd};
use std::sync::LazyLock;

/// Columns of a panel: one vector of AVX-512, two of AVX2.
pub(crate) const COLUMNS: usize = 16;

static WIDEST: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);

/// Does something with the widest vectors there are: the compiler makes of it what these can do.
#[inline(always)]
pub(crate) fn widest<T>(work: impl FnOnce() -> T) -> T {
    WIDEST.dispatch(work)
}

/// Numbers of one vector.
static LANES: LazyLock<usize> = LazyLock::new(|| WIDEST.dispatch(Lanes));

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// What the last step does with what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// Replaces it.
    Set,
    /// Replaces it, negative numbers by 0.
    Relu,
    /// Adds to it.
    Add,
}

/// Matrices side by side, in panels.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    inputs: usize,
    outputs: usize,
    /// `[panel][input][COLUMNS]`, zeros beyond the last column.
    weights: Vec<f32>,
    /// `[panel][COLUMNS]`.
    start: Vec<f32>,
}

impl Panels {
    /// Becomes the matrix with these entries and no bias.
    pub(crate) fn fill(&mut self, inputs: usize, outputs: usize, at: impl Fn(usize, usize) -> f32) {
        let panels = outputs.div_ceil(COLUMNS);
        (self.inputs, self.outputs) = (inputs, outputs);
        self.weights.clear();
        self.weights.resize(panels * inputs * COLUMNS, 0.0);
        self.start.clear();
        self.start.resize(panels * COLUMNS, 0.0);
        for (p, panel) in self.weights.chunks_exact_mut((inputs * COLUMNS).max(1)).enumerate() {
            let columns = COLUMNS.min(outputs - p * COLUMNS);
            for (i, row) in panel.chunks_exact_mut(COLUMNS).enumerate() {
                row[..columns].iter_mut().enumerate().for_each(|(j, w)| *w = at(i, p * COLUMNS + j));
            }
        }
    }

    /// Becomes a matrix that lies row by row, one every so many numbers.
    pub(crate) fn fill_rows(&mut self, inputs: usize, outputs: usize, at: &[f32], stride: usize) {
        let panels = outputs.div_ceil(COLUMNS);
        (self.inputs, self.outputs) = (inputs, outputs);
        self.weights.clear();
        self.start.clear();
        self.start.resize(panels * COLUMNS, 0.0);
        for from in (0..outputs).step_by(COLUMNS) {
            let columns = COLUMNS.min(outputs - from);
            for row in at.chunks(stride.max(1)).take(inputs) {
                self.weights.extend_from_slice(&row[from..from + columns]);
                self.weights.resize(self.weights.len() + COLUMNS - columns, 0.0);
            }
        }
    }

    /// x times the matrix, plus what the panels start from, for each row.
    ///
    /// # Shapes
    /// `x`: rows of `inputs` numbers, one every `stride`; `out`: rows of `outputs` numbers, one every `out_stride`.
    pub(crate) fn multiply(&self, x: Rows<'_>, last: Last, out: RowsMut<'_>, left: &mut Vec<f32>) {
        let mut all = Multiply { panels: self, x, last, out, left };
        let mut row = 0;
        // as many rows as there are registers for
        while row < x.count {
            row += match x.count - row {
                15.. if *LANES == COLUMNS => WIDEST.dispatch(Block::<15>(&mut all, row)),
                5.. => WIDEST.dispatch(Block::<5>(&mut all, row)),
                _ => WIDEST.dispatch(Block::<1>(&mut all, row)),
            };
        }
    }
}

/// Rows of numbers, one every so many, whose entries are `step` apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) at: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) step: usize,
    pub(crate) count: usize,
}

impl<'a> Rows<'a> {
    /// Of a matrix with this many columns.
    pub(crate) fn of(at: &'a [f32], columns: usize) -> Self {
        Self { at, stride: columns, step: 1, count: at.len() / columns.max(1) }
    }

    /// The columns of such a matrix.
    pub(crate) fn transposed(at: &'a [f32], columns: usize) -> Self {
        Self::columns(at, columns, columns)
    }

    /// The first columns of a matrix with rows of `stride`.
    pub(crate) fn columns(at: &'a [f32], count: usize, stride: usize) -> Self {
        Self { at, stride: 1, step: stride, count }
    }
}

/// As [`Rows`], to be written.
#[derive(Debug)]
pub(crate) struct RowsMut<'a> {
    pub(crate) at: &'a mut [f32],
    pub(crate) stride: usize,
}

/// y = x W + b with the weights of one or more dense layers that see the same x.
#[derive(Debug)]
pub(crate) struct Dense {
    panels: Panels,
}

impl Dense {
    /// Layers side by side: weight `[inputs, outputs]` row-major and bias of each.
    pub(crate) fn new(layers: &[(&[f32], &[f32])], inputs: usize) -> Result<Self, PredictError> {
        if layers.iter().any(|(w, b)| w.len() != inputs * b.len()) {
            return Err(PredictError::Weights(format!("a dense layer that has not {inputs} inputs")));
        }
        let columns: Vec<(usize, usize)> =
            layers.iter().enumerate().flat_map(|(l, (_, b))| (0..b.len()).map(move |j| (l, j))).collect();
        let mut panels = Panels::default();
        panels.fill(inputs, columns.len(), |i, j| {
            let (layer, column) = columns[j];
            let (weight, bias) = layers[layer];
            weight[i * bias.len() + column]
        });
        for (start, (layer, column)) in panels.start.iter_mut().zip(&columns) {
            *start = layers[*layer].1[*column];
        }
        Ok(Self { panels })
    }

    /// # Shapes
    /// `x` `[rows, inputs]` → `out` `[rows, outputs]`, row-major.
    pub(crate) fn apply(&self, x: &[f32], last: Last, out: &mut [f32], left: &mut Vec<f32>) {
        let (inputs, outputs) = (self.panels.inputs, self.panels.outputs);
        self.panels.multiply(Rows::of(x, inputs), last, RowsMut { at: out, stride: outputs }, left);
    }

    /// Columns.
    pub(crate) fn outputs(&self) -> usize {
        self.panels.outputs
    }
}

struct Multiply<'a> {
    panels: &'a Panels,
    x: Rows<'a>,
    last: Last,
    out: RowsMut<'a>,
    left: &'a mut Vec<f32>,
}

/// R rows from one on. Each number of rows is a function of its own: of one that holds them all the compiler keeps the sums in memory.
struct Block<'a, 'b, const R: usize>(&'a mut Multiply<'b>, usize);

impl<const R: usize> WithSimd for Block<'_, '_, R> {
    /// Rows.
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let Self(all, row) = self;
        all.take_left::<R>(row);
        match (S::F32_LANES, R) {
            (16, 5) => all.five_rows(simd, row),
            (16, _) => all.rows::<S, R, 1>(simd, row),
            (8, _) => all.rows::<S, R, 2>(simd, row),
            (4, _) => all.rows::<S, R, 4>(simd, row),
            _ => all.rows::<S, R, 16>(simd, row),
        }
        R
    }
}

impl Multiply<'_> {
    /// R rows, input by input, so that who multiplies reads straight on.
    #[inline(always)]
    fn take_left<const R: usize>(&mut self, row: usize) {
        let (inputs, Rows { at, stride, step, .. }) = (self.panels.inputs, self.x);
        self.left.resize(inputs * R, 0.0);
        let (left, _) = self.left.as_chunks_mut::<R>();
        let rows: [&[f32]; R] = std::array::from_fn(|r| &at[(row + r) * stride..]);
        if step == 1 {
            let rows = rows.map(|row| &row[..inputs]);
            for (i, left) in left.iter_mut().enumerate() {
                left.iter_mut().zip(rows).for_each(|(to, row)| *to = row[i]);
            }
        } else {
            for (i, left) in left.iter_mut().enumerate() {
                left.iter_mut().zip(rows).for_each(|(to, row)| *to = row[i * step]);
            }
        }
    }

    /// R rows from `row` on, V vectors a panel.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, row: usize) {
        let inputs = self.panels.inputs;
        let panels = self.panels.weights.chunks_exact((inputs * COLUMNS).max(1));
        for (p, (panel, start)) in panels.zip(self.panels.start.chunks_exact(COLUMNS)).enumerate() {
            let sums = panel_times::<S, R, V>(simd, self.left, panel, start);
            put(self.last, &mut self.out, &sums, (row, p * COLUMNS), self.panels.outputs);
        }
    }

    /// Five rows from `row` on, four panels at once, with vectors as wide as a panel.
    #[inline(always)]
    fn five_rows<S: Simd>(&mut self, simd: S, row: usize) {
        let (inputs, outputs) = (self.panels.inputs, self.panels.outputs);
        let each = inputs * COLUMNS;
        let count = outputs.div_ceil(COLUMNS);
        let mut p = 0;
        while p < count {
            let (weights, start) = (&self.panels.weights[p * each..], &self.panels.start[p * COLUMNS..]);
            if count - p >= 4 {
                let sums = five_by_four(simd, self.left, &weights[..4 * each], &start[..4 * COLUMNS]);
                for (k, sums) in sums.iter().enumerate() {
                    put(self.last, &mut self.out, sums, (row, (p + k) * COLUMNS), outputs);
                }
                p += 4;
            } else {
                let sums = panel_times::<S, 5, 1>(simd, self.left, &weights[..each], &start[..COLUMNS]);
                put(self.last, &mut self.out, &sums, (row, p * COLUMNS), outputs);
                p += 1;
            }
        }
    }
}

/// Sums of one panel into the rows from `row` on and the columns from `column` on.
#[inline(always)]
fn put<const R: usize>(
    last: Last,
    out: &mut RowsMut<'_>,
    sums: &[[f32; COLUMNS]; R],
    (row, column): (usize, usize),
    outputs: usize,
) {
    let columns = COLUMNS.min(outputs - column);
    for (r, sums) in sums.iter().enumerate() {
        let to = &mut out.at[(row + r) * out.stride + column..][..columns];
        match last {
            Last::Set => to.copy_from_slice(&sums[..columns]),
            Last::Relu => to.iter_mut().zip(sums).for_each(|(t, s)| *t = s.max(0.0)),
            Last::Add => to.iter_mut().zip(sums).for_each(|(t, s)| *t += s),
        }
    }
}

/// `[inputs][R]` times `[inputs][COLUMNS]`, from `start` on.
#[inline(always)]
fn panel_times<S: Simd, const R: usize, const V: usize>(
    simd: S,
    left: &[f32],
    panel: &[f32],
    start: &[f32],
) -> [[f32; COLUMNS]; R] {
    let vectors = |at: &[f32]| -> [S::f32s; V] {
        let (vectors, _) = S::as_simd_f32s(at);
        std::array::from_fn(|v| vectors[v])
    };
    let mut sums = [vectors(start); R];
    let (left, _) = left.as_chunks::<R>();
    let (panel, _) = panel.as_chunks::<COLUMNS>();
    for (x, w) in left.iter().zip(panel) {
        let w = vectors(w);
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = simd.splat_f32s(*x);
            for (sum, w) in sums.iter_mut().zip(&w) {
                *sum = simd.mul_add_f32s(x, *w, *sum);
            }
        }
    }
    let mut out = [[0.0; COLUMNS]; R];
    for (out, sums) in out.iter_mut().zip(&sums) {
        let (vectors, _) = S::as_mut_simd_f32s(out);
        vectors.iter_mut().zip(sums).for_each(|(o, s)| *o = *s);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_layers_side_by_side_by_hand() {
        let (a, b) = ((vec![1.0, 2.0, 3.0, 4.0], vec![10.0, 20.0]), (vec![-1.0, 1.0], vec![0.5]));
        let dense = Dense::new(&[(&a.0, &a.1), (&b.0, &b.1)], 2).unwrap();
        let mut out = vec![1.0; 6];
        let mut left = Vec::new();
        dense.apply(&[1.0, 1.0, 2.0, 0.0], Last::Set, &mut out, &mut left);
        assert_eq!(out, [14.0, 26.0, 0.5, 12.0, 24.0, -1.5]);
        dense.apply(&[1.0, 1.0, 2.0, 0.0], Last::Add, &mut out, &mut left);
        assert_eq!(out, [28.0, 52.0, 1.0, 24.0, 48.0, -3.0]);
        dense.apply(&[1.0, 1.0, 2.0, 0.0], Last::Relu, &mut out, &mut left);
        assert_eq!(out, [14.0, 26.0, 0.5, 12.0, 24.0, 0.0]);
        assert!(Dense::new(&[(&a.0, &b.1)], 2).is_err());
    }

    /// The plain set, which this processor does not choose.
    #[test]
    fn the_sets_agree() {
        let n = 37;
        let number = |k: usize| ((k * 7919) % 101) as f32 / 50.0 - 1.0;
        let (weight, bias): (Vec<f32>, Vec<f32>) = ((0..n * 21).map(number).collect(), (0..21).map(number).collect());
        let dense = Dense::new(&[(&weight, &bias)], n).unwrap();
        let x: Vec<f32> = (0..23 * n).map(|k| number(k + 5)).collect();
        let (mut wide, mut plain) = (vec![0.0; 23 * 21], vec![0.0; 23 * 21]);
        dense.apply(&x, Last::Set, &mut wide, &mut Vec::new());
        let rows = Rows::of(&x, n);
        let out = RowsMut { at: &mut plain, stride: 21 };
        let mut all = Multiply { panels: &dense.panels, x: rows, last: Last::Set, out, left: &mut Vec::new() };
        for row in 0..23 {
            Block::<1>(&mut all, row).with_simd(pulp::Scalar::new());
        }
        assert!(wide.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    /// (a, b; c, d)ᵀ times (e, f; g, h), by hand, with the matrix filled both ways.
    #[test]
    fn a_transposed_product_by_hand() {
        let (x, w) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]);
        let (mut panels, mut out) = (Panels::default(), [0.0; 4]);
        panels.fill_rows(2, 2, &w, 2);
        panels.multiply(Rows::transposed(&x, 2), Last::Set, RowsMut { at: &mut out, stride: 2 }, &mut Vec::new());
        assert_eq!(out, [26.0, 30.0, 38.0, 44.0]);
        panels.fill(2, 2, |i, j| w[2 * j + i]);
        panels.multiply(Rows::of(&x, 2), Last::Set, RowsMut { at: &mut out, stride: 2 }, &mut Vec::new());
        assert_eq!(out, [17.0, 23.0, 39.0, 53.0]);
    }
}

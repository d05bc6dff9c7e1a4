//! Successive-cancellation list decoding.

use super::{INFO_POSITIONS, K, N};

const DEPTH: usize = 9;

/// One path through the code tree.
#[derive(Clone)]
struct Path {
    /// LLRs of the nodes on the way down: depth d at `N/2^d − 1 ..` with N/2^d values (depth 0 is the input, held apart).
    llr: [f32; N],
    /// Bits of finished left nodes, laid out likewise.
    left: [u8; N],
    metric: f32,
    info: u64,
}

/// Decoder with its working memory.
pub struct PolarDecoder {
    paths: Vec<Path>,
    next: Vec<(f32, usize, u8)>,
    spare: Vec<Path>,
    list: usize,
}

const fn at(depth: usize) -> std::ops::Range<usize> {
    let size = N >> depth;
    size - 1..2 * size - 1
}

impl Path {
    fn new() -> Self {
        Self { llr: [0.0; N], left: [0; N], metric: 0.0, info: 0 }
    }

    /// LLR of leaf `leaf`; everything above it that is not yet known is computed on the way down.
    fn descend(&mut self, input: &[f32; N], leaf: usize) -> f32 {
        let first = if leaf == 0 { 1 } else { DEPTH - leaf.trailing_zeros() as usize };
        for depth in first..=DEPTH {
            let size = N >> depth;
            let (low, high) = self.llr.split_at_mut(2 * size - 1);
            let out = &mut low[size - 1..];
            let parent: &[f32] = if depth == 1 { input } else { &high[..2 * size] };
            let (a, b) = parent.split_at(size);
            if depth == first && leaf != 0 {
                let left = &self.left[at(depth)];
                for (((o, a), b), u) in out.iter_mut().zip(a).zip(b).zip(left) {
                    *o = if *u == 0 { b + a } else { b - a };
                }
            } else {
                for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
                    let least = a.abs().min(b.abs());
                    *o = if (*a < 0.0) == (*b < 0.0) { least } else { -least };
                }
            }
        }
        self.llr[0]
    }

    /// Puts the decision for `leaf` and folds finished nodes upwards.
    fn ascend(&mut self, leaf: usize, bit: u8) {
        let mut node = [0u8; N];
        node[0] = bit;
        let mut size = 1;
        let mut index = leaf;
        for depth in (1..=DEPTH).rev() {
            if index.is_multiple_of(2) {
                self.left[at(depth)].copy_from_slice(&node[..size]);
                return;
            }
            for i in 0..size {
                node[size + i] = node[i];
                node[i] ^= self.left[size - 1 + i];
            }
            size *= 2;
            index /= 2;
        }
    }

    fn cost(llr: f32, bit: u8) -> f32 {
        if (llr < 0.0) == (bit == 1) { 0.0 } else { llr.abs() }
    }
}

impl PolarDecoder {
    /// A decoder that keeps up to `list` paths (at least one; 1 is plain successive cancellation).
    #[must_use]
    pub fn new(list: usize) -> Self {
        let list = list.clamp(1, 64);
        Self {
            paths: Vec::with_capacity(list),
            next: Vec::with_capacity(2 * list),
            spare: Vec::with_capacity(list),
            list,
        }
    }

    /// Decodes 512 LLRs (positive: bit 0 more likely), and offers each surviving path's 56 bits, most likely first, until `accept` takes one.
    ///
    /// # Shapes
    /// `llr[512]`; the bits come as a word whose bit `55 − i` is the i-th information bit.
    #[must_use]
    pub fn decode(&mut self, llr: &[f32; N], mut accept: impl FnMut(u64) -> bool) -> Option<u64> {
        self.paths.clear();
        self.paths.push(Path::new());
        let mut info = INFO_POSITIONS.iter().peekable();
        for leaf in 0..N {
            if info.next_if(|&&p| usize::from(p) == leaf).is_some() {
                self.split(llr, leaf);
            } else {
                for path in &mut self.paths {
                    let value = path.descend(llr, leaf);
                    path.metric += Path::cost(value, 0);
                    path.ascend(leaf, 0);
                }
            }
        }
        self.paths.sort_by(|a, b| a.metric.total_cmp(&b.metric));
        self.paths.iter().map(|p| p.info).find(|&word| accept(word))
    }

    fn split(&mut self, llr: &[f32; N], leaf: usize) {
        self.next.clear();
        for (i, path) in self.paths.iter_mut().enumerate() {
            let value = path.descend(llr, leaf);
            for bit in 0..2 {
                self.next.push((path.metric + Path::cost(value, bit), i, bit));
            }
        }
        self.next.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.next.truncate(self.list);
        self.spare.clear();
        for &(metric, from, bit) in &self.next {
            let mut path = self.paths[from].clone();
            path.metric = metric;
            path.info = path.info << 1 | u64::from(bit);
            path.ascend(leaf, bit);
            self.spare.push(path);
        }
        std::mem::swap(&mut self.paths, &mut self.spare);
    }
}

const _: () = assert!(K == 56 && N == 1 << DEPTH);

//! Who gets which share of a slot's resource blocks.
use super::slice::Slice;

/// One UE that could be served in this slot.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Its slice, an index into the slices.
    pub slice: usize,
    /// Bits one PRB carries for it now.
    pub bits_per_prb: f64,
    /// What it got lately, bit/s.
    pub average_bit_per_s: f64,
    /// Bits waiting.
    pub backlog_bits: f64,
}

/// PRBs of each candidate: proportional fair, first up to each slice's minimum, then up to its maximum.
///
/// # Shapes
/// The result has one count a candidate; their sum is at most `prb`, and at most a slice's maximum within a slice.
#[must_use]
pub fn allocate(prb: usize, candidates: &[Candidate], slices: &[Slice]) -> Vec<usize> {
    let mut given = vec![0usize; candidates.len()];
    let mut used = vec![0usize; slices.len()];
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    let metric = |c: &Candidate| c.bits_per_prb / c.average_bit_per_s.max(1.0);
    order.sort_by(|&a, &b| metric(&candidates[b]).total_cmp(&metric(&candidates[a])).then(a.cmp(&b)));
    let mut left = prb;
    for pass in 0..2 {
        for &i in &order {
            let c = &candidates[i];
            let Some((min, max)) = slices.get(c.slice).map(|s| s.limits(prb)) else { continue };
            let limit = if pass == 0 { min.min(max) } else { max };
            let room = limit.saturating_sub(used[c.slice]).min(left);
            if c.bits_per_prb <= 0.0 {
                continue;
            }
            let wanted = ((c.backlog_bits / c.bits_per_prb).ceil() as usize).saturating_sub(given[i]);
            let take = wanted.min(room);
            given[i] += take;
            used[c.slice] += take;
            left -= take;
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(quota: &[(u8, u8)]) -> Vec<Slice> {
        (1u8..)
            .zip(quota)
            .map(|(sst, &(min, max))| Slice {
                min_prb_percent: min,
                max_prb_percent: max,
                ..Slice::open("00101".into(), sst, None)
            })
            .collect()
    }

    fn full(slice: usize, average_bit_per_s: f64) -> Candidate {
        Candidate { slice, bits_per_prb: 200.0, average_bit_per_s, backlog_bits: 1e9 }
    }

    #[test]
    fn a_cap_is_a_cap_and_a_floor_comes_first() {
        // 25 PRB, slice 2 capped at 20 % = 5.
        let got = allocate(25, &[full(0, 1e6), full(1, 1.0)], &slices(&[(0, 100), (0, 20)]));
        assert_eq!(got, [20, 5]);
        // Slice 2 has 60 % = 15 first, although its UE was served more lately.
        let got = allocate(25, &[full(0, 1.0), full(1, 1e9)], &slices(&[(0, 100), (60, 100)]));
        assert_eq!(got, [10, 15]);
        // Unused floor goes to the others.
        let idle = Candidate { backlog_bits: 0.0, ..full(1, 1.0) };
        assert_eq!(allocate(25, &[full(0, 1.0), idle], &slices(&[(0, 100), (60, 100)])), [25, 0]);
        assert_eq!(allocate(25, &[full(0, 1.0)], &slices(&[(0, 0)])), [0]);
    }

    #[test]
    fn gives_no_more_than_is_waiting() {
        let small = Candidate { backlog_bits: 450.0, ..full(0, 1.0) };
        assert_eq!(allocate(25, &[small, full(0, 1e6)], &slices(&[(0, 100)])), [3, 22]);
    }
}

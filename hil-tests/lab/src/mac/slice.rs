//! Slices and their PRB quotas.
use serde::Serialize;

/// One slice of the cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// Network.
    pub plmn: String,
    /// Slice/service type.
    pub sst: u8,
    /// Slice differentiator.
    pub sd: Option<u32>,
    /// PRBs served first, percent of the carrier.
    pub min_prb_percent: u8,
    /// Most PRBs, percent of the carrier.
    pub max_prb_percent: u8,
}

impl Slice {
    /// A slice without limits.
    #[must_use]
    pub const fn open(plmn: String, sst: u8, sd: Option<u32>) -> Self {
        Self { plmn, sst, sd, min_prb_percent: 0, max_prb_percent: 100 }
    }

    /// Least and most PRBs of a carrier of `prb`, rounded down as the gNB does.
    #[must_use]
    pub fn limits(&self, prb: usize) -> (usize, usize) {
        (usize::from(self.min_prb_percent) * prb / 100, usize::from(self.max_prb_percent) * prb / 100)
    }
}

/// Sets the quota of every slice that `members` name; unknown members and min > max change nothing, silently, as in the gNB.
pub fn set_ratio(
    slices: &mut [Slice],
    members: &[(String, u8, Option<u32>)],
    min: Option<u8>,
    max: Option<u8>,
    prb: usize,
) {
    if min.is_none() && max.is_none() {
        return;
    }
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(100));
    if usize::from(min) * prb / 100 > usize::from(max) * prb / 100 {
        return;
    }
    for (plmn, sst, sd) in members {
        for slice in slices.iter_mut().filter(|s| s.plmn == *plmn && s.sst == *sst && s.sd == *sd) {
            slice.min_prb_percent = min;
            slice.max_prb_percent = max;
        }
    }
}

//! Where a UE's samples lie in time, as both ends measure it.

/// Samples that a quantity lay off its place: of a downlink since the UE found the cell first, of an uplink against the gNB's slot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Offsets {
    /// Measurements.
    pub count: u64,
    /// Of these, half a sample or more off.
    pub off: u64,
    /// The latest.
    pub last: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Offsets {
    /// One more.
    pub fn add(&mut self, samples: f64) {
        let is_first = self.count == 0;
        self.count += 1;
        self.off += u64::from(samples.abs() >= 0.5);
        self.last = samples;
        self.least = if is_first { samples } else { self.least.min(samples) };
        self.most = if is_first { samples } else { self.most.max(samples) };
    }

    /// As JSON.
    #[must_use]
    pub fn view(&self) -> serde_json::Value {
        serde_json::json!({"count": self.count, "off": self.off, "last": self.last, "least": self.least, "most": self.most})
    }
}

/// Both directions of a UE.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// SS/PBCH blocks against the first one.
    pub downlink: Offsets,
    /// Uplink slots against the gNB's.
    pub uplink: Offsets,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut o = Offsets::default();
        [0.2, -3.0, 1.0].iter().for_each(|x| o.add(*x));
        assert_eq!(o, Offsets { count: 3, off: 2, last: 1.0, least: -3.0, most: 1.0 });
    }
}

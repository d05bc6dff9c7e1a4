//! Non-zero-power CSI-RS of one symbol, the tracking reference signal among them: where it lies and what it carries.

use num_complex::Complex32;

use crate::nr::{NrError, qpsk_sequence};

/// Rows of TS 38.211 Table 7.4.1.5.3-1 that take one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CsiRsRow {
    /// One port, three a resource block: the form of the tracking reference signal.
    One,
    /// One port.
    Two,
    /// Two ports in one pair of subcarriers.
    Three,
    /// Four ports in two neighbouring pairs.
    Four,
    /// Eight ports in four pairs.
    Six,
    /// Twelve ports in six pairs.
    Nine,
}

/// Resource blocks that carry a CSI-RS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CsiRsDensity {
    /// Each; density 1, or 3 in row 1.
    All,
    /// Those with an even number from point A; density 0.5.
    Even,
    /// Those with an odd number from point A; density 0.5.
    Odd,
}

impl CsiRsRow {
    /// Antenna ports, from 3000 on.
    #[must_use]
    //= TS 38.211 Table 7.4.1.5.3-1
    pub const fn ports(self) -> usize {
        match self {
            Self::One | Self::Two => 1,
            Self::Three => 2,
            Self::Four => 4,
            Self::Six => 8,
            Self::Nine => 12,
        }
    }

    /// Ports that share resource elements by code: 1 or 2.
    pub(crate) const fn cdm(self) -> usize {
        if self.ports() == 1 { 1 } else { 2 }
    }

    /// Numbers of [`CsiRs::k`] that are used.
    const fn locations(self) -> usize {
        match self {
            Self::Six => 4,
            Self::Nine => 6,
            _ => 1,
        }
    }
}

/// A CSI-RS in one symbol of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsiRs {
    /// Row of the table of mappings.
    pub row: CsiRsRow,
    /// Resource blocks that carry it; row 1 and rows 4, 6 and 9 are in each.
    pub density: CsiRsDensity,
    /// scramblingID n_ID, 0…1023.
    pub scrambling_id: u16,
    /// Symbol of the slot, 0…13.
    pub symbol: u8,
    /// Subcarriers k_0 … of a resource block where it begins: row 1 0…3, row 2 0…11, row 4 0, 4 or 8, else even ones.
    pub k: [u8; 6],
    /// First resource block, counted from point A.
    pub first_prb: u16,
    /// Number of resource blocks.
    pub prbs: u16,
    /// Subcarrier 0 of the first resource block, as an offset from the carrier centre in subcarrier spacings.
    pub first_subcarrier: i32,
}

impl CsiRs {
    /// A tracking reference signal (row 1) at subcarrier `k0` in `prbs` resource blocks from point A around the carrier centre.
    #[must_use]
    pub fn tracking(scrambling_id: u16, symbol: u8, k0: u8, prbs: u16) -> Self {
        Self {
            row: CsiRsRow::One,
            density: CsiRsDensity::All,
            scrambling_id,
            symbol,
            k: [k0, 0, 0, 0, 0, 0],
            first_prb: 0,
            prbs,
            first_subcarrier: -6 * i32::from(prbs),
        }
    }

    /// Whether each field is in its range.
    ///
    /// # Errors
    /// [`NrError::Range`].
    pub fn check(&self) -> Result<(), NrError> {
        let range = |what, value: i64, range, ok| if ok { Ok(()) } else { Err(NrError::Range { what, value, range }) };
        range("scrambling ID", self.scrambling_id.into(), "0..=1023", self.scrambling_id <= 1023)?;
        range("CSI-RS symbol", self.symbol.into(), "0..=13", self.symbol <= 13)?;
        range("first PRB", self.first_prb.into(), "0..=2199", self.first_prb <= 2199)?;
        range("PRBs", self.prbs.into(), "1..=275", (1..=275).contains(&self.prbs))?;
        let (ok, allowed): (fn(u8) -> bool, _) = match self.row {
            CsiRsRow::One => (|k| k <= 3, "0..=3"),
            CsiRsRow::Two => (|k| k <= 11, "0..=11"),
            CsiRsRow::Four => (|k| k <= 8 && k.is_multiple_of(4), "0, 4 or 8"),
            _ => (|k| k <= 10 && k.is_multiple_of(2), "even, 0..=10"),
        };
        for &k in &self.k[..self.row.locations()] {
            range("CSI-RS subcarrier", k.into(), allowed, ok(k))?;
        }
        let halved = self.density != CsiRsDensity::All;
        let may_halve = matches!(self.row, CsiRsRow::Two | CsiRsRow::Three);
        range("CSI-RS density of this row, halves", i64::from(halved), "1 in rows 2 and 3 only", may_halve || !halved)
    }

    /// Subcarrier of a resource block where each CDM group begins; row 1 is one group.
    pub(crate) fn groups(&self) -> impl Iterator<Item = usize> + use<'_> {
        let pairs: &[u8] = if self.row == CsiRsRow::Four { &[0, 2] } else { &[0] };
        let locations = &self.k[..self.row.locations()];
        locations.iter().flat_map(move |k| pairs.iter().map(move |d| usize::from(k + d)))
    }

    /// Subcarriers of the first group's first elements, counted from the first resource block, in increasing order; with row 1 all three of
    /// a block.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> + use<'_> {
        let steps: &[usize] = if self.row == CsiRsRow::One { &[0, 4, 8] } else { &[0] };
        let first = usize::from(self.k[0]);
        self.blocks().flat_map(move |n| steps.iter().map(move |s| 12 * n + first + s))
    }

    /// Resource blocks that carry it, counted from the first.
    fn blocks(&self) -> impl Iterator<Item = usize> + use<> {
        let (from, to, density) = (self.first_prb, self.prbs, self.density);
        (0..to).filter_map(move |n| {
            let even = (from + n).is_multiple_of(2);
            let carries = match density {
                CsiRsDensity::All => true,
                CsiRsDensity::Even => even,
                CsiRsDensity::Odd => !even,
            };
            carries.then_some(usize::from(n))
        })
    }

    /// Subcarriers of its first group's first elements, as offsets from the carrier centre.
    ///
    /// # Shapes
    /// One for each carrying resource block, with row 1 three.
    pub fn subcarriers(&self) -> impl Iterator<Item = i32> + use<'_> {
        self.rows().map(|row| self.first_subcarrier + row as i32)
    }

    /// Its values in slot `slot` of the frame, in the order of [`CsiRs::subcarriers`]; with two ports by code the values of both
    /// subcarriers of a pair follow each other. Every group carries the same.
    ///
    /// # Shapes
    /// `[subcarriers · ports by code]`, unit power.
    #[must_use]
    //= TS 38.211 §7.4.1.5.2: c_init = (2^10 (14 n_s + l + 1)(2 n_ID + 1) + n_ID) mod 2^31
    pub fn sequence(&self, slot: u16) -> Vec<Complex32> {
        let id = u64::from(self.scrambling_id);
        let symbol = 14 * u64::from(slot) + u64::from(self.symbol) + 1;
        let c_init = (1024 * symbol * (2 * id + 1) + id) % (1 << 31);
        let last = usize::from(self.first_prb) + usize::from(self.prbs);
        let all = qpsk_sequence(c_init as u32, 3 * last);
        //= TS 38.211 §7.4.1.5.3: m' = ⌊nα⌋ + k' + ⌊k̄ρ/12⌋, α = ρ for one port, 2ρ for more, n from point A
        let first = |n: usize| match (self.row, self.density) {
            (CsiRsRow::One, _) => 3 * n,
            (CsiRsRow::Two, CsiRsDensity::All) => n,
            (CsiRsRow::Two, _) => n / 2,
            (_, CsiRsDensity::All) => 2 * n,
            _ => n,
        };
        let each = if self.row == CsiRsRow::One { 3 } else { self.row.cdm() };
        let from = usize::from(self.first_prb);
        self.blocks()
            .flat_map(|n| (0..each).filter_map(|i| all.get(first(from + n) + i).copied()).collect::<Vec<_>>())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trs() -> CsiRs {
        CsiRs::tracking(1, 4, 1, 24)
    }

    #[test]
    fn sequence_counts_from_point_a() {
        let whole = trs().sequence(3);
        let part = CsiRs { first_prb: 5, prbs: 4, ..trs() }.sequence(3);
        assert_eq!(part, whole[15..27]);
        let pairs = CsiRs { row: CsiRsRow::Three, k: [4, 0, 0, 0, 0, 0], ..trs() };
        // r(2n + k') of the same generator
        assert_eq!(pairs.sequence(3)[..6], whole[..6]);
        let odd = CsiRs { density: CsiRsDensity::Odd, ..pairs };
        // n = 1, 3, 5 … take r(n), r(n + 1)
        assert_eq!(odd.sequence(3)[..4], whole[1..5]);
        assert_eq!(odd.rows().take(3).collect::<Vec<_>>(), [16, 40, 64]);
        let one_half = CsiRs { row: CsiRsRow::Two, density: CsiRsDensity::Even, k: [11, 0, 0, 0, 0, 0], ..trs() };
        assert_eq!(one_half.sequence(3)[..], whole[..12]);
    }

    #[test]
    fn groups_of_the_table() {
        let of = |row, k| CsiRs { row, k, ..trs() }.groups().collect::<Vec<_>>();
        assert_eq!(of(CsiRsRow::Three, [6, 0, 0, 0, 0, 0]), [6]);
        assert_eq!(of(CsiRsRow::Four, [8, 0, 0, 0, 0, 0]), [8, 10]);
        assert_eq!(of(CsiRsRow::Six, [0, 2, 6, 10, 0, 0]), [0, 2, 6, 10]);
        assert_eq!(of(CsiRsRow::Nine, [0, 2, 4, 6, 8, 10]), [0, 2, 4, 6, 8, 10]);
    }

    #[test]
    fn refuses_what_the_table_has_not() {
        assert!(trs().check().is_ok());
        assert!(CsiRs { k: [4, 0, 0, 0, 0, 0], ..trs() }.check().is_err());
        assert!(CsiRs { row: CsiRsRow::Four, k: [2, 0, 0, 0, 0, 0], ..trs() }.check().is_err());
        assert!(CsiRs { row: CsiRsRow::Three, k: [3, 0, 0, 0, 0, 0], ..trs() }.check().is_err());
        assert!(CsiRs { density: CsiRsDensity::Even, ..trs() }.check().is_err());
        assert!(CsiRs { prbs: 276, ..trs() }.check().is_err());
    }
}

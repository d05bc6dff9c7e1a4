//! Operating bands of FR1 and the resource blocks of a carrier.
//= TS 38.101-1 Table 5.2-1, Table 5.3.2-1

/// How up and down are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplex {
    /// By frequency.
    Fdd,
    /// By time.
    Tdd,
    /// Downlink only.
    Down,
}

/// A band: its number, downlink edges in MHz, duplex.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// `3` of n3.
    pub number: u32,
    /// Lower edge of the downlink, MHz.
    pub low_mhz: f64,
    /// Upper edge, MHz.
    pub high_mhz: f64,
    /// How up and down are kept apart.
    pub duplex: Duplex,
}

const fn band(number: u32, low_mhz: f64, high_mhz: f64, duplex: Duplex) -> Band {
    Band { number, low_mhz, high_mhz, duplex }
}

/// The bands of FR1.
const BANDS: &[Band] = &[
    band(1, 2110.0, 2170.0, Duplex::Fdd),
    band(2, 1930.0, 1990.0, Duplex::Fdd),
    band(3, 1805.0, 1880.0, Duplex::Fdd),
    band(5, 869.0, 894.0, Duplex::Fdd),
    band(7, 2620.0, 2690.0, Duplex::Fdd),
    band(8, 925.0, 960.0, Duplex::Fdd),
    band(12, 729.0, 746.0, Duplex::Fdd),
    band(13, 746.0, 756.0, Duplex::Fdd),
    band(14, 758.0, 768.0, Duplex::Fdd),
    band(18, 860.0, 875.0, Duplex::Fdd),
    band(20, 791.0, 821.0, Duplex::Fdd),
    band(24, 1525.0, 1559.0, Duplex::Fdd),
    band(25, 1930.0, 1995.0, Duplex::Fdd),
    band(26, 859.0, 894.0, Duplex::Fdd),
    band(28, 758.0, 803.0, Duplex::Fdd),
    band(29, 717.0, 728.0, Duplex::Down),
    band(30, 2350.0, 2360.0, Duplex::Fdd),
    band(34, 2010.0, 2025.0, Duplex::Tdd),
    band(38, 2570.0, 2620.0, Duplex::Tdd),
    band(39, 1880.0, 1920.0, Duplex::Tdd),
    band(40, 2300.0, 2400.0, Duplex::Tdd),
    band(41, 2496.0, 2690.0, Duplex::Tdd),
    band(46, 5150.0, 5925.0, Duplex::Tdd),
    band(48, 3550.0, 3700.0, Duplex::Tdd),
    band(50, 1432.0, 1517.0, Duplex::Tdd),
    band(51, 1427.0, 1432.0, Duplex::Tdd),
    band(53, 2483.5, 2495.0, Duplex::Tdd),
    band(65, 2110.0, 2200.0, Duplex::Fdd),
    band(66, 2110.0, 2200.0, Duplex::Fdd),
    band(67, 738.0, 758.0, Duplex::Down),
    band(70, 1995.0, 2020.0, Duplex::Fdd),
    band(71, 617.0, 652.0, Duplex::Fdd),
    band(74, 1475.0, 1518.0, Duplex::Fdd),
    band(75, 1432.0, 1517.0, Duplex::Down),
    band(76, 1427.0, 1432.0, Duplex::Down),
    band(77, 3300.0, 4200.0, Duplex::Tdd),
    band(78, 3300.0, 3800.0, Duplex::Tdd),
    band(79, 4400.0, 5000.0, Duplex::Tdd),
    band(90, 2496.0, 2690.0, Duplex::Tdd),
    band(96, 5925.0, 7125.0, Duplex::Tdd),
];

impl Band {
    /// By its number; `None` = not a band of FR1 that is known here.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        BANDS.iter().find(|b| b.number == number).copied()
    }

    /// Whether a downlink at this frequency lies in it.
    #[must_use]
    pub fn holds(&self, hz: f64) -> bool {
        (self.low_mhz * 1e6..=self.high_mhz * 1e6).contains(&hz)
    }

    /// Every band whose downlink holds this frequency.
    #[must_use]
    pub fn at(hz: f64) -> Vec<Self> {
        BANDS.iter().filter(|b| b.holds(hz)).copied().collect()
    }
}

/// Bandwidth in MHz and its resource blocks at 15 and 30 kHz; 0 = not defined.
const BLOCKS: &[(u32, u32, u32)] = &[
    (5, 25, 11),
    (10, 52, 24),
    (15, 79, 38),
    (20, 106, 51),
    (25, 133, 65),
    (30, 160, 78),
    (35, 188, 92),
    (40, 216, 106),
    (45, 242, 119),
    (50, 270, 133),
    (60, 0, 162),
    (70, 0, 189),
    (80, 0, 217),
    (90, 0, 245),
    (100, 0, 273),
];

/// Resource blocks of a carrier.
#[must_use]
pub fn blocks(bandwidth_mhz: u32, scs_khz: u32) -> Option<u32> {
    let (_, at_15, at_30) = BLOCKS.iter().find(|(mhz, ..)| *mhz == bandwidth_mhz)?;
    let count = match scs_khz {
        15 => *at_15,
        30 => *at_30,
        _ => 0,
    };
    (count > 0).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_of_two_carriers() {
        assert_eq!(Band::of(3).map(|b| (b.holds(1842.5e6), b.duplex)), Some((true, Duplex::Fdd)));
        assert_eq!(Band::at(3489.42e6).iter().map(|b| b.number).collect::<Vec<_>>(), [77, 78]);
        assert_eq!(Band::of(4), None);
        assert_eq!(
            (blocks(10, 15), blocks(20, 15), blocks(100, 30), blocks(100, 15)),
            (Some(52), Some(106), Some(273), None)
        );
    }
}

//! What a terminal tells the lab about what it hears.

/// One report of a terminal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UeReport {
    /// Terminal index.
    pub ue: usize,
    /// It has found and kept the cell.
    pub in_sync: bool,
    /// SINR of the PDSCH's DMRS after equalisation.
    pub sinr_db: Option<f64>,
    /// SINR of PSS and SSS.
    pub ssb_sinr_db: Option<f64>,
    /// How far a good SS/PBCH block lay from where the first one that was found says it must, in samples.
    pub moved_samples: Option<i64>,
    /// Absolute slot (frame · 10 + slot, modulo 10 240) of the measurement where the terminal has read the frame number.
    pub absolute_slot: Option<u64>,
}

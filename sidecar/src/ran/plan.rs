//! Where to listen and what to protect, once the cell is found. Pure.

use super::config::{Monitor, RanConfig};
use ran_bridge::air::{At, Command, MAX_WINDOW_SAMPLES, MAX_WINDOWS, SlotSpan, SoundingPlan, Window};
use ran_bridge::nr::{Cell, Numerology, SsbCase};

/// The beam symbol is heard in one of so many CSI-RS slots only: it checks, it does not steer.
const BEAM_EVERY: u64 = 4;
/// The sounding column is in force this many samples before its symbol, so that the ramp ends within the cyclic prefix.
const LEAD: u64 = 8;
/// Samples of one part of the search capture.
const PART: u32 = MAX_WINDOW_SAMPLES;
/// What a search hears beyond an SSB period, so that a block lies in it whole, s.
const BEYOND_S: f64 = 2e-3;
/// Ids of a stream.
const IDS: u32 = MAX_WINDOWS as u32;
/// First code of a part of the search capture.
const FIRST_PART: u32 = 3;
/// Most parts of a search capture: as many as have an id.
const MOST_PARTS: u32 = IDS - FIRST_PART;

/// What a window is for; its id is `stream · 64 + code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A part of the search capture.
    Search(u32),
    /// An SSB.
    Ssb,
    /// The sounded CSI-RS symbol.
    Sounded,
    /// The CSI-RS symbol that shows the beam.
    Beam,
}

impl What {
    /// Window id for a stream.
    #[must_use]
    pub const fn id(self, stream: u32) -> u32 {
        stream * IDS
            + match self {
                Self::Ssb => 0,
                Self::Sounded => 1,
                Self::Beam => 2,
                Self::Search(k) => FIRST_PART + k,
            }
    }

    /// Back from a window id.
    #[must_use]
    pub const fn of(id: u32) -> Self {
        match id % IDS {
            0 => Self::Ssb,
            1 => Self::Sounded,
            2 => Self::Beam,
            k => Self::Search(k - FIRST_PART),
        }
    }
}

/// How long a search has to hear, s: an SSB period and a bit.
fn search_s(ssb_period_s: f64) -> f64 {
    ssb_period_s.max(0.02) + BEYOND_S
}

/// Parts of the capture for a search.
fn search_parts(rate_hz: f64, ssb_period_s: f64) -> u64 {
    ((rate_hz * search_s(ssb_period_s)) as u64).div_ceil(u64::from(PART))
}

/// Whether `air` can give a search all samples of one SSB period at this rate.
///
/// # Errors
/// Why not, in words.
pub fn search_fits(rate_hz: f64, ssb_period_s: f64) -> Result<(), String> {
    let most_s = f64::from(MOST_PARTS) * f64::from(PART) / rate_hz;
    if search_parts(rate_hz, ssb_period_s) <= u64::from(MOST_PARTS) {
        return Ok(());
    }
    Err(format!(
        "to find the cell takes {:.0} ms of samples, and air gives {:.0} ms at most at {:.2} MHz: a shorter SSB period, or a lower sample rate",
        search_s(ssb_period_s) * 1e3,
        most_s * 1e3,
        rate_hz * 1e-6
    ))
}

/// Parts of the capture for a search over one SSB period and a bit, from sample `from` on.
#[must_use]
pub fn search_windows(stream: u32, from: u64, rate_hz: f64, ssb_period_s: f64) -> Vec<Window> {
    let parts = search_parts(rate_hz, ssb_period_s).min(u64::from(MOST_PARTS)) as u32;
    (0..parts)
        .map(|k| Window {
            id: What::Search(k).id(stream),
            stream,
            first: from + u64::from(k) * u64::from(PART),
            period: 0,
            len: PART,
        })
        .collect()
}

/// Places of things, in samples of the downlink.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// A start of the slot with the SSB.
    pub slot_start: u64,
    /// Samples of a slot.
    pub slot_samples: u64,
    /// Samples from the slot's start to the SSB.
    pub ssb_in_slot: u64,
    /// Samples of an SSB.
    pub ssb_samples: u32,
    /// Samples from one SSB to the next.
    pub ssb_period: u64,
    /// Number of the SSB's slot within the frame.
    pub ssb_slot: u16,
    /// Slots of a frame.
    pub frame_slots: u64,
}

impl Place {
    /// From an SSB with block index `index` in half frame `half` whose first sample is `sample`.
    #[must_use]
    pub fn of(numerology: &Numerology, case: SsbCase, sample: u64, index: u8, half: bool, ssb_period_s: f64) -> Self {
        let slot_samples = numerology.slot() as u64;
        let frame_slots = (10e-3 * numerology.rate_hz() / slot_samples as f64).round() as u64;
        let symbol = case.first_symbol(index);
        let ssb_in_slot = numerology.symbol_start(0, symbol % 14) as u64;
        let ssb_period = (ssb_period_s * numerology.rate_hz()).round() as u64;
        let start = sample.checked_sub(ssb_in_slot).unwrap_or(sample + ssb_period - ssb_in_slot);
        let ssb_slot = (symbol / 14) as u16 + if half { (frame_slots / 2) as u16 } else { 0 };
        Self {
            slot_start: start,
            slot_samples,
            ssb_in_slot,
            ssb_samples: (4 * numerology.symbol()) as u32,
            ssb_period,
            ssb_slot,
            frame_slots,
        }
    }

    /// The same cell `samples` later: the sender's clock is not ours.
    pub const fn shift(&mut self, samples: i64) {
        self.slot_start = self.slot_start.saturating_add_signed(samples);
    }

    /// Slot within the frame of a sample at or after the first place known.
    #[must_use]
    pub const fn slot_of(&self, sample: u64) -> u16 {
        let frame = self.frame_slots * self.slot_samples;
        let since = (sample + frame - self.slot_start % frame) % frame;
        ((since / self.slot_samples + self.ssb_slot as u64) % self.frame_slots) as u16
    }
}

/// The commands to `air` that set the loop up, from sample `from` on; `anew` with the wide beam at 0 dB, else those in force stay.
#[must_use]
pub fn setup(
    config: &RanConfig,
    place: &Place,
    numerology: &Numerology,
    from: u64,
    unitary: &[num_complex::Complex32],
    wide: &[num_complex::Complex32],
    anew: bool,
) -> Vec<Command> {
    let mut out = Vec::new();
    let period_slots = (place.ssb_period / place.slot_samples).max(1) as u32;
    let protected = vec![SlotSpan { period_slots, offset_slot: 0, slots: 1 }];
    if config.act {
        let slot_samples = u32::try_from(place.slot_samples).unwrap_or(u32::MAX);
        out.push(Command::Slots { boundary: place.slot_start, slot_samples, protected, uplink_boundary: None });
        out.push(Command::Wide { weights: wide.to_vec() });
        if anew {
            // Whoever was here before may have left a beam and a power; who decides begins with the wide beam at 0 dB.
            out.push(Command::Weights { at: At::NextSlot, weights: wide.to_vec(), cause: 0 });
            out.push(Command::Power { at: At::NextSlot, power_db: 0.0 });
        }
        out.push(Command::Sounding { plan: sounding(config, place, numerology, unitary) });
    }
    out.push(Command::Windows { windows: windows(&config.monitors, config, place, numerology, from) });
    out
}

fn csi_slot(config: &RanConfig, place: &Place) -> (u64, u64) {
    let first = place.slot_start + u64::from(config.sounding.offset_slot) * place.slot_samples;
    (first, u64::from(config.sounding.period_slots) * place.slot_samples)
}

fn sounding(
    config: &RanConfig,
    place: &Place,
    numerology: &Numerology,
    unitary: &[num_complex::Complex32],
) -> Option<SoundingPlan> {
    let s = &config.sounding;
    if !s.enabled {
        return None;
    }
    let (slot, period_samples) = csi_slot(config, place);
    let symbol = usize::from(s.sounded_symbol);
    let first = slot + numerology.symbol_start(1, symbol) as u64 - LEAD;
    let len = (numerology.cp_of(1, symbol) + numerology.fft()) as u32 + LEAD as u32;
    Some(SoundingPlan { first, period_samples, len, unitary: unitary.to_vec() })
}

fn windows(monitors: &[Monitor], config: &RanConfig, place: &Place, numerology: &Numerology, from: u64) -> Vec<Window> {
    let after = |first: u64, period: u64| {
        if first >= from { first } else { first + (from - first).div_ceil(period) * period }
    };
    let (slot, csi_period) = csi_slot(config, place);
    let symbol = |s: u8| {
        (numerology.symbol_start(1, s.into()) as u64, (numerology.cp_of(1, s.into()) + numerology.fft()) as u32)
    };
    let mut out = Vec::new();
    let turns = monitors.len() as u64;
    for (k, m) in monitors.iter().enumerate() {
        // receivers take turns at SSBs: one estimate an SSB keeps the loop short
        let first = place.slot_start + place.ssb_in_slot + k as u64 * place.ssb_period;
        let period = turns * place.ssb_period;
        let first = after(first, period);
        out.push(Window { id: What::Ssb.id(m.stream), stream: m.stream, first, period, len: place.ssb_samples });
        if config.sounding.enabled {
            if config.act {
                let (at, len) = symbol(config.sounding.sounded_symbol);
                let first = after(slot + at, csi_period);
                out.push(Window { id: What::Sounded.id(m.stream), stream: m.stream, first, period: csi_period, len });
            }
            let (at, len) = symbol(config.sounding.beam_symbol);
            let period = BEAM_EVERY * csi_period;
            let first = after(slot + at, period);
            out.push(Window { id: What::Beam.id(m.stream), stream: m.stream, first, period, len });
        }
    }
    out
}

/// A configuration for the search that fits what is known of the cell.
#[must_use]
pub fn search_config(config: &RanConfig) -> ran_bridge::nr::SearchConfig {
    let cell = &config.cell;
    ran_bridge::nr::SearchConfig {
        scs_hz: cell.scs_hz,
        center_hz: cell.centre_hz,
        ssb_offset_hz: cell.ssb_offset_hz,
        acquire_s: search_s(cell.ssb_period_s),
        ..ran_bridge::nr::SearchConfig::default()
    }
}

/// The cell to follow: the configured one, else the strongest.
#[must_use]
pub fn choose(cells: &[Cell], pci: Option<u16>) -> Option<Cell> {
    let fits = |c: &&Cell| pci.is_none_or(|p| c.pci == p);
    // the search gives the strongest first
    cells.iter().find(fits).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numerology() -> Numerology {
        Numerology::new(7.68e6, 15e3).unwrap()
    }

    fn config() -> RanConfig {
        let monitor = |stream| Monitor { stream, eavesdropper: stream == 1, supi: None };
        RanConfig::demo("ipc:///tmp/x", vec![monitor(0), monitor(1)])
    }

    #[test]
    fn places_worked_by_hand() {
        // slot 100 begins at 768 000; symbols 0 and 1 take 552 + 548 samples
        let p = Place::of(&numerology(), SsbCase::A, 768_000 + 1100, 0, false, 10e-3);
        assert_eq!((p.slot_start, p.slot_samples, p.ssb_in_slot, p.ssb_period), (768_000, 7680, 1100, 76_800));
        assert_eq!(p.slot_of(768_000), 0);
        assert_eq!(p.slot_of(768_000 + 7680), 1);
        assert_eq!(p.slot_of(768_000 + 9 * 7680 + 7679), 9);
        assert_eq!(p.slot_of(768_000 - 1), 9);
        // block 1 of the second half frame: symbol 8 of slot 5
        let q = Place::of(&numerology(), SsbCase::A, 768_000 + 4392, 1, true, 10e-3);
        assert_eq!((q.slot_start, q.ssb_slot), (768_000, 5));
    }

    #[test]
    fn windows_take_turns_at_ssbs_and_never_lie_in_the_past() {
        let p = Place::of(&numerology(), SsbCase::A, 1100, 0, false, 10e-3);
        let c = config();
        let u = vec![num_complex::Complex32::ONE; 16];
        let from = 1_000_000;
        let commands = setup(&c, &p, &numerology(), from, &u, &u[..4], true);
        let Some(Command::Windows { windows }) = commands.last() else { panic!("no windows") };
        assert_eq!(windows.len(), 6);
        assert!(windows.iter().all(|w| w.first >= from));
        let ssb: Vec<_> = windows.iter().filter(|w| What::of(w.id) == What::Ssb).collect();
        assert_eq!((ssb[0].first + 76_800 - 1100) % 153_600, ssb[1].first.wrapping_sub(1100) % 153_600);
        assert!(ssb.iter().all(|w| (w.first - 1100) % 76_800 == 0 && w.len == 2192 && w.period == 153_600));
        // whatever was in force before: the wide beam at 0 dB
        assert!(commands.iter().any(|c| matches!(c, Command::Weights { weights, .. } if *weights == u[..4])));
        assert!(commands.iter().any(|c| matches!(c, Command::Power { power_db, .. } if *power_db == 0.0)));
        // who moves windows only leaves both as they are
        let moved = setup(&c, &p, &numerology(), from, &u, &u[..4], false);
        assert!(!moved.iter().any(|c| matches!(c, Command::Weights { .. } | Command::Power { .. })));
        assert_eq!(moved.len() + 2, commands.len());
        let sounding =
            commands.iter().find_map(|c| if let Command::Sounding { plan } = c { plan.as_ref() } else { None });
        let Some(plan) = sounding else { panic!("no sounding") };
        // slot 1, symbol 4: 552 + 3 · 548 = 2196, less the lead
        assert_eq!((plan.first, plan.len, plan.period_samples), (7680 + 2196 - 8, 556, 38_400));
    }

    #[test]
    fn without_leave_to_act_only_windows_are_set() {
        let p = Place::of(&numerology(), SsbCase::A, 1100, 0, false, 10e-3);
        let c = RanConfig { act: false, ..config() };
        let commands = setup(&c, &p, &numerology(), 0, &[], &[], true);
        assert!(matches!(&commands[..], [Command::Windows { .. }]));
    }

    #[test]
    fn ids_come_back() {
        for what in [What::Ssb, What::Sounded, What::Beam, What::Search(0), What::Search(MOST_PARTS - 1)] {
            assert_eq!(What::of(what.id(7)), what);
        }
    }

    #[test]
    fn a_search_hears_a_whole_ssb_period_or_is_refused() {
        // 22 ms at 61.44 MS/s are 1 351 680 samples: 20.6 parts; 162 ms at 7.68 MS/s 1 244 160: 19.0
        for (rate_hz, period_s, parts) in [(61.44e6, 10e-3, 21), (7.68e6, 160e-3, 19), (7.68e6, 10e-3, 3)] {
            let windows = search_windows(2, 1000, rate_hz, period_s);
            assert_eq!(windows.len(), parts);
            assert_eq!(search_fits(rate_hz, period_s), Ok(()));
            let heard: u64 = windows.iter().map(|w| u64::from(w.len)).sum();
            assert!(heard as f64 >= rate_hz * (period_s.max(0.02) + 2e-3) - 1.0);
            assert!(
                windows.windows(2).all(|w| w[1].first == w[0].first + u64::from(w[0].len) && w[1].id == w[0].id + 1)
            );
            assert!(windows.len() <= MAX_WINDOWS && windows.iter().all(|w| w.len <= MAX_WINDOW_SAMPLES));
        }
        // 61 parts of 65 536 samples are 65.1 ms at 61.44 MS/s
        assert_eq!(search_fits(61.44e6, 40e-3), Ok(()));
        let why = search_fits(61.44e6, 160e-3).unwrap_err();
        assert!(why.contains("takes 162 ms of samples, and air gives 65 ms at most at 61.44 MHz"), "{why}");
    }
}

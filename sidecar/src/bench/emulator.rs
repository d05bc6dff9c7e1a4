//! `sidecar bench emulator`: what a link costs for a slot, and whether it is the channel that it says.

use super::emulator_plot::plot_svg;
use super::emulator_stats::{Compared, compare};
use super::list::{BenchContext, BenchError};
use super::row::{Bar, Row};
use super::stats::Percentiles;
use crate::clock::mono_ns;
use num_complex::{Complex32, Complex64};
use ran_bridge::clock::thread_ns;
use ran_bridge::emulator::reference::Reference;
use ran_bridge::emulator::{EmulatorConfig, LinkConfig, NoiseTable, ReceiverChannel, TdlProfile};
use ran_bridge::front_end::{FrontEnd, FrontEndError, Plan, ProtectedSlots};

const RATE_HZ: f64 = 23.04e6;
const SLOT: usize = 23_040;
/// Samples that `air` processes at once.
const PIECE: usize = 4096;
/// Where the picture goes.
const PICTURE: &str = "emulator.svg";
/// CPU reference of a published GPU emulator for one 23-tap TDL-A link at this rate, p99.
const PUBLISHED_US: f64 = 7365.0;

/// TDL-A with 300 ns and 70 Hz.
fn tdl_a() -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        profile: Some(TdlProfile::TdlA),
        delay_spread_ns: 300.0,
        doppler_hz: 70.0,
        ..LinkConfig::default()
    }
}

/// One Rician tap.
fn single_tap() -> LinkConfig {
    LinkConfig { gain_db: -6.0, rician_k_db: Some(6.0), doppler_hz: 70.0, angle_deg: 20.0, ..LinkConfig::default() }
}

pub(super) fn run(context: &BenchContext, out: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    cost(context, out).map_err(|e| BenchError::Failed(e.to_string()))?;
    exactness(context, out).map_err(|e| BenchError::Failed(e.to_string()))?;
    let compared = compare(context)?;
    rows(&compared, out);
    let svg = plot_svg(&compared).map_err(|e| BenchError::Failed(format!("the picture cannot be drawn: {e}")))?;
    std::fs::write(PICTURE, svg).map_err(|e| BenchError::Failed(format!("{PICTURE} cannot be written: {e}")))?;
    Ok(())
}

/// A link with its front end, and the time of each slot.
struct Timed {
    channel: ReceiverChannel,
    front_end: FrontEnd,
    plan: Plan,
    y: Vec<Complex32>,
    times_us: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Timed {
    fn new(link: &LinkConfig, antennas: usize, seed: u64) -> Result<Self, FrontEndError> {
        let emulator = EmulatorConfig { seed, ..EmulatorConfig::default() };
        let noise = NoiseTable::new(seed);
        Ok(Self {
            channel: ReceiverChannel::new(link, &emulator, &noise, 0, (antennas, 1), RATE_HZ, SLOT),
            front_end: front_end(antennas)?,
            plan: Plan::new(antennas, 64),
            y: vec![Complex32::ZERO; SLOT],
            times_us: Vec::new(),
            cpu_us: Vec::new(),
        })
    }

    fn slot(&mut self, x: &[Complex32]) {
        let (begin_ns, begin_cpu_ns) = (mono_ns(), thread_ns());
        for (x, y) in x.chunks(PIECE).zip(self.y.chunks_mut(PIECE)) {
            self.front_end.plan(x.len(), &mut self.plan);
            self.channel.process(&self.plan, &[x], y);
        }
        self.cpu_us.push((thread_ns() - begin_cpu_ns) as f64 * 1e-3);
        self.times_us.push((mono_ns() - begin_ns) as f64 * 1e-3);
    }
}

fn front_end(antennas: usize) -> Result<FrontEnd, FrontEndError> {
    let grid = ProtectedSlots { boundary: 0, slot_samples: SLOT as u32, spans: Vec::new() };
    FrontEnd::new(antennas, 1, &weights(antennas), grid, 120)
}

fn weights(antennas: usize) -> Vec<Complex32> {
    vec![Complex32::new(1.0 / (antennas as f32).sqrt(), 0.0); antennas]
}

/// Times of both links, slot by slot in turn, so that both meet the same machine.
fn cost(context: &BenchContext, out: &mut dyn FnMut(Row)) -> Result<(), FrontEndError> {
    let slots = if context.quick { 200 } else { 5000 };
    let x: Vec<Complex32> = (0..SLOT).map(|i| Complex32::cis(i as f32 * 0.1) * 0.5).collect();
    let mut tap = Timed::new(&single_tap(), 1, context.seed)?;
    let mut tdl = Timed::new(&tdl_a(), 1, context.seed)?;
    let mut wide = Timed::new(&tdl_a(), 8, context.seed)?;
    for _ in 0..slots {
        for link in [&mut tap, &mut tdl, &mut wide] {
            link.slot(&x);
        }
    }
    let cases = [("single tap", &tap), ("TDL-A 300 ns, 70 Hz", &tdl), ("TDL-A, 8 antennas", &wide)];
    for (i, (case, timed)) in cases.into_iter().enumerate() {
        let (Some(wall), Some(cpu)) = (Percentiles::of(&timed.times_us), Percentiles::of(&timed.cpu_us)) else {
            continue;
        };
        out(Row::new(case, "slot of 23 040 samples p50", wall.p50, "us"));
        let row = Row::new(case, "slot of 23 040 samples p99", wall.p99, "us");
        out(if i == 1 { row.against_cost("published CPU reference", PUBLISHED_US) } else { row });
        out(Row::new(case, "the same on the CPU p50", cpu.p50, "us"));
        out(Row::new(case, "the same on the CPU p99", cpu.p99, "us"));
    }
    for (metric, times) in [("", (|t| &t.times_us) as fn(&Timed) -> &Vec<f64>), (" on the CPU", |t| &t.cpu_us)] {
        let (Some(tap), Some(tdl)) = (Percentiles::of(times(&tap)), Percentiles::of(times(&tdl))) else { continue };
        let case = "TDL-A over a single tap";
        out(Row::new(case, &format!("p50{metric}"), tdl.p50 - tap.p50, "us").bar(Bar::AtMost(300.0)));
        out(Row::new(case, &format!("p99{metric}"), tdl.p99 - tap.p99, "us").bar(Bar::AtMost(300.0)));
    }
    Ok(())
}

/// Output against the formulae.
fn exactness(context: &BenchContext, out: &mut dyn FnMut(Row)) -> Result<(), FrontEndError> {
    let (first, len) = (SLOT, if context.quick { 200 } else { 3000 });
    let x: Vec<Complex32> = (0..first + len)
        .map(|i| {
            (0..8).map(|k| Complex32::cis((i as f32 * 0.6 * k as f32).rem_euclid(std::f32::consts::TAU)) * 0.1).sum()
        })
        .collect();
    for (case, link, antennas) in [
        ("Rician, 8 antennas", single_tap(), 8),
        ("TDL-A 300 ns, 70 Hz", tdl_a(), 1),
        ("TDL-A, 8 antennas", tdl_a(), 8),
    ] {
        let emulator = EmulatorConfig { seed: context.seed, ..EmulatorConfig::default() };
        let mut timed = Timed::new(&link, antennas, context.seed)?;
        let mut y = vec![Complex32::ZERO; x.len()];
        for (x, y) in x.chunks(PIECE).zip(y.chunks_mut(PIECE)) {
            timed.front_end.plan(x.len(), &mut timed.plan);
            timed.channel.process(&timed.plan, &[x], y);
        }
        let w: Vec<Complex64> = weights(antennas).iter().map(|w| Complex64::new(w.re.into(), w.im.into())).collect();
        let want = Reference::new(&link, &emulator, 0, (antennas, 1), RATE_HZ).receive(
            &[&x],
            &|_| w.clone(),
            first as u64,
            len,
        );
        let miss: f64 =
            y[first..].iter().zip(&want).map(|(y, w)| (Complex64::new(y.re.into(), y.im.into()) - w).norm_sqr()).sum();
        let all: f64 = want.iter().map(Complex64::norm_sqr).sum();
        out(Row::new(case, "y against its formulae, relative", (miss / all).sqrt(), "1").bar(Bar::AtMost(1e-4)));
    }
    Ok(())
}

fn rows(compared: &Compared, out: &mut dyn FnMut(Row)) {
    for p in &compared.profiles {
        let case = p.name;
        let vs = |ours: f64, theirs: f64, theory: f64, unit: &str, metric: &str, bar: f64| {
            let text = format!("{metric} (Sionna {theirs:.4}, theory {theory:.4})");
            let row = Row::new(case, &text, ours, unit);
            (row, Row::new(case, &format!("{metric}: off Sionna"), (ours - theirs).abs(), unit).bar(Bar::AtMost(bar)))
        };
        let (a, b) = vs(p.spread_ns.ours, p.spread_ns.theirs, p.spread_ns.theory, "ns", "delay spread", 6.0);
        out(a);
        out(b);
        if let Some(k) = p.k_db {
            let (a, b) = vs(k.ours, k.theirs, k.theory, "dB", "K of the first path", 0.2);
            out(a);
            out(b);
        }
        for (metric, points, unit, bar) in [
            ("path powers", &p.pdp_db, "dB", 0.25),
            ("autocorrelation to 20 ms", &p.doppler, "1", 0.03),
            ("frequency correlation to 8 MHz", &p.frequency, "1", 0.04),
            ("amplitude quantiles 1 to 99 %", &p.amplitude, "1", 0.04),
        ] {
            let most =
                |f: fn(&super::emulator_stats::Point) -> f64| points.iter().map(f).reduce(f64::max).unwrap_or(f64::NAN);
            out(Row::new(case, &format!("{metric}: most off Sionna"), most(|p| (p.ours - p.theirs).abs()), unit)
                .bar(Bar::AtMost(bar)));
            out(Row::new(case, &format!("{metric}: most off theory"), most(|p| (p.ours - p.theory).abs()), unit)
                .bar(Bar::AtMost(bar)));
        }
    }
    for p in &compared.antennas {
        let text = format!("correlation {} apart (Sionna {:.4}, theory {:.4})", p.x, p.theirs, p.theory);
        out(Row::new("tdl-a, antennas", &text, p.ours, "1"));
        let off = (p.ours - p.theory).abs();
        out(Row::new("tdl-a, antennas", &format!("correlation {} apart, off theory", p.x), off, "1")
            .bar(Bar::AtMost(0.02)));
    }
}

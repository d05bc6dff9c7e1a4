//! The run itself.

use super::door::{Door, Seen};
use super::lab_config::{UES, config};
use super::peers::{ALL_S, Event, Order, schedule};
use super::process::{Process, Usage, children, end};
use super::series::{Kill, Look, Series};
use super::{figures, plot};
use crate::air::ask_status;
use crate::bench::list::BenchError;
use crate::bench::loop_lab::{LabChild, Ports, Receivers, World};
use crate::bench::row::{Bar, Row};
use crate::clock::mono_ns;
use crate::config::Config;
use indicatif::{ProgressBar, ProgressStyle};
use nix::sys::signal::Signal;
use ran_bridge::air::Counters;
use std::path::Path;
use std::time::Duration;

/// Between two looks at the lab.
const LOOK: Duration = Duration::from_millis(15);
/// And while a restart is timed.
const FINE_LOOK: Duration = Duration::from_millis(2);
/// The radio counts as going when it has passed this after a kill, s: what was in flight does not reach so far.
const GOES_S: f64 = 0.05;
/// Radio time in which a UE that is told to join must be attached, s.
const JOIN_S: f64 = 5.0;
/// Wall time in which radio time must move, s.
const PATIENCE_S: f64 = 30.0;

/// How long, and what happens meanwhile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoakPlan {
    /// Radio time, s.
    pub radio_s: f64,
    /// Radio time between two kills of the worker, s.
    pub kill_every_s: f64,
    /// Radio time between two looks at memory and files, s.
    pub look_every_s: f64,
    /// Whether `sidecar ran` closes its loop beside.
    pub with_ran: bool,
    /// Draws when UEs come and go.
    pub seed: u64,
}

impl SoakPlan {
    /// Half an hour of radio time, a kill every minute.
    #[must_use]
    pub const fn whole(seed: u64) -> Self {
        Self { radio_s: 1800.0, kill_every_s: 60.0, look_every_s: 5.0, with_ran: true, seed }
    }

    /// A minute and a half, a kill every 15 s.
    #[must_use]
    pub const fn quick(seed: u64) -> Self {
        Self { radio_s: 90.0, kill_every_s: 15.0, look_every_s: 2.0, with_ran: true, seed }
    }
}

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::Failed(error.to_string())
}

/// Runs it; gives the picture, an SVG document.
///
/// # Errors
/// [`BenchError::Failed`] where a process cannot run or radio time stands still for good.
pub fn soak(plan: &SoakPlan, out: &mut dyn FnMut(Row)) -> Result<String, BenchError> {
    let dir = std::env::temp_dir().join(format!("sidecar-soak-{}-{}", std::process::id(), plan.seed));
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let mut missed = false;
    let went = in_dir(plan, &dir, &mut |row: Row| {
        missed |= row.missed();
        out(row);
    });
    if went.is_err() || missed {
        eprintln!("logs and records stay in {}", dir.display());
    } else {
        // a folder in the system's place for temporary things; what stays does no harm
        drop(std::fs::remove_dir_all(&dir));
    }
    went
}

fn in_dir(plan: &SoakPlan, dir: &Path, out: &mut dyn FnMut(Row)) -> Result<String, BenchError> {
    let receivers = Receivers { ues: UES, eavesdropper: false };
    let ports = Ports::free(receivers).map_err(failed)?;
    let config = config(&ports, dir, plan.seed).map_err(failed)?;
    let air = Process::start(dir, &config, "air").map_err(failed)?;
    let ran = plan.with_ran.then(|| Process::start(dir, &config, "ran")).transpose().map_err(failed)?;
    let world =
        World { receivers, seed: plan.seed, pace: None, duration_s: 10.0 * plan.radio_s, log: Path::new("/dev/null") };
    let lab = LabChild::start(dir, &ports, &world).map_err(failed)?;
    let door = Door::new(ports.world).map_err(failed)?;
    let mut soak = Soak {
        plan,
        config: &config,
        door,
        air,
        ran,
        lab,
        series: Series::default(),
        wanted: vec![Wanted::default(); UES],
        counters: Counters::default(),
        worker_from_s: 0.0,
    };
    let began_ns = mono_ns();
    soak.begin()?;
    let radio_s = soak.go()?;
    let wall_s = mono_ns().saturating_sub(began_ns) as f64 * 1e-9;
    let rate_hz = config.air.sample_rate.hz();
    let beside = if plan.with_ran { ", ran beside" } else { "" };
    let case = format!("{UES} UEs at {:.2} MS/s{beside}", rate_hz / 1e6);
    figures::rows(&case, plan, &soak.series, (radio_s, wall_s), out);
    if plan.with_ran {
        let log = std::fs::read_to_string(dir.join("ran.log")).unwrap_or_default();
        let searches = log.lines().filter(|l| l.contains("cell found")).count();
        out(Row::new(&case, "loops closed by ran", soak.loops(), "1").bar(Bar::AtLeast(radio_s)));
        out(Row::new(&case, "times ran searched the cell", searches as f64, "1").bar(Bar::AtMost(1.0)));
    }
    plot::svg(&soak.series, rate_hz).map_err(failed)
}

/// A UE as it is to be.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    /// On since then; `None` = off.
    since_s: Option<f64>,
    /// The cell has had it since.
    attached: bool,
    /// It was told already that this join failed.
    failed: bool,
}

struct Soak<'a> {
    plan: &'a SoakPlan,
    config: &'a Config,
    door: Door,
    air: Process,
    ran: Option<Process>,
    lab: LabChild,
    series: Series,
    wanted: Vec<Wanted>,
    counters: Counters,
    worker_from_s: f64,
}

impl Soak<'_> {
    /// Waits until radio time goes and every UE is attached.
    fn begin(&mut self) -> Result<(), BenchError> {
        let until = mono_ns() + (4.0 * PATIENCE_S * 1e9) as u64;
        while mono_ns() < until {
            self.check()?;
            if self.door.world().is_some_and(|w| w.ues.iter().all(|u| u.attached)) {
                self.wanted.fill(Wanted { since_s: Some(0.0), attached: true, failed: false });
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        Err(failed("not every UE was attached at the start"))
    }

    fn check(&mut self) -> Result<(), BenchError> {
        if self.lab.ended() {
            return Err(failed(self.lab.early()));
        }
        if self.air.ended() || self.ran.as_mut().is_some_and(Process::ended) {
            return Err(failed("air or ran ended before its time: its log says why"));
        }
        Ok(())
    }

    /// Everything in the order of radio time; the radio time at the end.
    fn go(&mut self) -> Result<f64, BenchError> {
        let plan = *self.plan;
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} s of radio time, {eta} to go  {msg}");
        let bar = ProgressBar::new(plan.radio_s as u64).with_style(style.map_err(failed)?);
        let mut orders = schedule(plan.seed, UES, plan.radio_s).into_iter().peekable();
        let (mut next_kill_s, mut next_look_s) = (plan.kill_every_s, 0.0);
        let (mut moved, mut moved_ns) = (0.0, mono_ns());
        loop {
            self.check()?;
            let seen = self.door.world();
            if let Some(seen) = seen.as_ref().filter(|s| s.t_s > moved) {
                (moved, moved_ns) = (seen.t_s, mono_ns());
            } else if mono_ns().saturating_sub(moved_ns) as f64 > PATIENCE_S * 1e9 {
                return Err(failed(format!(
                    "radio time stands still at {moved} s, or the lab does not say how late it is"
                )));
            }
            let Some(seen) = seen else {
                std::thread::sleep(LOOK);
                continue;
            };
            let t_s = seen.t_s;
            bar.set_position(t_s as u64);
            while let Some(event) = orders.next_if(|e| e.at_s <= t_s) {
                self.order(&event, t_s)?;
            }
            self.attachments(&seen);
            if t_s >= next_look_s {
                next_look_s = t_s + plan.look_every_s;
                self.look(t_s);
            }
            if t_s >= next_kill_s && t_s < plan.radio_s - ALL_S {
                self.look(t_s);
                self.kill()?;
                bar.set_message(format!("{} kills", self.series.kills.len()));
                next_kill_s += plan.kill_every_s;
            }
            let is_over = t_s >= plan.radio_s && self.wanted.iter().all(|w| w.attached);
            if is_over || t_s >= plan.radio_s + 2.0 * JOIN_S {
                self.look(t_s);
                self.series.comings.absent = seen.ues.iter().filter(|u| !u.attached).count() as u64;
                bar.finish_and_clear();
                return Ok(t_s);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn order(&mut self, event: &Event, t_s: f64) -> Result<(), BenchError> {
        if !self.door.order(event.ue, event.order) {
            return Err(failed("the lab takes no order"));
        }
        let comings = &mut self.series.comings;
        match event.order {
            Order::Join => comings.joined += 1,
            Order::Leave => comings.left += 1,
            Order::Die => comings.died += 1,
        }
        let since_s = (event.order == Order::Join).then_some(t_s);
        self.wanted[event.ue] = Wanted { since_s, ..Wanted::default() };
        Ok(())
    }

    fn attachments(&mut self, seen: &Seen) {
        for (wanted, ue) in self.wanted.iter_mut().zip(&seen.ues) {
            let Some(since_s) = wanted.since_s else { continue };
            let comings = &mut self.series.comings;
            match (wanted.attached, ue.attached) {
                (false, true) => {
                    wanted.attached = true;
                    comings.attach_s.push(seen.t_s - since_s);
                }
                (true, false) => {
                    // the cell keeps what went until it is silent: that is no loss of what came
                    if seen.t_s - since_s > JOIN_S {
                        comings.dropped += 1;
                    } else {
                        comings.attach_s.pop();
                    }
                    *wanted = Wanted { since_s: Some(since_s.max(seen.t_s - JOIN_S)), ..Wanted::default() };
                }
                (false, false) if !wanted.failed && seen.t_s - since_s > 2.0 * JOIN_S => {
                    wanted.failed = true;
                    comings.failed += 1;
                }
                _ => {}
            }
        }
    }

    fn look(&mut self, t_s: f64) {
        let (holder, worker) = (self.air.pid(), self.air.worker());
        let (Some(holder), Some(worker)) = (Usage::of(holder), worker.and_then(Usage::of)) else { return };
        if let Ok(status) = ask_status(&self.config.air.control) {
            self.counters = status.counters;
        }
        self.series.looks.push(Look {
            t_s,
            holder,
            worker,
            worker_age_s: t_s - self.worker_from_s,
            zombies: children(self.air.pid()).1,
            is_full: self.wanted.iter().all(|w| w.attached),
            counters: self.counters,
        });
    }

    /// Kills the worker, and waits until radio time goes on and the next one answers.
    fn kill(&mut self) -> Result<(), BenchError> {
        let worker = self.air.worker().ok_or_else(|| failed("air has no worker"))?;
        end(worker, Signal::SIGKILL);
        let at_ns = mono_ns();
        let ms = || mono_ns().saturating_sub(at_ns) as f64 * 1e-6;
        let (mut from_s, mut stood_ms, mut back_ms) = (None, None, None);
        while stood_ms.is_none() || back_ms.is_none() {
            self.check()?;
            if ms() > PATIENCE_S * 1e3 {
                return Err(failed("no worker after a kill, or the radio does not go on"));
            }
            if stood_ms.is_none()
                && let Some(seen) = self.door.world()
            {
                let from_s = *from_s.get_or_insert(seen.t_s);
                if seen.t_s >= from_s + GOES_S {
                    stood_ms = Some(ms());
                }
            }
            if back_ms.is_none()
                && self.air.worker().is_some_and(|w| w != worker)
                && ask_status(&self.config.air.control).is_ok()
            {
                back_ms = Some(ms());
            }
            std::thread::sleep(FINE_LOOK);
        }
        let t_s = from_s.unwrap_or(0.0);
        self.worker_from_s = t_s;
        self.series.kills.push(Kill {
            t_s,
            stood_ms: stood_ms.unwrap_or_default(),
            back_ms: back_ms.unwrap_or_default(),
        });
        Ok(())
    }

    /// Loops of `ran` since it started.
    fn loops(&self) -> f64 {
        let text = self.door.text(&format!("http://{}/metrics", self.config.ran.metrics.listen)).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("sidecar_ran_loops "));
        line.and_then(|n| n.trim().parse().ok()).unwrap_or(f64::NAN)
    }
}

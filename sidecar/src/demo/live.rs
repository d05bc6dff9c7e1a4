//! What a person sees while a run goes: a bar, the live screen, or plain lines where there is no terminal.

use super::columns;
use super::phase::Tick;
use super::screen::{Banner, draw};
use crate::tx::Standing;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// How a run is shown.
pub enum Live {
    /// One bar on standard error.
    Bar(ProgressBar),
    /// The whole terminal.
    Screen(Box<ratatui::DefaultTerminal>, Banner),
    /// Lines on standard error, one every few seconds of radio time.
    Lines {
        /// What is going on.
        title: &'static str,
        /// Next radio second to print at.
        next_s: f64,
        /// How the transmitter stood.
        air: Standing,
    },
    /// Nothing.
    Silent,
}

impl Live {
    /// A bar where standard error is a terminal, else lines.
    #[must_use]
    pub fn bar(title: &'static str, plain: bool) -> Self {
        if plain || !std::io::stderr().is_terminal() {
            return Self::Lines { title, next_s: 0.0, air: Standing::default() };
        }
        let bar = ProgressBar::new(1000);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:.white.on_red.bold}{msg}  [{bar:40}] {percent} %  {eta} left")
        {
            bar.set_style(style);
        }
        bar.set_message(title);
        Self::Bar(bar)
    }

    /// The live screen where standard output is a terminal, else lines.
    #[must_use]
    pub fn screen(title: &'static str, page: &str, plain: bool) -> Self {
        if plain || !std::io::stdout().is_terminal() {
            return Self::Lines { title, next_s: 0.0, air: Standing::default() };
        }
        match ratatui::try_init() {
            Ok(terminal) => {
                // else Ctrl-C is a key that nobody reads, and no order to stop
                let _still_raw = ratatui::crossterm::terminal::disable_raw_mode();
                let banner = Banner { title: title.into(), page: page.into(), ..Banner::default() };
                Self::Screen(Box::new(terminal), banner)
            }
            Err(_) => Self::Lines { title, next_s: 0.0, air: Standing::default() },
        }
    }

    /// Shows one look.
    pub fn tick(&mut self, tick: &Tick, until_s: f64) {
        let done = (tick.radio_s / until_s).clamp(0.0, 1.0);
        match self {
            Self::Silent => {}
            Self::Bar(bar) => {
                bar.set_position((1000.0 * done) as u64);
                bar.set_prefix(over_bar(tick));
            }
            Self::Screen(terminal, banner) => {
                banner.done = done;
                banner.radio_s = tick.radio_s;
                let snr = tick.state.streams.iter().filter(|s| s.role == "ue").map(|s| s.beam_snr_db.or(s.ssb_snr_db));
                if let Some(worst) = snr.collect::<Option<Vec<f64>>>().and_then(|v| v.into_iter().reduce(f64::min)) {
                    banner.worst_snr_db.push(worst);
                }
                // A terminal that went away ends the picture, not the run.
                let _ = terminal.draw(|frame| draw(frame, &tick.state, banner));
            }
            Self::Lines { title, next_s, air } => {
                if std::mem::replace(air, tick.state.transmitter.state) != tick.state.transmitter.state {
                    eprintln!("{title}: {}", tick.state.transmitter.headline);
                }
                if tick.radio_s < *next_s {
                    return;
                }
                *next_s = tick.radio_s + 5.0;
                eprintln!("{title}: {:.1} s of {until_s:.0} s radio time", tick.radio_s);
                if !tick.state.ues.is_empty() {
                    for line in columns::lines(&tick.state.ues) {
                        eprintln!("  {line}");
                    }
                }
            }
        }
    }

    /// Gives the terminal back.
    pub fn finish(self) {
        match self {
            Self::Bar(bar) => bar.finish_and_clear(),
            Self::Screen(terminal, _) => {
                drop(terminal);
                ratatui::restore();
            }
            Self::Lines { .. } | Self::Silent => {}
        }
    }
}

/// Before a bar: nothing, or that a radio transmits.
fn over_bar(tick: &Tick) -> &'static str {
    if tick.state.transmitter.state == Standing::OnAir { " ON AIR " } else { "" }
}

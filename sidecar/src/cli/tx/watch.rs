//! `sidecar tx status --watch`: in place on a terminal, else a line for each change.

use super::status::table;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::stop::Stop;
use crate::clock::mono_ns;
use crate::tx::{GuardConfig, Sight, Standing, observe};
use rustix::termios::tcgetwinsize;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Ctrl-C is seen this soon.
const LOOK: Duration = Duration::from_millis(50);

/// Watches until it is told to stop, or nobody reads any more.
pub(super) fn watch(config: &GuardConfig, as_json: bool) -> Result<Exit, CliError> {
    let system = |e: io::Error| CliError::new(Exit::System, format!("cannot watch: {e}"), "");
    let stop = Stop::on_signals(None)?;
    let (tell, told) = sync_channel(1);
    observe(config.control.clone(), move |sight| tell.send(sight).is_ok()).map_err(system)?;
    let mut shown = Shown::open(as_json).map_err(system)?;
    let mut last: Option<Sight> = None;
    while !stop.given() {
        match told.recv_timeout(LOOK) {
            Ok(sight) => last = Some(sight),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(system(io::Error::other("the thread that looks is gone")));
            }
        }
        let Some(sight) = &last else { continue };
        match shown.show(sight.at(mono_ns())) {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => break,
            went => went.map_err(system)?,
        }
    }
    Ok(Exit::Ok)
}

/// Where it is shown.
enum Shown {
    /// The whole terminal; what was there before comes back at the end.
    Screen,
    /// A line for each change.
    Lines { as_json: bool, last: Option<Sight> },
}

impl Shown {
    fn open(as_json: bool) -> io::Result<Self> {
        if as_json || !io::stdout().is_terminal() {
            return Ok(Self::Lines { as_json, last: None });
        }
        io::stdout().write_all(ENTER.as_bytes())?;
        Ok(Self::Screen)
    }

    fn show(&mut self, sight: Sight) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let text = match self {
            Self::Screen => {
                let size = tcgetwinsize(&out).map_or((80, 24), |s| (s.ws_col.into(), s.ws_row.into()));
                screen(&sight, size)
            }
            Self::Lines { last: Some(last), .. } if !sight.differs(last) => return Ok(()),
            Self::Lines { as_json, last } => {
                let line = line(&sight, *as_json)?;
                *last = Some(sight);
                line
            }
        };
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

fn line(sight: &Sight, as_json: bool) -> serde_json::Result<String> {
    let line = match &sight.said {
        _ if !as_json => sight.headline(),
        Ok(status) => serde_json::to_string(status)?,
        Err(no) => serde_json::json!({"state": Standing::NotObserved, "why": no.why}).to_string(),
    };
    Ok(line + "\n")
}

impl Drop for Shown {
    fn drop(&mut self) {
        if matches!(self, Self::Screen) {
            let mut out = io::stdout().lock();
            // nobody is there to be told
            let _gone = out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush());
        }
    }
}

/// The other screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// What a terminal of so many columns and rows is sent: no line is wrapped and nothing of the look before is left.
fn screen(sight: &Sight, (columns, rows): (usize, usize)) -> String {
    let colours = match sight.standing() {
        Standing::OnAir => "\x1b[1;37;41m",
        Standing::Armed | Standing::Stopping => "\x1b[1;30;43m",
        Standing::NotObserved | Standing::NotConfigured => "\x1b[1;37;100m",
        Standing::Safe => "\x1b[1m",
    };
    let fit = |line: &str| line.chars().filter(|c| !c.is_control()).take(columns).collect::<String>();
    let banner = fit(&format!(" {}", sight.headline()));
    let mut lines = vec![format!("{colours}{banner:<columns$}\x1b[0m"), String::new()];
    if let Ok(status) = &sight.said {
        lines.extend(table(status).lines().map(fit));
        lines.push(String::new());
    }
    lines.push(fit("`sidecar tx stop` stops it; Ctrl-C ends this view"));
    lines.truncate(rows.max(1));
    format!("\x1b[H{}\x1b[K\x1b[J", lines.join("\x1b[K\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::fixtures::{sight, status};
    use crate::tx::{NoWord, OnAir};

    /// What stands on the screen, without what moves the cursor and colours.
    fn plain(text: &str) -> Vec<String> {
        let mut out = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c == '\x1b' {
                rest.by_ref().find(|c| c.is_ascii_alphabetic());
            } else {
                out.push(c);
            }
        }
        out.split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn no_line_is_longer_and_none_more_than_the_terminal_has() {
        let mut s = status(1);
        s.on_air = Some(OnAir { id: 3, samples: 20_000, is_chain: false, sent: 12_345 });
        let shown = screen(&sight(0, s.clone()), (40, 10));
        let lines = plain(&shown);
        assert!(shown.contains("\x1b[1;37;41m ON AIR burst 3"), "{shown:?}");
        assert_eq!((lines.len(), lines[0].chars().count()), (10, 40));
        assert!(lines.iter().all(|l| l.chars().count() <= 40), "{lines:?}");
        let wide = plain(&screen(&sight(0, s), (200, 60)));
        assert!(wide.iter().any(|l| l.starts_with("allowed by") && l.contains("Jane Doe")), "{wide:?}");
        assert!(wide.last().unwrap().contains("tx stop"));
        // as small as can be
        assert_eq!(plain(&screen(&sight(0, status(1)), (0, 0))), [""]);
    }

    #[test]
    fn nothing_of_a_guard_that_is_gone_is_left() {
        let gone = Sight { at_ns: 0, said: Err(NoWord { is_away: true, why: "no\x1b[31m body".into() }) };
        let shown = screen(&gone, (80, 24));
        let lines = plain(&shown);
        assert_eq!(lines[0].trim_end(), " transmitter NOT OBSERVED: no[31m body");
        assert_eq!(lines.len(), 3);
        assert!(shown.ends_with("\x1b[K\x1b[J") && !shown.contains("safe"), "{shown:?}");
    }
}

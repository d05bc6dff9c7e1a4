//! From the configuration to what `sidecar gnb` takes, and its rules.

use super::sections::{Config, ConsoleLogLevel, ConsoleTable, GainRange, GnbConsoleSection};
use crate::gnb::GnbProcessConfig;
use crate::gnb::guard::{Bounds, ConsoleLimits};
use ran_bridge::gnb::console::{LogLevel, Pci, Table, Thousandths};
use std::ffi::OsString;
use std::path::PathBuf;

/// Range of a number in the unit of its command, and what may be done with it.
struct Range<'a> {
    key: &'a str,
    min: f64,
    max: f64,
    start: f64,
    max_step: f64,
    min_interval_s: f64,
}

impl Range<'_> {
    const fn gain<'a>(key: &'a str, range: &GainRange) -> Range<'a> {
        Range {
            key,
            min: range.min.db(),
            max: range.max.db(),
            start: range.start.db(),
            max_step: range.max_step.db(),
            min_interval_s: range.min_interval.s(),
        }
    }

    /// `None`, which allows nothing, where a number is none.
    fn bounds(&self) -> Option<Bounds> {
        let number = |value: f64| Thousandths::new(value).ok();
        Some(Bounds {
            min: number(self.min)?,
            max: number(self.max)?,
            start: number(self.start)?,
            max_step: number(self.max_step)?,
            min_interval_ns: ns(self.min_interval_s),
        })
    }

    /// The key below the section that is wrong, and how.
    fn broken(&self) -> Option<(&'static str, &'static str)> {
        if self.min > self.max {
            Some(("min", "is above `max`"))
        } else if !(self.min..=self.max).contains(&self.start) {
            Some(("start", "is outside `min` to `max`: let the gNB start within"))
        } else if self.max_step < 1e-3 {
            Some(("max_step", "is below 0.001: nothing could ever be changed; leave the section out"))
        } else {
            self.bounds().is_none().then_some(("max", "is beyond what a radio knows"))
        }
    }
}

impl GnbConsoleSection {
    /// The ranges that are configured, in the order tx gain, rx gain, CFO, time offset.
    fn ranges(&self) -> [Option<Range<'_>>; 4] {
        [
            self.tx_gain.as_ref().map(|r| Range::gain("tx_gain", r)),
            self.rx_gain.as_ref().map(|r| Range::gain("rx_gain", r)),
            self.cfo.map(|r| Range {
                key: "cfo",
                min: -r.max.hz(),
                max: r.max.hz(),
                start: 0.0,
                max_step: r.max_step.hz(),
                min_interval_s: r.min_interval.s(),
            }),
            self.tx_time_offset.map(|r| Range {
                key: "tx_time_offset",
                min: r.min.s() * 1e6,
                max: r.max.s() * 1e6,
                start: r.start.s() * 1e6,
                max_step: r.max_step.s() * 1e6,
                min_interval_s: r.min_interval.s(),
            }),
        ]
    }

    /// What the guard lets pass.
    #[must_use]
    pub fn limits(&self) -> ConsoleLimits {
        let [tx_gain, rx_gain, cfo, tx_time_offset] = self.ranges().map(|r| r.and_then(|r| r.bounds()));
        let targets = self.handover.iter().flat_map(|h| &h.targets);
        ConsoleLimits {
            tx_gain,
            rx_gain,
            cfo,
            tx_time_offset,
            handover_targets: targets.filter_map(|pci| Pci::try_from(u32::from(*pci)).ok()).collect(),
            handover_interval_ns: self.handover.as_ref().map_or(0, |h| ns(h.min_interval.s())),
            log_levels: self.log_levels.iter().map(|l| (*l).into()).collect(),
        }
    }

    /// The rules that are broken, each with where; `origin` says where a key was set.
    pub(super) fn broken(&self, origin: &dyn Fn(&str) -> String) -> Vec<String> {
        let mut found = Vec::new();
        let mut say = |key: &str, what: &str| {
            let key = format!("gnb_console.{key}");
            found.push(format!("{}: `{key}`: {what}", origin(&key)));
        };
        for range in self.ranges().into_iter().flatten() {
            if let Some((key, what)) = range.broken() {
                say(&format!("{}.{key}", range.key), what);
            }
        }
        if self.handover.iter().any(|h| h.targets.iter().any(|pci| *pci > 1007)) {
            say("handover.targets", "must be 0 to 1007 each");
        }
        if !(1e-3..=30.0).contains(&self.reply_timeout.s()) {
            say("reply_timeout", "must be 1 ms to 30 s");
        }
        if self.question_every.s() < 0.1 {
            say("question_every", "must be at least 100 ms");
        }
        found
    }
}

impl Config {
    /// What the process `gnb` takes; `run` is the run's number in wire headers.
    #[must_use]
    pub fn gnb_process(&self, command: Vec<OsString>, sidecar: PathBuf, socket: PathBuf, run: u64) -> GnbProcessConfig {
        let section = &self.gnb_console;
        GnbProcessConfig {
            command,
            sidecar,
            socket,
            run,
            limits: section.limits(),
            reply_timeout: section.reply_timeout.std(),
            question_every: section.question_every.std(),
            stop_grace: section.stop_grace.std(),
            table: section.table.map(Into::into),
        }
    }
}

impl From<ConsoleLogLevel> for LogLevel {
    fn from(level: ConsoleLogLevel) -> Self {
        match level {
            ConsoleLogLevel::None => Self::None,
            ConsoleLogLevel::Error => Self::Error,
            ConsoleLogLevel::Warning => Self::Warning,
            ConsoleLogLevel::Info => Self::Info,
            ConsoleLogLevel::Debug => Self::Debug,
        }
    }
}

impl From<ConsoleTable> for Table {
    fn from(table: ConsoleTable) -> Self {
        match table {
            ConsoleTable::Ue => Self::Ue,
            ConsoleTable::Ru => Self::Ru,
        }
    }
}

fn ns(s: f64) -> u64 {
    (s * 1e9).round() as u64
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Loaded};
    use ran_bridge::gnb::console::LogLevel;

    fn load(text: &str) -> Result<Config, String> {
        Loaded::from_text(text, "lab.yaml", &[]).map(|l| l.config).map_err(|e| e.to_string())
    }

    #[test]
    fn by_default_nothing_is_allowed_but_quieter_logs() {
        let limits = Config::default().gnb_console.limits();
        assert_eq!((limits.tx_gain, limits.rx_gain, limits.cfo, limits.tx_time_offset), (None, None, None, None));
        assert!(limits.handover_targets.is_empty());
        assert_eq!(limits.log_levels, [LogLevel::None, LogLevel::Error, LogLevel::Warning]);
    }

    #[test]
    fn ranges_are_taken_over_in_the_units_of_the_commands() {
        let text = "gnb_console:\n  tx_gain: {min: 0 dB, max: 30 dB, start: 20 dB}\n  cfo: {max: 1 kHz, max_step: 100 Hz}\n  \
                    tx_time_offset: {min: -2 us, max: 14 us, start: 13 us, max_step: 500 ns}\n  handover: {targets: [2]}\n";
        let limits = load(text).unwrap().gnb_console.limits();
        let tx = limits.tx_gain.unwrap();
        assert_eq!((tx.max.count(), tx.max_step.count(), tx.min_interval_ns), (30_000, 3_000, 1_000_000_000));
        assert_eq!(limits.cfo.unwrap().min.count(), -1_000_000);
        let time = limits.tx_time_offset.unwrap();
        assert_eq!((time.min.count(), time.max_step.count()), (-2_000, 500));
        assert_eq!((limits.handover_targets.len(), limits.handover_interval_ns), (1, 10_000_000_000));
    }

    #[test]
    fn ranges_that_are_none_are_named_with_their_line() {
        for (section, words) in [
            ("tx_gain: {min: 3 dB, max: 0 dB, start: 1 dB}", "`gnb_console.tx_gain.min`: is above `max`"),
            ("rx_gain: {min: 0 dB, max: 9 dB, start: 10 dB}", "`gnb_console.rx_gain.start`: is outside"),
            ("cfo: {max: 2 MHz, max_step: 1 Hz}", "`gnb_console.cfo.max`: is beyond what a radio knows"),
            ("cfo: {max: 2 kHz, max_step: 0 Hz}", "`gnb_console.cfo.max_step`: is below"),
            ("handover: {targets: [1008]}", "must be 0 to 1007"),
            ("reply_timeout: 31 s", "must be 1 ms to 30 s"),
            ("tx_gain: {min: 0, max: 3 dB, start: 1 dB}", "`0` has no unit"),
        ] {
            let e = load(&format!("gnb_console:\n  {section}\n")).unwrap_err();
            assert!(e.starts_with("lab.yaml:2: ") && e.contains(words), "{e}");
        }
        let e = load("gnb_console: {tx_gain: {max: 3 dB}}\n").unwrap_err();
        assert!(e.contains("`gnb_console.tx_gain`: missing field `min`"), "{e}");
    }
}

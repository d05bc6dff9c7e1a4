//! What the gNB says to a command.

use super::command::ConsoleCommand;
use serde::{Deserialize, Serialize};

/// Why the gNB does not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The radio does not, or not this: the ZeroMQ radio has no gains, a USRP no such port or gain.
    Radio,
    /// It does not understand the command's arguments: another release?
    Arguments,
}

/// A line that answers a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reply {
    /// A number was set.
    Set {
        /// Which command says this.
        name: &'static str,
        /// Port or sector.
        place: u32,
        /// The number, as the gNB read it.
        value: f64,
    },
    /// A handover was begun.
    HandoverTriggered {
        /// Serving cell.
        serving_pci: u32,
        /// UE.
        rnti: u32,
        /// Target.
        target_pci: u32,
    },
    /// It was not done.
    Refused {
        /// Which commands say this.
        names: &'static [&'static str],
        /// Why.
        why: Why,
        /// Half of it was done.
        partly: bool,
    },
    /// The help, which answers a command that this gNB does not have.
    Help,
    /// The answer to the question with this number, see `fence`.
    Fence(u64),
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The gNB says that it did it. For a handover: that it tries.
    Done,
    /// The gNB says that it does not; nothing changed.
    Refused(Why),
    /// The gNB says that it did a part: the offset of what is transmitted, not of what is received.
    Partly,
    /// The gNB does not have this command.
    NotKnown,
    /// No answer was seen in time: it may or may not have been done.
    Unconfirmed,
}

/// A question whose answer shows that everything before it was done: `sleep` wants a number, and repeats a word that is none.
pub(super) fn fence(number: u64) -> String {
    format!("sleep sidecar{number};")
}

const GAINS: &[&str] = &["tx_gain", "rx_gain"];
const SECTORS: &[&str] = &["cfo", "tx_time_offset"];

/// Words of a refusal, the commands that say them, why, and whether half of it was done.
const REFUSALS: &[(&str, &[&str], Why, bool)] = &[
    ("Setting TX gain was not successful.", &["tx_gain"], Why::Radio, false),
    ("Setting RX gain was not successful.", &["rx_gain"], Why::Radio, false),
    ("Setting TX CFO was not successful.", &["cfo"], Why::Radio, false),
    ("Setting RX CFO was not successful.", &["cfo"], Why::Radio, true),
    ("Setting TX time offset was not successful.", &["tx_time_offset"], Why::Radio, false),
    ("Invalid TX gain command structure.", &["tx_gain"], Why::Arguments, false),
    ("Invalid RX gain command structure.", &["rx_gain"], Why::Arguments, false),
    ("Invalid port ID.", GAINS, Why::Arguments, false),
    ("Invalid gain value.", GAINS, Why::Arguments, false),
    ("Invalid CFO command structure.", &["cfo"], Why::Arguments, false),
    ("Invalid CFO value.", &["cfo"], Why::Arguments, false),
    ("Invalid sector identifier.", SECTORS, Why::Arguments, false),
    ("Invalid transmit time offset ", &["tx_time_offset"], Why::Arguments, false),
    ("Invalid handover command structure.", &["ho"], Why::Arguments, false),
    ("Invalid serving PCI.", &["ho"], Why::Arguments, false),
    ("Invalid UE RNTI.", &["ho"], Why::Arguments, false),
    ("Invalid target PCI.", &["ho"], Why::Arguments, false),
    ("Invalid log command syntax.", &["log"], Why::Arguments, false),
    ("log channel. Valid channels are", &["log"], Why::Arguments, false),
    ("Nonexistent PHY log channel.", &["log"], Why::Arguments, false),
    ("log level. Valid levels are", &["log"], Why::Arguments, false),
    ("Invalid metrics command.", &["t"], Why::Arguments, false),
    ("Invalid metric type.", &["t"], Why::Arguments, false),
];

/// Beginning of a success, what stands between number and place, what follows the place, and whose it is.
const SUCCESSES: &[(&str, &str, &str, &str)] = &[
    ("Tx gain set to ", " dB for port ", ".", "tx_gain"),
    ("Rx gain set to ", " dB for port ", ".", "rx_gain"),
    ("CFO set to ", "Hz for sector ", ".", "cfo"),
    ("Transmit time offset set to ", " us for sector ", ".", "tx_time_offset"),
];

/// The answer in a line; `None` where there is none. Others may have begun to print in the same line: a reply is its end.
#[must_use]
pub fn parse(line: &str) -> Option<Reply> {
    if let Some(rest) = after(line, "Could not convert 'sidecar") {
        let number = rest.strip_suffix("' to integer.")?;
        return number.parse().ok().map(Reply::Fence);
    }
    for (words, names, why, partly) in REFUSALS {
        if line.contains(words) {
            return Some(Reply::Refused { names, why: *why, partly: *partly });
        }
    }
    for (begin, middle, end, name) in SUCCESSES {
        if let Some((value, place)) = after(line, begin).and_then(|rest| rest.split_once(middle)) {
            let place = place.strip_suffix(end)?.parse().ok()?;
            return value.parse().ok().map(|value| Reply::Set { name, place, value });
        }
    }
    if let Some(rest) = after(line, "Handover triggered for UE with pci=") {
        let (serving, rest) = rest.split_once(" rnti=")?;
        let (rnti, target) = rest.split_once(" to pci=")?;
        return Some(Reply::HandoverTriggered {
            serving_pci: serving.parse().ok()?,
            rnti: u32::from_str_radix(rnti.strip_prefix("0x")?, 16).ok()?,
            target_pci: target.strip_suffix('.')?.parse().ok()?,
        });
    }
    line.ends_with("Available commands:").then_some(Reply::Help)
}

fn after<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    line.rfind(words).map(|at| &line[at + words.len()..])
}

impl Reply {
    /// What this says about a command; `None` where it is no answer to it.
    #[must_use]
    pub fn judge(&self, command: ConsoleCommand) -> Option<Verdict> {
        let done = match (*self, command) {
            (Self::Refused { names, why, partly }, _) => {
                let verdict = if partly { Verdict::Partly } else { Verdict::Refused(why) };
                return names.contains(&command.name()).then_some(verdict);
            }
            (Self::Help, _) => return Some(Verdict::NotKnown),
            (Self::Set { name: "tx_gain", place, value }, ConsoleCommand::TxGain { port, gain_db })
            | (Self::Set { name: "rx_gain", place, value }, ConsoleCommand::RxGain { port, gain_db }) => {
                place == u32::from(port) && near(value, gain_db.into(), 1e-6)
            }
            (Self::Set { name: "cfo", place, value }, ConsoleCommand::Cfo { sector, offset_hz }) => {
                place == u32::from(sector) && near(value, offset_hz.into(), 1e-6)
            }
            // The gNB rounds to its own unit of time, 0.5 ns, and prints thousandths.
            (
                Self::Set { name: "tx_time_offset", place, value },
                ConsoleCommand::TxTimeOffset { sector, offset_us },
            ) => place == u32::from(sector) && near(value, offset_us.into(), 2e-3),
            (
                Self::HandoverTriggered { serving_pci, rnti, target_pci },
                ConsoleCommand::Handover { serving_pci: s, rnti: r, target_pci: t },
            ) => (serving_pci, rnti, target_pci) == (s.into(), r.into(), t.into()),
            _ => false,
        };
        done.then_some(Verdict::Done)
    }
}

fn near(a: f64, b: f64, within: f64) -> bool {
    (a - b).abs() <= within
}

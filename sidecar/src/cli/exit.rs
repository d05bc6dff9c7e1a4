//! Exit codes. Scripts rely on them: values are added, never changed.

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Ok = 0,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration is wrong.
    Config = 3,
    /// A peer cannot be reached, refuses, or speaks another version.
    Peer = 4,
    /// An input file cannot be read or is not what it should be.
    Input = 5,
    /// A bench missed a bar.
    Bar = 6,
    /// A run or its record cannot be found, read or written.
    Record = 7,
    /// A port, socket or process cannot be had from the system.
    System = 8,
    /// A strict run of `air` had an integrity fault, or a captured wire is not what the formulae give.
    Integrity = 9,
    /// The doctor found something that will not work.
    Doctor = 10,
    /// The governor refuses to transmit, or has stopped a burst.
    Refused = 11,
    /// A fault of ours: please report it.
    Internal = 70,
}

/// Every code with what it means.
pub const EXIT_CODES: &[(Exit, &str)] = &[
    (Exit::Ok, "done; a process that was told to stop and did ends so, too"),
    (Exit::Usage, "the command line is wrong: see `sidecar help`"),
    (Exit::Config, "the configuration is wrong: file, line and the expected value are in the message"),
    (Exit::Peer, "a peer cannot be reached, refuses, or speaks another version"),
    (Exit::Input, "an input file cannot be read or is not what it should be"),
    (Exit::Bar, "a bench missed a bar"),
    (Exit::Record, "a run or its record cannot be found, read or written"),
    (Exit::System, "a port, socket or process cannot be had: is another instance running?"),
    (
        Exit::Integrity,
        "a strict run of `air` lost, invented or misplaced a sample, or met a malformed message; a captured wire is wrong",
    ),
    (Exit::Doctor, "the doctor found something that will not work: cause and fix are in its findings"),
    (Exit::Refused, "the governor refuses to transmit, or has stopped a burst: the message names the rule"),
    (Exit::Internal, "a fault of ours: please report it with the log"),
];

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl Exit {
    /// The one with this number.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        EXIT_CODES.iter().map(|(exit, _)| *exit).find(|exit| exit.code() == code)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_numbers_stay() {
        let codes: Vec<u8> = EXIT_CODES.iter().map(|(e, _)| e.code()).collect();
        assert_eq!(codes, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 70]);
    }
}

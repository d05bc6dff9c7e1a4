//! Every check.

use super::checks;
use super::finding::{Finding, Found};
use super::subject::Lab;

/// A check: looks at what was read, says what it found.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it looks at.
    pub about: &'static str,
    look: fn(&Lab, &mut Found),
}

/// Every check, in the order in which they are shown.
pub const CHECKS: &[Check] = &[
    Check { name: "files", about: "every given file can be read; keys that are nearly right", look: checks::files },
    Check {
        name: "attach-radio",
        about: "gNB and UE: band, carrier, SSB, blocks, 4G carriers, release, PLMN",
        look: checks::attach_radio,
    },
    Check {
        name: "attach-core",
        about: "gNB and core: PLMN, TAC, slices, the AMF's address",
        look: checks::attach_core,
    },
    Check {
        name: "attach-subscriber",
        about: "UE and core: IMSI, keys, APN, network namespace, address pool",
        look: checks::attach_subscriber,
    },
    Check {
        name: "wires",
        about: "ZMQ addresses of gNB, UEs and `air`: crossed, doubled, in use",
        look: checks::wires,
    },
    Check {
        name: "sample-rate",
        about: "rates of gNB, UEs and `air`; what a radio's clock can be divided to",
        look: checks::sample_rate,
    },
    Check { name: "metrics", about: "metrics that are switched off at gNB, core and UE", look: checks::metrics },
    Check { name: "exposed", about: "control and metrics that other hosts can reach", look: checks::exposed },
    Check {
        name: "radio-host",
        about: "this host for a radio on the network: MTU, buffers, rings, governor, frames",
        look: checks::radio_host,
    },
    Check {
        name: "clocks",
        about: "clock and time source of the radios; time of day; monotonic clock",
        look: checks::clocks,
    },
    Check {
        name: "soapysdr",
        about: "SoapySDR's library, and the module that `--radio driver=…` needs",
        look: checks::soapysdr,
    },
    Check { name: "policy", about: "the transmit policy: signature, dates, what it allows", look: checks::policy },
    Check { name: "system", about: "processors, SCTP, disk, open files, real-time priority", look: checks::system },
];

impl Check {
    /// By its name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        CHECKS.iter().find(|c| c.name == name)
    }

    /// Looks; at least one finding.
    #[must_use]
    pub fn run(&self, lab: &Lab) -> Vec<Finding> {
        let mut found = Found::new(self.name);
        (self.look)(lab, &mut found);
        if found.count() == 0 {
            found.skip("nothing to look at");
        }
        found.done()
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::super::fixtures;
    use super::super::host::{Host, Pretend};
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for check in CHECKS {
            assert_eq!(Check::of(check.name).map(|c| c.about), Some(check.about));
        }
        assert_eq!(CHECKS.len(), 13);
    }

    #[test]
    fn the_lab_that_attached_has_no_failure() {
        let lab = fixtures::lab();
        for check in CHECKS {
            let found = check.run(&lab);
            assert!(found.iter().all(|f| f.verdict != Verdict::Failure), "{found:#?}");
        }
    }

    #[test]
    fn nothing_given_is_skipped_by_name_or_about_this_host() {
        let lab = Lab::new(Host::look(&Pretend::default(), None, "runs"), fixtures::lab().wall);
        for check in CHECKS {
            let found = check.run(&lab);
            assert!(!found.is_empty() && found.iter().all(|f| f.verdict <= Verdict::Ok), "{found:#?}");
            assert!(found.iter().all(|f| !f.what.is_empty() && f.check == check.name));
        }
    }
}

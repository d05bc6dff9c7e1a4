//! `sidecar doctor`: what can be asked, and the answer.

use super::finding::Finding;
use super::gather::{Ours, gather};
use super::host::System;
use super::list::{CHECKS, Check};
use super::text::nearest;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;

const HELP: &str = "\
Each finding is ok (with what was seen), a warning, a failure (cause and fix), or skipped (and why). Nothing is changed.
`sidecar doctor list` names the checks. Exit code: 0 without a failure, 10 with one.

Examples:
  sidecar doctor -c configs/real-gnb.yaml --gnb configs/gnb/gnb.yml --ue configs/ue/ue.conf --core /etc/open5gs
  sidecar doctor --gnb gnb.yml --gnb lossy.yml       two files as the gNB takes them, the later one wins
  sidecar doctor --core amf.yaml --core subscribers.json --ue ue.conf --only attach-subscriber
  sidecar doctor --radio driver=uhd,type=x300,addr=192.168.40.2 --only radio-host --only soapysdr
  sidecar doctor --policy policy.yaml --signature policy.yaml.sig --key lab.key.pub --only policy";

/// What to look at.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = HELP)]
pub struct DoctorArgs {
    /// `list` names the checks instead.
    pub what: Option<What>,
    /// A configuration of the gNB; again for each further one, the later one wins.
    #[arg(long, value_name = "FILE")]
    pub gnb: Vec<PathBuf>,
    /// A configuration of srsUE; again for each further UE.
    #[arg(long, value_name = "FILE")]
    pub ue: Vec<PathBuf>,
    /// A configuration of the core (Open5GS), a list of its subscribers (JSON), or a folder of both.
    #[arg(long, value_name = "FILE_OR_DIR")]
    pub core: Vec<PathBuf>,
    /// The transmit policy.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Its signature, as `sidecar tx sign` writes it; by default the policy's path and `.sig`.
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// The lab's public key, as `sidecar tx keygen` writes it.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Our radio, as SoapySDR takes it.
    #[arg(long, value_name = "ARGS")]
    pub radio: Option<String>,
    /// Only this check; again for each further one.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
}

/// What to do instead of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Names the checks.
    List,
}

/// Why nothing was looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoctorError {
    /// A name that is none.
    #[error("no check is called `{name}`{}", .near.map_or_else(String::new, |n| format!(", did you mean `{n}`?")))]
    NoSuchCheck {
        /// As given.
        name: String,
        /// The nearest one.
        near: Option<&'static str>,
    },
}

/// Reads what is named, looks, and gives every finding in the order of [`CHECKS`].
///
/// # Errors
/// [`DoctorError::NoSuchCheck`].
pub fn examine(
    args: &DoctorArgs,
    ours: Ours,
    system: &dyn System,
    wall: Timestamp,
) -> Result<Vec<Finding>, DoctorError> {
    let names: Vec<&'static str> = CHECKS.iter().map(|c| c.name).collect();
    if let Some(name) = args.only.iter().find(|name| Check::of(name).is_none()) {
        return Err(DoctorError::NoSuchCheck { name: name.clone(), near: nearest(name, &names) });
    }
    let lab = gather(args, ours, system, wall);
    let wanted = |check: &&Check| args.only.is_empty() || args.only.iter().any(|n| n == check.name);
    Ok(CHECKS.iter().filter(wanted).flat_map(|check| check.run(&lab)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::host::Pretend;
    use super::*;

    fn only(names: &[&str]) -> Result<Vec<Finding>, DoctorError> {
        let args = DoctorArgs { only: names.iter().map(|n| (*n).to_owned()).collect(), ..DoctorArgs::default() };
        examine(&args, None, &Pretend::good(), "2026-11-22T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn only_what_is_asked_for_is_looked_at() {
        let found = only(&["system", "clocks"]).unwrap();
        assert!(found.iter().all(|f| ["clocks", "system"].contains(&f.check)) && found[0].check == "clocks");
        assert!(only(&[]).unwrap().len() >= CHECKS.len());
        let e = only(&["wire"]).unwrap_err();
        assert_eq!(e.to_string(), "no check is called `wire`, did you mean `wires`?");
    }
}

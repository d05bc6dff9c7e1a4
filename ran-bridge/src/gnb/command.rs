//! The commands we send. `quit` is not among them, so no bug and no policy can stop a gNB.

use serde_json::{Value, json};

/// A slice as the gNB's configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SliceMember {
    /// MCC and MNC, 5 or 6 digits.
    pub plmn: String,
    /// Slice/service type, 0…255.
    pub sst: u8,
    /// Slice differentiator, 24 bits; `None` matches only a slice configured without one.
    pub sd: Option<u32>,
}

/// Share of the carrier's PRBs for slices. Minimum and maximum are always both sent: the gNB reads an absent one as 0 or 100.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SliceQuota {
    members: Vec<SliceMember>,
    min_percent: u8,
    max_percent: u8,
}

/// Advertised SSB power. It moves the uplink's open-loop power, not the downlink.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SsbPower {
    plmn: String,
    nci: u64,
    block_power_dbm: i8,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GnbCommandError {
    /// PLMN with another number of digits.
    #[error("PLMN '{0}' should have 5 or 6 digits")]
    Plmn(String),
    /// No slice, or more than the gNB takes in one command.
    #[error("a quota is for 1 to 16 slices, not {0}")]
    Members(usize),
    /// A differentiator beyond 24 bits.
    #[error("slice differentiator {0:#x} has more than 24 bits")]
    Sd(u32),
    /// Shares that are no shares.
    #[error("quota {min_percent} % to {max_percent} %: should be 0 ≤ minimum ≤ maximum ≤ 100")]
    Quota {
        /// Asked minimum.
        min_percent: u8,
        /// Asked maximum.
        max_percent: u8,
    },
    /// Cell identity beyond 36 bits.
    #[error("NR cell identity {0} has more than 36 bits")]
    Nci(u64),
    /// Power the gNB does not take.
    #[error("SSB power {0} dBm is outside −60 to 50 dBm")]
    Power(i8),
    /// The gNB said no.
    #[error("the gNB refused {cmd}: {error}")]
    Refused {
        /// The command.
        cmd: &'static str,
        /// The gNB's words.
        error: String,
    },
    /// No answer in time; whether it was carried out is unknown.
    #[error("the gNB did not answer {cmd} within {timeout_ms} ms; it may or may not have been carried out")]
    Timeout {
        /// The command.
        cmd: &'static str,
        /// The limit.
        timeout_ms: u64,
    },
    /// The connection broke; `sent` tells whether the command had left.
    #[error("no connection to the gNB's remote control ({reason}): is remote_control.enabled set?")]
    Link {
        /// Why.
        reason: String,
        /// Whether the command had left: then it may have been carried out.
        sent: bool,
    },
    /// The client has ended.
    #[error("the gNB client has ended")]
    Ended,
}

impl SliceQuota {
    /// Shares in per cent of the carrier's PRBs.
    ///
    /// # Errors
    /// [`GnbCommandError::Members`], [`GnbCommandError::Plmn`], [`GnbCommandError::Sd`], [`GnbCommandError::Quota`].
    pub fn new(members: Vec<SliceMember>, min_percent: u8, max_percent: u8) -> Result<Self, GnbCommandError> {
        if members.is_empty() || members.len() > 16 {
            return Err(GnbCommandError::Members(members.len()));
        }
        for member in &members {
            check_plmn(&member.plmn)?;
            if let Some(sd) = member.sd.filter(|sd| *sd > 0xFF_FFFF) {
                return Err(GnbCommandError::Sd(sd));
            }
        }
        if min_percent > max_percent || max_percent > 100 {
            return Err(GnbCommandError::Quota { min_percent, max_percent });
        }
        Ok(Self { members, min_percent, max_percent })
    }

    /// Share that goes first, per cent.
    #[must_use]
    pub const fn min_percent(&self) -> u8 {
        self.min_percent
    }

    /// Hard cap, per cent.
    #[must_use]
    pub const fn max_percent(&self) -> u8 {
        self.max_percent
    }
}

impl SsbPower {
    /// Advertised power of the SSB of one cell.
    ///
    /// # Errors
    /// [`GnbCommandError::Plmn`], [`GnbCommandError::Nci`], [`GnbCommandError::Power`].
    pub fn new(plmn: &str, nci: u64, block_power_dbm: i8) -> Result<Self, GnbCommandError> {
        check_plmn(plmn)?;
        if nci >> 36 != 0 {
            return Err(GnbCommandError::Nci(nci));
        }
        if !(-60..=50).contains(&block_power_dbm) {
            return Err(GnbCommandError::Power(block_power_dbm));
        }
        Ok(Self { plmn: plmn.to_owned(), nci, block_power_dbm })
    }
}

fn check_plmn(plmn: &str) -> Result<(), GnbCommandError> {
    let good = matches!(plmn.len(), 5 | 6) && plmn.bytes().all(|b| b.is_ascii_digit());
    if good { Ok(()) } else { Err(GnbCommandError::Plmn(plmn.to_owned())) }
}

/// A command to the gNB.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "cmd")]
pub enum GnbCommand {
    /// `rrm_policy_ratio_set`.
    SliceQuota(SliceQuota),
    /// `ssb_set`.
    SsbPower(SsbPower),
}

impl GnbCommand {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SliceQuota(_) => "rrm_policy_ratio_set",
            Self::SsbPower(_) => "ssb_set",
        }
    }

    /// The text that is sent.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::SliceQuota(quota) => {
                let members: Vec<Value> = quota.members.iter().map(member).collect();
                json!({
                    "cmd": self.name(),
                    "policies": {
                        "resourceType": "PRB",
                        "rRMPolicyMemberList": members,
                        "min_prb_policy_ratio": quota.min_percent,
                        "max_prb_policy_ratio": quota.max_percent,
                    }
                })
            }
            Self::SsbPower(ssb) => json!({
                "cmd": self.name(),
                "cells": [{ "plmn": ssb.plmn, "nci": ssb.nci, "ssb_block_power_dbm": ssb.block_power_dbm }],
            }),
        }
        .to_string()
    }
}

fn member(slice: &SliceMember) -> Value {
    match slice.sd {
        Some(sd) => json!({ "plmn": slice.plmn, "sst": slice.sst, "sd": sd }),
        None => json!({ "plmn": slice.plmn, "sst": slice.sst }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice() -> SliceMember {
        SliceMember { plmn: "00101".into(), sst: 1, sd: None }
    }

    #[test]
    fn both_shares_are_always_there() {
        let quota = SliceQuota::new(vec![slice()], 0, 60).unwrap();
        let sent: Value = serde_json::from_str(&GnbCommand::SliceQuota(quota).to_text()).unwrap();
        let want = json!({"cmd": "rrm_policy_ratio_set", "policies": {"resourceType": "PRB",
            "rRMPolicyMemberList": [{"plmn": "00101", "sst": 1}], "min_prb_policy_ratio": 0, "max_prb_policy_ratio": 60}});
        assert_eq!(sent, want);
    }

    #[test]
    fn what_the_gnb_would_take_silently_wrong_is_refused_here() {
        assert!(matches!(SliceQuota::new(vec![slice()], 70, 60), Err(GnbCommandError::Quota { .. })));
        assert!(matches!(SliceQuota::new(vec![slice()], 0, 101), Err(GnbCommandError::Quota { .. })));
        assert!(matches!(SliceQuota::new(vec![], 0, 100), Err(GnbCommandError::Members(0))));
        assert!(matches!(SliceQuota::new(vec![slice(); 17], 0, 100), Err(GnbCommandError::Members(17))));
        assert!(matches!(SsbPower::new("00101", 1, 51), Err(GnbCommandError::Power(51))));
        assert!(matches!(SsbPower::new("1", 1, 0), Err(GnbCommandError::Plmn(_))));
    }
}

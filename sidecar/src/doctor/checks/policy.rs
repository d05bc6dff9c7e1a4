//! The transmit policy: whether it holds, until when, and what it allows.

use crate::doctor::finding::Found;
use crate::doctor::subject::Lab;
use crate::tx::policy_of;
use governor::{Denial, Grant, Policy};
use jiff::{SignedDuration, Timestamp};

/// What ends within this time is said before it ends.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(in crate::doctor) fn policy(lab: &Lab, found: &mut Found) {
    let Some(files) = &lab.policy else {
        return found.skip("no policy given (--policy, --signature, --key): nothing may be transmitted");
    };
    let (Some(signature), Some(key)) = (&files.signature, &files.key) else {
        return found.fail(
            format!("{}: its signature or the lab's public key is not given", files.name),
            "give --signature FILE and --key FILE",
        );
    };
    match policy_of(&files.policy, signature, key, lab.wall) {
        Ok(policy) => valid(&files.name, &policy, lab.wall, found),
        Err(denial) => found.fail(format!("{}: {denial}; nothing may be transmitted", files.name), remedy(&denial)),
    }
}

fn remedy(denial: &Denial) -> &'static str {
    match denial {
        Denial::Signature => "`sidecar tx sign` it again with the lab's key; is it the right --key?",
        Denial::Expired(_) => "have a new one signed",
        Denial::NotYet(_) => "wait, or have one signed that begins earlier; is this host's time of day right?",
        _ => "correct the file and have it signed again",
    }
}

fn valid(name: &str, policy: &Policy, wall: Timestamp, found: &mut Found) {
    match wall.checked_add(SOON).map(|then| policy.is_in_force(then)) {
        Ok(Err(Denial::Expired(until))) => {
            found.warn(format!("{name} ends at {until}, within a week"), "have the next one signed")
        }
        _ => found.ok(format!(
            "{name} holds; {} answers for it, {} has it stopped",
            policy.person(),
            policy.stop_contact()
        )),
    }
    if policy.grants().is_empty() {
        found.warn(format!("{name} has no grants: nothing may be transmitted"), "add grants and have it signed again");
    }
    for grant in policy.grants() {
        found.ok(allows(grant));
    }
}

fn allows(grant: &Grant) -> String {
    let mode = format!("{:?}", grant.mode).to_lowercase();
    let victims = if grant.victims.is_empty() {
        "not for jamming".into()
    } else {
        format!("for jamming PCI {:?} only", grant.victims)
    };
    format!(
        "{mode}: radio {}, {} to {} MHz, gain up to {} dB, bursts up to {} ms, {} % of {} ms; {victims}",
        grant.radios.join(", "),
        grant.low_hz / 1e6,
        grant.high_hz / 1e6,
        grant.max_gain_db,
        grant.max_burst_ms,
        grant.max_duty * 100.0,
        grant.duty_window_ms,
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::lab;
    use crate::doctor::subject::PolicyFiles;
    use Verdict::{Failure, Ok as Good, Skipped, Warning};
    use ed25519_dalek::{Signer, SigningKey};
    use governor::hex;
    use sha2::{Digest, Sha256};

    const POLICY: &str = "version: 1\nperson: Jane Doe\nstop_contact: \"+49 241 555 0100\"\nfrom: 2026-11-01T00:00:00Z\nuntil: 2026-12-01T00:00:00Z\ngrants:\n  - {mode: conducted, radios: [31A5F2C], low_hz: 3.4e9, high_hz: 3.6e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 50, max_duty: 0.1, duty_window_ms: 1000, victims: [1, 2]}\n";

    fn files(text: &str) -> PolicyFiles {
        let key = SigningKey::from_bytes(&[7; 32]);
        PolicyFiles {
            name: "policy.yaml".into(),
            policy: text.into(),
            signature: Some(hex(&key.sign(&Sha256::digest(text)).to_bytes()).into_bytes()),
            key: Some(hex(&key.verifying_key().to_bytes()).into_bytes()),
        }
    }

    fn on(files: PolicyFiles, wall: &str) -> Vec<Finding> {
        let mut lab = lab();
        (lab.policy, lab.wall) = (Some(files), wall.parse().unwrap());
        look(policy, &lab)
    }

    #[test]
    fn a_signed_policy_says_what_it_allows() {
        let found = on(files(POLICY), "2026-11-10T12:00:00Z");
        clean(&found);
        says(&found, Good, &["Jane Doe"]);
        says(&found, Good, &["conducted: radio 31A5F2C, 3400 to 3600 MHz", "20 dB", "10 % of 1000 ms", "PCI [1, 2]"]);
    }

    #[test]
    fn dates() {
        says(&on(files(POLICY), "2026-11-27T12:00:00Z"), Warning, &["2026-12-01", "within a week"]);
        says(&on(files(POLICY), "2026-12-02T12:00:00Z"), Failure, &["ended", "have a new one signed"]);
        says(&on(files(POLICY), "2026-10-02T12:00:00Z"), Failure, &["begins"]);
    }

    #[test]
    fn what_does_not_hold() {
        let now = "2026-11-10T12:00:00Z";
        let mut forged = files(POLICY);
        forged.policy = POLICY.replace("gain_db: 20", "gain_db: 90").into();
        says(&on(forged, now), Failure, &["signature does not fit", "tx sign"]);
        says(&on(PolicyFiles { signature: None, ..files(POLICY) }, now), Failure, &["--signature"]);
        says(&on(PolicyFiles { key: Some(vec![1; 113]), ..files(POLICY) }, now), Failure, &["64 hexadecimal digits"]);
        let empty = POLICY.split("grants:").next().unwrap().to_owned() + "grants: []\n";
        says(&on(files(&empty), now), Warning, &["no grants"]);
        says(&look(policy, &lab()), Skipped, &["--policy"]);
    }
}

//! A policy that is not beyond doubt allows nothing.

mod common;

use common::{POLICY, key, load, sign, wall};
use governor::{Denial, Governor, Policy, Refusal};

#[test]
fn the_example_is_valid_and_its_hash_is_the_files() {
    let policy = load(POLICY).unwrap();
    assert_eq!(
        (policy.grants().len(), policy.person(), policy.phrase().as_str()),
        (3, "Jane Doe", "I transmit under EXP-0815")
    );
    // as `sha256sum` gives it for the same text
    let hash: String = policy.hash().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hash, "35dd6aa46ee2ee64aba46492fafdfcf3d2083389864e49ed6f59cd3fbddb9809");
}

#[test]
fn each_changed_byte_breaks_the_signature() {
    let (signature, key) = (sign(POLICY.as_bytes()), key().verifying_key().to_bytes());
    for at in 0..POLICY.len() {
        let mut bytes = POLICY.as_bytes().to_vec();
        bytes[at] ^= 1;
        assert_eq!(Policy::load(&bytes, &signature, &key, wall()), Err(Denial::Signature), "byte {at}");
    }
    for at in 0..64 {
        let mut wrong = signature;
        wrong[at] ^= 1;
        assert_eq!(Policy::load(POLICY.as_bytes(), &wrong, &key, wall()), Err(Denial::Signature));
    }
    assert_eq!(Policy::load(POLICY.as_bytes(), &signature[..63], &key, wall()), Err(Denial::Signature));
    assert_eq!(Policy::load(POLICY.as_bytes(), &signature, &[9; 32], wall()), Err(Denial::Signature));
}

#[test]
fn each_field_is_checked() {
    for (from, to, what) in [
        ("low_hz: 3.4e9", "low_hz: 3.7e9", "high_hz"),
        ("low_hz: 3.4e9", "low_hz: .nan", "low_hz"),
        ("low_hz: 3.4e9", "low_hz: -1", "low_hz"),
        ("high_hz: 3.6e9", "high_hz: .inf", "high_hz"),
        ("max_gain_db: 20", "max_gain_db: .inf", "max_gain_db"),
        ("max_amplitude: 0.5", "max_amplitude: 1.01", "max_amplitude"),
        ("max_amplitude: 0.5", "max_amplitude: 0", "max_amplitude"),
        ("max_burst_ms: 50", "max_burst_ms: 10001", "max_burst_ms"),
        ("max_duty: 0.1", "max_duty: 1.5", "max_duty"),
        ("duty_window_ms: 1000", "duty_window_ms: .nan", "duty_window_ms"),
        ("duty_window_ms: 1000", "duty_window_ms: 1000, max_energy_s_per_h: 0", "max_energy_s_per_h"),
        ("duty_window_ms: 1000", "duty_window_ms: 1000, max_energy_s_per_h: .inf", "max_energy_s_per_h"),
        ("radios: [31A5F2C], low_hz: 3.4e9", "radios: [], low_hz: 3.4e9", "radios"),
        ("victims: [1, 2]", "victims: [1008]", "victims"),
        ("person: Jane Doe", "person: ' '", "person"),
        ("\"+49 241 555 0100\"", "''", "stop_contact"),
        ("licence: EXP-0815", "licence: ''", "licence"),
        ("from: 2026-11-01", "from: 2026-12-01", "until"),
    ] {
        let text = POLICY.replacen(from, to, 1);
        assert_ne!(text, POLICY, "{from}");
        let denial = load(&text).unwrap_err();
        assert!(matches!(denial, Denial::Field { what: w, .. } if w == what), "{to}: {denial}");
    }
    assert_eq!(load(&POLICY.replace("version: 1", "version: 2")).unwrap_err(), Denial::Version(2));
    for text in
        ["", "[]", "version: 1", &POLICY.replace("person:", "persons:"), &POLICY.replace("conducted", "anywhere")]
    {
        assert!(matches!(load(text), Err(Denial::Unreadable(_))), "{text}");
    }
    assert!(matches!(load(&format!("{POLICY}#{}", "x".repeat(70_000))), Err(Denial::Unreadable(_))));
}

#[test]
fn it_holds_from_its_first_second_to_before_its_last() {
    let policy = load(POLICY).unwrap();
    let at = |t: &str| policy.is_in_force(t.parse().unwrap());
    assert!(matches!(at("2026-10-31T23:59:59Z"), Err(Denial::NotYet(_))));
    assert!(at("2026-11-01T00:00:00Z").is_ok() && at("2026-11-30T23:59:59Z").is_ok());
    assert!(matches!(at("2026-12-01T00:00:00Z"), Err(Denial::Expired(_))));
}

#[test]
fn without_a_policy_nothing_is_armed() {
    let mut g = Governor::new(Err(Denial::Signature), 0, wall());
    common::feed(&mut g, 0);
    assert_eq!(g.arm(&common::ask(), [1; 16], 0, wall()), Err(Refusal::Denied(Denial::Signature)));
}

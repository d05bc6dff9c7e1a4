//! The lab's key and what it signs.

use super::config::PolicyFiles;
use super::error::TxError;
use ed25519_dalek::{Signer, SigningKey};
use governor::{Denial, Policy, hex};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

fn file(path: &Path) -> impl Fn(std::io::Error) -> TxError + '_ {
    move |source| TxError::File { path: path.to_path_buf(), source }
}

/// The path with one more ending.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Bytes from hexadecimal digits, white space around them aside.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim().as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut bytes = [0; N];
    for (to, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *to = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Makes a key from 32 random bytes: the secret half, for its owner's eyes only, at `path`, the public one beside it with the ending `.pub`.
///
/// # Errors
/// [`TxError::File`]; a file that is there is not overwritten.
pub fn generate(path: &Path, random: [u8; 32]) -> Result<String, TxError> {
    let key = SigningKey::from_bytes(&random);
    let public = hex(&key.verifying_key().to_bytes());
    let public_path = beside(path, "pub");
    for (path, text, mode) in [(path, hex(&random), 0o600), (public_path.as_path(), public.clone(), 0o644)] {
        let mut to = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(file(path))?;
        writeln!(to, "{text}").map_err(file(path))?;
    }
    Ok(public)
}

/// Signs a policy with the secret key at `key`: the signature is written beside it with the ending `.sig`. What would not be loaded
/// at `now` is not signed, but for one that begins later.
///
/// # Errors
/// [`TxError::File`], [`TxError::Key`], [`TxError::Denied`].
pub fn sign(policy: &Path, key: &Path, now: Timestamp) -> Result<(), TxError> {
    let bytes = std::fs::read(policy).map_err(file(policy))?;
    let secret = std::fs::read_to_string(key).map_err(file(key))?;
    let key = SigningKey::from_bytes(&from_hex(&secret).ok_or_else(|| TxError::Key(key.to_path_buf()))?);
    let signature = key.sign(&Sha256::digest(&bytes)).to_bytes();
    match Policy::load(&bytes, &signature, &key.verifying_key().to_bytes(), now) {
        Ok(_) | Err(Denial::NotYet(_)) => {}
        Err(denial) => return Err(denial.into()),
    }
    let to = beside(policy, "sig");
    std::fs::write(&to, format!("{}\n", hex(&signature))).map_err(file(&to))
}

/// The policy that is in force at `now`, from the three files as they are: signature and key are hexadecimal digits.
///
/// # Errors
/// [`Denial`]: nothing may be sent.
pub fn policy_of(policy: &[u8], signature: &[u8], key: &[u8], now: Timestamp) -> Result<Policy, Denial> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    let key: [u8; 32] = from_hex(text(key))
        .ok_or_else(|| Denial::Unreadable("the public key is not 64 hexadecimal digits: `sidecar tx keygen`".into()))?;
    let signature: [u8; 64] = from_hex(text(signature)).ok_or(Denial::Signature)?;
    Policy::load(policy, &signature, &key, now)
}

/// Loads the policy that is in force at `now`. Whatever is wrong, down to a file that is not there, is a denial.
///
/// # Errors
/// [`Denial`]: nothing may be sent.
pub fn load_policy(files: &PolicyFiles, now: Timestamp) -> Result<Policy, Denial> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| Denial::Unreadable(format!("{}: {e}", path.display())));
    policy_of(&read(&files.policy)?, &read(&files.signature)?, &read(&files.key)?, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str =
        "version: 1\nperson: A\nstop_contact: B\nfrom: 2026-11-01T00:00:00Z\nuntil: 2026-12-01T00:00:00Z\ngrants: []\n";

    #[test]
    fn a_signed_policy_loads_and_one_that_was_touched_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (key, policy) = (dir.path().join("lab.key"), dir.path().join("policy.yaml"));
        let files = PolicyFiles {
            policy: policy.clone(),
            signature: dir.path().join("policy.yaml.sig"),
            key: dir.path().join("lab.key.pub"),
        };
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        generate(&key, [3; 32]).unwrap();
        assert!(generate(&key, [4; 32]).is_err(), "a key is not overwritten");
        assert!(matches!(load_policy(&files, now), Err(Denial::Unreadable(_))), "there is none");
        std::fs::write(&policy, POLICY).unwrap();
        sign(&policy, &key, now).unwrap();
        assert_eq!(load_policy(&files, now).unwrap().person(), "A");
        assert!(sign(&policy, &key, "2027-01-01T00:00:00Z".parse().unwrap()).is_err(), "it is over");
        sign(&policy, &key, "2026-01-01T00:00:00Z".parse().unwrap()).unwrap();
        std::fs::write(&policy, POLICY.replace("2026-12", "2027-12")).unwrap();
        assert_eq!(load_policy(&files, now), Err(Denial::Signature));
        std::fs::write(&files.key, "zz").unwrap();
        assert!(matches!(load_policy(&files, now), Err(Denial::Unreadable(_))));
        assert!(matches!(sign(&policy, &files.key, now), Err(TxError::Key(_))));
    }

    #[test]
    fn the_example_is_a_policy() {
        let dir = tempfile::tempdir().unwrap();
        let (key, policy) = (dir.path().join("key"), dir.path().join("policy"));
        std::fs::write(&policy, include_str!("../../../configs/policy/transmit-policy.yaml")).unwrap();
        generate(&key, [3; 32]).unwrap();
        sign(&policy, &key, "2026-11-22T12:00:00Z".parse().unwrap()).unwrap();
    }

    #[test]
    fn hexadecimal_digits() {
        assert_eq!(from_hex::<2>(" 0aFF\n"), Some([0x0a, 0xff]));
        assert!(from_hex::<2>("0aF").is_none() && from_hex::<2>("0agg").is_none() && from_hex::<1>("é").is_none());
    }
}

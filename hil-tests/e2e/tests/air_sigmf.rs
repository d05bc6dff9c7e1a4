//! Recordings: files that another program wrote are read, damaged ones are refused with what is wrong.

use num_complex::Complex32;
use ran_bridge::iq::{SigmfError, read};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/air").join(name)
}

fn c(re: f32, im: f32) -> Complex32 {
    Complex32::new(re, im)
}

#[test]
fn files_of_another_hand_are_read() {
    let ci16 = read(&fixture("five_ci16.sigmf-meta")).unwrap();
    assert_eq!((ci16.rate_hz, ci16.frequency_hz, ci16.nonfinite), (7.68e6, Some(1.8425e9), 0));
    let lsb = 1.0 / 32_768.0;
    assert_eq!(ci16.samples, [c(0.0, 0.0), c(0.5, -0.5), c(-1.0, 1.0 - lsb), c(lsb, -lsb), c(0.25, 0.125)]);
    let cf32 = read(&fixture("five_cf32.sigmf-data")).unwrap();
    assert_eq!(cf32.nonfinite, 1);
    assert_eq!(cf32.samples, [c(0.0, 0.0), c(0.5, -0.5), c(0.0, 0.0), c(1.0, -1.0), c(0.25, 0.125)]);
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |change: &dyn Fn(String) -> String, data: &dyn Fn(&mut Vec<u8>)| {
        let meta = std::fs::read_to_string(fixture("five_cf32.sigmf-meta")).unwrap();
        let mut bytes = std::fs::read(fixture("five_cf32.sigmf-data")).unwrap();
        data(&mut bytes);
        std::fs::write(folder.path().join("x.sigmf-meta"), change(meta)).unwrap();
        std::fs::write(folder.path().join("x.sigmf-data"), bytes).unwrap();
        read(&folder.path().join("x"))
    };
    let same = |meta: String| meta;
    assert!(copy(&same, &|_| {}).is_ok());
    assert!(matches!(copy(&same, &|b| b[9] ^= 1), Err(SigmfError::Checksum { .. })));
    assert!(matches!(copy(&same, &|b| b.truncate(37)), Err(SigmfError::Truncated { bytes: 37, .. })));
    assert!(matches!(copy(&|m| m.replace("cf32_le", "cu8"), &|_| {}), Err(SigmfError::Datatype { .. })));
    assert!(matches!(copy(&|m| m.replace("7680000.0", "-1.0"), &|_| {}), Err(SigmfError::Rate { .. })));
    assert!(matches!(copy(&|m| m[..50].to_owned(), &|_| {}), Err(SigmfError::Meta { .. })));
    let two = |m: String| m.replace("\"core:version\"", "\"core:num_channels\": 2, \"core:version\"");
    assert!(matches!(copy(&two, &|_| {}), Err(SigmfError::Channels { channels: 2, .. })));
    assert!(matches!(read(&folder.path().join("absent")), Err(SigmfError::Io { .. })));
}

//! Cell search and MIB on recordings of a real gNB.

use std::path::{Path, PathBuf};

use num_complex::Complex32;
use ran_bridge::nr::{SearchConfig, find_blocks, search};

const RATE_HZ: f64 = 11.52e6;
const DOWNLINK: [&str; 3] = ["gnb_tx_bw10_noUE_100ms", "dl_rar_attach_2170ms_100ms", "dl_busiest_2419ms_100ms"];

fn captures() -> Option<PathBuf> {
    let named = std::env::var_os("SIDECAR_CAPTURES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures");
    [named, Some(beside)].into_iter().flatten().map(|p| p.join("iq")).find(|p| p.is_dir())
}

fn read(path: &Path) -> Vec<Complex32> {
    let bytes = std::fs::read(path).unwrap();
    let value = |b: &[u8]| f32::from_le_bytes(b.try_into().unwrap());
    bytes.chunks_exact(8).map(|b| Complex32::new(value(&b[..4]), value(&b[4..]))).collect()
}

#[test]
fn every_block_of_the_full_recordings() {
    let Some(dir) = captures() else {
        println!("skipped: every_block_of_the_full_recordings: recordings not found");
        return;
    };
    for name in DOWNLINK {
        let iq = read(&dir.join(format!("{name}.sigmf-data")));
        let config = SearchConfig { center_hz: Some(1842.5e6), ..SearchConfig::default() };
        let t0 = ran_bridge::clock::mono_ns();
        let cells = search(&iq, RATE_HZ, &config).unwrap();
        let t1 = ran_bridge::clock::mono_ns();
        let blocks = find_blocks(&iq, RATE_HZ, &cells[0]).unwrap();
        println!("{cells:?} {} ms, blocks {} ms", (t1 - t0) / 1_000_000, (ran_bridge::clock::mono_ns() - t1) / 1_000_000);
        for b in &blocks {
            println!(
                "{} idx {} hf {:?} sfn {:?} {:?} snr {:?} cfo {} expl {} delay {}",
                b.sample, b.index, b.half_frame, b.sfn, b.mib, b.snr_db, b.cfo_hz, b.explained, b.h.delay_s
            );
        }
    }
}

#![no_main]
//! The metadata of a recording, beside eight samples.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let dir = std::env::temp_dir().join(format!("sidecar-fuzz-{}", std::process::id()));
    let ready = std::fs::create_dir_all(&dir)
        .and_then(|()| std::fs::write(dir.join("a.sigmf-data"), [0_u8; 64]))
        .and_then(|()| std::fs::write(dir.join("a.sigmf-meta"), data));
    if ready.is_ok() {
        let _ = ran_bridge::iq::read(&dir.join("a.sigmf-meta"));
    }
});

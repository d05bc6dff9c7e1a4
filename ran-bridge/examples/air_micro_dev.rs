#![allow(missing_docs)]
use ran_bridge::{clock::mono_ns, emulator::*, front_end::*, iq::*};
use num_complex::Complex32;
fn min(n: usize, mut f: impl FnMut()) -> u64 { (0..n).map(|_| { let t = mono_ns(); f(); mono_ns() - t }).min().unwrap() }
fn main() {
    let bytes = vec![0x11_u8; 23040 * 8];
    let mut x = vec![Complex32::ZERO; 4096];
    println!("copy_finite 23040 in pieces: {} ns", min(300, || for b in bytes.chunks(4096 * 8) { copy_finite(b, &mut x[..b.len() / 8]); }));
    let x: Vec<_> = (0..4096).map(|i| Complex32::new((i as f32).sin(), 0.3)).collect();
    let mut y = vec![Complex32::ZERO; 4096];
    println!("multiply 4096: {} ns", min(300, || multiply(&mut y, &x, Complex32::new(0.3, 0.2))));
    println!("ramp 4096: {} ns", min(300, || multiply_ramp(&mut y, &x, Complex32::new(0.3, 0.2), Complex32::new(1e-6, 1e-6))));
    let table = NoiseTable::new(1);
    let mut n = 0;
    println!("noise 4096: {} ns", min(300, || { n += 4096; table.add(&mut y, n, 0.01) }));
    let slots = ProtectedSlots { boundary: 0, slot_samples: 23040, spans: vec![(10, 0)] };
    for (name, link) in [("cable", LinkConfig::default()), ("static", LinkConfig { gain_db: -3.0, ..LinkConfig::default() }), ("moving", LinkConfig { rician_k_db: Some(6.0), doppler_hz: 30.0, ..LinkConfig::default() }), ("moving+noise", LinkConfig { rician_k_db: Some(6.0), doppler_hz: 30.0, noise_dbfs: Some(-40.0), ..LinkConfig::default() }), ("moving+noise+cfo", LinkConfig { rician_k_db: Some(6.0), doppler_hz: 30.0, noise_dbfs: Some(-40.0), cfo_hz: 300.0, ..LinkConfig::default() })] {
        let w = vec![Complex32::new(0.5, 0.0); 4];
        let mut fe = FrontEnd::new(4, 1, &w, slots.clone(), 120).unwrap();
        let mut plan = Plan::new(4, 64);
        let e = EmulatorConfig::default();
        let mut ch = ReceiverChannel::new(&link, &e, &table, 0, (4, 1), 23.04e6, 32768);
        let t = min(300, || { let mut left = 23040; while left > 0 { let k = left.min(4096); fe.plan(k, &mut plan); ch.process(&plan, &[&x[..plan.len]], &mut y); left -= plan.len; } });
        println!("{name}: {t} ns per 23040");
    }
}

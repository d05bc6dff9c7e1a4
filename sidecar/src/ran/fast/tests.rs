use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Air {
    rng: ChaCha8Rng,
    h: Vec<Vec<Complex32>>,
    cfo_hz: f64,
    ssb_constant: Complex32,
    noise: f32,
}

impl Air {
    fn new(cfo_hz: f64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut g = || Complex32::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
        let h = (0..3).map(|_| (0..4).map(|_| g()).collect()).collect();
        let ssb_constant = Complex32::from_polar(1.4, 2.0);
        Self { rng, h, cfo_hz, ssb_constant, noise: 1e-3 }
    }

    fn hear(&mut self, stream: u32, w: &[Complex32], at_s: f64, ssb: bool) -> Scalar {
        let y: Complex32 = self.h[stream as usize].iter().zip(w).map(|(h, w)| h * w).sum();
        let turn = Complex32::from_polar(1.0, ((self.cfo_hz * at_s).fract() * TAU) as f32);
        let y = if ssb { y * self.ssb_constant } else { y } * turn;
        let sigma = (self.noise / 240.0 / 2.0f32).sqrt();
        let n = Complex32::new(self.rng.random_range(-1.7..1.7), self.rng.random_range(-1.7..1.7)) * sigma;
        Scalar { stream, y: y + n, power: y.norm_sqr(), noise_re: self.noise, elements: 240, at_s }
    }

    /// Radio time in steps of 5 ms: SSB every second one, CSI-RS sounding in each.
    fn run(&mut self, fast: &mut FastLoop, steps: usize) {
        for k in 0..steps {
            let t = k as f64 * 5e-3;
            for stream in 0..3 {
                if k % 2 == 0 {
                    let w = fast.wide().to_vec();
                    let s = self.hear(stream, &w, t, true);
                    let coarse = self.cfo_hz + if k % 4 == 0 { 15.0 } else { -15.0 };
                    fast.ssb(&s, Some(coarse));
                }
                let c = (k % 4) as u16;
                let w = dft_columns(4)[usize::from(c)].clone();
                let s = self.hear(stream, &w, t + 1e-3, false);
                fast.csi_rs(&s, InForce::Column(c));
            }
        }
    }

    fn gain(&self, stream: usize, w: &[Complex32]) -> f32 {
        self.h[stream].iter().zip(w).map(|(h, w)| h * w).sum::<Complex32>().norm_sqr()
    }
}

#[test]
fn the_worst_ue_gains_and_the_eavesdropper_loses() {
    for cfo_hz in [0.0, 730.0] {
        let mut air = Air::new(cfo_hz);
        let mut fast = FastLoop::new(FastConfig::new(4, vec![0, 1], Some(2)));
        assert!(fast.weights().is_none(), "nothing is known yet");
        air.run(&mut fast, 400);
        let w = fast.weights().unwrap().to_vec();
        let power: f32 = w.iter().map(Complex32::norm_sqr).sum();
        assert!(power <= 1.0001, "{power}");
        let wide = wide_beam(4);
        let worst = air.gain(0, &w).min(air.gain(1, &w));
        let worst_wide = air.gain(0, &wide).min(air.gain(1, &wide));
        assert!(worst > 1.5 * worst_wide, "{cfo_hz} Hz: {worst} from {worst_wide}");
        assert!(air.gain(2, &w) < worst, "{cfo_hz} Hz: eavesdropper {} of {worst}", air.gain(2, &w));
        assert!((fast.cfo_hz(0).unwrap() - cfo_hz).abs() < 2.0, "{:?} of {cfo_hz}", fast.cfo_hz(0));
    }
}

#[test]
fn the_channel_comes_back_up_to_one_common_phase() {
    let mut air = Air::new(300.0);
    let mut fast = FastLoop::new(FastConfig::new(4, vec![0, 1, 2], None));
    air.run(&mut fast, 400);
    for stream in 0..3_u32 {
        let (got, want) = (fast.channel(stream).unwrap(), &air.h[stream as usize]);
        let inner: Complex32 = got.iter().zip(want).map(|(a, b)| a * b.conj()).sum();
        let size = |h: &[Complex32]| h.iter().map(Complex32::norm_sqr).sum::<f32>();
        let likeness = inner.norm_sqr() / size(got) / size(want);
        assert!(likeness > 0.99, "receiver {stream}: {likeness}");
    }
}

#[test]
fn what_a_silent_receiver_had_is_no_longer_observed() {
    let mut air = Air::new(0.0);
    let mut fast = FastLoop::new(FastConfig::new(4, vec![0, 1], None));
    assert!(!fast.silent(0), "never heard is not silent");
    air.run(&mut fast, 40);
    let wide = wide_beam(4);
    for stream in 0..2 {
        let s = air.hear(stream, &wide, 0.2, false);
        fast.csi_rs(&s, InForce::Beam);
    }
    let before = fast.beam_snr(1).unwrap();
    // receiver 0 goes on, receiver 1 does not; the time is also told by nobody but the radio's clock
    for k in 0..30 {
        let s = air.hear(0, &wide, 0.2 + f64::from(k) * 10e-3, true);
        fast.ssb(&s, Some(0.0));
        let s = air.hear(0, &wide, 0.2 + f64::from(k) * 10e-3, false);
        fast.csi_rs(&s, InForce::Beam);
    }
    assert_eq!(fast.beam_snr(1), Some(before), "0.3 s: not silent yet");
    assert!(!fast.tracked(1), "but its channel is older than 0.2 s");
    fast.advance(0.2 + SNR_SILENT_S + 1e-3);
    assert!(fast.beam_snr(0).is_some());
    assert_eq!((fast.beam_snr(1), fast.ssb_snr(1), fast.cfo_hz(1), fast.silent(1)), (None, None, None, true));
    fast.advance(9.0);
    assert_eq!((fast.beam_snr(0), fast.silent(0)), (None, true), "also when nobody is heard");
    let s = air.hear(1, &wide, 9.0, true);
    fast.ssb(&s, Some(0.0));
    let back = Scalar { power: 7.0, noise_re: 1.0, ..air.hear(1, &wide, 9.0, false) };
    fast.csi_rs(&back, InForce::Beam);
    assert_eq!(fast.beam_snr(1), Some(7.0), "it begins anew");
}

#[test]
fn a_receiver_that_is_not_ours_or_went_silent_is_left_out() {
    let mut air = Air::new(0.0);
    let mut fast = FastLoop::new(FastConfig::new(4, vec![0, 1], None));
    let s = air.hear(0, &wide_beam(4), 0.0, true);
    assert!(!fast.ssb(&Scalar { stream: 9, ..s }, None));
    air.run(&mut fast, 40);
    // receiver 1 is silent from now on: the beam turns to receiver 0 alone
    for k in 0..80_u16 {
        let c = k % 4;
        let w = dft_columns(4)[usize::from(c)].clone();
        let t = 0.3 + f64::from(k) * 5e-3;
        let s = air.hear(0, &w, t, false);
        fast.csi_rs(&s, InForce::Column(c));
        let s = air.hear(0, &wide_beam(4), t + 1e-3, true);
        fast.ssb(&s, Some(0.0));
    }
    let w = fast.weights().unwrap().to_vec();
    let best: f32 = air.h[0].iter().map(Complex32::norm_sqr).sum();
    assert!(air.gain(0, &w) > 0.95 * best);
}

#[test]
fn csi_rs_without_a_block_is_noise_and_no_channel() {
    let mut air = Air::new(0.0);
    let mut fast = FastLoop::new(FastConfig::new(4, vec![0, 1], None));
    air.run(&mut fast, 40);
    assert!(fast.tracked(1));
    // receiver 1 is dead: its CSI-RS windows go on and hold noise; receiver 0 goes on in full
    for k in 0..160_u16 {
        let t = 0.2 + f64::from(k) * 5e-3;
        let c = k % 4;
        let w = dft_columns(4)[usize::from(c)].clone();
        let s = air.hear(0, &wide_beam(4), t, true);
        fast.ssb(&s, Some(0.0));
        let s = air.hear(0, &w, t + 1e-3, false);
        fast.csi_rs(&s, InForce::Column(c));
        let noise =
            Scalar { y: Complex32::cis(f32::from(k) * 2.4) * 2e-3, power: 4e-6, ..air.hear(1, &w, t + 1e-3, false) };
        fast.csi_rs(&noise, InForce::Column(c));
        fast.csi_rs(&noise, InForce::Beam);
    }
    assert_eq!((fast.tracked(1), fast.beam_snr(1), fast.silent(1)), (false, None, true));
    let w = fast.weights().unwrap().to_vec();
    let best: f32 = air.h[0].iter().map(Complex32::norm_sqr).sum();
    assert!(air.gain(0, &w) > 0.95 * best, "the beam serves who is there");
    // a receiver that never heard a block has no channel either
    let mut fast = FastLoop::new(FastConfig::new(4, vec![0], None));
    for c in 0..8_u16 {
        let w = dft_columns(4)[usize::from(c % 4)].clone();
        let s = air.hear(0, &w, f64::from(c) * 5e-3, false);
        assert!(!fast.csi_rs(&s, InForce::Column(c % 4)));
    }
    assert!(fast.weights().is_none() && fast.channel(0).is_none());
}

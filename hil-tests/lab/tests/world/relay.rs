//! A trivial relay between the gNB and its terminals: same index in, same index out, a gain and noise for each terminal.
use lab::iq;
use lab::{LabConfig, config::UeConfig};
use num_complex::Complex32;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A lab on `ipc` addresses under `dir`, no HTTP, no WebSocket.
pub fn quiet(dir: &std::path::Path, ues: usize, eavesdroppers: usize) -> LabConfig {
    let at = |name: &str| format!("ipc://{}", dir.join(name).display());
    let mut config = LabConfig::default();
    config.gnb.tx_port = at("gnb_tx");
    config.gnb.rx_port = at("gnb_rx");
    config.ues = (0..ues + eavesdroppers)
        .map(|i| UeConfig {
            tx_port: Some(at(&format!("ue{i}_tx"))),
            rx_port: Some(at(&format!("ue{i}_rx"))),
            eavesdropper: i >= ues,
            ..UeConfig::default()
        })
        .collect();
    config.ws.listen = String::new();
    config.world.listen = String::new();
    let core = &mut config.core;
    for address in [
        &mut core.amf,
        &mut core.smf,
        &mut core.upf,
        &mut core.pcf,
        &mut core.userplane,
        &mut core.app,
        &mut core.rates_url,
    ] {
        address.clear();
    }
    config
}

struct Leg {
    tx: zmq::Socket,
    rx: zmq::Socket,
    asked: bool,
    wanted: bool,
    queue: Vec<Complex32>,
}

/// What the relay saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub downlink: u64,
    pub uplink: u64,
    pub first_reply: usize,
    pub distinct_sizes: usize,
}

/// Relays until `stop`. `amplitude[u]` and `noise[u]` (standard deviation per component) shape terminal `u`'s downlink.
pub fn relay(config: &LabConfig, shape: &[(f32, f32)], stop: &Arc<AtomicBool>) -> Seen {
    let context = zmq::Context::new();
    let socket = |kind| {
        let s = context.socket(kind).unwrap();
        s.set_linger(0).unwrap();
        s
    };
    let leg = |tx: &str, rx: &str| {
        let (from, to) = (socket(zmq::REQ), socket(zmq::REP));
        from.connect(tx).unwrap();
        to.bind(rx).unwrap();
        Leg { tx: from, rx: to, asked: false, wanted: false, queue: Vec::new() }
    };
    let mut gnb = leg(&config.gnb.tx_port, &config.gnb.rx_port);
    let mut ues: Vec<Leg> = config.ues.iter().enumerate().map(|(i, u)| leg(&u.tx_port(i), &u.rx_port(i))).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let unit = Normal::new(0.0f32, 1.0).unwrap();
    // Drawing noise for every sample is slow: a long stretch of it, read from changing places, is as good here.
    let noise: Vec<Complex32> =
        (0..100_003).map(|_| Complex32::new(unit.sample(&mut rng), unit.sample(&mut rng))).collect();
    let mut at = 0usize;
    let mut seen = Seen::default();
    let mut sizes = std::collections::BTreeSet::new();
    let mut uplinks: Vec<Vec<Complex32>> = vec![Vec::new(); ues.len()];
    let mut samples = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        for leg in std::iter::once(&mut gnb).chain(&mut ues) {
            if !leg.asked {
                leg.tx.send(&[0u8][..], 0).unwrap();
                leg.asked = true;
            }
        }
        let mut items: Vec<zmq::PollItem<'_>> = std::iter::once(&gnb)
            .chain(&ues)
            .flat_map(|l| [l.tx.as_poll_item(zmq::POLLIN), l.rx.as_poll_item(zmq::POLLIN)])
            .collect();
        zmq::poll(&mut items, 20).unwrap();
        let ready: Vec<bool> = items.iter().map(zmq::PollItem::is_readable).collect();
        for (i, leg) in std::iter::once(&mut gnb).chain(&mut ues).enumerate() {
            if ready[2 * i] {
                let message = leg.tx.recv_bytes(0).unwrap();
                leg.asked = false;
                samples.clear();
                iq::from_bytes(&message, &mut samples);
                if i == 0 {
                    seen.first_reply = if seen.downlink == 0 { samples.len() } else { seen.first_reply };
                    sizes.insert(samples.len());
                    seen.downlink += samples.len() as u64;
                    leg.queue.extend_from_slice(&samples);
                } else {
                    uplinks[i - 1].extend_from_slice(&samples);
                }
            }
            if ready[2 * i + 1] {
                leg.rx.recv_bytes(0).unwrap();
                leg.wanted = true;
            }
        }
        // Downlink to all terminals, shaped.
        let downlink = std::mem::take(&mut gnb.queue);
        for (leg, (gain, sigma)) in ues.iter_mut().zip(shape) {
            at = (at + 7919) % noise.len();
            leg.queue.extend(
                downlink
                    .iter()
                    .zip(noise[at..].iter().chain(noise.iter()).cycle())
                    .map(|(s, n)| s * *gain + n * *sigma),
            );
        }
        for leg in &mut ues {
            if leg.wanted && !leg.queue.is_empty() {
                reply(leg, 614_400);
            }
        }
        // Uplink: the sum over what every terminal has.
        let ready = uplinks.iter().map(Vec::len).min().unwrap_or(0);
        if gnb.wanted && ready > 0 {
            let take = ready.min(7680);
            gnb.queue = vec![Complex32::default(); take];
            for uplink in &mut uplinks {
                for (sum, s) in gnb.queue.iter_mut().zip(uplink.drain(..take)) {
                    *sum += s;
                }
            }
            seen.uplink += take as u64;
            reply(&mut gnb, take);
        }
    }
    seen.distinct_sizes = sizes.len();
    seen
}

fn reply(leg: &mut Leg, most: usize) {
    let take = leg.queue.len().min(most);
    let mut bytes = Vec::new();
    iq::to_bytes(&leg.queue[..take], &mut bytes);
    leg.queue.drain(..take);
    leg.rx.send(bytes, 0).unwrap();
    leg.wanted = false;
}

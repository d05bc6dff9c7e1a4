//! The gNB: receive drives time, each received slot lets one more downlink slot be built.
use super::radio::{Channel, Radio, RadioError};
use super::source::Source;
use crate::clock::{self, Stopwatch};
use crate::outlets::Outlets;
use crate::phy::Numerology;
use crate::uplink::UplinkMeter;
use crate::world::{SharedWorld, UeReport};
use num_complex::Complex32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

/// Slots between two uplink measurements.
const UPLINK_EVERY: u64 = 20;

/// SNR from which an uplink's place counts.
const UPLINK_FLOOR_DB: f64 = 10.0;

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Radio time.
    pub radio_s: f64,
    /// Wall time.
    pub wall_s: f64,
    /// Receive channel at the end.
    pub receive: Channel,
}

/// Everything the gNB's thread works with.
pub struct Node {
    /// The radio.
    pub radio: Radio,
    /// The downlink.
    pub source: Source,
    /// Sizes.
    pub numerology: Numerology,
    /// The world it moves.
    pub world: SharedWorld,
    /// Terminals' reports.
    pub reports: Receiver<UeReport>,
    /// Where results go.
    pub outlets: Outlets,
    /// Uplink measurement and the terminal index of each transmitting UE.
    pub uplink: (UplinkMeter, Vec<usize>),
    /// Slots that transmit is ahead of receive.
    pub lead_slots: u64,
    /// Radio seconds per wall second, at most.
    pub pace: Option<f64>,
    /// End after so many slots.
    pub last_slot: Option<u64>,
}

impl Node {
    /// Runs until `stop` or the last slot.
    ///
    /// # Errors
    /// [`RadioError`] where libzmq refuses.
    pub fn run(mut self, stop: &AtomicBool) -> Result<Summary, RadioError> {
        let n = self.numerology;
        let watch = Stopwatch::start();
        let mut slot = vec![Complex32::default(); n.slot];
        // Transmit runs ahead of receive by 1 ms, N_TA,offset and one slot, or by more slots: zeros first, then slot 1.
        slot.fill(Complex32::default());
        for _ in 1..self.lead_slots {
            self.radio.tx_ring.push(&slot);
        }
        self.radio.tx_ring.push(&slot[..n.tx_offset]);
        let mut k = 1u64;
        self.build(k, &mut slot);
        while !stop.load(Ordering::Relaxed) {
            if self.last_slot.is_some_and(|last| k >= last) {
                break;
            }
            let wait_ms = self.wait_ms(k, &watch);
            let ready = wait_ms == 0
                && self.radio.tx_ring.free() >= n.slot
                && (self.radio.rx_ring.len() >= n.slot || self.radio.receive_state() == Channel::Stopped);
            if ready {
                if !self.radio.rx_ring.pop(&mut slot) {
                    slot.fill(Complex32::default());
                }
                if k.is_multiple_of(UPLINK_EVERY) {
                    self.measure_uplink(&slot);
                }
                k += 1;
                self.build(k, &mut slot);
            }
            let more = ready && self.radio.rx_ring.len() >= n.slot;
            self.radio.serve(if more { 0 } else { wait_ms.clamp(1, 20) })?;
        }
        Ok(Summary {
            radio_s: k as f64 / 1000.0,
            wall_s: watch.elapsed().as_secs_f64(),
            receive: self.radio.receive_state(),
        })
    }

    /// Wall time until slot `k + 1` may be built, ms; 0 is now.
    fn wait_ms(&self, k: u64, watch: &Stopwatch) -> i64 {
        let Some(pace) = self.pace else { return 0 };
        let due_ms = (k + 1) as f64 / pace;
        (due_ms - 1e3 * watch.elapsed().as_secs_f64()).ceil().max(0.0) as i64
    }

    fn build(&mut self, k: u64, slot: &mut [Complex32]) {
        self.source.slot(k, slot);
        self.radio.tx_ring.push(slot);
        let wall_us = clock::since_epoch().as_micros() as u64;
        let mut world = self.world.lock();
        while let Ok(report) = self.reports.try_recv() {
            world.report(report);
        }
        world.tick(wall_us);
        self.outlets.after_slot(&mut world);
    }

    fn measure_uplink(&mut self, slot: &[Complex32]) {
        let measured = self.uplink.0.measure(slot);
        let mut world = self.world.lock();
        for (&index, measured) in self.uplink.1.iter().zip(measured) {
            if let Some(ue) = world.ues.get_mut(index) {
                ue.ul_snr_db = measured.map(|m| m.0);
                if let Some((_, delay)) = measured.filter(|(snr_db, _)| *snr_db >= UPLINK_FLOOR_DB) {
                    ue.timing.uplink.add(delay);
                }
            }
        }
    }
}

//! What the fast thread lets the others see, and what they hand to it.

use super::phases::PhaseLog;
use crate::guard::{Action, Approved};
use num_complex::Complex32;
use ran_bridge::nr::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// As [`super::fast::SNR_SILENT_S`] on the host's monotonic clock, ns, for when radio time stands still or `ran` itself is silent: an SNR
/// that is older is no longer observed, in decisions, on the page, and in metrics.
pub const SNR_SILENT_NS: u64 = 2_000_000_000;

/// Actions that wait for the fast loop at most.
pub const ACTIONS_QUEUE: usize = 16;

/// One receiver as the fast thread sees it.
#[derive(Debug, Clone, Default)]
pub struct StreamView {
    /// The receiver.
    pub stream: u32,
    /// SSBs taken.
    pub ssbs: u64,
    /// SNR of the SSB, dB; `None` once it is silent.
    pub ssb_snr_db: Option<f64>,
    /// SS-RSRP of a resource element relative to full scale, dB; `None` once it is silent.
    pub ssb_rsrp_dbfs: Option<f64>,
    /// Running delay of the SSBs against their windows, ns; `None` once it is silent.
    pub ssb_delay_ns: Option<f64>,
    /// When it was heard last, host-monotonic ns.
    pub ssb_mono_ns: Option<u64>,
    /// SNR through the beam, dB; `None` once it is silent.
    pub beam_snr_db: Option<f64>,
    /// When it was heard last, host-monotonic ns.
    pub beam_mono_ns: Option<u64>,
    /// Whether it was heard once and is silent now.
    pub silent: bool,
    /// Frequency offset, Hz.
    pub cfo_hz: Option<f64>,
    /// Whether the channel is known.
    pub tracked: bool,
    /// The channel, where known.
    pub channel: Vec<Complex32>,
}

/// The fast thread at a glance.
#[derive(Debug, Default)]
pub struct View {
    /// `waiting for air`, `searching`, `tracking`.
    pub phase: &'static str,
    /// The cell found.
    pub cell: Option<Cell>,
    /// Times it was searched.
    pub acquisitions: u64,
    /// Receivers.
    pub streams: Vec<StreamView>,
    /// The last weights sent.
    pub weights: Vec<Complex32>,
    /// Loops closed because of an SSB.
    pub ssb_log: Option<PhaseLog>,
    /// Set by who measures: the latencies so far are forgotten, and this is cleared when they are.
    pub forget_latency: bool,
    /// All loops closed.
    pub loops: u64,
    /// Dropped things by reason.
    pub drops: BTreeMap<String, u64>,
    /// Counters of `air`.
    pub air: BTreeMap<String, u64>,
    /// Radio time of the last thing heard, s.
    pub radio_s: f64,
    /// When this was made, host-monotonic ns.
    pub mono_ns: u64,
}

/// Handles between the fast thread and the rest of the process.
pub struct Shared {
    view: Mutex<View>,
    /// Whether weights are sent; else the wide beam stays.
    pub beam_on: AtomicBool,
    /// Ends everything.
    pub stop: Arc<AtomicBool>,
}

impl Shared {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        Self { view: Mutex::new(View::default()), beam_on: AtomicBool::new(false), stop }
    }

    /// The view, held for a moment only.
    pub fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The view if nobody holds it: for the fast thread, which never waits.
    pub fn try_view(&self) -> Option<MutexGuard<'_, View>> {
        self.view.try_lock().ok()
    }
}

/// An SSB for the thread that decodes MIBs.
#[derive(Debug)]
pub struct MibJob {
    /// Receiver.
    pub stream: u32,
    /// First sample.
    pub start: u64,
    /// The cell it belongs to.
    pub cell: Cell,
    /// Its samples.
    pub iq: Vec<Complex32>,
}

/// A capture to search.
#[derive(Debug)]
pub struct SearchJob {
    /// Index of its first sample.
    pub start: u64,
    /// Its samples.
    pub iq: Vec<Complex32>,
}

/// What a search gave: the cell, its first SSB with block index and half frame.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The cell.
    pub cell: Cell,
    /// First sample of an SSB.
    pub sample: u64,
    /// Block index.
    pub index: u8,
    /// Second half frame.
    pub half: bool,
}

/// An approved action on its way to `air`.
#[derive(Debug)]
pub struct ActionJob {
    /// The action.
    pub action: Approved<Action>,
    /// Told when `air` has it in force, or why it has not.
    pub done: oneshot::Sender<Result<(), ActError>>,
}

/// Why an approved action did not get into force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The queue to the fast loop is full.
    #[error("the fast loop has {0} actions waiting and takes no more")]
    Full(usize),
    /// The fast loop ended.
    #[error("the fast loop has ended")]
    Ended,
    /// `air` is away, or did not confirm in time.
    #[error("air did not confirm within {0} ms")]
    Silent(u64),
    /// It could not be written to `air`.
    #[error("air could not be told: {0}")]
    Link(String),
    /// `air` said no.
    #[error("air refused: {0}")]
    Refused(String),
    /// Not an action of the one that was asked.
    #[error("air does not do this")]
    NotOurs,
    /// The gNB did not take it.
    #[error("the gNB did not take it: {0}")]
    Gnb(String),
}

/// The fast thread's ends.
pub struct FastEnds {
    /// Approved actions of other threads.
    pub actions: Receiver<ActionJob>,
    /// Captures out.
    pub search: SyncSender<SearchJob>,
    /// Results in.
    pub found: Receiver<Option<Found>>,
    /// SSBs out; full = dropped.
    pub mibs: SyncSender<MibJob>,
    /// Buffers back.
    pub buffers: Receiver<Vec<Complex32>>,
    /// Rows for the record out; full = dropped.
    pub rows: SyncSender<super::rows::Row>,
}

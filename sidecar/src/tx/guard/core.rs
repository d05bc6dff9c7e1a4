//! What the guard's threads share.

use super::ears::Ahead;
use super::lanes::Listeners;
use super::parts::Clocks;
use super::reference::Watch;
use crate::tx::calibration::{Calibration, Stale};
use crate::tx::messages::{Answer, Ended, OnAir, RECENT, Reception};
use crate::wire::clients::ClientId;
use governor::{Chain, Disk, Event, Governor, Receipt, Refusal, Stop, Token};
use num_complex::Complex32;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A refusal is written down at most this often, ns; all are counted.
const REFUSAL_LOG_NS: u64 = 100_000_000;

/// The log and where its chain stands.
struct Book {
    chain: Chain,
    disk: Box<dyn Disk + Send>,
    /// It could not be written once: what stands there is not known before it is read again, at the next start.
    failed: bool,
    clocks: Clocks,
}

impl Book {
    fn append(&mut self, event: &Event) -> Option<Receipt> {
        if self.failed {
            return None;
        }
        let (wall, mono_ns) = ((self.clocks.wall)(), (self.clocks.mono_ns)());
        let receipt = self.chain.append(self.disk.as_mut(), event, wall, mono_ns).ok();
        self.failed = receipt.is_none();
        receipt
    }
}

/// The governor, and what people want to know.
pub(super) struct Core {
    pub(super) governor: Governor,
    /// Never taken by who then takes the core.
    book: Arc<Mutex<Book>>,
    clocks: Clocks,
    /// To be logged once the radio is safe.
    waiting: Vec<Event>,
    refusal_logged_ns: u64,
    /// For the desk to send.
    pub(super) outbox: Vec<(ClientId, Answer)>,
    /// The radio: lowest gain, stream closed.
    pub(super) radio_is_safe: bool,
    /// Nothing is radiated whatever the driver does: the gain was not raised since it was lowered last.
    pub(super) gain_is_low: bool,
    pub(super) on_air: Option<OnAir>,
    /// The chain on air and the token that its samples come with.
    pub(super) chain: Option<(u64, Token)>,
    /// The last [`RECENT`] bursts, newest last.
    pub(super) recent: VecDeque<Ended>,
    /// Who may hand over samples of the burst on air, and how many.
    pub(super) credit: Option<(ClientId, u64)>,
    pub(super) last_stop: Option<Stop>,
    /// When that was, monotonic ns.
    pub(super) stop_ns: u64,
    /// The guard is ending: nothing more is armed or fired.
    pub(super) closing: bool,
    pub(super) stops: u64,
    pub(super) bursts: u64,
    pub(super) sent_samples: u64,
    pub(super) underflows: u64,
    pub(super) refusals: BTreeMap<&'static str, u64>,
    pub(super) reception: Reception,
    /// The last calibration, whether it still holds or not.
    pub(super) calibration: Option<Calibration>,
    /// What has spoiled a calibration since the one under way began.
    pub(super) spoiled: Option<Stale>,
}

impl Core {
    pub(super) fn new(governor: Governor, chain: Chain, disk: Box<dyn Disk + Send>, clocks: Clocks) -> Self {
        Self {
            governor,
            book: Arc::new(Mutex::new(Book { chain, disk, failed: false, clocks })),
            clocks,
            waiting: Vec::new(),
            refusal_logged_ns: 0,
            outbox: Vec::new(),
            radio_is_safe: false,
            gain_is_low: false,
            on_air: None,
            chain: None,
            recent: VecDeque::with_capacity(RECENT),
            credit: None,
            last_stop: None,
            stop_ns: 0,
            closing: false,
            stops: 0,
            bursts: 0,
            sent_samples: 0,
            underflows: 0,
            refusals: BTreeMap::new(),
            reception: Reception::default(),
            calibration: None,
            spoiled: None,
        }
    }

    /// What each channel's samples are to be multiplied with, so that all chains arrive with one phase and one level: for who sends coherently over
    /// several of them at this gain, dB.
    pub(super) fn factors(&self, now_ns: u64, gain_db: f64) -> Result<&[Complex32], Stale> {
        let calibration = self.calibration.as_ref().ok_or(Stale::Never)?;
        calibration.factors(now_ns, gain_db)
    }

    /// A calibration that there is, or is under way, does not hold any more.
    pub(super) fn spoil(&mut self, why: Stale) {
        self.spoiled.get_or_insert(why);
        self.calibration.iter_mut().for_each(|c| c.spoil(why));
    }

    /// To the safe state, for good: the sender does the rest.
    pub(super) fn stop(&mut self, why: Stop) {
        let event = self.governor.stop(why);
        self.note_stop(event);
    }

    /// What ends by itself.
    pub(super) fn tick(&mut self, now_ns: u64) {
        let event = self.governor.tick(now_ns, (self.clocks.wall)());
        self.note_stop(event);
    }

    /// No word of it to people here: who prints may have to wait, and everybody waits for who holds the core.
    pub(super) fn note_stop(&mut self, event: Option<Event>) {
        let Some(event) = event else { return };
        if let Event::Stop { why } = &event {
            (self.last_stop, self.stop_ns) = (Some(*why), (self.clocks.mono_ns)());
        }
        self.stops += 1;
        self.waiting.push(event);
    }

    /// A burst is over.
    pub(super) fn ended(&mut self, burst: Ended) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(burst);
    }

    /// Writes an event down.
    pub(super) fn log(&mut self, event: &Event) -> Option<Receipt> {
        let receipt = open(&self.book).append(event);
        if receipt.is_none() {
            self.log_failed();
        }
        receipt
    }

    fn log_failed(&mut self) {
        let stopped = self.governor.stop(Stop::LogError);
        self.note_stop(stopped);
        self.last_stop = Some(Stop::LogError);
    }

    /// Writes down what waited for the radio.
    pub(super) fn flush(&mut self) {
        for event in std::mem::take(&mut self.waiting) {
            self.log(&event);
        }
    }

    /// The radio is safe: what waited for that is written down.
    pub(super) fn radio_is_safe(&mut self) {
        self.radio_is_safe = true;
        self.flush();
    }

    /// Counts a refusal, and writes it down now and then.
    pub(super) fn refused(&mut self, refusal: &Refusal, now_ns: u64) {
        *self.refusals.entry(refusal.name()).or_default() += 1;
        if now_ns.saturating_sub(self.refusal_logged_ns) < REFUSAL_LOG_NS {
            return;
        }
        self.refusal_logged_ns = now_ns;
        let event = Event::Refuse { why: refusal.name().to_owned(), text: refusal.to_string() };
        if self.radio_is_safe {
            self.log(&event);
        } else {
            self.waiting.push(event);
        }
    }

    /// Where the log stands.
    pub(super) fn log_end(&self) -> Chain {
        open(&self.book).chain
    }
}

/// A thread that panicked with it has left it whole: it changes at once or not at all.
fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The core for several threads, and what must be seen without waiting for it.
pub(super) struct Shared {
    core: Mutex<Core>,
    /// When the driver call began that is under way, monotonic ns; 0 = none.
    call_began_ns: AtomicU64,
    /// Somebody asked for the safe state by HTTP.
    pub(super) http_stop: AtomicBool,
    /// Who gets what is received.
    pub(super) listeners: Listeners,
    /// How far the host's clock is ahead of the radio's.
    pub(super) ahead: Ahead,
    /// What its thread has read last.
    pub(super) reference: Watch,
    pub(super) clocks: Clocks,
}

impl Shared {
    pub(super) fn new(core: Core, clocks: Clocks) -> Self {
        Self {
            core: Mutex::new(core),
            call_began_ns: AtomicU64::new(0),
            http_stop: AtomicBool::new(false),
            listeners: Listeners::default(),
            ahead: Ahead::default(),
            reference: Watch::default(),
            clocks,
        }
    }

    /// The core; each holds it for a moment only.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        open(&self.core)
    }

    /// Writes an event down while others may have the core.
    pub(super) fn log(&self, event: &Event) -> Option<Receipt> {
        let book = Arc::clone(&self.core().book);
        let receipt = open(&book).append(event);
        if receipt.is_none() {
            self.core().log_failed();
        }
        receipt
    }

    pub(super) fn now_ns(&self) -> u64 {
        (self.clocks.mono_ns)()
    }

    /// Calls the driver, watched by the desk.
    pub(super) fn watched<T>(&self, call: impl FnOnce() -> T) -> T {
        self.call_began_ns.store(self.now_ns().max(1), SeqCst);
        let result = call();
        self.call_began_ns.store(0, SeqCst);
        result
    }

    /// How long the driver call under way has taken, ns.
    pub(super) fn call_ns(&self, now_ns: u64) -> Option<u64> {
        let began_ns = self.call_began_ns.load(SeqCst);
        (began_ns != 0).then(|| now_ns.saturating_sub(began_ns))
    }
}

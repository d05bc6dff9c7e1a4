//! The desk: whoever asks, and everything that ends by itself.

mod talk;

use crate::telemetry::{Metrics, serve_with};
use crate::tx::config::GuardConfig;
use crate::tx::error::TxError;
use crate::tx::guard::arming::{Arming, is_there, no};
use crate::tx::guard::bounds::{AT_ONCE, HEAR_NS, Refused, lane_limits, limits};
use crate::tx::guard::calibrating::Calibrating;
use crate::tx::guard::core::{Core, Shared};
use crate::tx::guard::ears::Ears;
use crate::tx::guard::lanes::Lanes;
use crate::tx::guard::parts::Parts;
use crate::tx::guard::reference;
use crate::tx::guard::sender::{Sender, Work};
use crate::tx::guard::serve::routes;
use crate::tx::guard::status::{Gauges, status};
use crate::tx::guard::watchdog::Watchdog;
use crate::tx::keys::load_policy;
use crate::tx::messages::Answer;
use crate::tx::stop::pid_file;
use crate::wire::clients::{ClientId, Clients, MAX_CLIENTS};
use governor::{Band, Event, Governor, State, Stop, hex};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use num_complex::Complex32;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread::JoinHandle;

/// Longest time between two looks, ms.
const LOOK_MS: u8 = 2;
/// A driver call that takes longer while a burst is on air does not come back, ns.
const HUNG_NS: u64 = 40_000_000;
/// Last chance for the gain to go down and the reason to be written, each from another thread, ns.
const LIFELINE_NS: u64 = 15_000_000;
/// At its end the guard waits so long for the radio, ns.
const END_NS: u64 = 500_000_000;
/// The same after a panic of its own, ns.
const LAST_NS: u64 = 80_000_000;
/// Gauges are renewed this often, ns.
const SHOW_NS: u64 = 100_000_000;

/// Runs the guard until `stop` is set or its radio is gone.
///
/// # Errors
/// [`TxError`] where it cannot start, or the radio was lost.
pub fn run(config: &GuardConfig, parts: Parts, stop: &AtomicBool) -> Result<(), TxError> {
    let system = |what| move |source| TxError::System { what, source };
    let clients = Clients::bind(&config.control, limits(config.radio.rate_hz)).map_err(system("the guard's socket"))?;
    let tx = config.radio.tx.as_ref();
    let frequency_hz = tx.map_or(0.0, |t| t.frequency_hz);
    let band = Band::of_rate(frequency_hz, config.radio.rate_hz);
    let policy = load_policy(&config.policy, (parts.clocks.wall)());
    let begin = match &policy {
        Ok(p) => Event::Begin { policy: Some(hex(p.hash())), who: p.person().to_owned() },
        Err(denial) => {
            tracing::error!(%denial, "nothing may be sent");
            Event::Begin { policy: None, who: denial.to_string() }
        }
    };
    let governor = Governor::new(policy, (parts.clocks.mono_ns)(), (parts.clocks.wall)());
    let mut core = Core::new(governor, parts.chain, parts.disk, parts.clocks);
    core.log(&begin);
    let shared = Arc::new(Shared::new(core, parts.clocks));
    let metrics = Metrics::new("tx_guard").map_err(|e| system("metrics")(std::io::Error::other(e)))?;
    let gauges = Gauges::new(&metrics).map_err(|e| system("metrics")(std::io::Error::other(e)))?;
    let served = serve_with(&config.metrics, &metrics, Some(routes(Arc::clone(&shared))));
    let _server = served.map_err(|e| system("the guard's HTTP")(std::io::Error::other(e)))?;
    std::fs::write(pid_file(config), std::process::id().to_string()).map_err(system("the guard's process file"))?;

    let end = Arc::new(AtomicBool::new(false));
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().name(name.into()).spawn(work).map_err(system("a thread"))
    };
    let ears = config.radio.rx.as_ref().map(|rx| Ears::new(config.radio.rate_hz, rx.frequency_hz));
    let hearing = match (parts.rx, ears.clone()) {
        (Some(rx), Some(ears)) => {
            let (shared, end, overload) = (Arc::clone(&shared), Arc::clone(&end), config.overload);
            Some(spawn("ears", Box::new(move || ears.run(rx, &shared, overload, &end)))?)
        }
        _ => None,
    };
    let watching = match parts.reference {
        Some(sensor) => {
            shared.reference.begin();
            let (shared, end) = (Arc::clone(&shared), Arc::clone(&end));
            Some(spawn("reference", Box::new(move || reference::watch(sensor, &shared, &end)))?)
        }
        None => None,
    };
    let (jobs, taken) = mpsc::channel();
    let (lines, given) = mpsc::channel();
    let lanes =
        Lanes::bind(&config.control, lane_limits(config.radio.rate_hz, tx.map_or(1, |t| t.channels.len())), lines)
            .map_err(system("the guard's socket for samples"))?;
    let (stream, streamed) = mpsc::channel();
    let lifeline = parts.tx.lifeline();
    let sender = Sender {
        tx: parts.tx,
        rate_hz: config.radio.rate_hz,
        shared: Arc::clone(&shared),
        jobs: taken,
        lines: given,
        streamed,
        queue: std::collections::VecDeque::new(),
    };
    let sending = spawn("sender", Box::new(move || sender.run()))?;

    let _ending = Ending(&shared);
    let radio = format!("{} {}", parts.hardware, parts.serial);
    let mut desk = Desk {
        config,
        serial: &parts.serial,
        radio,
        band,
        shared: &shared,
        ears: ears.as_ref(),
        jobs,
        stream,
        clients,
        lanes,
        feeders: BTreeSet::new(),
        stoppers: Vec::new(),
        refused: Refused::default(),
        calibrating: None,
        gauges,
        show_ns: 0,
        stops: 0,
        seq: 0,
    };
    tracing::info!(radio = desk.radio, %band, "tx-guard is ready");
    let mut watchdog = Watchdog::new(parts.notify);
    let mut lost = false;
    while !stop.load(SeqCst) && !lost {
        desk.turn();
        if desk.is_hung() {
            desk.die(lifeline);
        }
        watchdog.turn(&shared, shared.call_ns(shared.now_ns()).is_none_or(|ns| ns <= HUNG_NS));
        lost = sending.is_finished() || hearing.as_ref().is_some_and(JoinHandle::is_finished);
    }
    watchdog.end();
    {
        let mut core = shared.core();
        core.closing = true;
        core.stop(if lost { Stop::DeviceError } else { Stop::Signal });
    }
    end.store(true, SeqCst);
    let until_ns = shared.now_ns() + END_NS;
    while !shared.core().radio_is_safe && shared.now_ns() < until_ns && !sending.is_finished() {
        desk.turn();
        if desk.is_hung() {
            desk.die(lifeline);
        }
    }
    if !shared.core().radio_is_safe {
        // the sender is gone with the gain where it was, or does not come back
        tracing::error!("the radio did not follow to the safe state");
        desk.die(lifeline);
    }
    drop(desk);
    // the threads' panics, if any, have been printed
    let _ = sending.join();
    let _ = hearing.map(JoinHandle::join);
    // a reading that does not come back keeps nobody
    while watching.as_ref().is_some_and(|w| !w.is_finished()) && shared.now_ns() < until_ns {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let _ = std::fs::remove_file(pid_file(config));
    if lost {
        return Err(ran_bridge::radio::RadioError::Gone("see the lines before".into()).into());
    }
    Ok(())
}

/// However the desk ends, by a panic, too, it leaves the radio safe if the sender still lives.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.core().stop(Stop::Signal);
        let until_ns = self.0.now_ns() + LAST_NS;
        while !self.0.core().radio_is_safe && self.0.now_ns() < until_ns {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

struct Desk<'a> {
    config: &'a GuardConfig,
    serial: &'a str,
    radio: String,
    band: Band,
    shared: &'a Arc<Shared>,
    ears: Option<&'a Ears>,
    jobs: mpsc::Sender<Work>,
    stream: mpsc::Sender<Vec<Complex32>>,
    clients: Clients,
    lanes: Lanes,
    feeders: BTreeSet<ClientId>,
    /// Who waits for the safe state: who, what was, since when.
    stoppers: Vec<(ClientId, State, u64)>,
    refused: Refused,
    calibrating: Option<Calibrating>,
    gauges: Gauges,
    show_ns: u64,
    /// Stops that people were told of.
    stops: u64,
    seq: u64,
}

impl Desk<'_> {
    fn turn(&mut self) {
        {
            let all = self.clients.fds().chain(self.lanes.fds());
            let mut fds: Vec<PollFd<'_>> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
            let _ = poll(&mut fds, PollTimeout::from(LOOK_MS));
        }
        self.clients.turn();
        let until_ns = self.shared.now_ns() + HEAR_NS;
        for heard in 1..=AT_ONCE {
            let Some((from, frame)) = self.clients.next() else { break };
            self.hear(from, frame);
            if self.shared.now_ns() >= until_ns {
                self.look();
                // each has been heard once
                if heard >= MAX_CLIENTS {
                    break;
                }
            }
        }
        self.lanes.turn(self.shared);
        self.look();
        self.tell();
        self.calibrate();
    }

    fn arming(&self) -> Arming<'_> {
        Arming {
            config: self.config,
            serial: self.serial,
            band: self.band,
            shared: self.shared,
            ears: self.ears,
            jobs: &self.jobs,
        }
    }

    /// The next step of a calibration.
    fn calibrate(&mut self) {
        let Some(mut calibrating) = self.calibrating.take() else { return };
        let asker = calibrating.asker;
        let done = if self.clients.is_open(asker) {
            calibrating.turn(&self.arming())
        } else {
            Some(Err(no("state", "who asked is gone")))
        };
        let Some(done) = done else {
            self.calibrating = Some(calibrating);
            return;
        };
        self.ears.iter().for_each(|ears| ears.tap(None));
        match done {
            Ok(calibration) => {
                let report = calibration.report(self.shared.now_ns());
                self.shared.core().calibration = Some(calibration);
                self.answer(asker, &Answer::Calibrated(Box::new(report)));
            }
            Err(no) => self.refuse(asker, None, no),
        }
    }

    /// What ends by itself.
    fn look(&mut self) {
        let now_ns = self.shared.now_ns();
        if is_there(&self.config.stop_file) && self.shared.core().governor.state() != State::Safe {
            self.shared.core().stop(Stop::Asked);
        }
        if self.shared.http_stop.swap(false, SeqCst) {
            self.shared.core().stop(Stop::Asked);
        }
        let clients = &self.clients;
        let before = self.feeders.len();
        self.feeders.retain(|id| clients.is_open(*id));
        let is_lost = self.shared.reference.is_locked(now_ns) == Some(false);
        let mut core = self.shared.core();
        if is_lost {
            core.stop(Stop::Reference);
        }
        if self.feeders.len() < before && core.on_air.is_some() {
            core.stop(Stop::PipeClosed);
        }
        core.tick(now_ns);
    }

    /// What was promised: answers of the sender, ends of stops, gauges.
    fn tell(&mut self) {
        let (told, is_safe, stops, why) = {
            let mut core = self.shared.core();
            let is_safe = core.radio_is_safe && core.governor.state() == State::Safe;
            (std::mem::take(&mut core.outbox), is_safe, core.stops, core.last_stop)
        };
        for (to, answer) in told {
            let now_ns = self.shared.now_ns();
            let own = |c: &mut Calibrating| matches!(&answer, Answer::Ended(ended) if c.ended(ended, now_ns));
            if !self.calibrating.as_mut().is_some_and(own) {
                self.answer(to, &answer);
            }
        }
        if stops != self.stops {
            self.stops = stops;
            tracing::warn!(?why, "to the safe state");
        }
        let now_ns = self.shared.now_ns();
        if is_safe {
            for (to, was, began_ns) in std::mem::take(&mut self.stoppers) {
                self.answer(to, &Answer::Stopped { was, took_ns: now_ns - began_ns });
            }
        }
        if now_ns >= self.show_ns {
            self.show_ns = now_ns + SHOW_NS;
            self.gauges.show(&status(self.shared, self.config, &self.radio, self.band));
        }
    }

    /// Whether, with the gain up, a driver call of a burst does not come back, or the sender does not follow a stop. With the gain down a driver may
    /// take its time, as one that closes its stream.
    fn is_hung(&self) -> bool {
        let now_ns = self.shared.now_ns();
        let is_long = self.shared.call_ns(now_ns).is_some_and(|ns| ns > HUNG_NS);
        let core = self.shared.core();
        let is_stopped = core.governor.state() == State::Safe && !core.radio_is_safe;
        let is_deaf = is_stopped && now_ns.saturating_sub(core.stop_ns) > HUNG_NS;
        core.on_air.is_some() && !core.gain_is_low && (is_long || is_deaf)
    }

    /// The sender cannot be reached any more. The gain goes down from another thread, if the driver lets it, and the reason is written down from a
    /// third, if the disk lets it; then this process ends at once: its connections close, and what is queued in the radio is over within 20 ms.
    fn die(&self, lifeline: Box<dyn ran_bridge::radio::Lifeline>) -> ! {
        let until_ns = self.shared.now_ns() + LIFELINE_NS;
        let thread = |name: &str| std::thread::Builder::new().name(name.into());
        let gain = thread("lifeline").spawn(move || lifeline.drop_gain().is_ok() & lifeline.disconnect().is_ok());
        let shared = Arc::clone(self.shared);
        let note = thread("last words").spawn(move || {
            let mut core = shared.core();
            core.closing = true;
            core.stop(Stop::HungWrite);
            core.flush();
        });
        let is_done = |t: bool| t || self.shared.now_ns() >= until_ns;
        while !is_done(
            gain.as_ref().is_ok_and(JoinHandle::is_finished) && note.as_ref().is_ok_and(JoinHandle::is_finished),
        ) {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        let _ = kill(Pid::this(), Signal::SIGKILL);
        loop {
            std::thread::park();
        }
    }
}

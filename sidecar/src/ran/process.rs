//! `ran` as a process: starts its threads, talks to gNB and controller, reports.

use super::config::RanConfig;
use super::error::RanError;
use super::fast_thread::FastThread;
use super::mind::{Do, Mind, Purpose, Seen, Trend};
use super::report::{Parts, state};
use super::rows::Row;
use super::shared::{ACTIONS_QUEUE, ActError, ActionJob, FastEnds, Shared};
use super::slow_thread::{MibBook, decode_all, search_all};
use crate::agent::{Board, Learner};
use crate::clock::mono_ns;
use crate::controller::state::{ConsoleRow, InForce, Order, Outcome};
use crate::effect::Effect;
use crate::guard::{Action, Approved};
use crate::record::Writer;
use crate::telemetry::{Metrics, serve_metrics};
use crate::wire::{Agent, Dealer, DealerConfig, DealerEvent, Kind, Message};
use ran_bridge::gnb::{Body, GnbCommand, GnbConfig, GnbEvent, GnbHandle, SliceMember, SliceQuota};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Time between two looks of the slow part.
const TICK: Duration = Duration::from_millis(50);
/// Every so many ticks the controller gets a state.
const STATE_EVERY: u64 = 4;

/// Runs `ran` until `stop` is set, recording to `run_dir` where there is one.
///
/// # Errors
/// [`RanError`] where it cannot start. A gNB, a controller or an `air` that is away is no error: it is waited for.
pub fn run(config: &RanConfig, run_dir: Option<&Path>, stop: &Arc<AtomicBool>) -> Result<(), RanError> {
    let writer = match run_dir {
        Some(dir) => Writer::open(dir, "ran")?,
        None => Writer::nowhere(),
    };
    let metrics = Metrics::new("ran")?;
    let _server = config.metrics.as_ref().map(|at| serve_metrics(at, &metrics)).transpose()?;
    let shared = Arc::new(Shared::new(Arc::clone(stop)));
    let book = MibBook::default();
    let (actions, threads) = start_threads(config, &shared, &book, &writer)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| RanError::Start { what: "the runtime", source })?;
    let result = runtime.block_on(async {
        let mut slow = Slow::new(config, Arc::clone(&shared), book, writer, metrics, actions)?;
        slow.run().await;
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_millis(500));
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of ran ended in a panic");
        }
    }
    result
}

type Started = (SyncSender<ActionJob>, Vec<JoinHandle<()>>);

/// The fast loop's thread and those beside it, without gNB and controller.
///
/// # Errors
/// As [`run`].
pub fn start_threads(
    config: &RanConfig,
    shared: &Arc<Shared>,
    book: &MibBook,
    writer: &Writer,
) -> Result<Started, RanError> {
    let (actions_in, actions) = sync_channel(ACTIONS_QUEUE);
    let (search_in, search_jobs) = sync_channel(1);
    let (found_in, found) = sync_channel(1);
    let (mibs_in, mibs) = sync_channel(8);
    let (buffers_in, buffers) = sync_channel(16);
    let (rows_in, rows) = sync_channel::<Row>(4096);
    let ends = FastEnds { actions, search: search_in, found, mibs: mibs_in, buffers, rows: rows_in.clone() };
    let mut fast = FastThread::new(config.clone(), Arc::clone(shared), ends)?;
    let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .map_err(|source| RanError::Start { what: "a thread", source })
    };
    let stop = Arc::clone(shared);
    let mut threads = vec![spawn(
        "fast loop",
        Box::new(move || {
            if let Err(error) = fast.run() {
                tracing::error!(%error, "the fast loop ended");
                stop.stop.store(true, Ordering::Relaxed);
            }
        }),
    )?];
    let (for_search, rate_hz, book) = (config.clone(), config.rate_hz, MibBook::clone(book));
    threads.push(spawn("search", Box::new(move || search_all(&for_search, &search_jobs, &found_in)))?);
    threads.push(spawn("mib", Box::new(move || decode_all(rate_hz, &mibs, &buffers_in, &book, &rows_in)))?);
    if let Some(address) = config.tx_guard.clone() {
        let shared = Arc::clone(shared);
        threads.push(spawn("tx feed", Box::new(move || super::feed::feed(&address, &shared)))?);
    }
    let writer = writer.clone();
    threads.push(spawn("rows", Box::new(move || write_rows(&rows, &writer)))?);
    Ok((actions_in, threads))
}

fn write_rows(rows: &Receiver<Row>, writer: &Writer) {
    while let Ok(row) = rows.recv() {
        writer.row(row.table(), &row);
    }
}

/// What became of an action that was handed on.
#[derive(Debug)]
struct Carried {
    action: Action,
    purpose: Purpose,
    result: Result<(), ActError>,
}

struct Slow {
    config: RanConfig,
    shared: Arc<Shared>,
    book: MibBook,
    writer: Writer,
    metrics: super::report::Gauges,
    actions: SyncSender<ActionJob>,
    mind: Mind,
    trends: HashMap<u32, Trend>,
    console: Vec<ConsoleRow>,
    console_ns: u64,
    gnb: Option<(GnbHandle, mpsc::Receiver<GnbEvent>)>,
    dealer: Option<(Arc<Dealer>, mpsc::Receiver<DealerEvent>)>,
    carried: (mpsc::Sender<Carried>, mpsc::Receiver<Carried>),
    learning: Option<Learner>,
    ticks: u64,
}

impl Slow {
    fn new(
        config: &RanConfig,
        shared: Arc<Shared>,
        book: MibBook,
        writer: Writer,
        metrics: Metrics,
        actions: SyncSender<ActionJob>,
    ) -> Result<Self, RanError> {
        let gnb = config.gnb_ws.as_deref().map(|url| ran_bridge::gnb::spawn(GnbConfig::new(url))).transpose()?;
        let dealer = match &config.controller {
            Some(endpoint) => {
                let mut dealer = DealerConfig::new(endpoint, Agent::Ran);
                dealer.run = config.run;
                let (dealer, events) = Dealer::connect(dealer).map_err(|e| RanError::Controller(e.to_string()))?;
                Some((Arc::new(dealer), events))
            }
            None => None,
        };
        let learning = match (&dealer, &config.learn) {
            (Some((dealer, _)), Some(learn)) => Some(
                Learner::spawn(learn.clone(), Arc::clone(dealer), writer.clone())
                    .map_err(|source| RanError::Start { what: "the learner's thread", source })?,
            ),
            _ => None,
        };
        Ok(Self {
            mind: Mind::new(config.act, config.power.clone(), config.window_ns, config.limits.clone()),
            metrics: super::report::Gauges::new(&metrics)?,
            config: config.clone(),
            shared,
            book,
            writer,
            actions,
            trends: HashMap::new(),
            console: Vec::new(),
            console_ns: 0,
            gnb,
            dealer,
            carried: mpsc::channel(64),
            learning,
            ticks: 0,
        })
    }

    async fn run(&mut self) {
        let mut tick = tokio::time::interval(TICK);
        while !self.shared.stop.load(Ordering::Relaxed) {
            tokio::select! {
                _ = tick.tick() => self.tick(),
                event = next(&mut self.gnb) => match event {
                    Some(event) => self.hear_gnb(event),
                    None => self.gnb = None,
                },
                event = next(&mut self.dealer) => match event {
                    Some(event) => self.hear_controller(event),
                    None => self.dealer = None,
                },
                Some(carried) = self.carried.1.recv() => self.carried(&carried),
            }
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        let now = mono_ns();
        let (seen, weights, tracking, radio) = {
            let view = self.shared.view();
            let eavesdropper = self.config.eavesdropper();
            let seen: Vec<Seen> = view
                .streams
                .iter()
                .map(|s| Seen {
                    stream: s.stream,
                    eavesdropper: Some(s.stream) == eavesdropper,
                    beam_snr_db: s.beam_snr_db,
                    at_ns: s.beam_mono_ns,
                    tracked: s.tracked,
                    silent: s.silent,
                })
                .collect();
            (seen, view.weights.clone(), view.phase == "tracking", (view.mono_ns, view.radio_s))
        };
        self.mind.radio(radio.0, radio.1);
        if !tracking {
            let given_up = self.mind.lost(now);
            self.follow(given_up);
            self.shared.beam_on.store(false, Ordering::Relaxed);
        }
        // a trend goes on from what is observed only
        self.trends.retain(|stream, _| seen.iter().any(|s| s.stream == *stream && s.beam_snr_db.is_some()));
        for s in &seen {
            if let (Some(snr), Some(at)) = (s.beam_snr_db, s.at_ns) {
                self.trends.entry(s.stream).or_default().push(snr, at);
            }
        }
        let decided = self.mind.tick(&seen, &weights, now);
        self.follow(decided);
        if self.ticks.is_multiple_of(STATE_EVERY) {
            self.report(now);
        }
    }

    fn follow(&mut self, decided: Vec<Do>) {
        for what in decided {
            match what {
                Do::Beam(on) => self.shared.beam_on.store(on, Ordering::Relaxed),
                Do::Act(approved, purpose) => self.act(approved, purpose),
                Do::Judged(effect) => self.judged(effect),
            }
        }
    }

    /// Hands an action to the fast loop; [`Slow::carried`] hears what became of it, whatever happens.
    fn act(&mut self, approved: Approved<Action>, purpose: Purpose) {
        let action = approved.action().clone();
        let (done, answer) = oneshot::channel();
        let full = match self.actions.try_send(ActionJob { action: approved, done }) {
            Ok(()) => None,
            Err(TrySendError::Full(_)) => Some(ActError::Full(ACTIONS_QUEUE)),
            Err(TrySendError::Disconnected(_)) => Some(ActError::Ended),
        };
        if let Some(error) = full {
            return self.carried(&Carried { action, purpose, result: Err(error) });
        }
        self.later(action, purpose, async { answer.await.unwrap_or(Err(ActError::Ended)) });
    }

    /// Hears later what became of an action.
    fn later(
        &self,
        action: Action,
        purpose: Purpose,
        result: impl Future<Output = Result<(), ActError>> + Send + 'static,
    ) {
        let out = self.carried.0.clone();
        tokio::spawn(async move {
            if out.send(Carried { action, purpose, result: result.await }).await.is_err() {
                tracing::debug!("nobody waits for an outcome any more");
            }
        });
    }

    fn carried(&mut self, carried: &Carried) {
        let Carried { action, purpose, result } = carried;
        if let Err(error) = result {
            tracing::warn!(action = %action.words(), %error, "an action did not get into force");
        }
        let given_up = self.mind.carried(action, *purpose, result.is_ok(), mono_ns());
        self.follow(given_up);
        if let Purpose::Order(id) = *purpose {
            let reason = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
            self.tell(&Outcome::Done { id, ok: result.is_ok(), reason });
        }
    }

    fn judged(&mut self, effect: Effect) {
        tracing::info!(action = %effect.action, verdict = effect.verdict.name(), before = ?effect.before, after = ?effect.after, "judged");
        self.writer.row("effect", &effect);
        self.tell(&Outcome::Judged(effect));
    }

    fn tell(&self, outcome: &Outcome) {
        let Some((dealer, _)) = &self.dealer else { return };
        match Message::json(Kind::Outcome, Agent::Ran, outcome) {
            Ok(message) => {
                dealer.send(message);
            }
            Err(error) => tracing::error!(%error, "an outcome could not be written"),
        }
    }

    fn report(&mut self, now: u64) {
        let parts = Parts {
            config: &self.config,
            book: &self.book,
            trends: &self.trends,
            console: &self.console,
            console_ns: self.console_ns,
            gnb_up: self.console_ns > 0 && now.saturating_sub(self.console_ns) < 5_000_000_000,
            mind: &self.mind,
            board: self.learning.as_ref().map_or_else(Board::default, Learner::board),
        };
        let state = state(&self.shared, &parts, now);
        self.metrics.set(&state);
        self.writer.row("ran_state", &super::report::StateRow::of(&state));
        if let Some((dealer, _)) = &self.dealer
            && let Ok(message) = Message::json(Kind::State, Agent::Ran, &state)
        {
            dealer.send(message);
        }
    }

    fn hear_gnb(&mut self, event: GnbEvent) {
        match event {
            GnbEvent::Report { message, mono_ns } => {
                if let Body::Cells(cells) = &message.body {
                    self.console = cells.iter().flat_map(|c| &c.ues).map(super::report::console_row).collect();
                    self.console_ns = mono_ns;
                    for row in &self.console {
                        self.writer.row_at("gnb_ue", mono_ns, row);
                    }
                }
            }
            GnbEvent::Silent { hint, silent_ms, .. } => tracing::warn!(silent_ms, hint, "the gNB is silent"),
            GnbEvent::SubscribeRefused { error, hint } => tracing::error!(error, hint, "the gNB gives no metrics"),
            GnbEvent::Down { reason, .. } => tracing::debug!(reason, "no connection to the gNB"),
            GnbEvent::Gap { .. } => tracing::debug!("reports of the gNB are missing"),
            GnbEvent::Up { .. } => self.mind.quotas.gnb_came_back(),
            GnbEvent::Resumed { .. } | GnbEvent::Dialect { .. } => {}
        }
    }

    fn hear_controller(&mut self, event: DealerEvent) {
        match event {
            DealerEvent::Message { message, .. } => match message.header.kind {
                Kind::Action => match message.parse::<Order>() {
                    Ok(order) => {
                        let age_ns = order.age_at_ns(&message.header, mono_ns());
                        self.ordered(Order { inputs_age_ns: age_ns, ..order });
                    }
                    Err(error) => tracing::warn!(%error, "an order that cannot be read"),
                },
                Kind::InForce => match message.parse::<InForce>() {
                    Ok(word) => self.mind.told(word),
                    Err(error) => tracing::warn!(%error, "a word on what is in force that cannot be read"),
                },
                kind if Learner::wants(kind) => {
                    if let Some(learning) = &self.learning
                        && !learning.give(message)
                    {
                        tracing::debug!("learning is behind: a message is dropped");
                    }
                }
                _ => {}
            },
            DealerEvent::Refused(refusal) => {
                tracing::error!(code = refusal.code, reason = refusal.reason, "the controller refuses")
            }
            DealerEvent::Up { .. } => tracing::info!("the controller is there"),
            DealerEvent::Down { reason, .. } => tracing::warn!(reason, "the controller is away: local decisions go on"),
        }
    }

    fn ordered(&mut self, order: Order) {
        let id = order.id;
        let refuse = |reason: String| Outcome::Done { id, ok: false, reason };
        let approved = match self.mind.check(order.action, mono_ns(), order.inputs_age_ns) {
            Ok(approved) => approved,
            Err(refusal) => return self.tell(&refuse(refusal.to_string())),
        };
        if !self.config.act {
            return self.tell(&refuse("ran is set to watch only".to_owned()));
        }
        match approved.action() {
            Action::Power { .. } => self.act(approved, Purpose::Order(id)),
            Action::SliceQuota { .. } => self.quota(id, approved),
            _ => self.tell(&refuse("ran does not do this".to_owned())),
        }
    }

    fn quota(&mut self, id: u64, approved: Approved<Action>) {
        let (action, purpose) = (approved.action().clone(), Purpose::Order(id));
        let Some((gnb, _)) = &self.gnb else {
            let result = Err(ActError::Gnb("none is configured (ran.gnb_ws)".to_owned()));
            return self.carried(&Carried { action, purpose, result });
        };
        let (gnb, plmn) = (gnb.clone(), self.config.plmn.clone());
        self.later(action, purpose, async move { send_quota(&gnb, plmn, approved).await.map_err(ActError::Gnb) });
    }
}

async fn send_quota(gnb: &GnbHandle, plmn: String, approved: Approved<Action>) -> Result<(), String> {
    let Action::SliceQuota { sst, sd, min, max } = approved.into_action() else {
        return Err("not a quota".to_owned());
    };
    let quota = SliceQuota::new(vec![SliceMember { plmn, sst, sd }], min, max).map_err(|e| e.to_string())?;
    gnb.send(GnbCommand::SliceQuota(quota)).await.map_err(|e| e.to_string())
}

/// The next event of an optional source; for ever where there is none.
async fn next<H, E>(source: &mut Option<(H, mpsc::Receiver<E>)>) -> Option<E> {
    match source {
        Some((_, events)) => events.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;

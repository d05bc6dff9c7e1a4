//! An agent that does nothing but train.

use super::faults::{FaultCounts, LinkFaults};
use crate::clock::mono_ns;
use crate::learn::keep;
use crate::learn::{DataSet, LearnError, Trainer, TrainerConfig, TrainerEvent};
use crate::wire::{Dealer, DealerConfig, DealerEvent, Kind, Message};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// What was not answered is sent again after twice the time of the fastest round so far, and after twice as long each time more, within these limits, ns.
const AGAIN_NS: (u64, u64) = (250_000_000, 5_000_000_000);
/// At the end the controller is told so often, and so far apart.
const LAST_WORDS: usize = 50;
const LAST_WORD_EVERY: Duration = Duration::from_millis(100);
/// Longest time without a look at the order to stop.
const LOOK: Duration = Duration::from_millis(100);

/// What an agent's process is given.
#[derive(Debug, Clone)]
pub struct RemoteAgent {
    /// Where the controller listens.
    pub endpoint: String,
    /// Draws, batch and optimiser; its run is that of the controller.
    pub trainer: TrainerConfig,
    /// It ends after this many rounds.
    pub rounds: u64,
    /// Folder of its state, `agent-NAME.state`, and at the end its weights, `agent-NAME.weights`.
    pub folder: PathBuf,
    /// Whether its state is kept after every round.
    pub keeps: bool,
    /// Share of messages, each way, that each fault hits: 0 but for tests of the protocol.
    pub faults: f64,
}

/// What an agent's process did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentEnd {
    /// Round it is at.
    pub round: u64,
    /// Rounds it was told it had missed. 0: it took part in every one.
    pub moved: u64,
    /// Messages it could not use: duplicates, late ones.
    pub dropped: u64,
    /// What its bad link did, out.
    pub up: FaultCounts,
    /// And in.
    pub down: FaultCounts,
}

struct Link {
    dealer: Dealer,
    events: mpsc::Receiver<DealerEvent>,
    up: LinkFaults,
    down: LinkFaults,
    inbox: Vec<Message>,
}

impl Link {
    fn send(&mut self, message: Message) {
        for m in self.up.pass(message, mono_ns()) {
            self.dealer.send(m);
        }
    }

    /// Waits for messages until a time at most.
    async fn wait(&mut self, until_ns: u64) {
        let now = mono_ns();
        for m in self.up.due(now) {
            self.dealer.send(m);
        }
        self.inbox.extend(self.down.due(now));
        if !self.inbox.is_empty() {
            return;
        }
        let until = [self.up.next_ns(), self.down.next_ns()].into_iter().flatten().fold(until_ns, u64::min);
        let wait = Duration::from_nanos(until.saturating_sub(now)).clamp(Duration::from_millis(1), LOOK);
        match timeout(wait, self.events.recv()).await {
            Ok(Some(DealerEvent::Message { message, .. })) => {
                self.inbox.extend(self.down.pass(message, mono_ns()));
            }
            Ok(Some(DealerEvent::Refused(r))) => tracing::warn!(code = r.code, reason = r.reason, "refused"),
            Ok(Some(DealerEvent::Down { reason, .. })) => tracing::warn!(reason, "the controller is away"),
            Ok(Some(DealerEvent::Up { .. })) => tracing::info!("the controller is there"),
            Ok(None) => tokio::time::sleep(wait).await,
            Err(_) => {}
        }
    }
}

impl RemoteAgent {
    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("agent-{}.{what}", self.trainer.agent.name()))
    }

    /// Trains until all rounds are done, or it is told to stop.
    ///
    /// # Errors
    /// [`LearnError`]: a state that is damaged, a file, or a model.
    pub fn run(&self, data: &DataSet, stop: &AtomicBool) -> Result<AgentEnd, LearnError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|e| LearnError::Message(format!("no runtime: {e}")))?;
        runtime.block_on(self.rounds(data, stop))
    }

    async fn rounds(&self, data: &DataSet, stop: &AtomicBool) -> Result<AgentEnd, LearnError> {
        keep::folder(&self.folder)?;
        let mut trainer = Trainer::new(self.trainer, data, None)?;
        if let Some(state) = keep::read(&self.file("state"))? {
            trainer.resume(&state)?;
            tracing::info!(round = trainer.round(), "goes on");
        }
        let mut dealer = DealerConfig::new(&self.endpoint, self.trainer.agent);
        dealer.backoff_max = Duration::from_millis(200);
        let (dealer, events) = Dealer::connect(dealer).map_err(|e| LearnError::Message(e.to_string()))?;
        let (seed, stream) = (self.trainer.seed, 2 * u64::from(self.trainer.agent.code()));
        let [up, down] = [1_000, 1_001].map(|k| LinkFaults::new(self.faults, seed, k + stream));
        let mut link = Link { dealer, events, up, down, inbox: Vec::new() };
        let (mut moved, mut again_ns, mut begun_ns, mut fastest_ns) = (0, 0, mono_ns(), None::<u64>);
        let mut patience_ns = AGAIN_NS.0;
        while trainer.round() < self.rounds && !stop.load(Relaxed) {
            let now = mono_ns();
            if !trainer.waiting() || now >= again_ns {
                if trainer.waiting() {
                    patience_ns = (2 * patience_ns).min(AGAIN_NS.1);
                } else {
                    begun_ns = now;
                    patience_ns = (2 * fastest_ns.unwrap_or(0)).clamp(AGAIN_NS.0, AGAIN_NS.1);
                }
                trainer.messages(now)?.into_iter().for_each(|m| link.send(m));
                again_ns = mono_ns() + patience_ns;
            }
            link.wait(again_ns).await;
            for message in std::mem::take(&mut link.inbox) {
                match trainer.on_message(&message)? {
                    TrainerEvent::Stepped { .. } => {
                        let took_ns = mono_ns() - begun_ns;
                        fastest_ns = Some(fastest_ns.map_or(took_ns, |fastest| fastest.min(took_ns)));
                        self.save(&trainer)?;
                    }
                    TrainerEvent::Moved { round } => {
                        moved += 1;
                        tracing::warn!(round, "a round was missed");
                    }
                    TrainerEvent::Dropped => {}
                }
            }
        }
        keep::replace(&self.file("weights"), &trainer.weights()?)?;
        if trainer.round() >= self.rounds {
            self.farewell(&mut link).await;
        }
        let (up, down) = (link.up.counts(), link.down.counts());
        Ok(AgentEnd { round: trainer.round(), moved, dropped: trainer.dropped, up, down })
    }

    fn save(&self, trainer: &Trainer) -> Result<(), LearnError> {
        match trainer.checkpoint()?.filter(|_| self.keeps) {
            Some(state) => keep::replace(&self.file("state"), &state),
            None => Ok(()),
        }
    }

    /// Tells the controller that all rounds are done, until it says the same; it may have ended already.
    async fn farewell(&self, link: &mut Link) {
        let mut done = Message::empty(Kind::Ack, self.trainer.agent);
        (done.header.run, done.header.round) = (self.trainer.run, self.rounds);
        for _ in 0..LAST_WORDS {
            link.send(done.clone());
            let until = mono_ns() + nanos(LAST_WORD_EVERY);
            while mono_ns() < until {
                link.wait(until).await;
                let same = |m: &Message| m.header.kind == Kind::Ack && m.header.round == self.rounds;
                if std::mem::take(&mut link.inbox).iter().any(same) {
                    return;
                }
            }
        }
        tracing::warn!(agent = self.trainer.agent.name(), "the controller did not answer at the end");
    }
}

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

//! The holder: keeps the connections, starts workers, and gives zeros while there is none.

use super::nursery::Nursery;
use super::waiting::{Caller, Waiting};
use super::worker::WorkerCommand;
use crate::clock::mono_ns;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ran_bridge::air::{AirConfig, AirError, AirStats, Hold, Keeper, Standing, run_held};
use ran_bridge::iq::{Connections, Door, Word};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Longest sleep between two looks at everything.
const LOOK_MS: u16 = 20;
/// How long a worker that is asked to stop may take.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// What the holder is told.
#[derive(Debug, Clone)]
pub struct HoldConfig {
    /// The data plane: the holder needs its wires and its timing.
    pub air: AirConfig,
    /// Where workers knock; in a folder of this user.
    pub door: PathBuf,
    /// How long peers wait for the next worker before they get zeros.
    pub pause: Duration,
    /// A worker that gives no sign of life for this long is ended.
    pub hang: Duration,
}

/// Why the holder ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The data plane cannot start.
    #[error(transparent)]
    Air(#[from] AirError),
    /// The door cannot be opened, or no worker started.
    #[error("cannot {doing}: {source}")]
    System {
        /// What.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The first worker ended before it said hello, or a worker ended with an error of its own: it has told why.
    #[error("the process that works on samples ended ({0}); what it says stands above")]
    Worker(ExitStatus),
}

/// Holds until `stop`, or until the worker says that it is done.
///
/// # Errors
/// [`HoldError`] when it cannot start. Later a worker that ends is replaced.
pub fn hold(config: &HoldConfig, command: &WorkerCommand, stop: &AtomicBool) -> Result<(), HoldError> {
    let fail = |doing| move |source| HoldError::System { doing, source };
    let mut keeper = Keeper::open(&config.air)?;
    let door = Door::open(&config.door).map_err(fail("open the door for workers"))?;
    let mut holder = Holder { config, stop, stats: AirStats::default(), worked: 0 };
    let mut nursery = Nursery::new(command, &config.door);
    while !stop.load(Ordering::Relaxed) {
        let Some(caller) = holder.wait(&mut keeper, &door, &mut nursery)? else { continue };
        let since = mono_ns();
        let done = holder.serve(&mut keeper, &caller);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if done {
            let how = nursery.take().and_then(|mut worker| worker.wait());
            return how.filter(|h| !h.success()).map_or(Ok(()), |h| Err(HoldError::Worker(h)));
        }
        let now = mono_ns();
        let how = nursery.end(now, now.saturating_sub(since));
        keeper.take_back();
        tracing::error!(
            how = how.map(|h| h.to_string()),
            "the process that works on samples ended; gNB and UEs are held until the next one is there"
        );
    }
    if let Some(mut worker) = nursery.take() {
        worker.stop(STOP_PATIENCE);
    }
    Ok(())
}

struct Holder<'a> {
    config: &'a HoldConfig,
    stop: &'a AtomicBool,
    stats: AirStats,
    /// Workers that said hello.
    worked: u64,
}

impl Holder<'_> {
    /// Waits for a worker's hello: first with everything at rest, then giving zeros. Before the very first one nobody is served.
    fn wait(
        &mut self,
        keeper: &mut Keeper,
        door: &Door,
        nursery: &mut Nursery<'_>,
    ) -> Result<Option<Caller>, HoldError> {
        let over = AtomicBool::new(false);
        let (stop, is_first) = (self.stop, self.worked == 0);
        let mut failed = None;
        let mut is_over = || {
            let went = nursery.look(mono_ns());
            match went {
                Ok(None) => {}
                Ok(Some(how)) if is_first => failed = Some(HoldError::Worker(how)),
                Ok(Some(how)) => tracing::error!(%how, "a worker ended before it began"),
                Err(source) if is_first => failed = Some(HoldError::System { doing: "start a worker", source }),
                Err(error) => tracing::error!(%error, "no worker can be started"),
            }
            failed.is_some() || stop.load(Ordering::Relaxed)
        };
        let mut waiting = Waiting::new(door, &over, &mut is_over);
        let pause_ns = u64::try_from(self.config.pause.as_nanos()).unwrap_or(u64::MAX);
        let until = if is_first { u64::MAX } else { mono_ns().saturating_add(pause_ns) };
        while !over.load(Ordering::Relaxed) && mono_ns() < until {
            keeper.turn(mono_ns());
            let mut items = [PollFd::new(door.fd(), PollFlags::POLLIN)];
            poll(&mut items, PollTimeout::from(LOOK_MS)).ok();
            waiting.look();
        }
        if !over.load(Ordering::Relaxed) {
            tracing::warn!("no worker yet: gNB and UEs get zeros");
            // Zeros cost radio time that carries nothing: at most as much as real time.
            let pace = Some(self.config.air.pace.unwrap_or(1.0).min(1.0));
            let air = AirConfig { pace, ..self.config.air.clone() };
            let ledger = keeper.ledger();
            let from = Standing::read(&ledger);
            let hold = Hold { connections: keeper, ledger, from, works: false };
            run_held(&air, hold, &mut waiting, &over, &mut |_| {}, &self.stats)?;
            keeper.take_back();
        }
        let caller = waiting.caller.take();
        failed.map_or(Ok(caller), Err)
    }

    /// Gives everything to a worker and looks after its connections until it ends; whether it is done for good.
    fn serve(&mut self, keeper: &mut Keeper, caller: &Caller) -> bool {
        if self.worked > 0 {
            keeper.note_restart();
        }
        self.worked += 1;
        let ledger = keeper.ledger();
        if let Err(error) = keeper.give(&caller.channel, caller.wires) {
            tracing::error!(%error, "a worker cannot be given the connections");
            return false;
        }
        let since = mono_ns();
        let hang_ns = u64::try_from(self.config.hang.as_nanos()).unwrap_or(u64::MAX);
        while !self.stop.load(Ordering::Relaxed) {
            let sleeps = wait_for(keeper, caller);
            loop {
                match caller.channel.recv() {
                    Ok(None) => break,
                    Ok(Some(Word::Lost { wire, generation })) => keeper.given_up(wire, generation),
                    Ok(Some(Word::Done)) => return true,
                    Ok(Some(_)) => {}
                    Err(_) => return false,
                }
            }
            if !sleeps {
                keeper.wake();
            }
            if keeper.give_new(&caller.channel, mono_ns()).is_err() {
                return false;
            }
            let silent_ns = mono_ns().saturating_sub(ledger.beat_ns().max(since));
            if silent_ns > hang_ns {
                tracing::error!(
                    silent_ms = silent_ns / 1_000_000,
                    "the process that works on samples hangs: it is ended"
                );
                return false;
            }
        }
        true
    }
}

/// Sleeps until a connection or the worker has something to say; whether nothing was.
fn wait_for(keeper: &Keeper, caller: &Caller) -> bool {
    let mut items = vec![PollFd::new(caller.channel.fd(), PollFlags::POLLIN)];
    keeper.poll_fds(&mut |fd, flags| {
        let flags = PollFlags::from_bits_truncate(flags.bits().cast_signed());
        items.push(PollFd::new(fd, flags));
    });
    poll(&mut items, PollTimeout::from(LOOK_MS)).unwrap_or(0) == 0
}

//! One run of the demo: everything started by the supervisor, watched from outside through the same HTTP that people use.

use super::error::DemoError;
use super::own::{OwnBurst, OwnBursts};
use super::plan::Plan;
use crate::controller::state::ApiState;
use crate::effect::Effect;
use crate::up::{self, UpOptions};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How often the state is asked for.
const POLL: Duration = Duration::from_millis(250);
/// Radio time that stands still for this long is an error.
const STUCK_S: f64 = 45.0;

/// One look at a run.
#[derive(Debug, Clone, Default)]
pub struct Tick {
    /// Radio time, s.
    pub radio_s: f64,
    /// The controller's state; the last one where it did not answer.
    pub state: ApiState,
}

/// What a run leaves.
#[derive(Debug, Clone, Default)]
pub struct PhaseResult {
    /// Run folder.
    pub dir: PathBuf,
    /// Last state of the controller.
    pub state: ApiState,
    /// Every judged action that was seen, in order of judgement.
    pub effects: Vec<Effect>,
    /// Own transmissions that ended meanwhile, in order.
    pub bursts: Vec<OwnBurst>,
    /// Wall time from the first moving radio time to the end, s.
    pub wall_s: f64,
    /// Radio time reached, s.
    pub radio_s: f64,
}

/// A run of a plan.
#[derive(Debug)]
pub struct Phase<'a> {
    plan: &'a Plan,
    until_s: f64,
    stop: &'a AtomicBool,
}

impl<'a> Phase<'a> {
    /// A run of `plan` up to a radio time; `stop` ends it early.
    #[must_use]
    pub fn new(plan: &'a Plan, until_s: f64, stop: &'a AtomicBool) -> Self {
        Self { plan, until_s, stop }
    }

    /// Starts everything, calls `tick` several times a second, takes everything down.
    ///
    /// # Errors
    /// [`DemoError::Stuck`] when radio time stands still, [`DemoError::Stopped`] when a person stopped it, else of the supervisor.
    pub fn run(&self, mut tick: impl FnMut(&Tick)) -> Result<PhaseResult, DemoError> {
        let binary = std::env::current_exe().map_err(|e| DemoError::system("find this program", e))?;
        let options = UpOptions { binary, verbose: 0, log_json: false, chatty: false };
        let down = Arc::new(AtomicBool::new(false));
        let (config, flag) = (self.plan.config.clone(), Arc::clone(&down));
        let supervisor = std::thread::spawn(move || up::run(&config, &options, &flag));
        let watched = self.watch(&mut tick, || supervisor.is_finished());
        down.store(true, Relaxed);
        let dir = supervisor.join().map_err(|_| DemoError::system("supervise", "the supervisor panicked"))??;
        let mut result = watched?;
        result.dir = dir;
        Ok(result)
    }

    fn watch(&self, tick: &mut impl FnMut(&Tick), ended: impl Fn() -> bool) -> Result<PhaseResult, DemoError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| DemoError::system("start the clock", e))?;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(2))
            .build()
            .map_err(|e| DemoError::system("open an HTTP client", e))?;
        let mut now = Tick::default();
        let mut effects = BTreeMap::new();
        let mut bursts = OwnBursts::new(crate::clock::mono_ns());
        let seconds = || crate::clock::mono_ns() as f64 * 1e-9;
        let (mut moved_s, mut first_s) = (seconds(), None);
        loop {
            std::thread::sleep(POLL);
            if self.stop.load(Relaxed) {
                return Err(DemoError::Stopped);
            }
            let (state, world) = runtime.block_on(async {
                (
                    get::<ApiState>(&http, &self.plan.api_url).await,
                    get::<serde_json::Value>(&http, &self.plan.world_url).await,
                )
            });
            now.state = match state {
                Some(state) => state,
                None => ApiState { transmitter: std::mem::take(&mut now.state.transmitter).lost(), ..now.state },
            };
            bursts.look(&now.state);
            for effect in &now.state.actions {
                effects.insert((effect.mono_ns, effect.id, effect.kind.name()), effect.clone());
            }
            let radio_s = world.and_then(|w| w["t_s"].as_f64()).unwrap_or(now.radio_s);
            if radio_s > now.radio_s {
                moved_s = seconds();
                first_s.get_or_insert(moved_s);
            }
            // A restarted lab begins again at 0: the run goes on with what it has.
            now.radio_s = radio_s;
            tick(&now);
            let still_s = seconds() - moved_s;
            if now.radio_s >= self.until_s || ended() {
                let wall_s = first_s.map_or(0.0, |f| seconds() - f);
                let effects = effects.into_values().collect();
                return Ok(PhaseResult {
                    dir: PathBuf::new(),
                    state: now.state,
                    effects,
                    bursts: bursts.finish(),
                    wall_s,
                    radio_s: now.radio_s,
                });
            }
            if still_s > STUCK_S {
                let logs = self.plan.config.run.root.display().to_string();
                return Err(DemoError::Stuck { radio_s: now.radio_s, wall_s: still_s, logs });
            }
        }
    }
}

async fn get<T: serde::de::DeserializeOwned>(http: &reqwest::Client, url: &str) -> Option<T> {
    http.get(url).send().await.ok()?.json().await.ok()
}

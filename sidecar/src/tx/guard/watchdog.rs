//! What the service manager is told: ready once the radio is safe, alive as long as the guard finds itself in order, how it stands, and that it ends.
//! A guard that is not in order says nothing, and the manager ends it.

use super::core::{Core, Shared};
use crate::notify::Notify;
use governor::State;

/// How it stands is looked at this often, ns.
const LOOK_NS: u64 = 100_000_000;
/// It is told that the guard lives so many times in the period after which the manager ends it.
const OFTEN: u64 = 4;

pub(super) struct Watchdog {
    notify: Option<Notify>,
    is_ready: bool,
    alive_ns: u64,
    look_ns: u64,
    told: String,
}

impl Watchdog {
    pub(super) fn new(notify: Option<Notify>) -> Self {
        Self { notify, is_ready: false, alive_ns: 0, look_ns: 0, told: String::new() }
    }

    /// One turn of the desk. `is_sound`: its threads live, and no driver call takes too long.
    pub(super) fn turn(&mut self, shared: &Shared, is_sound: bool) {
        let Some(notify) = &self.notify else { return };
        let now_ns = shared.now_ns();
        if now_ns >= self.look_ns {
            self.look_ns = now_ns + LOOK_NS;
            if let Some(stands) = said(&shared.core()).filter(|s| *s != self.told) {
                if !self.is_ready {
                    self.is_ready = true;
                    notify.tell("READY=1");
                }
                notify.tell(&format!("STATUS={stands}"));
                self.told = stands;
            }
        }
        if let Some(period_ns) = notify.watchdog_ns()
            && self.is_ready
            && is_sound
            && now_ns >= self.alive_ns
        {
            notify.tell("WATCHDOG=1");
            self.alive_ns = now_ns + period_ns / OFTEN;
        }
    }

    /// The guard ends.
    pub(super) fn end(&self) {
        if let Some(notify) = &self.notify {
            notify.tell("STOPPING=1");
        }
    }
}

/// How it stands, in one line; `None` on the way to the safe state.
fn said(core: &Core) -> Option<String> {
    let state = match (core.governor.state(), core.on_air) {
        (_, Some(burst)) => format!("ON AIR, burst {}", burst.id),
        (State::Safe, _) if !core.radio_is_safe => return None,
        (State::Safe, _) => "safe".to_owned(),
        _ => "armed".to_owned(),
    };
    let why = match core.governor.policy() {
        Ok(policy) => format!("policy until {}", policy.until()),
        Err(denial) => format!("nothing may be sent: {denial}"),
    };
    Some(format!("{state}; {}", why.replace('\n', " ")))
}

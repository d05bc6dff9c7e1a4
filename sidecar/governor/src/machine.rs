//! The machine: safe, armed, on air, and back to safe by every path.

use crate::MAX_UNSENT_MS;
use crate::arm::{ArmRequest, Armed, Token};
use crate::burst::{Burst, Pending, Permit};
use crate::chain::Event;
use crate::duty::Duty;
use crate::policy::{Denial, Policy};
use crate::refusal::Refusal;
use jiff::Timestamp;
use num_complex::Complex32;
use serde::{Deserialize, Serialize};

/// Who is silent for so long is taken for dead, ns.
pub const DEADMAN_NS: u64 = 200_000_000;

/// Where the governor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing may be sent.
    Safe,
    /// A token is out.
    Armed,
    /// A burst is approved and not over.
    OnAir,
}

/// Who must be alive for anything to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feeder {
    /// The control loop.
    Loop,
    /// The receive monitor.
    Monitor,
}

/// Why it went to the safe state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Somebody asked: command line, HTTP, stop file.
    Asked,
    /// The process was told to end.
    Signal,
    /// The policy is over, or the clock was put back before it.
    PolicyEnded,
    /// The token is over.
    TokenExpired,
    /// One of the two was silent for [`DEADMAN_NS`].
    DeadMan(Feeder),
    /// The radio said no.
    DeviceError,
    /// A write did not come back.
    HungWrite,
    /// Whoever sends the samples, or feeds the dead-man, is gone.
    PipeClosed,
    /// The log could not be written.
    LogError,
    /// A piece broke the rules.
    BadPiece,
    /// The receiver hears too much: its input is in danger.
    Overload,
}

/// The burst that is on air.
#[derive(Debug, Clone, Copy)]
struct OnAir {
    id: u64,
    /// Samples that may still be sent.
    left: u64,
    max_amplitude: f64,
    rate_hz: f64,
}

/// See the [crate].
#[derive(Debug)]
pub struct Governor {
    policy: Result<Policy, Denial>,
    duties: Vec<Duty>,
    armed: Option<Armed>,
    on_air: Option<OnAir>,
    fed_ns: [Option<u64>; 2],
    next_id: u64,
    /// When the policy ends by the clock that nobody sets, monotonic ns.
    ends_ns: u64,
}

impl Governor {
    /// In the safe state, with what [`Policy::load`] gave. Another policy needs another governor.
    #[must_use]
    pub fn new(policy: Result<Policy, Denial>, now_ns: u64, wall: Timestamp) -> Self {
        let left = policy.as_ref().map_or(0, |p| p.until().duration_since(wall).as_nanos().max(0));
        let ends_ns = now_ns.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
        let grants = policy.as_ref().map_or(&[][..], Policy::grants);
        let duties = grants.iter().map(|g| Duty::new(g.max_duty, g.duty_window_ms, now_ns)).collect();
        Self { policy, duties, armed: None, on_air: None, fed_ns: [None; 2], next_id: 1, ends_ns }
    }

    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> State {
        match (&self.armed, &self.on_air) {
            (None, _) => State::Safe,
            (Some(_), None) => State::Armed,
            (Some(_), Some(_)) => State::OnAir,
        }
    }

    /// The loop or the monitor was alive at this time.
    pub fn feed(&mut self, who: Feeder, alive_ns: u64) {
        let fed = &mut self.fed_ns[who as usize];
        *fed = (*fed).max(Some(alive_ns));
    }

    /// The policy, if there is one that holds by both clocks.
    fn in_force(&self, now_ns: u64, wall: Timestamp) -> Result<&Policy, Denial> {
        let policy = self.policy.as_ref().map_err(Clone::clone)?;
        policy.is_in_force(wall)?;
        if now_ns >= self.ends_ns { Err(Denial::Expired(policy.until())) } else { Ok(policy) }
    }

    /// Gives a token. `nonce`: 128 fresh random bits. An arming that was there is over.
    ///
    /// # Errors
    /// [`Refusal`]; where it was armed before, it still is.
    pub fn arm(&mut self, ask: &ArmRequest, nonce: [u8; 16], now_ns: u64, wall: Timestamp) -> Result<Token, Refusal> {
        let policy = self.in_force(now_ns, wall)?;
        if self.on_air.is_some() {
            return Err(Refusal::State(State::OnAir));
        }
        self.armed = Some(ask.check(policy, Token(nonce), now_ns)?);
        Ok(Token(nonce))
    }

    /// Approves one burst. From here on it is on air, and its air time is spent, whether it is sent or not.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn fire(&mut self, burst: &Burst, now_ns: u64, wall: Timestamp) -> Result<Pending, Refusal> {
        let policy = self.in_force(now_ns, wall)?;
        let armed = self.armed.as_ref().ok_or(Refusal::State(State::Safe))?;
        if self.on_air.is_some() {
            return Err(Refusal::State(State::OnAir));
        }
        if now_ns >= armed.expires_ns {
            return Err(Refusal::Expired);
        }
        if self.silent(now_ns).is_some() {
            return Err(Refusal::DeadMan);
        }
        let grant = policy.grants()[armed.grant].clone();
        let duty = &mut self.duties[armed.grant];
        burst.check(armed, &grant, duty.left_ns(now_ns), now_ns)?;
        duty.spend(burst.air_ns(), now_ns);
        let id = self.next_id;
        let event = Event::Fire { id, policy: hex(&armed.policy), serial: armed.serial.clone(), burst: *burst };
        let (max_amplitude, rate_hz) = (grant.max_amplitude, burst.rate_hz);
        self.next_id += 1;
        self.on_air = Some(OnAir { id, left: burst.samples, max_amplitude, rate_hz });
        if let Some(armed) = &mut self.armed {
            // the look was for the first burst
            armed.look_ns = None;
        }
        Ok(Pending { id, burst: *burst, event })
    }

    /// Whether these samples may go to the driver now: the last thing before it. `unsent`: samples on their way that are not sent yet.
    /// A piece that is refused brings the safe state, but for [`Refusal::Unsent`]: that one may be tried again. The burst is on air until
    /// [`Governor::ended`].
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn take(&mut self, permit: &Permit, piece: &[Complex32], unsent: u64, now_ns: u64) -> Result<(), Refusal> {
        let verdict = self.look(permit, piece, unsent, now_ns);
        match &verdict {
            Ok(left) => self.on_air = self.on_air.map(|b| OnAir { left: *left, ..b }),
            Err(Refusal::Unsent) => {}
            Err(_) => {
                self.stop(Stop::BadPiece);
            }
        }
        verdict.map(|_| ())
    }

    /// The burst's last sample is out, or none will be any more: armed again.
    pub fn ended(&mut self, permit: &Permit) {
        let token = self.armed.as_ref().map(|a| a.token);
        if self.on_air.is_some_and(|b| b.id == permit.id) && token == Some(permit.token) {
            self.on_air = None;
        }
    }

    /// Samples of the burst on air that may still be sent; 0 where none is.
    #[must_use]
    pub const fn left(&self) -> u64 {
        match &self.on_air {
            Some(burst) => burst.left,
            None => 0,
        }
    }

    /// Gives how many samples are left after this piece.
    fn look(&self, permit: &Permit, piece: &[Complex32], unsent: u64, now_ns: u64) -> Result<u64, Refusal> {
        let (Some(armed), Some(burst)) = (&self.armed, &self.on_air) else {
            return Err(Refusal::State(self.state()));
        };
        if permit.id != burst.id || permit.token != armed.token {
            return Err(Refusal::Token);
        }
        if now_ns >= armed.expires_ns {
            return Err(Refusal::Expired);
        }
        if self.silent(now_ns).is_some() {
            return Err(Refusal::DeadMan);
        }
        let n = piece.len() as u64;
        let left = burst.left.checked_sub(n).ok_or(Refusal::TooMany)?;
        let cap = burst.max_amplitude;
        if let Some(z) = piece.iter().find(|z| z.norm().is_nan() || z.norm() > cap as f32) {
            return Err(Refusal::Cap { what: "the amplitude", asked: z.norm().into(), cap });
        }
        if unsent.saturating_add(n) as f64 > MAX_UNSENT_MS * 1e-3 * burst.rate_hz {
            return Err(Refusal::Unsent);
        }
        Ok(left)
    }

    /// Ends what ends by itself. To be called every few milliseconds. Gives what is to be logged, once the radio is safe.
    pub fn tick(&mut self, now_ns: u64, wall: Timestamp) -> Option<Event> {
        let armed = self.armed.as_ref()?;
        let over = self.in_force(now_ns, wall).is_err();
        let why = match self.silent(now_ns) {
            _ if over => Stop::PolicyEnded,
            _ if now_ns >= armed.expires_ns => Stop::TokenExpired,
            Some(who) if self.on_air.is_some() => Stop::DeadMan(who),
            _ => return None,
        };
        self.stop(why)
    }

    /// To the safe state: the token and every permit are over. Gives what is to be logged, once the radio is safe; `None` = it was safe already.
    pub fn stop(&mut self, why: Stop) -> Option<Event> {
        self.on_air = None;
        self.armed.take().map(|_| Event::Stop { why })
    }

    /// What it goes by.
    ///
    /// # Errors
    /// Why nothing may be sent at all.
    pub fn policy(&self) -> Result<&Policy, &Denial> {
        self.policy.as_ref()
    }

    /// When the token expires, monotonic ns; `None` = none is out.
    #[must_use]
    pub fn expires_ns(&self) -> Option<u64> {
        self.armed.as_ref().map(|a| a.expires_ns)
    }

    /// When it was fed last, monotonic ns.
    #[must_use]
    pub const fn fed_ns(&self, who: Feeder) -> Option<u64> {
        self.fed_ns[who as usize]
    }

    /// Who has not fed the dead-man for too long.
    fn silent(&self, now_ns: u64) -> Option<Feeder> {
        let dead = |at: Option<u64>| at.is_none_or(|at| now_ns.saturating_sub(at) > DEADMAN_NS);
        [Feeder::Loop, Feeder::Monitor].into_iter().find(|who| dead(self.fed_ns[*who as usize]))
    }
}

/// Hexadecimal digits, as hashes and tokens are written.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

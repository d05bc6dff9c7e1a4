//! The machine: safe, armed, on air, and back to safe by every path.

use crate::MAX_UNSENT_MS;
use crate::arm::{ArmRequest, Armed, Token};
use crate::burst::{Burst, Pending, Permit};
use crate::chain::Event;
use crate::duty::Duty;
use crate::energy::{Energy, energy_s};
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
    /// The radio's clock does not follow its reference any more, or nobody knows.
    Reference,
}

/// The burst that is on air.
#[derive(Debug, Clone, Copy)]
struct OnAir {
    id: u64,
    /// Samples that may still be sent; of a chain with each piece.
    left: u64,
    max_amplitude: f64,
    rate_hz: f64,
    /// A chain: the grant whose time on air each piece spends.
    chain: Option<usize>,
}

/// See the [crate].
#[derive(Debug)]
pub struct Governor {
    policy: Result<Policy, Denial>,
    duties: Vec<Duty>,
    energies: Vec<Energy>,
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
        let energies = grants.iter().map(|g| Energy::new(g.max_energy_s_per_h)).collect();
        Self { policy, duties, energies, armed: None, on_air: None, fed_ns: [None; 2], next_id: 1, ends_ns }
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

    /// The loop or the monitor was alive at this time. In a chain the loop's place is taken by the samples that arrive, and it feeds nothing.
    pub fn feed(&mut self, who: Feeder, alive_ns: u64) {
        if who == Feeder::Loop && self.on_air.is_some_and(|b| b.chain.is_some()) {
            return;
        }
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
        self.approve(burst, false, now_ns, wall)
    }

    /// Approves a chain: pieces of at most `burst.samples` each, as long as they arrive. Each spends its time on air and feeds the loop's half of
    /// the dead-man; when none comes for [`DEADMAN_NS`], it ends. The token is to be renewed before it expires.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn relay(&mut self, burst: &Burst, now_ns: u64, wall: Timestamp) -> Result<Pending, Refusal> {
        self.approve(burst, true, now_ns, wall)
    }

    fn approve(&mut self, burst: &Burst, relays: bool, now_ns: u64, wall: Timestamp) -> Result<Pending, Refusal> {
        let policy = self.in_force(now_ns, wall)?;
        let armed = self.armed.as_ref().ok_or(Refusal::State(State::Safe))?;
        if self.on_air.is_some() {
            return Err(Refusal::State(State::OnAir));
        }
        if now_ns >= armed.expires_ns {
            return Err(Refusal::Expired);
        }
        if self.silent(now_ns).is_some_and(|who| !relays || who == Feeder::Monitor) {
            return Err(Refusal::DeadMan);
        }
        let grant = policy.grants()[armed.grant].clone();
        let duty = &mut self.duties[armed.grant];
        burst.check(armed, relays, &grant, duty.left_ns(now_ns), now_ns)?;
        let (id, policy, serial) = (self.next_id, hex(&armed.policy), armed.serial.clone());
        let chain = relays.then_some(armed.grant);
        let event = if relays {
            self.fed_ns[Feeder::Loop as usize] = Some(now_ns);
            Event::Relay { id, policy, serial, burst: *burst }
        } else {
            duty.spend(burst.air_ns(), now_ns);
            Event::Fire { id, policy, serial, burst: *burst }
        };
        let (max_amplitude, rate_hz) = (grant.max_amplitude, burst.rate_hz);
        self.next_id += 1;
        self.on_air = Some(OnAir { id, left: burst.samples, max_amplitude, rate_hz, chain });
        if let Some(armed) = &mut self.armed {
            // the look was for the first burst
            armed.look_ns = None;
        }
        Ok(Pending { id, burst: *burst, event })
    }

    /// The token of the chain on air holds longer: as long as arming anew with this would give. Gives what is to be logged.
    ///
    /// # Errors
    /// [`Refusal`]: the token holds as long as before.
    pub fn renew(&mut self, token: Token, ask: &ArmRequest, now_ns: u64, wall: Timestamp) -> Result<Event, Refusal> {
        let policy = self.in_force(now_ns, wall)?;
        let (Some(armed), Some(burst)) = (&self.armed, &self.on_air) else {
            return Err(Refusal::State(self.state()));
        };
        if token != armed.token {
            return Err(Refusal::Token);
        }
        if now_ns >= armed.expires_ns {
            return Err(Refusal::Expired);
        }
        let next = ask.check(policy, token, now_ns)?;
        let is_same =
            next.relays && next.serial == armed.serial && next.band == armed.band && next.grant == armed.grant;
        if !is_same || burst.chain.is_none() {
            return Err(Refusal::Purpose);
        }
        let id = burst.id;
        self.armed = Some(next);
        Ok(Event::Renew { id, ask: ask.clone() })
    }

    /// Whether these samples may go to the driver now: the last thing before it. `pieces`: one a channel, all of one length; every sample of each
    /// is looked at, and counts are those of one channel. `unsent`: samples on their way that are not sent yet.
    /// A piece that is refused brings the safe state, but for [`Refusal::Unsent`]: that one may be tried again. The burst is on air until
    /// [`Governor::ended`].
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn take(&mut self, permit: &Permit, pieces: &[&[Complex32]], unsent: u64, now_ns: u64) -> Result<(), Refusal> {
        let verdict = self.look(permit, pieces, unsent, now_ns);
        match &verdict {
            Ok((left, energy_s)) => {
                self.took(*left, pieces.first().map_or(0, |p| p.len()), now_ns);
                if let Some(armed) = &self.armed {
                    self.energies[armed.grant].spend(*energy_s, now_ns);
                }
            }
            Err(Refusal::Unsent) => {}
            Err(_) => {
                self.stop(Stop::BadPiece);
            }
        }
        verdict.map(|_| ())
    }

    /// Notes a piece that was let through: a burst has so many samples left, a chain goes on.
    fn took(&mut self, left: u64, samples: usize, now_ns: u64) {
        let Some(burst) = &mut self.on_air else { return };
        match burst.chain {
            None => burst.left = left,
            Some(grant) => {
                self.duties[grant].spend(samples as f64 / burst.rate_hz * 1e9, now_ns);
                self.fed_ns[Feeder::Loop as usize] = Some(now_ns);
            }
        }
    }

    /// The burst's last sample is out, or none will be any more: armed again.
    pub fn ended(&mut self, permit: &Permit) {
        let token = self.armed.as_ref().map(|a| a.token);
        if self.on_air.is_some_and(|b| b.id == permit.id) && token == Some(permit.token) {
            self.on_air = None;
        }
    }

    /// Samples of the burst on air that may still be sent, of a chain with its next piece; 0 where none is.
    #[must_use]
    pub const fn left(&self) -> u64 {
        match &self.on_air {
            Some(burst) => burst.left,
            None => 0,
        }
    }

    /// Gives how many samples are left after this piece, and its energy, full-scale seconds.
    fn look(&self, permit: &Permit, pieces: &[&[Complex32]], unsent: u64, now_ns: u64) -> Result<(u64, f64), Refusal> {
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
        let n = pieces.first().ok_or(Refusal::Uneven)?.len();
        if pieces.iter().any(|piece| piece.len() != n) {
            return Err(Refusal::Uneven);
        }
        let n = n as u64;
        let left = burst.left.checked_sub(n).ok_or(Refusal::TooMany)?;
        if let Some(grant) = burst.chain {
            let (asked, cap) = (n as f64 / burst.rate_hz * 1e3, self.duties[grant].left_ns(now_ns) * 1e-6);
            if asked > cap {
                return Err(Refusal::Cap { what: "the time on air, ms,", asked, cap });
            }
        }
        let cap = burst.max_amplitude;
        if let Some(z) = pieces.iter().copied().flatten().find(|z| z.norm().is_nan() || z.norm() > cap as f32) {
            return Err(Refusal::Cap { what: "the amplitude", asked: z.norm().into(), cap });
        }
        if unsent.saturating_add(n) as f64 > MAX_UNSENT_MS * 1e-3 * burst.rate_hz {
            return Err(Refusal::Unsent);
        }
        let energy_s = energy_s(pieces.iter().copied().flatten(), burst.rate_hz);
        self.energies[armed.grant].check(energy_s, now_ns)?;
        Ok((left, energy_s))
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

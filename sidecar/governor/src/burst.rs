//! A burst: finite by construction, and nothing before it is on disk. In a chain it is the longest link: each piece is one of its own.

use crate::arm::{Armed, LOOK_NS, Token};
use crate::band::Band;
use crate::chain::{Event, Receipt};
use crate::policy::Grant;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// What somebody wants to send: so many samples and not one more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// From arming.
    pub token: Token,
    /// Samples at `rate_hz`.
    pub samples: u64,
    /// Sample rate, Hz.
    pub rate_hz: f64,
    /// What is occupied.
    pub band: Band,
    /// Gain setting, dB.
    pub gain_db: f64,
}

impl Burst {
    /// Time on air, ns.
    #[must_use]
    pub fn air_ns(&self) -> f64 {
        self.samples as f64 / self.rate_hz * 1e9
    }

    /// Checks it against what is armed, for a chain or for a burst alone. `left_ns`: air time that the duty cycle leaves.
    pub(crate) fn check(
        &self,
        armed: &Armed,
        relays: bool,
        grant: &Grant,
        left_ns: f64,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        if self.token != armed.token {
            return Err(Refusal::Token);
        }
        if relays != armed.relays {
            return Err(Refusal::Purpose);
        }
        if !(self.rate_hz.is_finite() && (1e3..=1e9).contains(&self.rate_hz)) {
            return Err(Refusal::Number("the sample rate"));
        }
        if self.samples == 0 {
            return Err(Refusal::Number("the number of samples"));
        }
        if !self.gain_db.is_finite() {
            return Err(Refusal::Number("the gain"));
        }
        self.band.check()?;
        if !self.band.is_within(&armed.band) {
            return Err(Refusal::NoGrant { serial: armed.serial.clone(), band: self.band });
        }
        if armed.look_ns.is_some_and(|at| now_ns.saturating_sub(at) > LOOK_NS) {
            return Err(Refusal::NotListened);
        }
        let air_ms = self.air_ns() * 1e-6;
        let cap =
            |what, asked: f64, cap: f64| if asked > cap { Err(Refusal::Cap { what, asked, cap }) } else { Ok(()) };
        cap("the gain, dB,", self.gain_db, grant.max_gain_db)?;
        cap("the burst, ms,", air_ms, grant.max_burst_ms)?;
        cap("the time on air, ms,", air_ms, left_ns * 1e-6)?;
        let token_ms = armed.expires_ns.saturating_sub(now_ns) as f64 * 1e-6;
        cap("the burst, ms, with the token's time left,", air_ms, token_ms)
    }
}

/// An approved burst that is not on disk yet.
#[derive(Debug)]
#[must_use = "it reserves the air until it is logged or stopped"]
pub struct Pending {
    pub(crate) id: u64,
    pub(crate) burst: Burst,
    pub(crate) event: Event,
}

impl Pending {
    /// What is to be appended to the log.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// It is on disk.
    ///
    /// # Errors
    /// [`Refusal::NotLogged`] where the receipt is another event's; the air stays reserved until a stop.
    pub fn logged(self, receipt: &Receipt) -> Result<Permit, Refusal> {
        let permit = Permit { id: self.id, token: self.burst.token };
        if receipt.is_of(&self.event) { Ok(permit) } else { Err(Refusal::NotLogged) }
    }
}

/// The right to the samples of one burst, spent by [`crate::Governor::take`]. It cannot be copied.
#[derive(Debug)]
pub struct Permit {
    pub(crate) id: u64,
    pub(crate) token: Token,
}

//! Arming: who may fire what, where and how long.

use crate::band::Band;
use crate::machine::hex;
use crate::policy::{Grant, Mode, Policy};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// Longest time a token may hold, ns.
const MAX_TOKEN_NS: u64 = 60_000_000_000;
/// A look at the band older than this counts for nothing, ns.
pub(crate) const LOOK_NS: u64 = 2_000_000_000;

/// What is heard in a band before anything is sent into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When, monotonic ns.
    pub at_ns: u64,
    /// Physical cell identities above the threshold.
    pub cells: Vec<u16>,
}

/// What for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Self-test, calibration, sounding.
    Own,
    /// The downlink of our own cell, link after link of a chain ([`crate::Governor::relay`]).
    Relay,
    /// Friendly jamming of this cell, after this look at the band.
    Jam {
        /// Physical cell identity.
        victim: u16,
        /// What was heard; `None` = nobody has listened.
        heard: Option<Heard>,
    },
}

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmRequest {
    /// Where it goes.
    pub mode: Mode,
    /// Serial number of the radio that is open.
    pub serial: String,
    /// What is wanted.
    pub band: Band,
    /// What for.
    pub purpose: Purpose,
    /// How long the token holds, ns; at most 60 s.
    pub for_ns: u64,
    /// What the operator has typed; needed on the air.
    #[serde(default)]
    pub phrase: String,
}

/// The right to fire until it expires: 128 bits that only its holder knows. As text 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Token(pub [u8; 16]);

impl From<Token> for String {
    fn from(token: Token) -> Self {
        hex(&token.0)
    }
}

impl TryFrom<String> for Token {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl std::str::FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WHAT: &str = "a token has 32 hexadecimal digits, as `sidecar tx arm` prints it";
        let is_hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let bits = u128::from_str_radix(text, 16).ok().filter(|_| is_hex).ok_or(WHAT)?;
        Ok(Self(bits.to_be_bytes()))
    }
}

/// Never the token itself: what prints it is a log.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What a token is bound to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Armed {
    pub(crate) token: Token,
    pub(crate) policy: [u8; 32],
    pub(crate) serial: String,
    pub(crate) band: Band,
    pub(crate) grant: usize,
    pub(crate) expires_ns: u64,
    /// When the band was listened to; `None` = that is not needed any more, or never was.
    pub(crate) look_ns: Option<u64>,
    /// For a chain and nothing else.
    pub(crate) relays: bool,
}

impl ArmRequest {
    /// Checks it against the policy.
    pub(crate) fn check(&self, policy: &Policy, token: Token, now_ns: u64) -> Result<Armed, Refusal> {
        self.band.check()?;
        if self.for_ns == 0 || self.for_ns > MAX_TOKEN_NS {
            return Err(Refusal::Cap { what: "the token's time, s,", asked: self.for_ns as f64 * 1e-9, cap: 60.0 });
        }
        let is_meant = |g: &Grant| match self.purpose {
            Purpose::Own => g.victims.is_empty(),
            Purpose::Relay => g.relay,
            Purpose::Jam { .. } => !g.victims.is_empty(),
        };
        let fits = |g: &Grant| {
            g.mode == self.mode && g.radios.contains(&self.serial) && self.band.is_within(&g.band()) && is_meant(g)
        };
        let no_grant = || Refusal::NoGrant { serial: self.serial.clone(), band: self.band };
        let grant = policy.grants().iter().position(fits).ok_or_else(no_grant)?;
        if self.mode == Mode::Licensed && self.phrase != policy.phrase() {
            return Err(Refusal::Phrase);
        }
        let mut look_ns = None;
        if let Purpose::Jam { victim, heard } = &self.purpose {
            let grant = &policy.grants()[grant];
            if !grant.victims.contains(victim) {
                return Err(Refusal::Victim(*victim));
            }
            let look = heard.as_ref().filter(|h| h.at_ns <= now_ns && now_ns - h.at_ns <= LOOK_NS);
            let look = look.ok_or(Refusal::NotListened)?;
            look_ns = Some(look.at_ns);
            let cells = &look.cells;
            if let Some(other) = cells.iter().find(|c| !grant.victims.contains(c)) {
                return Err(Refusal::OtherCell(*other));
            }
            // ears that do not hear the victim may hear nothing at all
            if !cells.contains(victim) {
                return Err(Refusal::NotHeard(*victim));
            }
        }
        Ok(Armed {
            token,
            policy: *policy.hash(),
            serial: self.serial.clone(),
            band: self.band,
            grant,
            expires_ns: now_ns.saturating_add(self.for_ns),
            look_ns,
            relays: matches!(self.purpose, Purpose::Relay),
        })
    }
}

//! Why a proposal is refused.

use crate::band::Band;
use crate::machine::State;
use crate::policy::Denial;

/// Why this arming, burst or piece is refused. Each has one name in metrics ([`Refusal::name`]).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Nothing may be transmitted at all.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// Not now.
    #[error("refused in the state {0:?}")]
    State(State),
    /// No grant has this radio, mode and band.
    #[error("no grant of the policy has radio {serial} at {band} in this mode, for this purpose")]
    NoGrant {
        /// Serial number.
        serial: String,
        /// What was asked for.
        band: Band,
    },
    /// A number that is none.
    #[error("{0} is no sensible number")]
    Number(&'static str),
    /// Into the air without the phrase.
    #[error("type the phrase of the policy to go on the air")]
    Phrase,
    /// Armed for a chain and a burst is asked for, or the other way round; or what is to be renewed is not what was armed.
    #[error("armed for another purpose: arm again")]
    Purpose,
    /// A cell that is not ours.
    #[error("cell {0} is not among the policy's victims")]
    Victim(u16),
    /// Nobody has listened, or too long ago.
    #[error("listen to the band first: no look of the last 2 s")]
    NotListened,
    /// The ears may be deaf.
    #[error("cell {0} itself is not heard: a receiver that hears nothing says nothing about others")]
    NotHeard(u16),
    /// Somebody else is there.
    #[error("another cell is heard in the band: {0}")]
    OtherCell(u16),
    /// A token that was never given, is used up, or of an arming that is over.
    #[error("this token is not in force: arm again")]
    Token,
    /// It expired.
    #[error("the token has expired: arm again")]
    Expired,
    /// Beyond a cap.
    #[error("{what} {asked} is beyond the policy's {cap}")]
    Cap {
        /// Of what.
        what: &'static str,
        /// What was asked for.
        asked: f64,
        /// What is allowed.
        cap: f64,
    },
    /// The dead-man is not fed.
    #[error("the dead-man is not fed by both the loop and the monitor")]
    DeadMan,
    /// The radio's clock does not follow its reference.
    #[error("the radio's clock is not locked to its reference: look at its cable, or at tx.stop_without_reference")]
    Reference,
    /// The burst is not in the log.
    #[error("the burst is not in the log")]
    NotLogged,
    /// Channels with pieces of different lengths, or no channel.
    #[error("one piece a channel, all of one length")]
    Uneven,
    /// More samples than the burst has.
    #[error("more samples than were approved")]
    TooMany,
    /// More would be on their way than [`crate::MAX_UNSENT_MS`].
    #[error("more than 20 ms would be unsent")]
    Unsent,
}

impl Refusal {
    /// Its name in metrics and in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::State(_) => "state",
            Self::NoGrant { .. } => "no_grant",
            Self::Number(_) => "number",
            Self::Phrase => "phrase",
            Self::Purpose => "purpose",
            Self::Victim(_) => "victim",
            Self::NotListened => "not_listened",
            Self::NotHeard(_) => "not_heard",
            Self::OtherCell(_) => "other_cell",
            Self::Token => "token",
            Self::Expired => "expired",
            Self::Cap { .. } => "cap",
            Self::DeadMan => "dead_man",
            Self::Reference => "reference",
            Self::NotLogged => "not_logged",
            Self::Uneven => "uneven",
            Self::TooMany => "too_many",
            Self::Unsent => "unsent",
        }
    }
}

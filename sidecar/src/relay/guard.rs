//! The conversation with the guard: arming, the chain, its renewal, its end.

use super::config::{CalibrateConfig, RelayConfig};
use super::error::RelayError;
use super::line::Line;
use crate::tx::{
    Answer, ArmOrder, Ask, CalibrateOrder, ChainStatus, GuardStatus, Hello, RelayOrder, TxClient, TxError,
};
use governor::Token;
use std::time::Duration;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// It says why a chain has ended soon after it has.
const LAST_WORD: Duration = Duration::from_millis(500);
/// While the chains are measured it is told this often that the relay is alive, ns, and so long that takes at most, ns.
const FEED_NS: u64 = 20_000_000;
const MEASURE_NS: u64 = 30_000_000_000;
/// A chain begins within this of what was measured, ns: the token for it holds a little longer.
const HOLDS_NS: u64 = 20_000_000_000;
/// A token holds so long, ms, and is renewed after so long, ns.
const TOKEN_MS: u64 = 60_000;
const RENEW_NS: u64 = 20_000_000_000;

/// The transmit chains against each other.
#[derive(Clone, Copy, PartialEq)]
enum Measured {
    /// Not since the stream was opened.
    No,
    /// Under way since, told last that the relay is alive at, ns.
    UnderWay { since_ns: u64, fed_ns: u64 },
    /// A chain that begins before this has it, ns: then the stream is closed.
    Until(u64),
}

/// The guard, as the relay knows it.
pub(super) struct Guard<'a> {
    config: &'a RelayConfig,
    client: TxClient,
    token: Option<Token>,
    renew_ns: u64,
    measured: Measured,
    /// What it said last of the chain.
    pub(super) chain: ChainStatus,
    /// The chain on air and where its samples go.
    pub(super) on_air: Option<(u64, Line)>,
}

impl<'a> Guard<'a> {
    pub(super) fn connect(config: &'a RelayConfig) -> Result<(Self, GuardStatus), RelayError> {
        let mut client = TxClient::connect(&config.guard)?;
        let status = match client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_)))? {
            Answer::Status(status) => *status,
            _ => return Err(TxError::Silent(config.guard.clone()).into()),
        };
        let chain = ChainStatus::default();
        Ok((Self { config, client, token: None, renew_ns: 0, measured: Measured::No, chain, on_air: None }, status))
    }

    fn order(&self, relay: bool) -> ArmOrder {
        ArmOrder { for_ms: TOKEN_MS, jam: None, relay, phrase: self.config.phrase.clone() }
    }

    fn arm(&mut self, relay: bool) -> Result<Token, RelayError> {
        let order = Ask::Arm(self.order(relay));
        match self.client.ask(&order, PATIENCE, |a| matches!(a, Answer::Armed { .. }))? {
            Answer::Armed { token, .. } => Ok(token),
            _ => Err(self.silent()),
        }
    }

    /// Arms and begins a chain. False where the transmit chains are being measured first: called again later, it begins.
    pub(super) fn begin(&mut self, now_ns: u64) -> Result<bool, RelayError> {
        if let Some(calibrate) = self.config.calibrate {
            match self.measured {
                Measured::Until(end_ns) if now_ns < end_ns => {}
                Measured::UnderWay { .. } => return Ok(false),
                Measured::No | Measured::Until(_) => return self.measure(calibrate, now_ns).map(|()| false),
            }
        }
        // the stream is closed with this chain, and that ends what was measured
        self.measured = Measured::No;
        let token = self.arm(true)?;
        let order = RelayOrder { token, gain_db: self.config.gain_db, coherent: self.config.calibrate.is_some() };
        let said = self.client.ask(&Ask::Relay(order), PATIENCE, |a| matches!(a, Answer::Fired { .. }))?;
        let Answer::Fired { id } = said else { return Err(self.silent()) };
        self.on_air = Some((id, Line::open(&self.config.guard, &Hello::Send { id, token })?));
        (self.token, self.renew_ns) = (Some(token), now_ns + RENEW_NS);
        tracing::info!(id, "ON AIR: a chain");
        Ok(true)
    }

    /// Has the transmit chains measured, without waiting for it.
    fn measure(&mut self, calibrate: CalibrateConfig, now_ns: u64) -> Result<(), RelayError> {
        let CalibrateConfig { receive, amplitude, rounds } = calibrate;
        let order =
            CalibrateOrder { token: self.arm(false)?, gain_db: self.config.gain_db, receive, amplitude, rounds };
        self.client.tell(&Ask::Feed { alive_ns: None })?;
        self.client.tell(&Ask::Calibrate(order))?;
        self.measured = Measured::UnderWay { since_ns: now_ns, fed_ns: now_ns };
        Ok(())
    }

    /// The measurement's bursts last as long as somebody is alive.
    fn feed(&mut self, now_ns: u64) -> Result<(), RelayError> {
        let Measured::UnderWay { since_ns, fed_ns } = self.measured else { return Ok(()) };
        if now_ns - since_ns > MEASURE_NS {
            return Err(self.silent());
        }
        if now_ns - fed_ns >= FEED_NS {
            self.measured = Measured::UnderWay { since_ns, fed_ns: now_ns };
            self.client.tell(&Ask::Feed { alive_ns: None })?;
        }
        Ok(())
    }

    /// Hears what it says, and renews the token in time. What it refuses is an error: the chain ends with its token.
    pub(super) fn turn(&mut self, now_ns: u64) -> Result<(), RelayError> {
        while let Some(answer) = self.client.wait(Duration::ZERO, |_| true)? {
            match answer {
                Answer::Chain(chain) => self.chain = chain,
                Answer::Calibrated(report) => {
                    self.measured = Measured::Until(now_ns + HOLDS_NS);
                    tracing::info!(chains = ?report.chains, "the transmit chains are measured");
                }
                Answer::Ended(ended) if self.on_air.as_ref().is_some_and(|(id, _)| *id == ended.id) => {
                    self.on_air = None;
                    return Err(RelayError::Ended(ended));
                }
                _ => {}
            }
        }
        self.feed(now_ns)?;
        if let Some(token) = self.token.filter(|_| self.on_air.is_some() && now_ns >= self.renew_ns) {
            self.renew_ns = now_ns + RENEW_NS;
            self.client.tell(&Ask::Renew { token, order: self.order(true) })?;
        }
        Ok(())
    }

    /// The guard has closed the way of the samples: why.
    pub(super) fn why(&mut self) -> Option<RelayError> {
        let ended = self.client.wait(LAST_WORD, |a| matches!(a, Answer::Ended(_))).ok()??;
        self.on_air = None;
        if let Answer::Ended(ended) = ended { Some(RelayError::Ended(ended)) } else { None }
    }

    /// Ends the chain, if one is on air: the safe state.
    pub(super) fn end(&mut self) -> Result<(), RelayError> {
        if self.on_air.take().is_some() {
            self.client.ask(&Ask::Stop, PATIENCE, |a| matches!(a, Answer::Stopped { .. }))?;
            tracing::info!("the chain is over: the radio is safe");
        }
        Ok(())
    }

    fn silent(&self) -> RelayError {
        TxError::Silent(self.config.guard.clone()).into()
    }
}

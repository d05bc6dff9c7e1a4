//! Looks at the guard again and again, from outside.
//!
//! Each look is a connection of its own: the guard has few places, and who only watches keeps none from who arms, feeds or stops.

use super::client::TxClient;
use super::error::TxError;
use super::messages::{Answer, Ask, GuardStatus};
use super::standing::Standing;
use crate::clock::mono_ns;
use std::time::Duration;

/// Time from one look to the next.
const EVERY: Duration = Duration::from_millis(100);
/// A guard that says nothing for so long is not observed.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is older than this is nothing: the look after it should have ended long ago.
const OLD_NS: u64 = 1_500_000_000;

/// One look at the guard.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// When, host-monotonic ns.
    pub at_ns: u64,
    /// What it said, or why nothing is known.
    pub said: Result<Box<GuardStatus>, NoWord>,
}

/// The guard said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoWord {
    /// Nobody listens there: not started, or gone.
    pub is_away: bool,
    /// In words.
    pub why: String,
}

impl Sight {
    /// In one word.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.said.as_ref().map_or(Standing::NotObserved, |s| s.standing())
    }

    /// In one line.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.said {
            Ok(status) => status.headline(),
            Err(no) => format!("transmitter NOT OBSERVED: {}", no.why),
        }
    }

    /// What others need not wait for: another word, burst or guard.
    #[must_use]
    pub fn differs(&self, from: &Self) -> bool {
        let key = |s: &Self| (s.standing(), s.said.as_ref().ok().map(|g| (g.pid, g.on_air.map(|b| b.id))));
        key(self) != key(from)
    }

    /// This, or that nothing is known where it is too old.
    #[must_use]
    pub fn at(&self, now_ns: u64) -> Self {
        let old_ns = now_ns.saturating_sub(self.at_ns);
        if old_ns <= OLD_NS {
            return self.clone();
        }
        let why = format!("tx-guard has not answered for {:.1} s", old_ns as f64 * 1e-9);
        Self { at_ns: self.at_ns, said: Err(NoWord { is_away: false, why }) }
    }
}

/// Asks the guard at `address` once how it stands.
///
/// # Errors
/// [`TxError`].
pub fn look(address: &str, patience: Duration) -> Result<Box<GuardStatus>, TxError> {
    let mut guard = TxClient::connect(address)?;
    match guard.ask(&Ask::Status, patience, |a| matches!(a, Answer::Status(_)))? {
        Answer::Status(status) => Ok(status),
        _ => Err(TxError::Silent(address.to_owned())),
    }
}

/// Looks ten times a second on a thread of its own, for as long as `told` says that it still wants to know.
///
/// # Errors
/// The system's, where it gives no thread.
pub fn observe(address: String, mut told: impl FnMut(Sight) -> bool + Send + 'static) -> std::io::Result<()> {
    let work = move || {
        loop {
            let said = look(&address, PATIENCE)
                .map_err(|e| NoWord { is_away: matches!(e, TxError::Away { .. }), why: e.to_string() });
            if !told(Sight { at_ns: mono_ns(), said }) {
                return;
            }
            std::thread::sleep(EVERY);
        }
    };
    std::thread::Builder::new().name("tx watch".into()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::OnAir;
    use crate::tx::fixtures::{sight, status};

    #[test]
    fn what_is_old_is_nothing() {
        let seen = sight(5, status(1));
        assert_eq!(seen.at(5 + OLD_NS), seen);
        let old = seen.at(6 + OLD_NS);
        assert_eq!(old.standing(), Standing::NotObserved);
        assert_eq!(old.headline(), "transmitter NOT OBSERVED: tx-guard has not answered for 1.5 s");
    }

    #[test]
    fn only_news_cannot_wait() {
        let (seen, mut next) = (sight(5, status(1)), status(1));
        next.fed_ms.insert("monitor".into(), Some(9));
        assert!(!sight(6, next.clone()).differs(&seen));
        next.on_air = Some(OnAir { id: 1, samples: 9, is_chain: false, sent: 0 });
        let (first, mut second) = (sight(7, next.clone()), next);
        assert!(first.differs(&seen));
        second.on_air = Some(OnAir { id: 2, samples: 9, is_chain: false, sent: 0 });
        assert!(sight(8, second).differs(&first));
        assert!(sight(8, status(2)).differs(&seen), "another guard");
    }

    #[test]
    fn nobody_there_is_no_word_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let address = format!("ipc://{}", dir.path().join("sock").display());
        observe(address, move |sight| tell.send(sight).is_ok()).unwrap();
        let sight = told.recv_timeout(Duration::from_secs(5)).unwrap();
        let no = sight.said.clone().unwrap_err();
        assert!(no.is_away && no.why.contains("no tx-guard listens"), "{no:?}");
        assert_eq!(sight.standing(), Standing::NotObserved);
    }
}

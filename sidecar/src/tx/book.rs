//! What a record says of own transmissions, from looks at the guard: each change of how it stands, and each burst that ended.

use super::messages::{Ended, GuardStatus, OnAir};
use super::observe::Sight;
use super::standing::{Standing, why};
use serde::Serialize;

/// A row of table `tx_state`: it stands otherwise from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateRow {
    /// [`Standing::name`].
    pub state: &'static str,
    /// In a line.
    pub words: String,
    /// The guard's process; `None` where there is no word of it.
    pub guard_pid: Option<u32>,
}

/// A row of table `tx_burst`: a burst is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BurstRow {
    /// Its number; each guard counts from 1.
    pub id: u64,
    /// The guard's process.
    pub guard_pid: u32,
    /// What was approved.
    pub approved_samples: u64,
    /// What went to the driver; where the guard is gone, as far as it had told.
    pub sent_samples: u64,
    /// Times the radio ran dry within it; `None` = not observed.
    pub underflows: Option<u64>,
    /// When its first sample went out, host-monotonic ns; `None` = none did, or not observed.
    pub began_ns: Option<u64>,
    /// When it was over, host-monotonic ns; `None` = not observed: the guard is gone.
    pub ended_ns: Option<u64>,
    /// `whole`, the name of the stop, or `guard_gone`.
    pub why: &'static str,
    /// Bursts just before it whose end nobody saw.
    pub missed: u64,
}

impl BurstRow {
    /// What the guard with this process told.
    #[must_use]
    pub fn told(guard_pid: u32, ended: &Ended) -> Self {
        Self {
            id: ended.id,
            guard_pid,
            approved_samples: ended.samples,
            sent_samples: ended.sent,
            underflows: Some(ended.underflows),
            began_ns: ended.began_ns,
            ended_ns: Some(ended.ended_ns),
            why: ended.why.map_or("whole", why),
            missed: 0,
        }
    }

    fn gone(guard_pid: u32, burst: OnAir) -> Self {
        Self {
            id: burst.id,
            guard_pid,
            approved_samples: burst.samples,
            sent_samples: burst.sent,
            underflows: None,
            began_ns: None,
            ended_ns: None,
            why: "guard_gone",
            missed: 0,
        }
    }
}

/// Follows a guard, and its successors.
#[derive(Debug)]
pub struct Book {
    /// What ended before is another run's.
    since_ns: u64,
    standing: Option<Standing>,
    /// The guard last seen, and the last of its bursts that ended.
    guard: Option<(u32, u64)>,
    open: Option<(u32, OnAir)>,
}

impl Book {
    /// One that begins now, host-monotonic ns.
    #[must_use]
    pub const fn new(since_ns: u64) -> Self {
        Self { since_ns, standing: None, guard: None, open: None }
    }

    /// What is new since the look before.
    pub fn take(&mut self, sight: &Sight) -> (Option<StateRow>, Vec<BurstRow>) {
        let standing = sight.standing();
        let is_new = self.standing.replace(standing) != Some(standing);
        let guard_pid = sight.said.as_ref().ok().map(|s| s.pid);
        let state = is_new.then(|| StateRow { state: standing.name(), words: sight.headline(), guard_pid });
        let bursts = match &sight.said {
            Ok(status) => self.told(status),
            Err(no) if no.is_away => self.gone(),
            Err(_) => Vec::new(),
        };
        (state, bursts)
    }

    fn gone(&mut self) -> Vec<BurstRow> {
        let gone = self.open.take().map(|(pid, burst)| BurstRow::gone(pid, burst));
        if let (Some(row), Some((_, last))) = (&gone, &mut self.guard) {
            *last = row.id;
        }
        gone.into_iter().collect()
    }

    fn told(&mut self, status: &GuardStatus) -> Vec<BurstRow> {
        let is_same = self.guard.is_some_and(|(pid, _)| pid == status.pid);
        let mut rows = if is_same { Vec::new() } else { self.gone() };
        let mut last = self.guard.filter(|_| is_same).map(|(_, last)| last);
        for ended in status.recent.iter().filter(|e| e.ended_ns >= self.since_ns) {
            if last.is_some_and(|last| ended.id <= last) {
                continue;
            }
            let missed = last.map_or(0, |last| ended.id - last - 1);
            rows.push(BurstRow { missed, ..BurstRow::told(status.pid, ended) });
            last = Some(ended.id);
        }
        let before = status.recent.last().map_or(0, |e| e.id);
        self.guard = Some((status.pid, last.unwrap_or(before)));
        self.open = status.on_air.map(|burst| (status.pid, burst));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::NoWord;
    use crate::tx::fixtures::{sight, status};
    use governor::{State, Stop};

    fn ended(id: u64, ended_ns: u64, why: Option<Stop>) -> Ended {
        Ended { id, samples: 100, sent: 40 + id, underflows: 0, why, began_ns: Some(ended_ns - 9), ended_ns }
    }

    fn away(at_ns: u64) -> Sight {
        Sight { at_ns, said: Err(NoWord { is_away: true, why: "nobody".into() }) }
    }

    #[test]
    fn each_burst_has_one_row_however_short_it_was() {
        let mut book = Book::new(100);
        let mut s = status(7);
        // one of before, and one that began before and ended after
        s.recent = vec![ended(1, 90, None), ended(2, 105, Some(Stop::Asked))];
        let (state, bursts) = book.take(&sight(110, s.clone()));
        let words = "transmitter safe: lowest gain, stream closed".to_owned();
        assert_eq!(state, Some(StateRow { state: "safe", words, guard_pid: Some(7) }));
        let wanted = BurstRow {
            id: 2,
            guard_pid: 7,
            approved_samples: 100,
            sent_samples: 42,
            underflows: Some(0),
            began_ns: Some(96),
            ended_ns: Some(105),
            why: "asked",
            missed: 0,
        };
        assert_eq!(bursts, [wanted]);
        assert_eq!(book.take(&sight(120, s.clone())), (None, Vec::new()));
        // two that nobody saw on air
        s.recent.extend([ended(3, 121, None), ended(4, 122, None)]);
        let (state, bursts) = book.take(&sight(130, s.clone()));
        assert_eq!((state, bursts.iter().map(|b| b.id).collect::<Vec<_>>()), (None, vec![3, 4]));
        // more of them than the guard tells
        s.recent = vec![ended(9, 131, None)];
        let (_, bursts) = book.take(&sight(140, s));
        assert_eq!((bursts[0].id, bursts[0].missed, bursts[0].why), (9, 4, "whole"));
    }

    #[test]
    fn a_guard_that_is_gone_leaves_its_burst_as_far_as_it_was_seen() {
        let mut book = Book::new(0);
        let mut s = status(7);
        (s.state, s.on_air) = (State::OnAir, Some(OnAir { id: 1, samples: 100, is_chain: false, sent: 30 }));
        assert_eq!(book.take(&sight(10, s.clone())).0.unwrap().state, "on_air");
        // silent is not gone
        let silent = Sight { at_ns: 20, said: Err(NoWord { is_away: false, why: "silent".into() }) };
        let (state, bursts) = book.take(&silent);
        assert_eq!((state.unwrap().state, bursts.len()), ("not_observed", 0));
        let (state, bursts) = book.take(&away(30));
        assert_eq!((state, bursts[0].id, bursts[0].sent_samples, bursts[0].why), (None, 1, 30, "guard_gone"));
        assert_eq!((bursts[0].underflows, bursts[0].ended_ns), (None, None));
        assert!(book.take(&away(40)).1.is_empty());
        // a successor that is seen before its predecessor was missed
        book.take(&sight(50, s));
        let mut next = status(8);
        next.recent = vec![ended(1, 55, None)];
        let (_, bursts) = book.take(&sight(60, next));
        let of: Vec<_> = bursts.iter().map(|b| (b.guard_pid, b.id, b.why)).collect();
        assert_eq!(of, [(7, 1, "guard_gone"), (8, 1, "whole")]);
    }
}

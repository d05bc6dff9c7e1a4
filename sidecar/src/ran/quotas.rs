//! The slices' shares in force, as `ran` knows them. `ran` is the one that speaks with the gNB; what it does not know after a start, the
//! controller tells it.

use crate::controller::state::{InForce, QuotaInForce};
use crate::guard::{Action, Guard};
use std::collections::BTreeMap;

/// What is in force; nothing is known at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quotas {
    known: Option<Vec<QuotaInForce>>,
    /// Largest share among the orders of a slice that failed since the last confirmed one.
    lost: BTreeMap<(u8, Option<u32>), u8>,
}

impl Quotas {
    /// For the controller; `None` while it is not known.
    #[must_use]
    pub fn report(&self) -> Option<Vec<QuotaInForce>> {
        self.known.clone()
    }

    /// The controller says what it takes to be in force. Who knows already, knows better. Nothing of it is confirmed: the gNB may have begun
    /// anew while nobody looked.
    pub fn told(&mut self, mut word: InForce, guard: &mut Guard) {
        if self.known.is_none() {
            word.quotas.iter_mut().for_each(|q| q.confirmed = false);
            guard.quotas_are(word.quotas.iter().map(|q| (q.sst, q.sd, q.min)));
            self.known = Some(word.quotas);
        }
    }

    /// What became of a quota for the gNB. One that failed may be in force all the same (an answer that was lost): the larger share counts
    /// until the next one is confirmed.
    pub fn carried(&mut self, action: &Action, ok: bool, guard: &mut Guard) {
        let (Action::SliceQuota { sst, sd, min, max }, Some(known)) = (action, &mut self.known) else { return };
        let at = known.iter().position(|q| (q.sst, q.sd) == (*sst, *sd)).unwrap_or_else(|| {
            known.push(QuotaInForce { sst: *sst, sd: *sd, min: 0, max: 100, confirmed: false });
            known.len() - 1
        });
        let quota = &mut known[at];
        if ok {
            (quota.min, quota.max, quota.confirmed) = (*min, *max, true);
            self.lost.remove(&(*sst, *sd));
        } else {
            quota.confirmed = false;
            let lost = self.lost.entry((*sst, *sd)).or_default();
            *lost = (*lost).max(*min);
        }
        let lost = self.lost.get(&(*sst, *sd)).copied().unwrap_or(0);
        guard.assume_quota(*sst, *sd, quota.min.max(lost));
    }

    /// The gNB was away: it may have begun anew, with shares of its own.
    pub fn gnb_came_back(&mut self) {
        for quota in self.known.iter_mut().flatten() {
            quota.confirmed = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Limits;

    const S: u64 = 1_000_000_000;

    fn quota(sst: u8, min: u8) -> Action {
        Action::SliceQuota { sst, sd: None, min, max: 100 }
    }

    fn in_force(sst: u8, min: u8, confirmed: bool) -> QuotaInForce {
        QuotaInForce { sst, sd: None, min, max: 100, confirmed }
    }

    #[test]
    fn the_first_word_counts_and_then_what_was_done() {
        let (mut quotas, mut guard) = (Quotas::default(), Guard::new(Limits::default()));
        guard.forget_quotas();
        assert_eq!(quotas.report(), None);
        quotas.told(InForce { quotas: vec![in_force(1, 45, true), in_force(2, 10, false)] }, &mut guard);
        assert!(guard.check(quota(2, 60), S, 0).is_err(), "45 % are in force since before the restart");
        assert!(guard.check(quota(2, 25), S, 0).is_ok());
        quotas.carried(&quota(2, 25), true, &mut guard);
        quotas.told(InForce { quotas: vec![in_force(1, 0, false)] }, &mut guard);
        assert_eq!(quotas.report(), Some(vec![in_force(1, 45, false), in_force(2, 25, true)]));
        quotas.gnb_came_back();
        assert_eq!(quotas.report(), Some(vec![in_force(1, 45, false), in_force(2, 25, false)]));
    }

    #[test]
    fn what_failed_may_be_in_force() {
        let (mut quotas, mut guard) = (Quotas::default(), Guard::new(Limits::default()));
        quotas.told(InForce { quotas: vec![in_force(1, 10, true), in_force(2, 10, true)] }, &mut guard);
        assert!(guard.check(quota(1, 60), S, 0).is_ok());
        quotas.carried(&quota(1, 60), false, &mut guard);
        assert_eq!(quotas.report(), Some(vec![in_force(1, 10, false), in_force(2, 10, false)]));
        assert!(guard.check(quota(2, 50), S, 0).is_err(), "60 + 50");
        quotas.carried(&quota(1, 20), false, &mut guard);
        assert!(guard.check(quota(2, 50), S, 0).is_err(), "one of the two that failed may be in force");
        assert!(guard.check(quota(1, 5), S, 0).is_ok());
        quotas.carried(&quota(1, 5), true, &mut guard);
        assert!(guard.check(quota(2, 50), S, 0).is_ok());
    }
}

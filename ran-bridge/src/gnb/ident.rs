//! Who a UE is: RNTIs are reused, so a UE is an RNTI, an index and the time it came.

use super::cells::{CellEventKind, CellSample};
use super::time::GnbTime;
use serde::Serialize;
use std::collections::BTreeMap;

/// One stay of one UE in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct UeKey {
    /// C-RNTI.
    pub rnti: u16,
    /// DU UE index; `None` until a report lists the UE.
    pub ue: Option<u32>,
    /// Report in which it was created; `None` where it was there before we were.
    pub created: Option<GnbTime>,
}

/// The UEs that are there now.
#[derive(Debug, Default)]
pub struct UeKeys {
    by_rnti: BTreeMap<u16, UeKey>,
}

impl UeKeys {
    /// No UE yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the events and the list of a report. Several events of one UE in one report count in their order.
    pub fn update(&mut self, time: Option<GnbTime>, cell: &CellSample) {
        for event in &cell.events {
            match event.kind {
                CellEventKind::UeCreate => {
                    self.by_rnti.insert(event.rnti, UeKey { rnti: event.rnti, ue: None, created: time });
                }
                CellEventKind::UeRem => {
                    self.by_rnti.remove(&event.rnti);
                }
                CellEventKind::UeReconf | CellEventKind::Other => {}
            }
        }
        for ue in &cell.ues {
            // A UE removed within the period may still be listed: it does not come back by that.
            let removed =
                cell.events.iter().rev().find(|e| e.rnti == ue.rnti).is_some_and(|e| e.kind == CellEventKind::UeRem);
            if removed {
                continue;
            }
            let key = self.by_rnti.entry(ue.rnti).or_insert(UeKey { rnti: ue.rnti, ue: ue.ue, created: None });
            if key.ue.is_some() && ue.ue.is_some() && key.ue != ue.ue {
                // Another index under the same RNTI: another UE whose creation we missed.
                *key = UeKey { rnti: ue.rnti, ue: ue.ue, created: None };
            }
            key.ue = key.ue.or(ue.ue);
        }
    }

    /// The UE that has this RNTI now.
    #[must_use]
    pub fn by_rnti(&self, rnti: u16) -> Option<UeKey> {
        self.by_rnti.get(&rnti).copied()
    }

    /// The UE that has this DU index now, for joining RLC reports.
    #[must_use]
    pub fn by_ue(&self, ue: u32) -> Option<UeKey> {
        self.by_rnti.values().find(|k| k.ue == Some(ue)).copied()
    }

    /// All UEs that are there, by RNTI.
    pub fn iter(&self) -> impl Iterator<Item = UeKey> + '_ {
        self.by_rnti.values().copied()
    }
}

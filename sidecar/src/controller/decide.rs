//! Cross-layer decisions: from what is predicted to what is proposed. Pure; each proposal says why and what must be seen.

use super::view::{CellView, SliceView, UeView, World};
use crate::effect::{Direction, Expected, Observable};
use crate::guard::{Action, ActionKind};
use serde::Serialize;
use std::collections::HashMap;

/// Thresholds of the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Resolutions from low to high with the bit rate each needs.
    pub ladder: Vec<(String, f64)>,
    /// A UE is starved when it gets less than this part of what it is offered.
    pub starved_below: f64,
    /// A UE may go one resolution up when its capacity is this many times what that needs.
    pub headroom: f64,
    /// A UE is greedy when it takes this many times its even share.
    pub greedy_above: f64,
    /// Step of a slice's priority share, percent.
    pub quota_step: u8,
    /// Time in which an effect must show, ns.
    pub window_ns: u64,
    /// After an action without effect its kind rests on that target for this long, ns.
    pub rest_ns: u64,
}

impl Default for Policy {
    fn default() -> Self {
        let ladder = [("480p", 1e6), ("720p", 2e6), ("1080p", 3.2e6), ("2160p", 8e6)];
        Self {
            ladder: ladder.map(|(n, r)| (n.to_owned(), r)).to_vec(),
            starved_below: 0.85,
            headroom: 1.4,
            greedy_above: 1.3,
            quota_step: 15,
            window_ns: 2_000_000_000,
            rest_ns: 8_000_000_000,
        }
    }
}

/// One proposal for the guard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// What to do.
    pub action: Action,
    /// What must be seen, or it is rolled back.
    pub expected: Expected,
    /// What to go back to.
    pub previous: Action,
    /// Why, for a person.
    pub why: String,
    /// When the oldest of the measurements it rests on was made, host-monotonic ns; `None` where it rests on none.
    pub oldest_ns: Option<u64>,
}

/// Targets that rest at once; beyond, the one that rests longest is let go.
const MAX_RESTING: usize = 1024;

/// When actions without effect were judged, per kind and target.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    failed_ns: HashMap<(ActionKind, String), u64>,
}

impl Memory {
    /// Remembers an action that did nothing.
    pub fn failed(&mut self, kind: ActionKind, target: &str, now_ns: u64) {
        let key = (kind, target.to_owned());
        if self.failed_ns.len() >= MAX_RESTING && !self.failed_ns.contains_key(&key) {
            let longest = self.failed_ns.iter().min_by_key(|(_, at)| **at).map(|(k, _)| k.clone());
            self.failed_ns.retain(|k, _| Some(k) != longest.as_ref());
        }
        self.failed_ns.insert(key, now_ns);
    }

    /// Whether an action of this kind rests on that target.
    #[must_use]
    pub fn rests(&self, kind: ActionKind, target: &str, now_ns: u64, rest_ns: u64) -> bool {
        self.failed_ns.get(&(kind, target.to_owned())).is_some_and(|at| now_ns < at.saturating_add(rest_ns))
    }
}

/// The proposals for now, the most urgent first. At most one a subscriber, so that effects can be told apart.
///
/// `open` says whether an action of a kind and target is still being judged.
#[must_use]
pub fn decide(
    world: &World,
    policy: &Policy,
    memory: &Memory,
    now_ns: u64,
    open: impl Fn(ActionKind, &str) -> bool,
) -> Vec<Proposal> {
    let may = |p: &Proposal| {
        let (kind, target) = (p.action.kind(), p.action.target());
        !open(kind, &target) && !memory.rests(kind, &target, now_ns, policy.rest_ns)
    };
    let mut starved: Vec<&UeView> = world.ues.iter().filter(|u| is_starved(u, policy)).collect();
    starved.sort_by(|a, b| a.served_part().total_cmp(&b.served_part()).then_with(|| a.supi.cmp(&b.supi)));
    let mut out: Vec<Proposal> = Vec::new();
    for ue in &starved {
        let ways =
            [quota_up(ue, &world.slices, policy), limit_the_greedy(ue, world, policy), resolution_down(ue, policy)];
        let taken = |p: &Proposal| out.iter().any(|o| o.action.target() == p.action.target());
        if let Some(p) = ways.into_iter().flatten().find(|p| may(p) && !taken(p)) {
            out.push(p);
        }
    }
    if starved.is_empty() {
        out.extend(world.ues.iter().filter_map(|u| lift_limit(u, policy)).filter(&may).take(1));
        if out.is_empty() {
            out.extend(world.ues.iter().filter_map(|u| resolution_up(u, &world.cell, policy)).filter(&may).take(1));
        }
    }
    out
}

fn is_starved(ue: &UeView, policy: &Policy) -> bool {
    // Predictions of rates err by some percent: only what is short by more, and begins to show, counts.
    let predicted_short = matches!((ue.demand_bit_per_s, ue.capacity_bit_per_s), (Some(d), Some(c)) if d > 1.1 * c);
    let short_now = ue.served_part() < policy.starved_below;
    ue.stalled || short_now || (predicted_short && ue.served_part() < 0.97)
}

/// When the oldest of some measurements was made; those that are `None` were not used.
fn oldest(stamps: &[Option<u64>]) -> Option<u64> {
    stamps.iter().flatten().min().copied()
}

/// What a UE counts as starved from.
fn starved_since(ue: &UeView, policy: &Policy) -> Option<u64> {
    if ue.stalled || ue.served_part() < policy.starved_below {
        return ue.at.app_ns;
    }
    oldest(&[ue.at.app_ns, ue.at.demand_ns, ue.at.capacity_ns])
}

fn expect(observable: Observable, target: &str, direction: Direction, min_change: f64, policy: &Policy) -> Expected {
    Expected { observable, target: target.to_owned(), direction, min_change, window_ns: policy.window_ns }
}

/// A starved UE's slice gets a larger priority share, where another slice leaves room.
fn quota_up(ue: &UeView, slices: &[SliceView], policy: &Policy) -> Option<Proposal> {
    let wanted = ue.slice?;
    let slice = slices.iter().find(|s| (s.sst, s.sd) == wanted)?;
    let others: u32 = slices.iter().filter(|s| (s.sst, s.sd) != (slice.sst, slice.sd)).map(|s| u32::from(s.min)).sum();
    let room = 90_u32.saturating_sub(others);
    let min = u32::from(slice.min) + u32::from(policy.quota_step);
    if slices.len() < 2 || min > room {
        return None;
    }
    let min = u8::try_from(min).ok()?;
    let quota = |min| Action::SliceQuota { sst: slice.sst, sd: slice.sd, min, max: slice.max };
    Some(Proposal {
        action: quota(min),
        expected: expect(
            Observable::DeliveredBitPerS,
            &ue.supi,
            Direction::Rise,
            0.05 * ue.delivered_bit_per_s.unwrap_or(0.0).max(1e5),
            policy,
        ),
        previous: quota(slice.min),
        why: format!("{} gets {:.0} % of what it is offered", ue.supi, 100.0 * ue.served_part()),
        oldest_ns: starved_since(ue, policy),
    })
}

/// The UE that takes most above its even share is held to it.
fn limit_the_greedy(starved: &UeView, world: &World, policy: &Policy) -> Option<Proposal> {
    let others: Vec<&UeView> = world.ues.iter().filter(|u| u.supi != starved.supi).collect();
    let total: f64 = world.ues.iter().filter_map(|u| u.delivered_bit_per_s).sum();
    let even = total / world.ues.len() as f64;
    let greedy = others
        .into_iter()
        .filter(|u| u.limit_bit_per_s.is_none() && u.delivered_bit_per_s.unwrap_or(0.0) > policy.greedy_above * even)
        .max_by(|a, b| a.delivered_bit_per_s.unwrap_or(0.0).total_cmp(&b.delivered_bit_per_s.unwrap_or(0.0)))?;
    let limit = (even * 1.05).max(5e5).round();
    Some(Proposal {
        action: Action::RateLimit { supi: greedy.supi.clone(), bit_per_s: Some(limit) },
        expected: expect(
            Observable::DeliveredBitPerS,
            &starved.supi,
            Direction::Rise,
            0.05 * starved.delivered_bit_per_s.unwrap_or(0.0).max(1e5),
            policy,
        ),
        previous: Action::RateLimit { supi: greedy.supi.clone(), bit_per_s: None },
        why: format!(
            "{} takes {:.1} of {:.1} Mbit/s while {} is starved",
            greedy.supi,
            greedy.delivered_bit_per_s.unwrap_or(0.0) / 1e6,
            total / 1e6,
            starved.supi
        ),
        oldest_ns: oldest(&[starved_since(starved, policy), greedy.at.app_ns, greedy.at.limit_ns]),
    })
}

/// A starved UE's video goes one resolution down.
fn resolution_down(ue: &UeView, policy: &Policy) -> Option<Proposal> {
    let at = rung(ue, policy)?;
    let (lower, _) = policy.ladder.get(at.checked_sub(1)?)?;
    let offered = ue.offered_bit_per_s.unwrap_or(policy.ladder[at].1);
    let expected = expect(Observable::OfferedBitPerS, &ue.supi, Direction::Fall, 0.1 * offered, policy);
    Some(Proposal {
        action: Action::Resolution { supi: ue.supi.clone(), res: lower.clone() },
        expected,
        previous: Action::Resolution { supi: ue.supi.clone(), res: policy.ladder[at].0.clone() },
        why: format!("{} will need {} and get {}", ue.supi, mbit(ue.demand_bit_per_s), mbit(ue.capacity_bit_per_s)),
        oldest_ns: starved_since(ue, policy),
    })
}

/// Where capacity stays ahead of demand, the video goes one resolution up.
fn resolution_up(ue: &UeView, cell: &CellView, policy: &Policy) -> Option<Proposal> {
    let at = rung(ue, policy)?;
    let (higher, needs) = policy.ladder.get(at + 1)?;
    let capacity = ue.capacity_bit_per_s?;
    let spare = cell.spare_bit_per_s.unwrap_or(capacity);
    let more = needs - policy.ladder[at].1;
    if capacity < policy.headroom * needs || spare < more || ue.served_part() < 0.95 || ue.limit_bit_per_s.is_some() {
        return None;
    }
    let now = ue.delivered_bit_per_s?;
    Some(Proposal {
        action: Action::Resolution { supi: ue.supi.clone(), res: higher.clone() },
        expected: expect(Observable::DeliveredBitPerS, &ue.supi, Direction::Rise, 0.2 * now.min(more), policy),
        previous: Action::Resolution { supi: ue.supi.clone(), res: policy.ladder[at].0.clone() },
        why: format!("{} can have {} and {higher} needs {}", ue.supi, mbit(Some(capacity)), mbit(Some(*needs))),
        oldest_ns: oldest(&[ue.at.app_ns, ue.at.capacity_ns, ue.at.limit_ns, cell.spare_ns]),
    })
}

/// A limit that nobody needs any more is lifted.
fn lift_limit(ue: &UeView, policy: &Policy) -> Option<Proposal> {
    let limit = ue.limit_bit_per_s?;
    let now = ue.delivered_bit_per_s?;
    if ue.offered_bit_per_s.unwrap_or(0.0) < limit {
        return None;
    }
    Some(Proposal {
        action: Action::RateLimit { supi: ue.supi.clone(), bit_per_s: None },
        expected: expect(Observable::DeliveredBitPerS, &ue.supi, Direction::Rise, 0.05 * now.max(1e5), policy),
        previous: Action::RateLimit { supi: ue.supi.clone(), bit_per_s: Some(limit) },
        why: format!("nobody is starved while {} is held to {}", ue.supi, mbit(Some(limit))),
        oldest_ns: oldest(&[ue.at.app_ns, ue.at.limit_ns]),
    })
}

fn rung(ue: &UeView, policy: &Policy) -> Option<usize> {
    let now = ue.resolution.as_deref()?;
    policy.ladder.iter().position(|(name, _)| name == now)
}

fn mbit(rate: Option<f64>) -> String {
    rate.map_or_else(|| "an unknown rate".to_owned(), |r| format!("{:.1} Mbit/s", r / 1e6))
}

#[cfg(test)]
mod tests {
    use super::super::view::Measured;
    use super::*;

    fn ue(n: u8, offered: f64, delivered: f64, capacity: f64) -> UeView {
        UeView {
            supi: format!("imsi-00101000000000{n}"),
            slice: None,
            demand_bit_per_s: Some(offered),
            capacity_bit_per_s: Some(capacity),
            offered_bit_per_s: Some(offered),
            delivered_bit_per_s: Some(delivered),
            resolution: Some("1080p".into()),
            ..UeView::default()
        }
    }

    fn world(ues: Vec<UeView>) -> World {
        World { ues, slices: vec![], cell: CellView::default() }
    }

    fn run(w: &World) -> Vec<Proposal> {
        decide(w, &Policy::default(), &Memory::default(), 0, |_, _| false)
    }

    #[test]
    fn a_starved_ue_alone_goes_one_resolution_down() {
        let w = world(vec![ue(1, 5e6, 3e6, 3e6)]);
        let p = run(&w);
        assert_eq!(p.len(), 1);
        assert_eq!(p[0].action, Action::Resolution { supi: "imsi-001010000000001".into(), res: "720p".into() });
        assert_eq!(p[0].previous, Action::Resolution { supi: "imsi-001010000000001".into(), res: "1080p".into() });
        assert_eq!((p[0].expected.observable, p[0].expected.direction), (Observable::OfferedBitPerS, Direction::Fall));
        assert!((p[0].expected.min_change - 5e5).abs() < 1.0);
    }

    #[test]
    fn a_greedy_neighbour_is_held_to_its_share_first() {
        let w = world(vec![ue(1, 5e6, 2e6, 6e6), ue(2, 10e6, 8e6, 9e6)]);
        let p = run(&w);
        // 10 Mbit/s over two UEs: 5 each, and 5 % on top
        let limit = Action::RateLimit { supi: "imsi-001010000000002".into(), bit_per_s: Some(5.25e6) };
        assert_eq!(p[0].action, limit);
        assert_eq!(p[0].expected.target, "imsi-001010000000001", "the starved one must gain");
    }

    #[test]
    fn a_slice_that_starves_gets_a_larger_share_while_there_is_room() {
        let slices = vec![
            SliceView { sst: 1, sd: Some(1), min: 10, max: 100 },
            SliceView { sst: 1, sd: Some(2), min: 10, max: 100 },
        ];
        let mut a = ue(1, 5e6, 2e6, 6e6);
        a.slice = Some((1, Some(1)));
        let mut w = World { ues: vec![a], slices, cell: CellView::default() };
        assert_eq!(run(&w)[0].action, Action::SliceQuota { sst: 1, sd: Some(1), min: 25, max: 100 });
        w.slices[1].min = 70;
        assert!(matches!(run(&w)[0].action, Action::Resolution { .. }), "25 + 70 leave no reserve of 10 %");
    }

    #[test]
    fn headroom_is_given_to_the_viewer() {
        let w = world(vec![ue(1, 5e6, 5e6, 20e6)]);
        assert_eq!(run(&w)[0].action, Action::Resolution { supi: "imsi-001010000000001".into(), res: "2160p".into() });
        assert!(run(&world(vec![ue(1, 5e6, 5e6, 11e6)])).is_empty(), "1.4 × 8 = 11.2");
    }

    #[test]
    fn limits_are_lifted_when_nobody_starves() {
        let mut a = ue(1, 8e6, 7.9e6, 9e6);
        a.limit_bit_per_s = Some(7.9e6);
        let p = run(&world(vec![a]));
        assert_eq!(p[0].action, Action::RateLimit { supi: "imsi-001010000000001".into(), bit_per_s: None });
    }

    #[test]
    fn what_is_judged_or_rests_is_left_alone() {
        let w = world(vec![ue(1, 5e6, 3e6, 3e6)]);
        let policy = Policy::default();
        assert!(decide(&w, &policy, &Memory::default(), 0, |k, _| k == ActionKind::Resolution).is_empty());
        let mut memory = Memory::default();
        memory.failed(ActionKind::Resolution, "imsi-001010000000001", 10);
        assert!(decide(&w, &policy, &memory, 11, |_, _| false).is_empty());
        assert_eq!(decide(&w, &policy, &memory, 10 + policy.rest_ns, |_, _| false).len(), 1);
    }

    #[test]
    fn a_proposal_is_as_old_as_the_oldest_thing_it_rests_on() {
        let at = Measured { app_ns: Some(50), demand_ns: Some(40), capacity_ns: Some(20), limit_ns: Some(30) };
        let with = |mut u: UeView| {
            u.at = at;
            u
        };
        let starved = world(vec![with(ue(1, 5e6, 3e6, 3e6))]);
        assert_eq!(run(&starved)[0].oldest_ns, Some(50), "what is short now is seen at the application");
        let short_soon = world(vec![with(ue(1, 5e6, 4.8e6, 3e6))]);
        assert_eq!(run(&short_soon)[0].oldest_ns, Some(20), "what will be short rests on the capacity");
        let mut room = world(vec![with(ue(1, 5e6, 5e6, 20e6))]);
        assert_eq!(run(&room)[0].oldest_ns, Some(20));
        room.cell = CellView { spare_bit_per_s: Some(9e6), spare_ns: Some(10) };
        assert_eq!(run(&room)[0].oldest_ns, Some(10));
        let mut held = with(ue(1, 8e6, 7.9e6, 9e6));
        held.limit_bit_per_s = Some(7.9e6);
        assert_eq!(run(&world(vec![held]))[0].oldest_ns, Some(30));
    }

    #[test]
    fn who_rests_is_bounded() {
        let mut memory = Memory::default();
        for k in 0..2 * MAX_RESTING as u64 {
            memory.failed(ActionKind::RateLimit, &k.to_string(), k);
        }
        assert_eq!(memory.failed_ns.len(), MAX_RESTING);
        assert!(
            memory.rests(ActionKind::RateLimit, "2047", 2048, 10) && !memory.rests(ActionKind::RateLimit, "0", 1, 10)
        );
    }

    #[test]
    fn nothing_known_proposes_nothing() {
        assert!(run(&world(vec![UeView { supi: "imsi-00101".into(), ..UeView::default() }])).is_empty());
    }
}

//! One run, kept as it goes.

use super::{Cell, Scheme};
use crate::clock::mono_ns;
use crate::experiment::store::Store;
use crate::experiment::unit::Member;
use crate::experiment::{ExperimentError, Plan};
use crate::learn::{DataSet, LearnError, NamedSet, Order, pack, unpack};
use mops::{ErrorsAt, FullGradient};
use predict::data::WindowAt;
use predict::{PredictError, TransformerConfig};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What is seen every so many rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::experiment) struct Look {
    /// Rounds so far.
    pub(in crate::experiment) round: u64,
    /// The errors. Where nothing is shared the C-error is 0 and says nothing.
    pub(in crate::experiment) errors: ErrorsAt,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::experiment) struct Trajectory {
    pub(in crate::experiment) cell: Cell,
    pub(in crate::experiment) looks: Vec<Look>,
    /// Time of the rounds alone, without looks, s.
    pub(in crate::experiment) training_s: f64,
}

/// What runs are made from.
#[derive(Debug)]
pub(in crate::experiment) struct Studied<'a> {
    pub(in crate::experiment) plan: &'a Plan,
    pub(in crate::experiment) sets: &'a [NamedSet],
    /// SHA-256 of the data of each agent.
    pub(in crate::experiment) hashes: &'a BTreeMap<String, String>,
}

/// How far an unfinished run is, without its weights.
#[derive(Serialize, Deserialize)]
struct Halfway {
    orders: Vec<Order>,
    so_far: Trajectory,
}

impl Studied<'_> {
    fn shapes(&self) -> Vec<TransformerConfig> {
        self.sets.iter().map(|(_, s)| s.config()).collect()
    }

    /// Windows of an agent that are trained on.
    fn seen(&self, agent: usize) -> Vec<WindowAt> {
        let mut windows = DataSet::spaced(&self.sets[agent].1.train, self.plan.windows);
        windows.truncate(self.plan.windows);
        windows
    }

    fn unseen(&self, agent: usize) -> Vec<WindowAt> {
        DataSet::spaced(&self.sets[agent].1.test, self.plan.unseen)
    }

    fn gradients(
        &self,
        members: &[Member],
        windows: impl Fn(usize) -> Vec<WindowAt>,
    ) -> Result<Vec<FullGradient>, PredictError> {
        let mut all: BTreeMap<usize, FullGradient> = BTreeMap::new();
        for member in members {
            for (place, agent) in member.agents.iter().enumerate() {
                let windows = windows(*agent);
                let batches = windows.chunks(self.plan.batch).map(|w| self.sets[*agent].1.batch(w));
                let mut gradient = member.federation.full_gradient(place, batches)?;
                if members.len() > 1 {
                    // all of it is its own
                    gradient.agent.append(&mut gradient.shared);
                }
                all.insert(*agent, gradient);
            }
        }
        Ok(all.into_values().collect())
    }

    fn look(&self, members: &[Member], gamma: &[f64], round: u64) -> Result<Look, PredictError> {
        let seen = self.gradients(members, |a| self.seen(a))?;
        let unseen = self.gradients(members, |a| self.unseen(a))?;
        Ok(Look { round, errors: ErrorsAt::of(&seen, &unseen, gamma)? })
    }
}

/// Sends the run's members on from what was kept; `None` where it does not fit.
fn resumed(bytes: &[u8], members: &mut [Member]) -> Option<Halfway> {
    let (_, blobs) = unpack(bytes)?;
    let (head, states) = blobs.split_first().filter(|(_, states)| states.len() == members.len())?;
    let halfway = serde_json::from_slice(head).ok()?;
    members.iter_mut().zip(states).try_for_each(|(m, s)| m.federation.load_bytes(s)).ok()?;
    Some(halfway)
}

/// Trains, or gives what was trained before. What is under way is kept at every look: a run that was killed goes on from its last one with the same bits.
///
/// `tick` hears of every round that is done, and of those that need not be done again.
pub(in crate::experiment) fn run(
    studied: &Studied<'_>,
    cell: Cell,
    store: &Store,
    tick: &mut dyn FnMut(u64),
) -> Result<Trajectory, ExperimentError> {
    let Studied { plan, sets, hashes } = studied;
    let path = store.path(&cell.name(), &(plan, hashes, cell));
    if let Some(done) = Store::read::<Trajectory>(&path)? {
        tick(plan.rounds);
        return Ok(done);
    }
    let under_way = path.with_extension("halfway");
    let fresh = || cell.members(&studied.shapes(), plan.step.optimiser(), plan);
    let seen: Vec<Vec<WindowAt>> = (0..sets.len()).map(|a| studied.seen(a)).collect();
    let mut members = fresh()?;
    let kept = std::fs::read(&under_way).ok();
    let (mut orders, mut trajectory) = match kept.and_then(|bytes| resumed(&bytes, &mut members)) {
        Some(halfway) => (halfway.orders, halfway.so_far),
        None => {
            members = fresh()?;
            let orders = seen.iter().zip(10..).map(|(w, stream)| Order::new(cell.seed, stream, w.len())).collect();
            (orders, Trajectory { cell, looks: Vec::new(), training_s: 0.0 })
        }
    };
    let mut gamma = vec![1.0 / sets.len() as f64; sets.len()];
    let mut round = trajectory.looks.last().map_or(0, |l| l.round);
    tick(round);
    if round == 0 && trajectory.looks.is_empty() {
        trajectory.looks.push(studied.look(&members, &gamma, 0)?);
    }
    while round < plan.rounds {
        let begun_ns = mono_ns();
        for member in &mut members {
            let agents = &member.agents;
            let report = member.federation.round(|place| {
                let agent = agents[place];
                sets[agent].1.batch(&orders[agent].next(&seen[agent], plan.batch))
            })?;
            // alone, each agent counts as much as any other
            if cell.scheme != Scheme::One {
                agents.iter().zip(report.weights).for_each(|(a, w)| gamma[*a] = w);
            }
        }
        trajectory.training_s += (mono_ns() - begun_ns) as f64 / 1e9;
        round += 1;
        tick(1);
        if round.is_multiple_of(plan.look_every) || round == plan.rounds {
            trajectory.looks.push(studied.look(&members, &gamma, round)?);
            keep(&under_way, &orders, &trajectory, &members)?;
        }
    }
    Store::write_json(&path, &trajectory)?;
    std::fs::remove_file(&under_way).ok();
    Ok(trajectory)
}

fn keep(path: &Path, orders: &[Order], so_far: &Trajectory, members: &[Member]) -> Result<(), ExperimentError> {
    let halfway = Halfway { orders: orders.to_vec(), so_far: so_far.clone() };
    let head = serde_json::to_vec(&halfway).map_err(|e| ExperimentError::damaged(path, e))?;
    let states = members.iter().map(|m| m.federation.to_bytes()).collect::<Result<Vec<_>, _>>();
    let blobs: Vec<Vec<u8>> = std::iter::once(head).chain(states.map_err(LearnError::from)?).collect();
    Store::write(path, &pack(&[], &blobs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::StepRule;
    use crate::experiment::training::Way;
    use crate::learn::data_sets;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn plan() -> Plan {
        Plan {
            rounds: 4,
            look_every: 2,
            batch: 2,
            windows: 4,
            unseen: 2,
            step: StepRule::Adamw,
            eta: 0.1,
            loss_scales: None,
        }
    }

    /// The figures of a run, without what depends on the clock.
    fn figures(run: &Trajectory) -> String {
        serde_json::to_string(&run.looks).unwrap()
    }

    #[test]
    fn a_run_that_is_killed_goes_on_with_the_same_bits_and_a_whole_one_is_not_run_again() {
        let (sets, hashes) = data_sets(None).unwrap();
        let plan = plan();
        let studied = Studied { plan: &plan, sets: &sets, hashes: &hashes };
        let dir = tempfile::tempdir().unwrap();
        for (scheme, way) in [(Scheme::Three, Way::Dynamic), (Scheme::One, Way::Static)] {
            let cell = Cell { scheme, way, seed: 2 };
            let [whole, cut] = ["whole", "cut"].map(|n| Store::open(dir.path().join(n)).unwrap());
            let wanted = run(&studied, cell, &whole, &mut |_| {}).unwrap();
            assert_eq!(wanted.looks.iter().map(|l| l.round).collect::<Vec<_>>(), [0, 2, 4]);
            // it dies after the third round: what it had at the second is there
            let mut done = 0;
            let died = catch_unwind(AssertUnwindSafe(|| {
                run(&studied, cell, &cut, &mut |n| {
                    done += n;
                    assert!(done < 3, "killed");
                })
            }));
            assert!(died.is_err());
            let mut ticks = Vec::new();
            let resumed = run(&studied, cell, &cut, &mut |n| ticks.push(n)).unwrap();
            assert_eq!((figures(&resumed), ticks), (figures(&wanted), vec![2, 1, 1]));
            let mut ticks = Vec::new();
            assert_eq!(run(&studied, cell, &cut, &mut |n| ticks.push(n)).unwrap(), resumed);
            assert_eq!(ticks, [4]);
            // a state that is damaged is begun anew
            let path = cut.path(&cell.name(), &(&plan, &hashes, cell));
            std::fs::rename(&path, path.with_extension("halfway")).unwrap();
            assert_eq!(figures(&run(&studied, cell, &cut, &mut |_| {}).unwrap()), figures(&wanted));
            std::fs::write(&path, b"{").unwrap();
            assert!(matches!(run(&studied, cell, &cut, &mut |_| {}), Err(ExperimentError::Damaged { .. })));
        }
    }

    #[test]
    fn schemes_begin_alike_and_what_is_shared_differs() {
        let (sets, hashes) = data_sets(None).unwrap();
        let plan = Plan { rounds: 1, look_every: 1, ..plan() };
        let studied = Studied { plan: &plan, sets: &sets, hashes: &hashes };
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("runs")).unwrap();
        let of = |scheme, way| run(&studied, Cell { scheme, way, seed: 1 }, &store, &mut |_| {}).unwrap();
        let (alone, fixed, moved) =
            (of(Scheme::One, Way::Static), of(Scheme::Three, Way::Static), of(Scheme::Three, Way::Dynamic));
        // the same weights at the start, whether the upper part is shared or each has a copy
        assert_eq!(alone.looks[0].errors.loss, fixed.looks[0].errors.loss);
        assert_eq!(fixed.looks[0], moved.looks[0]);
        assert_eq!(alone.looks[1].errors.c.norm, 0.0);
        assert!(fixed.looks[1].errors.c.norm > 0.0);
        assert_eq!(fixed.looks[1].errors.gamma, [1.0 / 3.0; 3]);
        assert_ne!(moved.looks[1].errors.gamma, [1.0 / 3.0; 3]);
        assert!((moved.looks[1].errors.gamma.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

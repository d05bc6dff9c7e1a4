//! A coordination round over messages: the whole protocol without sockets.

use super::*;
use crate::config::WeightingMethod;
use crate::wire::{Agent, Kind, Message};
use predict::optim::OptimiserConfig;
use predict::{SeededRng, TransformerConfig, sha256_hex};
use std::collections::VecDeque;

const RUN: u64 = 77;
const AGENTS: [Agent; 3] = [Agent::Ran, Agent::Core, Agent::App];

fn data(agent: Agent) -> DataSet {
    let s = source(agent).unwrap();
    DataSet::new(s.read().unwrap(), s.split, TransformerConfig::table2(1).window()).unwrap()
}

fn trainer(agent: Agent) -> Trainer {
    trainer_of(agent, WeightingMethod::Static)
}

fn trainer_of(agent: Agent, method: WeightingMethod) -> Trainer {
    let draws = weighting(method, 3, ETA, 1).unwrap().draws();
    let config = TrainerConfig { agent, run: RUN, batch: 1, draws, seed: 5, optimiser: OptimiserConfig::default() };
    Trainer::new(config, &data(agent), built_in(agent).map(|w| w.agent)).unwrap()
}

fn controller() -> SharedLearner {
    controller_of(WeightingMethod::Static)
}

fn controller_of(method: WeightingMethod) -> SharedLearner {
    let weighting = weighting(method, 3, ETA, 1).unwrap();
    let config = SharedConfig { run: RUN, timeout_ns: 1_000, weighting, ..SharedConfig::default() };
    SharedLearner::new(config, TransformerConfig::table2(1), built_in(Agent::Controller).map(|w| w.shared)).unwrap()
}

/// A network that may lose, double and reorder, by a seed; `None` = faultless.
struct Net {
    rng: Option<SeededRng>,
    up: VecDeque<Message>,
    down: VecDeque<(Agent, Message)>,
}

impl Net {
    fn new(seed: Option<u64>) -> Self {
        Self { rng: seed.map(|s| SeededRng::new(s, 0)), up: VecDeque::new(), down: VecDeque::new() }
    }

    fn carry<T: Clone>(rng: &mut Option<SeededRng>, queue: &mut VecDeque<T>, item: T) {
        let Some(rng) = rng else { return queue.push_back(item) };
        match rng.below(10) {
            0 | 1 => {}
            2 | 3 => {
                queue.push_back(item.clone());
                queue.push_front(item);
            }
            4 | 5 => queue.push_front(item),
            _ => queue.push_back(item),
        }
    }
}

fn rounds(agents: &mut [Trainer], shared: &mut SharedLearner, net: &mut Net, until: u64) {
    for pass in 0..400 {
        if agents.iter().all(|a| a.round() >= until) {
            return;
        }
        for a in agents.iter_mut().filter(|a| a.round() < until) {
            for m in a.messages(pass).unwrap() {
                Net::carry(&mut net.rng, &mut net.up, m);
            }
        }
        while let Some(m) = net.up.pop_front() {
            for reply in shared.on_message(&m, 0) {
                Net::carry(&mut net.rng, &mut net.down, (m.header.agent, reply));
            }
        }
        loop {
            match shared.work(0).unwrap() {
                Work::Idle => break,
                Work::Reckoned { .. } | Work::Watched { .. } => {}
                Work::Ended { messages, agents, .. } => {
                    assert_eq!(agents.len(), 3);
                    messages.into_iter().for_each(|m| Net::carry(&mut net.rng, &mut net.down, m));
                }
            }
        }
        while let Some((to, m)) = net.down.pop_front() {
            let a = agents.iter_mut().find(|a| a.config.agent == to).unwrap();
            a.on_message(&m).unwrap();
        }
    }
    panic!("the rounds did not end");
}

fn bits(agents: &[Trainer], shared: &SharedLearner) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = agents.iter().map(|a| a.weights().unwrap()).collect();
    all.push(shared.weights().unwrap());
    all
}

#[test]
fn loss_doubles_and_reordering_change_no_bit_and_a_resumed_run_neither() {
    for method in [WeightingMethod::Static, WeightingMethod::Dynamic, WeightingMethod::PcGrad] {
        no_bit_changes(method);
    }
}

fn no_bit_changes(method: WeightingMethod) {
    let trainer = |agent| trainer_of(agent, method);
    let controller = || controller_of(method);
    let mut agents: Vec<Trainer> = AGENTS.map(trainer).into();
    let mut shared = controller();
    let start = bits(&agents, &shared);
    rounds(&mut agents, &mut shared, &mut Net::new(None), 1);
    // saved after one round, resumed in fresh processes over a bad network
    let mut again: Vec<Trainer> = AGENTS.map(trainer).into();
    let mut shared_again = controller();
    for (new, old) in again.iter_mut().zip(&agents) {
        new.resume(&old.checkpoint().unwrap().unwrap()).unwrap();
    }
    shared_again.resume(&shared.checkpoint().unwrap()).unwrap();
    rounds(&mut agents, &mut shared, &mut Net::new(None), 3);
    rounds(&mut again, &mut shared_again, &mut Net::new(Some(3)), 3);
    let end = bits(&agents, &shared);
    assert!(end == bits(&again, &shared_again), "weights differ");
    assert!(start.iter().zip(&end).all(|(a, b)| a != b), "training changed nothing");
    let c = shared_again.counters();
    assert!(c.duplicates + c.late > 0 && c.rounds == 2, "{c:?}");
    // an agent that was killed and lost a round is told where the controller is
    let mut lost = trainer(Agent::Ran);
    let messages = lost.messages(0).unwrap();
    let replies: Vec<Message> = messages.iter().flat_map(|m| shared.on_message(m, 0)).collect();
    assert_eq!(replies.len(), 1, "one answer, whatever the number of draws");
    assert_eq!(lost.on_message(&replies[0]).unwrap(), TrainerEvent::Moved { round: 3 });
    // damaged checkpoints are refused
    let mut bytes = shared.checkpoint().unwrap();
    bytes[40] ^= 1;
    assert!(shared.resume(&bytes).is_err() && shared.resume(b"x").is_err());
    let other = if method == WeightingMethod::Static { WeightingMethod::Mgda } else { WeightingMethod::Static };
    assert!(controller_of(other).resume(&shared.checkpoint().unwrap()).is_err());
}

/// What goes over the wire in rounds is what a federation does in one process.
#[test]
fn rounds_over_messages_are_those_of_a_federation() {
    let mut agents: Vec<Trainer> = AGENTS.map(|a| trainer_of(a, WeightingMethod::Dynamic)).into();
    let mut shared = controller_of(WeightingMethod::Dynamic);
    let shapes: Vec<TransformerConfig> = AGENTS.iter().map(|a| data(*a).config()).collect();
    let cuts = shapes.iter().map(predict::Cut::scheme3).collect();
    let config = mops::FederationConfig {
        shapes,
        cuts,
        optimiser: OptimiserConfig::default(),
        seed: 0,
        agent_seeds: vec![0; 3],
    };
    let mut whole = mops::Federation::new(&config, weighting(WeightingMethod::Dynamic, 3, ETA, 1).unwrap()).unwrap();
    whole.load_weights(&bits(&agents, &shared)).unwrap();
    // the same draws: those of trainers that nobody answers
    let mut same: Vec<Trainer> = AGENTS.map(|a| trainer_of(a, WeightingMethod::Dynamic)).into();
    for _ in 0..2 {
        whole.round(|agent| same[agent].draw().map_err(|e| predict::PredictError::Config(e.to_string()))).unwrap();
    }
    rounds(&mut agents, &mut shared, &mut Net::new(Some(5)), 2);
    assert!(whole.weights(predict::Precision::F32).unwrap() == bits(&agents, &shared), "weights differ");
}

#[test]
fn a_round_ends_by_time_with_those_present_and_refuses_what_does_not_fit() {
    let mut shared = controller();
    let mut agent = trainer(Agent::App);
    let [z, y] = agent.messages(0).unwrap().try_into().unwrap();
    let mut other_run = z.clone();
    other_run.header.run = 1;
    let mut nan = z.clone();
    nan.payload[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let short = Message::f32(Kind::Embedding, Agent::App, &[1, 2, 128], &[0.0; 256]).unwrap();
    for bad in [&other_run, &nan, &short, &Message::empty(Kind::Heartbeat, Agent::App)] {
        assert!(shared.on_message(bad, 0).is_empty());
    }
    assert_eq!((shared.counters().refused, shared.counters().taken), (4, 0));
    shared.on_message(&y, 10);
    assert!(matches!(shared.work(2_000).unwrap(), Work::Idle), "a label alone is no contribution");
    shared.on_message(&z, 20);
    assert!(matches!(shared.work(30).unwrap(), Work::Reckoned { agent: Agent::App }));
    assert!(matches!(shared.work(1_009).unwrap(), Work::Idle));
    let Work::Ended { messages, agents, .. } = shared.work(1_010).unwrap() else { panic!("the round goes on") };
    assert_eq!((messages.len(), agents.len(), shared.counters().timed_out), (1, 1, 1));
    assert!(matches!(agent.on_message(&messages[0].1).unwrap(), TrainerEvent::Stepped { round: 0, .. }));
    assert_eq!(agent.on_message(&messages[0].1).unwrap(), TrainerEvent::Dropped, "the same gradient twice");
}

#[test]
fn forecasts_fall_back_in_order_and_are_scored_before_the_truth() {
    let set = data(Agent::App);
    let w = built_in(Agent::App).unwrap();
    let config = PredictorConfig { agent: Agent::App, run: RUN, keep_shared: false };
    let mut p = Predictor::new(config, &set, Some(w.agent), Some(w.shared)).unwrap();
    let shape = TransformerConfig::table2(1);
    let mut server = SharedServer::new(RUN, shape, Some(w.shared)).unwrap();
    assert!(p.forecast().is_none());
    let rows = replay(&set);
    p.push(&[Some(f32::NAN), Some(1.0)]);
    assert_eq!((p.not_finite, p.forecast()), (1, None));
    p.push(&rows[0].values);
    assert_eq!(p.forecast().unwrap().source, Source::Persistence);
    p.new_series();
    for row in &rows[..30] {
        p.push(&row.values);
    }
    assert_eq!(p.forecast().unwrap().source, Source::DLinear);
    assert_eq!(p.figures().transformer.count, 0, "no Transformer's forecast was made");
    assert_eq!(p.without_transformer(), 11, "origins 15…25 had all their truth by sample 30");
    let ask = p.infer_message(0).unwrap().unwrap();
    let answer = server.answer(&ask, 0).unwrap();
    assert!(p.on_prediction(&answer) && !p.on_prediction(&answer));
    let remote = p.forecast().unwrap();
    assert_eq!((remote.source, remote.values.len(), p.refused), (Source::Controller, 5, 1));
    // the local copy gives the same numbers
    let mut q =
        Predictor::new(PredictorConfig { keep_shared: true, ..config }, &set, Some(w.agent), Some(w.shared)).unwrap();
    rows[..30].iter().for_each(|r| q.push(&r.values));
    let local = q.forecast().unwrap();
    assert_eq!((local.source, &local.values), (Source::LocalShared, &remote.values));
    assert_eq!(q.figures().persistence.count, 55, "11 origins of 5 samples");
    assert_eq!(q.figures().persistence.count, q.figures().transformer.count);
    // after the next sample the controller's answer is of yesterday
    p.push(&rows[30].values);
    assert_eq!(p.forecast().unwrap().source, Source::DLinear);
    let mut bad = ask.clone();
    bad.header.run = 0;
    assert!(server.answer(&bad, 0).is_err() && server.answer(&Message::empty(Kind::Infer, Agent::App), 0).is_err());
    assert_eq!(p.take_windows().len(), 12);
}

#[test]
fn the_replay_is_the_test_part_and_what_leads_into_it() {
    for agent in AGENTS {
        let set = data(agent);
        let rows = replay(&set);
        assert!(rows[0].begins && set.test.len() > 300, "{agent:?}: {}", set.test.len());
        let span = set.spec.observe + set.spec.horizon;
        let windows: usize = rows.chunk_by(|_, b| !b.begins).map(|s| (s.len() + 1).saturating_sub(span)).sum();
        assert!(windows >= set.test.len(), "{agent:?}");
    }
}

#[test]
fn built_in_weights_are_those_of_the_manifest_and_as_good_as_it_says() {
    let w = built_in(Agent::App).unwrap();
    let m = w.manifest().unwrap();
    assert_eq!(m.weights_sha256["a.safetensors"], sha256_hex(w.agent));
    assert_eq!(m.weights_sha256["shared.safetensors"], sha256_hex(w.shared));
    for s in sources() {
        assert_eq!(
            m.data_sha256[s.name],
            sha256_hex(s.excerpt),
            "{}: the weights were trained on another excerpt",
            s.name
        );
    }
    let set = data(Agent::App);
    let mut agent = mops::AgentPart::new(set.config(), OptimiserConfig::default(), 0).unwrap();
    agent.load_weights(w.agent).unwrap();
    let mut shared = mops::SharedPart::new(TransformerConfig::table2(1), OptimiserConfig::default(), 0).unwrap();
    shared.load_weights(w.shared).unwrap();
    let figures = evaluate(&set, &set.test, &agent, &shared).unwrap();
    for (name, sum) in
        [("transformer", figures.transformer), ("dlinear", figures.dlinear), ("persistence", figures.persistence)]
    {
        let said = m.metrics[&format!("a.test.nmae.{name}")];
        assert!((sum.nmae().unwrap() - said).abs() < 1e-4, "{name}: {:?}, not {said}", sum.nmae());
    }
    for agent in ["p", "n", "a"] {
        let of = |model| m.metrics[&format!("{agent}.test.nmae.{model}")];
        assert!(of("transformer") < of("persistence"), "{agent}: the Transformer is no better than the last value");
    }
}

#[test]
fn a_round_that_is_only_watched_shows_the_errors_and_changes_nothing() {
    let mut agents: Vec<Trainer> = AGENTS.map(trainer).into();
    let mut shared = controller();
    let start = bits(&agents, &shared);
    shared.train(false);
    let watched = |shared: &mut SharedLearner, agents: &mut Vec<Trainer>| {
        for a in agents.iter_mut() {
            for m in a.messages(0).unwrap() {
                assert!(shared.on_message(&m, 0).is_empty());
            }
        }
        loop {
            match shared.work(0).unwrap() {
                Work::Reckoned { .. } => {}
                Work::Watched { errors, messages, .. } => {
                    for (to, m) in messages {
                        let a = agents.iter_mut().find(|a| a.config.agent == to).unwrap();
                        assert!(matches!(a.on_message(&m).unwrap(), TrainerEvent::Moved { .. }));
                    }
                    return errors;
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let errors = watched(&mut shared, &mut agents);
    assert!(errors.o_error > 0.0 && errors.c_error > 0.0, "{errors:?}");
    // the C-error is at most what the joint gradient is: ‖q − p‖² ≤ ‖q‖² − ‖p‖² of the nearest point p of a convex set to 0
    assert!(errors.c_error <= errors.o_error);
    // a window of 15 × 128 there and back, a label of 5 there, of each agent
    assert_eq!(errors.bytes, 3 * 4 * (2 * 15 * 128 + 5));
    assert!(bits(&agents, &shared) == start, "something was trained");
    assert_eq!((shared.round(), agents[0].round(), shared.counters().rounds), (1, 1, 0));
    // trained again, the next round is one like any other
    shared.train(true);
    rounds(&mut agents, &mut shared, &mut Net::new(None), 2);
    assert!(bits(&agents, &shared) != start);
}

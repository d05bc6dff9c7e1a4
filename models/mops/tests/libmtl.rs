//! The weightings give what `LibMTL`'s own classes give for the same gradients.
#![expect(clippy::unwrap_used, reason = "tests")]

use mops::{CaGrad, Gram, MoDo, Rescale, min_norm, pc_grad};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
    modo: Vec<Dynamic>,
}

#[derive(Deserialize)]
struct Case {
    gradients: Vec<Vec<f64>>,
    mgda: Vec<f64>,
    pcgrad: Vec<f64>,
    cagrad_0: Conflict,
    cagrad_1: Conflict,
    cagrad_2: Conflict,
}

#[derive(Deserialize)]
struct Conflict {
    dual: Vec<f64>,
    direction: Vec<f64>,
}

#[derive(Deserialize)]
struct Dynamic {
    eta: f64,
    rho: f64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    batches: Vec<Vec<Vec<f64>>>,
    gamma: Vec<f64>,
    direction: Vec<f64>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../hil-tests/fixtures/weighting/libmtl.json")).unwrap()
}

fn gram(a: &[Vec<f64>], b: &[Vec<f64>]) -> Gram {
    let dot = |x: &Vec<f64>, y: &Vec<f64>| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    Gram::new(a.len(), a.iter().flat_map(|x| b.iter().map(move |y| dot(x, y))).collect()).unwrap()
}

fn along(weights: &[f64], gradients: &[Vec<f64>]) -> Vec<f64> {
    let at = |k: usize| weights.iter().zip(gradients).map(|(w, g)| w * g[k]).sum();
    (0..gradients[0].len()).map(at).collect()
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let most = b.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    a.iter().zip(b).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs())) / most
}

#[test]
fn gradients_without_conflict() {
    for case in fixture().cases {
        let g = gram(&case.gradients, &case.gradients);
        let n = case.gradients.len();
        let weights = pc_grad(&g, |_| (0..n).collect());
        let off = apart(&along(&weights, &case.gradients), &case.pcgrad);
        assert!(off < 1e-5, "{off}");
    }
}

/// `LibMTL` goes along edges and stops where a step is below 1e-5, and never gives a vertex exactly (0.999): where its weights are not the minimum's, ours give a
/// shorter sum.
#[test]
fn the_minimum_norm() {
    let mut same = 0;
    let all = fixture().cases;
    for case in &all {
        let g = gram(&case.gradients, &case.gradients);
        let ours = min_norm(&g);
        let off = apart(&ours, &case.mgda);
        println!("weights {off:.1e} apart, norms {:.9} and {:.9}", g.norm(&ours), g.norm(&case.mgda));
        assert!(g.norm(&ours) <= g.norm(&case.mgda) + 1e-12);
        same += usize::from(off < 1e-5);
    }
    assert!(same + 1 >= all.len(), "{same} of {}", all.len());
}

#[test]
fn the_direction_that_averts_conflicts() {
    let alpha = 0.5;
    for case in fixture().cases {
        let g = gram(&case.gradients, &case.gradients);
        let n = g.len() as f64;
        let mean = vec![1.0 / n; g.len()];
        let c = alpha * (g.form(&mean, &mean) + 1e-8).sqrt() + 1e-8;
        let objective = |w: &[f64]| g.form(w, &mean) + c * (g.form(w, w) + 1e-8).sqrt();
        for (rescale, theirs) in
            [(Rescale::None, &case.cagrad_0), (Rescale::Square, &case.cagrad_1), (Rescale::Plain, &case.cagrad_2)]
        {
            let method = CaGrad::new(alpha, rescale).unwrap();
            let off = apart(&along(&method.weights(&g), &case.gradients), &theirs.direction);
            let (ours, other) = (objective(&method.dual(&g)), objective(&theirs.dual));
            println!("direction {off:.1e} apart, objectives {ours:.12} and {other:.12}");
            assert!(ours <= other + 1e-9 * other.abs(), "{ours} {other}");
            assert!(off < 1e-5, "{off}");
        }
    }
}

#[test]
fn dynamic_weights() {
    for run in fixture().modo {
        let mut modo = MoDo::new(3, run.eta, run.rho).unwrap();
        for step in run.steps {
            let gamma = modo.step(&gram(&step.batches[0], &step.batches[1])).unwrap().to_vec();
            let off = apart(&gamma, &step.gamma).max(apart(&along(&gamma, &step.batches[2]), &step.direction));
            assert!(off < 1e-5, "{off}");
        }
    }
}

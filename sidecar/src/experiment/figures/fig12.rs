//! Fig. 12: the trade-offs between the errors, and the theorems' curves fitted to them.

use super::common::{FIVE, csv, notes, title};
use crate::experiment::ExperimentError;
use crate::experiment::chart::{Curve, Panel, panels};
use crate::experiment::context::Context;
use crate::experiment::page::{Page, Table};
use crate::experiment::statistic::significant;
use crate::experiment::training::{Look, Scheme, Trajectory, Way};

/// Step size β of Table 2.
const BETA: f64 = 5e-4;
/// Points of a curve.
const POINTS: usize = 60;

/// Least squares of y ≈ a u + b with a, b ≥ 0, as the theorems' terms are.
fn fit(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len().max(1) as f64;
    let sum = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
    let (u, y) = (sum(|p| p.0), sum(|p| p.1));
    let (uu, uy) = (sum(|p| p.0 * p.0), sum(|p| p.0 * p.1));
    let free = (n * uy - u * y) / (n * uu - u * u);
    let (a, b) = (free, (y - free * u) / n);
    if a >= 0.0 && b >= 0.0 {
        (a, b)
    } else if a < 0.0 || !a.is_finite() {
        (0.0, y / n)
    } else {
        ((uy / uu).max(0.0), 0.0)
    }
}

/// After T rounds: mean over the rounds of an error, as the theorems of O- and C-error have it.
fn running(run: &Trajectory, value: impl Fn(&Look) -> f64) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let later = run.looks.iter().skip(1).enumerate();
    later
        .map(|(k, look)| {
            sum += value(look);
            (look.round as f64, sum / (k as f64 + 1.0))
        })
        .collect()
}

/// The constants of one way, fitted over its seeds.
struct Fitted {
    o: (f64, f64),
    g: (f64, f64),
    c: (f64, f64),
}

fn fitted(runs: &[Trajectory], way: Way) -> Fitted {
    let all = |value: fn(&Look) -> f64, u: fn(f64) -> f64, is_mean: bool| -> Vec<(f64, f64)> {
        let of = |r: &Trajectory| {
            if is_mean {
                running(r, value)
            } else {
                r.looks.iter().skip(1).map(|l| (l.round as f64, value(l))).collect()
            }
        };
        runs.iter().flat_map(of).map(|(t, y)| (u(t), y)).collect()
    };
    let c = all(|l| l.errors.c.square, |t| 1.0 / t, true);
    Fitted {
        //= SANet eqs. (12), (13): a/sqrt(T) + b
        o: fit(&all(|l| l.errors.o_joint, |t| 1.0 / t.sqrt(), true)),
        //= SANet eqs. (14), (15): a sqrt(T) + b
        g: fit(&all(|l| l.errors.g_joint, f64::sqrt, false)),
        //= SANet eqs. (16), (17): constant, or a/T + b
        c: if way == Way::Dynamic { fit(&c) } else { fit(&c.iter().map(|p| (0.0, p.1)).collect::<Vec<_>>()) },
    }
}

pub(in crate::experiment) fn fig12(context: &Context<'_>) -> Result<Page, ExperimentError> {
    let runs = context.trajectories(&FIVE)?;
    let shared: Vec<_> = FIVE.iter().zip(&runs).filter(|((scheme, _), _)| *scheme != Scheme::One).collect();
    let samples = (context.sets.len() * context.plan.windows) as f64;
    let mut table = Table::new(
        "The theorems' terms, fitted, and the constants that follow",
        &[
            "sharing",
            "O-error over T rounds",
            "G-error after T rounds",
            "C-error², over T rounds",
            "c_I = β a²",
            "μ_g μ_l² = 2 b²/β",
            "G = a √D/8",
            "V = b² D",
        ],
    );
    let mut panel = [
        Panel {
            title: "G- and O-error".into(),
            x: "G-error".into(),
            y: "O-error, mean over the rounds".into(),
            curves: Vec::new(),
        },
        Panel {
            title: "G- and C-error".into(),
            x: "G-error".into(),
            y: "C-error², mean over the rounds".into(),
            curves: Vec::new(),
        },
    ];
    for (way, runs) in shared {
        let f = fitted(runs, way.1);
        let of = |(a, b): (f64, f64), u: &str| format!("{} {u} + {}", significant(a), significant(b));
        let extra = if way.1 == Way::Dynamic { " (with the term of η)" } else { "" };
        table.row([
            title(*way),
            of(f.o, "/ √T"),
            of(f.g, "√T"),
            if way.1 == Way::Dynamic { of(f.c, "/ T") } else { significant(f.c.1) },
            significant(BETA * f.o.0 * f.o.0),
            significant(2.0 * f.o.1 * f.o.1 / BETA) + extra,
            significant(f.g.0 * samples.sqrt() / 8.0),
            significant(f.g.1 * f.g.1 * samples),
        ]);
        let points = |value: fn(&Look) -> f64| -> Vec<(f64, f64)> {
            let of = |r: &Trajectory| {
                let means = running(r, value);
                r.looks.iter().skip(1).zip(means).map(|(l, (_, y))| (l.errors.g_joint, y)).collect::<Vec<_>>()
            };
            runs.iter().flat_map(of).collect()
        };
        let from = context.plan.look_every as f64;
        let rounds = |k: usize| from * (context.plan.rounds as f64 / from).powf(k as f64 / (POINTS - 1) as f64);
        let curve = |y: &dyn Fn(f64) -> f64| -> Vec<(f64, f64)> {
            (0..POINTS).map(rounds).map(|t| (f.g.0 * t.sqrt() + f.g.1, y(t))).collect()
        };
        panel[0].curves.push(Curve::dots(title(*way), points(|l| l.errors.o_joint)));
        panel[0].curves.push(Curve::line(format!("{}, fitted", title(*way)), curve(&|t| f.o.0 / t.sqrt() + f.o.1)));
        panel[1].curves.push(Curve::dots(title(*way), points(|l| l.errors.c.square)));
        panel[1].curves.push(Curve::line(format!("{}, fitted", title(*way)), curve(&|t| f.c.0 / t + f.c.1)));
    }
    let mut notes = notes(context);
    notes.extend([
        "Fitted by least squares with terms that are not negative: O-error a/√T + b (12), (13), G-error a √T + b (14), (15), C-error² a/T + b (17), or constant for static weighting (16). O- and C-error \
         are means over the rounds, as the theorems have them; the G-error is that after T rounds."
            .to_owned(),
        "A bound that is fitted is a shape and no bound any more; what this shows is whether the errors move as the theorems' terms do.".to_owned(),
        format!("D = {samples} windows of all agents."),
    ]);
    Ok(Page {
        paper: "The paper plots experiments in the planes of G- and O-error and of G- and C-error, fits the constants of its theorems to them, and draws the theorems' curves beside.".to_owned(),
        tables: vec![table],
        pictures: vec![("figure".into(), "trade-offs".into(), panels(&panel, 2, false)?)],
        csv: csv(&panel),
        notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_by_hand() {
        let line = |a: f64, b: f64| -> Vec<(f64, f64)> { (1..9).map(f64::from).map(|u| (u, a * u + b)).collect() };
        let (a, b) = fit(&line(2.0, 3.0));
        assert!((a - 2.0).abs() < 1e-9 && (b - 3.0).abs() < 1e-9, "{a} {b}");
        // what falls has no rising term: its mean
        let (a, b) = fit(&line(-1.0, 10.0));
        assert!(a == 0.0 && (b - 5.5).abs() < 1e-9, "{a} {b}");
        // through the origin where the rest would be negative
        let (a, b) = fit(&[(1.0, 0.0), (2.0, 3.0)]);
        assert!((a - 6.0 / 5.0).abs() < 1e-9 && b == 0.0, "{a} {b}");
        assert_eq!(fit(&[(0.0, 2.0), (0.0, 4.0)]), (0.0, 3.0));
    }
}

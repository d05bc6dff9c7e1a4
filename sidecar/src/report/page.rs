//! The page: three lines, then plots and tables.

use super::html::{escape, table};
use super::input::ReportInput;
use super::plots::{Line, bars, lines, marked_lines};
use crate::demo::change;
use crate::effect::{Effect, Verdict};
use crate::tx::Standing;
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}\
pre{background:#f4f4f4;padding:.8em;overflow-x:auto;white-space:pre-wrap}table{border-collapse:collapse;margin:.6em 0}\
td,th{border-bottom:1px solid #ddd;padding:.2em .7em;text-align:left;font-variant-numeric:tabular-nums}\
.none{color:#888}h2{margin-top:1.6em;border-bottom:2px solid #eee}svg{max-width:100%;height:auto}";

/// The whole page as text; it refers to nothing outside itself.
#[must_use]
pub fn html(input: &ReportInput<'_>) -> String {
    let mut out = String::new();
    let title = escape(&input.title);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8><title>{title}</title><style>{STYLE}</style></head><body>\n\
         <h1>{title}</h1>\n<p>The same lab twice, seed {}, {:.1} s of radio time each: first left alone, then with the loop. \
         Radio time ran at {:.2} and {:.2} times wall time.</p>\n<pre>",
        input.seed, input.radio_s, input.speed[0], input.speed[1]
    );
    for line in &input.lines {
        let _ = writeln!(out, "{}", escape(line));
    }
    out.push_str("</pre>\n");
    radio(&mut out, input);
    terminals(&mut out, input);
    transmissions(&mut out, input);
    predictions(&mut out, input);
    actions(&mut out, input);
    latency(&mut out, input);
    drops(&mut out, input);
    let version = env!("CARGO_PKG_VERSION");
    let _ = write!(
        out,
        "<p class=none>sidecar {version}. SINR and rates are the lab's own truth; the loop saw only IQ, \
         metrics and HTTP.</p>\n</body></html>\n"
    );
    out
}

fn radio(out: &mut String, input: &ReportInput<'_>) {
    out.push_str("<h2>What the UEs got</h2>\n");
    let pair = |f: &dyn Fn(&crate::demo::WorldLog) -> Vec<(f64, f64)>| {
        [
            Line { name: "without".into(), points: f(input.without) },
            Line { name: "with the loop".into(), points: f(input.with) },
        ]
    };
    let on_air: Vec<(f64, f64)> = input.bursts[1].iter().filter_map(|b| Some((b.began_s?, b.ended_s?))).collect();
    let worst = pair(&|l| l.worst_sinr_db());
    out.push_str(&marked_lines("SINR of the worst UE", "radio time (s)", "dB", &worst, &on_air));
    if !on_air.is_empty() {
        out.push_str("<p>Red: own transmissions during the run with the loop.</p>\n");
    }
    let rate = |l: &crate::demo::WorldLog| {
        smooth(&l.delivered_bit_per_s().into_iter().map(|(t, r)| (t, r * 1e-6)).collect::<Vec<_>>(), 10)
    };
    out.push_str(&lines("rate delivered to all UEs, mean over 1 s", "radio time (s)", "Mbit/s", &pair(&rate)));
    out.push_str(&lines("SINR of the eavesdropper", "radio time (s)", "dB", &pair(&|l| l.eavesdropper_sinr_db())));
}

fn smooth(points: &[(f64, f64)], width: usize) -> Vec<(f64, f64)> {
    points.windows(width).map(|w| (w[width - 1].0, w.iter().map(|p| p.1).sum::<f64>() / width as f64)).collect()
}

fn terminals(out: &mut String, input: &ReportInput<'_>) {
    let last = |l: &crate::demo::WorldLog, supi: &str| {
        let point = l.points.iter().rfind(|p| p.t_s <= input.radio_s)?;
        point
            .ues
            .iter()
            .find(|u| u.supi == supi)
            .map(|u| (u.delivered_bits, u.offered_bits, u.stall_s, u.resolution.clone()))
    };
    let Some(point) = input.with.points.last() else { return };
    let mut rows = Vec::new();
    for ue in &point.ues {
        for (name, log) in [("without", input.without), ("with the loop", input.with)] {
            if let Some((got, asked, stall, resolution)) = last(log, &ue.supi) {
                let mbit = |bits: f64| format!("{:.2}", bits * 1e-6 / input.radio_s.max(1e-9));
                let resolution = resolution.unwrap_or_else(|| "-".into());
                rows.push(vec![
                    ue.supi.clone(),
                    name.into(),
                    mbit(asked),
                    mbit(got),
                    format!("{stall:.1}"),
                    resolution,
                ]);
            }
        }
    }
    out.push_str(&table(
        &["UE", "run", "asked for, Mbit/s", "got, Mbit/s", "video stood still, s", "resolution at the end"],
        &rows,
    ));
}

/// What a radio of ours sent meanwhile; nothing is said where none is configured.
fn transmissions(out: &mut String, input: &ReportInput<'_>) {
    if input.state.transmitter.state == Standing::NotConfigured {
        return;
    }
    out.push_str("<h2>Own transmissions</h2>\n");
    let seconds = |s: Option<f64>| s.map_or_else(|| "not observed".to_owned(), |s| format!("{s:.3}"));
    let mut rows = Vec::new();
    for (run, bursts) in ["without", "with the loop"].iter().zip(input.bursts) {
        for b in bursts {
            let lasted = b.row.began_ns.zip(b.row.ended_ns).map(|(from, to)| to.saturating_sub(from) as f64 * 1e-6);
            rows.push(vec![
                (*run).to_owned(),
                b.row.id.to_string(),
                seconds(b.began_s),
                lasted.map_or_else(|| "nothing sent".to_owned(), |ms| format!("{ms:.1}")),
                format!("{} of {}", b.row.sent_samples, b.row.approved_samples),
                b.row.underflows.map_or_else(|| "not observed".to_owned(), |n| n.to_string()),
                b.row.why.to_owned(),
            ]);
        }
    }
    out.push_str(&table(&["run", "burst", "began, radio s", "lasted, ms", "samples", "ran dry", "end"], &rows));
}

fn predictions(out: &mut String, input: &ReportInput<'_>) {
    out.push_str(
        "<h2>Prediction</h2>\n<p>Normalised mean absolute error on each agent's real trace, replayed faster than time: \
         15 samples in, 5 out.</p>\n",
    );
    let mut rows: Vec<_> = input.state.errors.iter().collect();
    rows.sort_by(|a, b| (&a.agent, &a.model).cmp(&(&b.agent, &b.model)));
    let values: Vec<(String, f64)> = rows.iter().map(|e| (format!("{} {}", e.agent, e.model), e.nmae)).collect();
    out.push_str(&bars("prediction error, smaller is better", "NMAE", &values));
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|e| vec![e.agent.clone(), e.model.clone(), format!("{:.4}", e.nmae), e.windows.to_string()])
        .collect();
    out.push_str(&table(&["agent", "predictor", "NMAE", "windows"], &cells));
    let _ = writeln!(out, "<p>{} coordination rounds between agents and controller.</p>", input.state.rounds.rounds);
}

fn actions(out: &mut String, input: &ReportInput<'_>) {
    out.push_str("<h2>Actions and their effect</h2>\n");
    let counts: Vec<Vec<String>> = input
        .state
        .counts
        .iter()
        .map(|(kind, c)| {
            let mut row = vec![kind.clone()];
            row.extend(
                [c.proposed, c.approved, c.refused, c.effective, c.no_effect, c.rolled_back].map(|n| n.to_string()),
            );
            row
        })
        .collect();
    out.push_str(&table(
        &["kind", "proposed", "approved", "refused", "effective", "no effect", "rolled back"],
        &counts,
    ));
    let mut kinds: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for effect in input.effects {
        kinds.entry(effect.kind.name()).or_default().push(effect);
    }
    let mean_change = |all: &[&Effect]| {
        let changes: Vec<f64> = all.iter().filter_map(|e| Some(e.after? - e.before?)).collect();
        (!changes.is_empty()).then(|| changes.iter().sum::<f64>() / changes.len() as f64)
    };
    let measured: Vec<Vec<String>> = kinds
        .iter()
        .map(|(kind, all)| {
            let observable = all[0].observable;
            let effective = all.iter().filter(|e| e.verdict == Verdict::Effective).count();
            let change =
                mean_change(all).map_or_else(|| "not observed".into(), |c| format!("{c:+.3} {}", observable.unit()));
            vec![(*kind).to_owned(), observable.name().to_owned(), change, format!("{effective} of {}", all.len())]
        })
        .collect();
    out.push_str(&table(
        &["kind", "observable", "mean change where effective", "mean change over all", "effective"],
        &measured,
    ));
    let list: Vec<Vec<String>> = input
        .effects
        .iter()
        .rev()
        .take(40)
        .map(|e| vec![e.verdict.name().into(), e.action.clone(), e.target.clone(), change(e), e.why.clone()])
        .collect();
    out.push_str(
        "<p>A lower resolution is judged by the rate that the application then offers: its verdict says that the order took \
         hold, not that the viewer gained; what the viewer got is in the first table. Power is judged at the eavesdropper.</p>\n",
    );
    out.push_str("<h3>The last ones</h3>\n");
    out.push_str(&table(&["verdict", "action", "target", "observed", "why"], &list));
}

fn latency(out: &mut String, input: &ReportInput<'_>) {
    let _ = writeln!(
        out,
        "<h2>The fast loop</h2>\n<p>From the arrival of an occasion's last sample in <code>air</code> to new weights standing \
         ready there, on one clock; {} loops.</p>",
        input.state.fast.loops
    );
    let us = |ns: f64| format!("{:.0}", ns / 1e3);
    let rows: Vec<Vec<String>> = input
        .state
        .fast
        .latency
        .iter()
        .map(|r| {
            let s = &r.stats;
            vec![r.phase.clone(), us(s.mean_ns), us(s.p50_ns), us(s.p99_ns), us(s.max_ns)]
        })
        .collect();
    out.push_str(&table(&["phase", "mean, µs", "p50, µs", "p99, µs", "max, µs"], &rows));
}

fn drops(out: &mut String, input: &ReportInput<'_>) {
    out.push_str("<h2>What was dropped</h2>\n");
    let fast = &input.state.fast;
    let rows: Vec<Vec<String>> = fast
        .drops
        .iter()
        .map(|(k, v)| vec!["ran".to_owned(), k.clone(), v.to_string()])
        .chain(fast.air.iter().map(|(k, v)| vec!["air".to_owned(), k.clone(), v.to_string()]))
        .collect();
    out.push_str(&table(&["process", "counter", "count"], &rows));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::state::{ApiState, ErrorRow};
    use crate::demo::{OwnBurst, WorldLog, compare};

    #[test]
    fn an_empty_run_still_gives_a_page() {
        let log = WorldLog::default();
        let achieved = compare(&log, &log);
        let mut state = ApiState::default();
        state.errors.push(ErrorRow { agent: "ran".into(), model: "transformer".into(), nmae: 0.25, windows: 3 });
        let input = ReportInput {
            title: "a <b>".into(),
            seed: 1,
            radio_s: 0.0,
            speed: [0.0; 2],
            lines: vec!["one".into()],
            without: &log,
            with: &log,
            achieved: &achieved,
            state: &state,
            effects: &[],
            bursts: [&[], &[]],
        };
        let page = html(&input);
        assert!(!page.contains("Own transmissions"), "there is no radio");
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        assert!(page.contains("a &lt;b&gt;") && page.contains("0.2500") && page.contains("nothing observed"));
        assert!(!page.contains("http://") || !page.contains("src="), "it stands alone");
    }

    #[test]
    fn own_transmissions_stand_in_it() {
        let (log, mut state) = (WorldLog::default(), ApiState::default());
        state.transmitter.state = Standing::NotObserved;
        let ended = crate::tx::Ended {
            id: 3,
            samples: 200,
            sent: 150,
            underflows: 0,
            why: Some(governor::Stop::Asked),
            began_ns: Some(1_000_000),
            ended_ns: 6_000_000,
        };
        let row = crate::tx::BurstRow::told(7, &ended);
        let gone =
            crate::tx::BurstRow { began_ns: None, ended_ns: None, underflows: None, why: "guard_gone", ..row.clone() };
        let with = [
            OwnBurst { began_s: Some(1.5), ended_s: Some(1.505), row },
            OwnBurst { began_s: None, ended_s: None, row: gone },
        ];
        let input = ReportInput {
            title: "t".into(),
            seed: 1,
            radio_s: 0.0,
            speed: [0.0; 2],
            lines: Vec::new(),
            without: &log,
            with: &log,
            achieved: &compare(&log, &log),
            state: &state,
            effects: &[],
            bursts: [&[], &with],
        };
        let page = html(&input);
        let row =
            "<td>with the loop</td><td>3</td><td>1.500</td><td>5.0</td><td>150 of 200</td><td>0</td><td>asked</td>";
        assert!(page.contains(row), "{page}");
        assert!(page.contains("<td>not observed</td><td>guard_gone</td>"), "{page}");
        assert!(page.contains("Red: own transmissions"));
    }
}

//! Rows of a study and their table.

use std::fmt::Write;

use super::case::Tally;

/// One figure of a study.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StudyRow {
    /// What was done to the recording.
    pub case: String,
    /// What was measured.
    pub metric: String,
    /// The figure; none where nothing was found.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
    /// What is asked for.
    pub bar: Option<f64>,
    /// Whether it is met.
    pub ok: Option<bool>,
    /// The peer's figure; none here, there is no peer in this study.
    pub peer: Option<f64>,
    /// Ratio to the peer.
    pub ratio: Option<f64>,
}

/// One line of the table: a condition at one SNR.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub condition: &'static str,
    pub snr_db: f32,
    pub tally: Tally,
}

/// What a study gives.
#[derive(Debug, Clone)]
pub struct StudyResult {
    /// Every figure.
    pub rows: Vec<StudyRow>,
    pub(super) lines: Vec<Line>,
    pub(super) noise_only: (u32, u32),
}

impl Line {
    fn case(&self) -> String {
        format!("{}, SNR {} dB", self.condition, self.snr_db)
    }

    /// Figures of this line. From −6 dB on each has a bar.
    pub fn rows(&self) -> Vec<StudyRow> {
        let t = &self.tally;
        let dispersive = self.condition.contains("300 ns");
        let barred = self.snr_db >= -6.0;
        let low = self.snr_db < 0.0;
        let mut rows = Vec::new();
        let mut row = |metric: &str, value: Option<f64>, unit: &str, bar: f64, higher_is_better: bool| {
            let met = value.is_some_and(|v| if higher_is_better { v >= bar } else { v <= bar });
            rows.push(StudyRow {
                case: self.case(),
                metric: metric.to_owned(),
                value,
                unit: unit.to_owned(),
                bar: barred.then_some(bar),
                ok: barred.then_some(met),
                peer: None,
                ratio: None,
            });
        };
        row("blocks detected", Some(t.detection()), "share", if low { 0.95 } else { 1.0 }, true);
        row("MIB decoded", Some(t.mib()), "share", if low { 0.5 } else { 0.95 }, true);
        row("false blocks", Some(f64::from(t.false_alarms)), "count", 0.0, false);
        row("wrong MIBs", Some(f64::from(t.wrong_mibs)), "count", 0.0, false);
        row("CFO RMSE", t.cfo_rmse_hz(), "Hz", if low { 200.0 } else { 100.0 }, false);
        row("timing RMSE", t.timing_rmse_ns(), "ns", if dispersive { 450.0 } else { 100.0 }, false);
        row("channel NMSE", t.channel_nmse_db(), "dB", if low { -8.0 } else { -12.0 }, false);
        rows
    }
}

/// The study as Markdown.
#[must_use]
pub fn markdown(result: &StudyResult) -> String {
    let mut out = String::from(
        "SNR is per resource element: mean power of a resource element of the block after the channel, over the noise variance on a \
         resource element (white noise over the whole sampled band). CFO, timing and channel errors are over the detected blocks. \
         Timing is against the first path.\n\n\
         | condition | SNR dB | cell found | blocks | detected | MIB | false | wrong MIB | CFO RMSE Hz | timing RMSE ns | channel NMSE dB |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let number = |v: Option<f64>, digits: usize| v.map_or_else(|| "—".to_owned(), |v| format!("{v:.digits$}"));
    for line in &result.lines {
        let t = &line.tally;
        // writing to a String cannot fail
        let _ = writeln!(
            out,
            "| {} | {} | {}/{} | {} | {:.1} % | {:.1} % | {} | {} | {} | {} | {} |",
            line.condition,
            line.snr_db,
            t.cells,
            t.runs,
            t.blocks,
            100.0 * t.detection(),
            100.0 * t.mib(),
            t.false_alarms,
            t.wrong_mibs,
            number(t.cfo_rmse_hz(), 1),
            number(t.timing_rmse_ns(), 0),
            number(t.channel_nmse_db(), 1)
        );
    }
    let (runs, alarms) = result.noise_only;
    let _ = writeln!(out, "\nNoise only: {alarms} cells found in {runs} recordings.");
    let missed = result.rows.iter().filter(|r| r.ok == Some(false)).count();
    let _ = writeln!(
        out,
        "{} figures have a bar, {missed} miss it.",
        result.rows.iter().filter(|r| r.ok.is_some()).count()
    );
    for row in result.rows.iter().filter(|r| r.ok == Some(false)) {
        let _ = writeln!(
            out,
            "- missed: {}: {} {} {} (bar {})",
            row.case,
            row.metric,
            number(row.value, 2),
            row.unit,
            number(row.bar, 2)
        );
    }
    out
}

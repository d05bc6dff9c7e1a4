//! The study as a picture.

use plotters::prelude::*;

use super::result::{Line, StudyResult};
use crate::csi::CsiError;

type Figure = (&'static str, fn(&Line) -> Option<f64>, f64, f64);

const PANELS: [Figure; 4] = [
    ("blocks detected (solid line: share)", |l| Some(l.tally.detection()), 0.0, 1.05),
    ("MIB decoded (share)", |l| Some(l.tally.mib()), 0.0, 1.05),
    ("CFO RMSE, log10 Hz", |l| l.tally.cfo_rmse_hz().map(|v| v.max(0.01).log10()), -1.0, 3.5),
    ("channel NMSE, dB", |l| l.tally.channel_nmse_db(), -40.0, 3.0),
];

/// Draws detection, MIB, frequency error and channel error over SNR, one line a condition.
///
/// # Errors
/// [`CsiError::Plot`].
pub fn plot_svg(result: &StudyResult) -> Result<String, CsiError> {
    let mut svg = String::new();
    draw(&mut svg, result).map_err(|e| CsiError::Plot(e.to_string()))?;
    Ok(svg)
}

fn draw(svg: &mut String, result: &StudyResult) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, (1000, 760)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut conditions: Vec<&str> = result.lines.iter().map(|l| l.condition).collect();
    conditions.dedup();
    let snr = |f: fn(f64, f64) -> f64, start: f64| result.lines.iter().map(|l| f64::from(l.snr_db)).fold(start, f);
    let (from, to) = (snr(f64::min, f64::INFINITY), snr(f64::max, f64::NEG_INFINITY));
    for (panel, (title, value, low, high)) in root.split_evenly((2, 2)).iter().zip(PANELS) {
        let mut chart = ChartBuilder::on(panel)
            .margin(12)
            .caption(title, ("sans-serif", 17))
            .x_label_area_size(32)
            .y_label_area_size(48)
            .build_cartesian_2d(from - 0.5..to + 0.5, low..high)?;
        chart.configure_mesh().x_desc("SNR per resource element, dB").light_line_style(WHITE).draw()?;
        for (i, condition) in conditions.iter().enumerate() {
            let color = Palette99::pick(i).to_rgba();
            let points: Vec<(f64, f64)> = result
                .lines
                .iter()
                .filter(|l| l.condition == *condition)
                .filter_map(|l| value(l).map(|v| (f64::from(l.snr_db), v.clamp(low, high))))
                .collect();
            chart
                .draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))?
                .label(*condition)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
            chart.draw_series(points.into_iter().map(|p| Circle::new(p, 3, color.filled())))?;
        }
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw()?;
    }
    root.present()?;
    Ok(())
}

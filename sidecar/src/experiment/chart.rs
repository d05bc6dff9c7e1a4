//! Pictures with several panels, as SVG text.

use super::ExperimentError;
use plotters::prelude::*;
use std::path::Path;

type Drawn = Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Size of a panel, pixels.
const PANEL: (u32, u32) = (420, 280);
const COLOURS: [RGBColor; 6] = [
    RGBColor(210, 90, 20),
    RGBColor(30, 140, 60),
    RGBColor(20, 110, 200),
    RGBColor(150, 50, 150),
    RGBColor(120, 120, 120),
    RGBColor(180, 150, 20),
];

/// A line, or points where `is_dotted`.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) is_dotted: bool,
}

impl Curve {
    pub(super) fn line(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, is_dotted: false }
    }

    pub(super) fn dots(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, is_dotted: true }
    }
}

/// Curves over common axes. All panels of a picture with `shares_y` have one range of y.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) curves: Vec<Curve>,
}

/// A box for each name: 5, 25, 50, 75, 95 % of its values.
#[derive(Debug, Clone)]
pub(super) struct Boxes {
    pub(super) title: String,
    pub(super) y: String,
    pub(super) boxes: Vec<(String, [f64; 5])>,
}

fn finite<'a>(curves: impl Iterator<Item = &'a Curve>) -> impl Iterator<Item = (f64, f64)> {
    curves.flat_map(|c| c.points.iter().copied()).filter(|(x, y)| x.is_finite() && y.is_finite())
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let room = 0.05 * (high - low).max(1e-9);
    (low - room, high + room)
}

/// Draws panels, `columns` in a row; `shares_y`: with one range of y.
pub(super) fn panels(panels: &[Panel], columns: usize, shares_y: bool) -> Result<String, ExperimentError> {
    let common = range(finite(panels.iter().flat_map(|p| &p.curves)).map(|p| p.1));
    grid(panels.len(), columns, |k, area| {
        let panel = &panels[k];
        let x = range(finite(panel.curves.iter()).map(|p| p.0));
        let y = if shares_y { common } else { range(finite(panel.curves.iter()).map(|p| p.1)) };
        let mut chart = ChartBuilder::on(area)
            .caption(&panel.title, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(62)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
        let label = |v: &f64| super::statistic::significant(*v);
        chart
            .configure_mesh()
            .x_desc(&panel.x)
            .y_desc(&panel.y)
            .x_labels(6)
            .y_labels(6)
            .y_label_formatter(&label)
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (curve, colour) in panel.curves.iter().zip(COLOURS.iter().cycle()) {
            let points = curve.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite());
            let drawn = if curve.is_dotted {
                chart.draw_series(points.map(|p| Circle::new(p, 3, colour.mix(0.6).filled())))?
            } else {
                chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            };
            drawn
                .label(curve.name.clone())
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 14, y)], colour.stroke_width(3)));
        }
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.2)).draw()?;
        Ok(())
    })
}

/// Draws box plots side by side.
pub(super) fn boxes(all: &[Boxes], columns: usize) -> Result<String, ExperimentError> {
    grid(all.len(), columns, |k, area| {
        let Boxes { title, y: unit, boxes } = &all[k];
        let y = range(boxes.iter().flat_map(|b| b.1).filter(|v| v.is_finite()).chain([0.0]));
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(62)
            .build_cartesian_2d(-0.6..boxes.len() as f64 - 0.4, y.0..y.1)?;
        let name = |x: &f64| {
            let near = x.round();
            let at = if (x - near).abs() < 0.05 && near >= 0.0 { boxes.get(near as usize) } else { None };
            at.map_or_else(String::new, |b| b.0.clone())
        };
        let label = |v: &f64| super::statistic::significant(*v);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(2 * boxes.len() + 1)
            .x_label_formatter(&name)
            .x_label_style(("sans-serif", 10))
            .y_label_formatter(&label)
            .y_desc(unit)
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (k, (_, [p5, p25, p50, p75, p95])) in boxes.iter().enumerate() {
            let (x, colour) = (k as f64, COLOURS[k % COLOURS.len()]);
            let line = |from: (f64, f64), to: (f64, f64)| PathElement::new(vec![from, to], BLACK.stroke_width(1));
            chart.draw_series([line((x, *p5), (x, *p25)), line((x, *p75), (x, *p95))])?;
            chart.draw_series([Rectangle::new([(x - 0.3, *p25), (x + 0.3, *p75)], colour.mix(0.5).filled())])?;
            let median = PathElement::new(vec![(x - 0.3, *p50), (x + 0.3, *p50)], BLACK.stroke_width(2));
            chart.draw_series([median])?;
        }
        Ok(())
    })
}

fn grid(count: usize, columns: usize, draw: impl Fn(usize, &Area<'_>) -> Drawn) -> Result<String, ExperimentError> {
    let columns = columns.clamp(1, count.max(1));
    let rows = count.div_ceil(columns).max(1);
    let size = (PANEL.0 * columns as u32, PANEL.1 * rows as u32);
    let mut text = String::new();
    let drawn: Drawn = {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let all = area.fill(&WHITE).map_err(Into::into).and_then(|()| {
            area.split_evenly((rows, columns)).iter().take(count).enumerate().try_for_each(|(k, a)| draw(k, a))
        });
        all.and_then(|()| area.present().map_err(Into::into))
    };
    drawn.map_err(|e| ExperimentError::damaged(Path::new("the picture"), e))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_and_every_name_is_there() {
        let panel = |title: &str| Panel {
            title: title.to_owned(),
            x: "rounds".to_owned(),
            y: "error".to_owned(),
            curves: vec![
                Curve::line("falls", vec![(0.0, 2.0), (1.0, 1.0), (2.0, f64::NAN)]),
                Curve::dots("seen", vec![(0.5, 1.5)]),
            ],
        };
        let svg = panels(&[panel("first"), panel("second"), panel("third")], 2, true).unwrap();
        assert!(svg.starts_with("<svg width=\"840\" height=\"560\""), "{svg:.100}");
        for text in ["first", "second", "third", "rounds", "falls", "seen"] {
            assert!(svg.contains(text), "{text}");
        }
        let five =
            Boxes { title: "all".into(), y: "NMAE".into(), boxes: vec![("LSTM".into(), [0.1, 0.2, 0.3, 0.4, 0.9])] };
        let svg = boxes(&[five], 3).unwrap();
        assert!(svg.contains("LSTM") && svg.contains("NMAE"));
        assert!(panels(&[], 2, false).is_ok());
    }
}

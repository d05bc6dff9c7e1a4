//! Plots as SVG text. A plot that cannot be drawn is a sentence that says so.

use plotters::prelude::*;

const SIZE: (u32, u32) = (860, 300);
const COLOURS: [RGBColor; 6] = [
    RGBColor(120, 120, 120),
    RGBColor(20, 110, 200),
    RGBColor(210, 90, 20),
    RGBColor(30, 140, 60),
    RGBColor(150, 50, 150),
    RGBColor(180, 150, 20),
];

/// One line of a plot.
#[derive(Debug, Clone)]
pub struct Line {
    /// In the legend.
    pub name: String,
    /// `(x, y)`.
    pub points: Vec<(f64, f64)>,
}

/// Lines over a common x axis.
#[must_use]
pub fn lines(title: &str, x_label: &str, y_label: &str, lines: &[Line]) -> String {
    marked_lines(title, x_label, y_label, lines, &[])
}

/// The same with stretches of the x axis, from and to, marked red: each is there, however short it is.
#[must_use]
pub fn marked_lines(title: &str, x_label: &str, y_label: &str, lines: &[Line], marks: &[(f64, f64)]) -> String {
    let all = || lines.iter().flat_map(|l| &l.points).filter(|p| p.0.is_finite() && p.1.is_finite());
    if all().count() < 2 {
        return format!("<p class=none>{}: nothing observed</p>", super::escape(title));
    }
    let range = |f: fn(&(f64, f64)) -> f64| {
        let low = all().map(f).fold(f64::INFINITY, f64::min);
        let high = all().map(f).fold(f64::NEG_INFINITY, f64::max);
        let room = 0.05 * (high - low).max(1e-9);
        (low - room, high + room)
    };
    let (x, y) = (range(|p| p.0), range(|p| p.1));
    svg(title, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
        chart.configure_mesh().x_desc(x_label).y_desc(y_label).light_line_style(TRANSPARENT).draw()?;
        for (from, to) in marks {
            let at = [(from.max(x.0), y.0), (to.min(x.1), y.1)];
            chart.draw_series([Rectangle::new(at, RED.mix(0.25).filled()), Rectangle::new(at, RED.stroke_width(1))])?;
        }
        for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            let points = line.points.iter().copied().filter(|p| p.0.is_finite() && p.1.is_finite());
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(line.name.clone())
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
        }
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw()?;
        Ok(())
    })
}

/// Bars, one a name, from 0.
#[must_use]
pub fn bars(title: &str, y_label: &str, values: &[(String, f64)]) -> String {
    let finite: Vec<&(String, f64)> = values.iter().filter(|v| v.1.is_finite()).collect();
    if finite.is_empty() {
        return format!("<p class=none>{}: nothing observed</p>", super::escape(title));
    }
    let top = finite.iter().map(|v| v.1).fold(0.0, f64::max).max(1e-9) * 1.1;
    let low = finite.iter().map(|v| v.1).fold(0.0, f64::min) * 1.1;
    svg(title, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(-0.5..finite.len() as f64 - 0.5, low..top)?;
        let name = |x: &f64| {
            let near = x.round();
            let at = if (x - near).abs() < 0.05 && near >= 0.0 { finite.get(near as usize) } else { None };
            at.map_or_else(String::new, |v| v.0.clone())
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(2 * finite.len() + 1)
            .x_label_formatter(&name)
            .y_desc(y_label)
            .light_line_style(TRANSPARENT)
            .draw()?;
        chart.draw_series(finite.iter().enumerate().map(|(k, v)| {
            let x = k as f64;
            Rectangle::new([(x - 0.35, 0.0), (x + 0.35, v.1)], COLOURS[1 + k % 5].filled())
        }))?;
        Ok(())
    })
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn svg(title: &str, draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Drawn) -> String {
    let mut text = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let drawn = draw(&area);
        drawn.and_then(|()| area.present().map_err(Into::into))
    };
    match drawn {
        Ok(()) => text,
        Err(e) => format!("<p class=none>{}: {}</p>", super::escape(title), super::escape(&e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_are_svg_and_nothing_is_said_to_be_nothing() {
        let line = Line { name: "with".into(), points: vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)] };
        let text = lines("SINR", "radio time (s)", "dB", &[line]);
        assert!(text.contains("<svg") && text.contains("polyline") && text.contains("SINR"));
        let line = Line { name: "with".into(), points: vec![(0.0, 1.0), (2.0, 3.0)] };
        let marked = marked_lines("SINR", "s", "dB", &[line], &[(0.5, 0.5001), (1.0, 9.0)]);
        assert_eq!(marked.matches("<rect").count(), text.matches("<rect").count() + 4, "two marks of two each");
        assert!(lines("SINR", "s", "dB", &[]).contains("nothing observed"));
        assert!(bars("NMAE", "1", &[("a".into(), 0.5), ("b".into(), 1.5)]).contains("<rect"));
        assert!(bars("NMAE", "1", &[("a".into(), f64::NAN)]).contains("nothing observed"));
    }
}

//! The emulator's statistics as a picture.

use super::emulator_stats::{Compared, Point, ProfileFigures};
use plotters::prelude::*;

type Get = fn(&ProfileFigures) -> &Vec<Point>;

struct Panel {
    title: &'static str,
    x: &'static str,
    profiles: &'static [&'static str],
    get: Get,
    from: (f64, f64),
    to: (f64, f64),
}

const PANELS: [Panel; 4] = [
    Panel {
        title: "path powers, dB",
        x: "delay, ns",
        profiles: &["tdl-a", "tdl-b", "tdl-c"],
        get: |p| &p.pdp_db,
        from: (0.0, -40.0),
        to: (3000.0, 0.0),
    },
    Panel {
        title: "autocorrelation",
        x: "lag, ms (largest Doppler shift 70 Hz)",
        profiles: &["tdl-a", "tdl-d", "tdl-e"],
        get: |p| &p.doppler,
        from: (0.0, -1.05),
        to: (20.0, 1.05),
    },
    Panel {
        title: "correlation over frequency",
        x: "distance, MHz",
        profiles: &["tdl-a", "tdl-b", "tdl-c", "tdl-d", "tdl-e"],
        get: |p| &p.frequency,
        from: (0.0, 0.0),
        to: (8.0, 1.05),
    },
    Panel {
        title: "distribution of the amplitude",
        x: "probability",
        profiles: &["tdl-a", "tdl-d", "tdl-e"],
        get: |p| &p.amplitude,
        from: (0.0, 0.0),
        to: (1.0, 2.4),
    },
];

/// Draws path powers, autocorrelation, frequency correlation and amplitudes: line = theory, dot = ours, cross = Sionna.
pub(super) fn plot_svg(compared: &Compared) -> Result<String, String> {
    let mut svg = String::new();
    draw(&mut svg, compared).map_err(|e| e.to_string())?;
    Ok(svg)
}

fn draw(svg: &mut String, compared: &Compared) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, (1000, 780)).into_drawing_area();
    root.fill(&WHITE)?;
    let (head, body) = root.split_vertically(24);
    let text = "line: theory    dot: the emulator    cross: Sionna    (delay spread 300 ns)";
    head.draw(&Text::new(text, (16, 6), ("sans-serif", 15)))?;
    for (area, panel) in body.split_evenly((2, 2)).iter().zip(&PANELS) {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .caption(panel.title, ("sans-serif", 17))
            .x_label_area_size(32)
            .y_label_area_size(48)
            .build_cartesian_2d(panel.from.0..panel.to.0, panel.from.1..panel.to.1)?;
        chart.configure_mesh().x_desc(panel.x).light_line_style(WHITE).draw()?;
        for (i, name) in panel.profiles.iter().enumerate() {
            let Some(figures) = compared.profiles.iter().find(|p| p.name == *name) else { continue };
            let mut points = (panel.get)(figures).clone();
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            points.retain(|p| p.x <= panel.to.0);
            let color = Palette99::pick(i).to_rgba();
            chart
                .draw_series(LineSeries::new(points.iter().map(|p| (p.x, p.theory)), color.stroke_width(1)))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
            chart.draw_series(points.iter().map(|p| Circle::new((p.x, p.ours), 3, color.filled())))?;
            chart.draw_series(points.iter().map(|p| Cross::new((p.x, p.theirs), 4, color.stroke_width(1))))?;
        }
        chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw()?;
    }
    root.present()?;
    Ok(())
}

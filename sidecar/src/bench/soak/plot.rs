//! The soak as a picture.

use super::series::Series;
use plotters::prelude::*;
use ran_bridge::air::Counters;

type Line = (&'static str, Vec<(f64, f64)>);

/// Draws memory, restarts and samples given up over radio time.
pub(super) fn svg(series: &Series, rate_hz: f64) -> Result<String, String> {
    let mut svg = String::new();
    draw(&mut svg, series, rate_hz).map_err(|e| e.to_string())?;
    Ok(svg)
}

fn draw(svg: &mut String, series: &Series, rate_hz: f64) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, (900, 780)).into_drawing_area();
    root.fill(&WHITE)?;
    let areas = root.split_evenly((3, 1));
    let minutes = |t_s: f64| t_s / 60.0;
    let over = |get: &dyn Fn(&super::series::Look) -> f64| -> Vec<(f64, f64)> {
        series.looks.iter().map(|l| (minutes(l.t_s), get(l))).collect()
    };
    let mib = |bytes: u64| bytes as f64 / (1_u64 << 20) as f64;
    let memory: [Line; 2] = [("holder", over(&|l| mib(l.holder.rss))), ("worker", over(&|l| mib(l.worker.rss)))];
    let kills = |get: fn(&super::series::Kill) -> f64| -> Vec<(f64, f64)> {
        series.kills.iter().map(|k| (minutes(k.t_s), get(k))).collect()
    };
    let restarts: [Line; 2] =
        [("radio time stands still", kills(|k| k.stood_ms)), ("until the next worker answers", kills(|k| k.back_ms))];
    let ms = |get: fn(&Counters) -> u64| over(&move |l| get(&l.counters) as f64 / rate_hz * 1e3);
    let zeros: [Line; 2] = [
        ("held: nobody worked", ms(|c| c.held_dl_samples + c.held_ul_samples)),
        ("resumed: in flight", ms(|c| c.resumed_dl_samples + c.resumed_ul_samples)),
    ];
    let end = series.looks.last().map_or(1.0, |l| minutes(l.t_s));
    panel(&areas[0], "resident memory, MiB", end, &memory, false)?;
    panel(&areas[1], "each kill of the worker, ms of wall time", end, &restarts, true)?;
    panel(&areas[2], "zeros because of restarts, ms of samples of all streams, sum", end, &zeros, false)?;
    root.present()?;
    Ok(())
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    end: f64,
    lines: &[Line],
    dots: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let most = lines.iter().flat_map(|l| &l.1).map(|p| p.1).fold(1e-3, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .caption(title, ("sans-serif", 17))
        .x_label_area_size(32)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..end.max(1e-3), 0.0..most * 1.15)?;
    chart.configure_mesh().x_desc("radio time, min").light_line_style(WHITE).draw()?;
    for (i, (name, points)) in lines.iter().enumerate() {
        let color = Palette99::pick(i).to_rgba();
        if dots {
            chart.draw_series(points.iter().map(|p| Circle::new(*p, 3, color.filled())))?
        } else {
            chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
        }
        .label(*name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw()?;
    Ok(())
}

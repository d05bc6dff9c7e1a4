//! The live screen: the console's table, our loops, and what was done. Draws one state; knows no terminal.

use super::columns::{HEADINGS, WIDTHS, cells};
use crate::controller::state::ApiState;
use crate::tx::Standing;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph, Row, Sparkline, Table};

/// What the screen shows beside the controller's state.
#[derive(Debug, Clone, Default)]
pub struct Banner {
    /// What is going on.
    pub title: String,
    /// Part that is done, 0…1.
    pub done: f64,
    /// Radio seconds so far.
    pub radio_s: f64,
    /// Address of the page.
    pub page: String,
    /// Smallest SNR over the UEs in service, over time, dB.
    pub worst_snr_db: Vec<f64>,
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &ApiState, banner: &Banner) {
    let ues = u16::try_from(state.ues.len()).unwrap_or(8).clamp(1, 12);
    let loud = transmitter_style(state.transmitter.state);
    let [air, head, table, middle, actions] = Layout::vertical([
        Constraint::Length(u16::from(loud.is_some())),
        Constraint::Length(1),
        Constraint::Length(ues + 3),
        Constraint::Length(11),
        Constraint::Min(4),
    ])
    .areas(frame.area());
    let label = format!("{}  {:.1} s of radio time   {}", banner.title, banner.radio_s, banner.page);
    let gauge =
        Gauge::default().ratio(banner.done.clamp(0.0, 1.0)).label(label).gauge_style(Style::new().fg(Color::Blue));
    frame.render_widget(gauge, head);
    if let Some(style) = loud {
        frame.render_widget(Paragraph::new(format!(" {}", state.transmitter.headline)).style(style), air);
    }
    frame.render_widget(ue_table(state), table);
    let [left, centre, right] =
        Layout::horizontal([Constraint::Length(44), Constraint::Length(44), Constraint::Min(20)]).areas(middle);
    frame.render_widget(fast_loop(state), left);
    frame.render_widget(prediction(state), centre);
    snr_line(frame, right, banner);
    frame.render_widget(action_list(state, actions.height), actions);
}

/// The line above everything while a radio transmits, may, or is not observed; `None` where there is nothing to say.
fn transmitter_style(standing: Standing) -> Option<Style> {
    let bold = |fg, bg| Some(Style::new().fg(fg).bg(bg).add_modifier(Modifier::BOLD));
    match standing {
        Standing::NotConfigured | Standing::Safe => None,
        Standing::OnAir => bold(Color::White, Color::Red),
        Standing::Armed | Standing::Stopping => bold(Color::Black, Color::Yellow),
        Standing::NotObserved => bold(Color::White, Color::DarkGray),
    }
}

fn ue_table(state: &ApiState) -> Table<'_> {
    let head = Row::new(HEADINGS).style(Style::new().add_modifier(Modifier::BOLD));
    let rows = state.ues.iter().map(|ue| {
        let style = if ue.stalled { Style::new().fg(Color::Red) } else { Style::new() };
        Row::new(cells(ue)).style(style)
    });
    let widths = WIDTHS.map(Constraint::Length);
    Table::new(rows, widths)
        .header(head)
        .column_spacing(1)
        .block(Block::bordered().title("gNB console | prediction, action, effect"))
}

fn fast_loop(state: &ApiState) -> Paragraph<'_> {
    let fast = &state.fast;
    let pci = fast.pci.map_or_else(|| "-".to_owned(), |p| p.to_string());
    let sfn = fast.sfn.map_or_else(|| "-".to_owned(), |s| s.to_string());
    let mut lines = vec![Line::from(format!("{}  pci {pci}  sfn {sfn}  {} loops", fast.phase, fast.loops))];
    for row in &fast.latency {
        let line =
            format!("{:<13}{:>8.0} us mean {:>8.0} us p99", row.phase, row.stats.mean_ns / 1e3, row.stats.p99_ns / 1e3);
        lines.push(Line::from(line));
    }
    Paragraph::new(lines).block(Block::bordered().title("fast loop"))
}

fn prediction(state: &ApiState) -> Paragraph<'_> {
    let mut lines = vec![Line::from(format!("{} coordination rounds", state.rounds.rounds))];
    for e in &state.errors {
        lines.push(Line::from(format!("{:<5}{:<14}NMAE {:.3} on {}", e.agent, e.model, e.nmae, e.windows)));
    }
    Paragraph::new(lines).block(Block::bordered().title("prediction"))
}

fn snr_line(frame: &mut Frame<'_>, area: Rect, banner: &Banner) {
    // a spark line has no negative values: 10 dB are added
    let width = usize::from(area.width.saturating_sub(2));
    let from = banner.worst_snr_db.len().saturating_sub(width);
    let data: Vec<u64> = banner.worst_snr_db[from..].iter().map(|v| ((v + 10.0).max(0.0) * 10.0) as u64).collect();
    let last = banner.worst_snr_db.last().map_or_else(|| "-".to_owned(), |v| format!("{v:.1} dB"));
    let block = Block::bordered().title(format!("worst UE through the beam: {last}"));
    frame.render_widget(Sparkline::default().data(&data).block(block).style(Style::new().fg(Color::Green)), area);
}

fn action_list(state: &ApiState, height: u16) -> Paragraph<'_> {
    let room = usize::from(height.saturating_sub(2));
    let lines: Vec<Line<'_>> = state
        .actions
        .iter()
        .rev()
        .take(room)
        .map(|a| {
            let colour = match a.verdict {
                crate::effect::Verdict::Effective => Color::Green,
                crate::effect::Verdict::NoEffect => Color::Yellow,
                crate::effect::Verdict::RolledBack => Color::Red,
                crate::effect::Verdict::Abandoned => Color::DarkGray,
            };
            Line::from(vec![
                Span::styled(format!("{:<12}", a.verdict.name()), Style::new().fg(colour)),
                Span::raw(format!("{:<34} {}  ", a.action, change(a))),
                Span::styled(a.why.clone(), Style::new().add_modifier(Modifier::DIM)),
            ])
        })
        .collect();
    Paragraph::new(lines).block(Block::bordered().title("actions, newest first"))
}

/// `observable before -> after`, in the observable's unit.
#[must_use]
pub fn change(effect: &crate::effect::Effect) -> String {
    let show = |v: Option<f64>| {
        v.map_or_else(
            || "-".to_owned(),
            |v| if effect.observable.unit() == "bit/s" { super::columns::rate(Some(v)) } else { format!("{v:.2}") },
        )
    };
    format!("{} {} -> {}", effect.observable.name(), show(effect.before), show(effect.after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::state::{ConsoleRow, UeRow};
    use crate::effect::{Effect, Observable, Verdict};
    use crate::guard::ActionKind;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn text(terminal: &Terminal<TestBackend>) -> String {
        let buffer = terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        buffer.content.chunks(width).map(|l| l.iter().map(|c| c.symbol()).collect::<String>() + "\n").collect()
    }

    #[test]
    fn the_screen_shows_console_and_actions() {
        let mut state = ApiState::default();
        let console = ConsoleRow { pci: Some(1), rnti: Some(0x4601), cqi: Some(12), ..ConsoleRow::default() };
        state.ues.push(UeRow {
            supi: "imsi-001010000000001".into(),
            console,
            beam_snr_db: Some(18.4),
            ..UeRow::default()
        });
        state.actions.push(Effect {
            id: 1,
            kind: ActionKind::Power,
            target: "cell".into(),
            action: "power -2.0 dB".into(),
            why: "reserve".into(),
            observable: Observable::SnrDb,
            observed_target: "ue0".into(),
            before: Some(20.0),
            after: Some(18.0),
            verdict: Verdict::Effective,
            approved_mono_ns: 1,
            mono_ns: 2,
        });
        let mut terminal = Terminal::new(TestBackend::new(190, 40)).unwrap();
        let banner =
            Banner { title: "with the loop".into(), done: 0.5, worst_snr_db: vec![1.0, 2.0], ..Banner::default() };
        terminal.draw(|f| draw(f, &state, &banner)).unwrap();
        let screen = text(&terminal);
        for part in
            ["pci", "4601", "18.4", "effective", "power -2.0 dB", "snr_db 20.00 -> 18.00", "with the loop", "2.0 dB"]
        {
            assert!(screen.contains(part), "{part} is missing in\n{screen}");
        }
    }

    #[test]
    fn on_air_is_the_first_line_and_red() {
        use crate::tx::Standing;
        let first_line = |standing: Standing, headline: &str| {
            let mut state = ApiState::default();
            (state.transmitter.state, state.transmitter.headline) = (standing, headline.to_owned());
            let mut terminal = Terminal::new(TestBackend::new(100, 40)).unwrap();
            terminal.draw(|f| draw(f, &state, &Banner { title: "title".into(), ..Banner::default() })).unwrap();
            let line = text(&terminal).lines().next().unwrap().to_owned();
            (line, terminal.backend().buffer().content[99].bg)
        };
        let (line, colour) = first_line(Standing::OnAir, "ON AIR burst 3");
        assert!(line.starts_with(" ON AIR burst 3 ") && colour == Color::Red, "{line} {colour:?}");
        let (line, colour) = first_line(Standing::NotObserved, "transmitter NOT OBSERVED: gone");
        assert!(line.contains("NOT OBSERVED") && colour == Color::DarkGray, "{line} {colour:?}");
        for calm in [Standing::NotConfigured, Standing::Safe] {
            let (line, colour) = first_line(calm, "safe");
            assert!(line.contains("title") && colour != Color::Red, "{line} {colour:?}");
        }
    }

    #[test]
    fn a_small_terminal_and_an_empty_state_are_no_trouble() {
        for (w, h) in [(1, 1), (20, 5), (80, 24)] {
            let mut terminal = Terminal::new(TestBackend::new(w, h)).unwrap();
            terminal.draw(|f| draw(f, &ApiState::default(), &Banner::default())).unwrap();
        }
    }
}

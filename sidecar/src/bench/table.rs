//! Prints rows.

use super::row::Row;

/// Rows as a Markdown table.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let head = ["case", "metric", "value", "unit", "bar", "ok", "peer", "ratio"].map(str::to_owned);
    let lines: Vec<[String; 8]> = rows.iter().map(cells).collect();
    let width = |c: usize| lines.iter().chain([&head]).map(|l| l[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let right = [false, false, true, false, true, false, false, true];
    let line = |cells: &[String; 8]| {
        let padded = cells.iter().enumerate().map(|(c, text)| {
            let pad = " ".repeat(widths[c] - text.chars().count());
            if right[c] { format!("{pad}{text}") } else { format!("{text}{pad}") }
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<String> = (0..8)
        .map(|c| if right[c] { format!("{}:", "-".repeat(widths[c] + 1)) } else { "-".repeat(widths[c] + 2) })
        .collect();
    let mut out = line(&head);
    out.push_str(&format!("|{}|\n", rule.join("|")));
    for cells in &lines {
        out.push_str(&line(cells));
    }
    out
}

/// Rows as JSON, one a line.
#[must_use]
pub fn json_lines(rows: &[Row]) -> String {
    rows.iter().filter_map(|r| serde_json::to_string(r).ok()).map(|l| l + "\n").collect()
}

fn cells(row: &Row) -> [String; 8] {
    let number = |v: Option<f64>| v.map_or_else(|| "-".into(), digits);
    let ok = match (row.ok, &row.skipped) {
        (_, Some(why)) => format!("skipped: {why}"),
        (Some(true), _) => "yes".into(),
        (Some(false), _) => "**NO**".into(),
        (None, _) => String::new(),
    };
    [
        escape(&row.case),
        escape(&row.metric),
        number(row.value),
        escape(&row.unit),
        row.bar.map_or_else(String::new, |b| b.to_string()),
        escape(&ok),
        escape(row.peer.as_deref().unwrap_or("")),
        row.ratio.map_or_else(String::new, digits),
    ]
}

/// Four digits that matter; whole numbers whole.
fn digits(v: f64) -> String {
    if v.fract() == 0.0 && v.abs() < 1e15 {
        return format!("{v:.0}");
    }
    let before = v.abs().log10().floor() as i32 + 1;
    if (-3..=15).contains(&before) {
        let after = usize::try_from(4 - before).unwrap_or(0);
        format!("{v:.after$}")
    } else {
        format!("{v:.3e}")
    }
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::super::row::Bar;
    use super::*;

    #[test]
    fn a_table_worked_by_hand() {
        let rows = [
            Row::new("relay", "p50", 231.456, "us").bar(Bar::AtMost(450.0)).against_cost("bare", 115.728),
            Row::skipped("flow", "rate", "1/s", Some("x"), "not installed"),
        ];
        let expected = "\
| case  | metric | value | unit |   bar | ok                     | peer | ratio |
|-------|--------|------:|------|------:|------------------------|------|------:|
| relay | p50    | 231.5 | us   | ≤ 450 | yes                    | bare | 0.5000 |
| flow  | rate   |     - | 1/s  |       | skipped: not installed | x    |       |
";
        let got = markdown(&rows);
        // Column widths follow the longest cell; compare cell by cell.
        let split = |t: &str| {
            t.lines().map(|l| l.split('|').map(|c| c.trim().replace('-', "")).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(split(&got), split(expected));
        let lengths: Vec<usize> = got.lines().map(|l| l.chars().count()).collect();
        assert!(lengths.iter().all(|l| *l == lengths[0]), "{got}");
    }

    #[test]
    fn figures_have_four_digits() {
        assert_eq!(digits(0.012_345), "0.01235");
        assert_eq!(digits(23.04), "23.04");
        assert_eq!(digits(7_680_000.0), "7680000");
        assert_eq!(digits(1.0e-9), "1.000e-9");
    }
}

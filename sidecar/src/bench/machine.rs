//! What the machine did meanwhile: on a shared host others take processor time away, and no figure of that time says much.

use super::row::Row;

/// Processor time of all CPUs so far, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    total: u64,
    /// The host ran somebody else while we wanted to run.
    stolen: u64,
}

impl Ticks {
    /// Until now; `None` where the kernel does not say.
    pub(super) fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    //= proc_stat(5): user nice system idle iowait irq softirq steal guest guest_nice; guests are in user and nice already
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|l| l.strip_prefix("cpu "))?;
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|t| t.parse().ok()).collect();
        (ticks.len() == 8).then(|| Self { total: ticks.iter().sum(), stolen: ticks[7] })
    }

    /// A row with the share that was taken away since then; none where it is not known.
    pub(super) fn row(since: Option<Self>) -> Option<Row> {
        let (since, now) = (since?, Self::now()?);
        let total = now.total.checked_sub(since.total).filter(|t| *t > 0)?;
        let share = 100.0 * now.stolen.saturating_sub(since.stolen) as f64 / total as f64;
        Some(Row::new("this machine", "processor time that its host gave to others", share, "%"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_the_kernel_is_read() {
        let stat = "cpu  10 20 30 400 5 6 7 8 9 1\ncpu0 1 2 3 4 5 6 7 8 9 1\n";
        assert_eq!(Ticks::parse(stat), Some(Ticks { total: 486, stolen: 8 }));
        assert_eq!(Ticks::parse("cpu  10 20 30"), None);
        assert_eq!(Ticks::parse("intr 1 2"), None);
        let since = Ticks::now();
        let mut x = 1_u64;
        while Ticks::now().zip(since).is_some_and(|(now, since)| now.total < since.total + 3) {
            x = x.wrapping_mul(3);
        }
        let row = Ticks::row(since).unwrap();
        assert!(x != 0 && row.value.is_some_and(|v| (0.0..=100.0).contains(&v)), "{row:?}");
    }
}

//! SRS channel estimates in the gNB's log (logger `PHY`): one line at info, with the wideband matrix behind it at debug.
//!
//! `[  426.2] SRS: sector_id=0 rnti=0x4601 … t_align=+12.5ns epre=-3.0dB rsrp=-3.2dB noise_var=-30.1dB 101us`, then, indented,
//! `H=1.234e+00 * [+0.700+0.000i,…;…]`, rows (receive ports) apart by `;`. Some releases write `t_align` in `ns`, others in `us`.

use num_complex::Complex32;

use super::line::{LogSlot, field, number, rnti, time_ns};

/// One estimate.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SrsEstimate {
    /// When the gNB received it.
    pub at: LogSlot,
    /// C-RNTI.
    pub rnti: Option<u16>,
    /// Time alignment in ns; > 0 when late.
    pub time_alignment_ns: Option<f64>,
    /// Energy per resource element in dB, relative to the gNB's full scale.
    pub epre_db: Option<f64>,
    /// Reference signal power in dB, same scale.
    pub rsrp_db: Option<f64>,
    /// Noise variance in dB, same scale.
    pub noise_var_db: Option<f64>,
    /// Receive ports of `h`; 0 where the log has no matrix.
    pub rx_ports: usize,
    /// Wideband channel, `[receive port][transmit port]`, norm included.
    #[serde(skip)]
    pub h: Vec<Complex32>,
}

/// The estimates in the lines of a log, in order; a line that is none is passed over. Holds two lines at most.
pub struct SrsEstimates<I: Iterator> {
    lines: std::iter::Peekable<I>,
}

impl<'a> SrsEstimates<std::str::Lines<'a>> {
    /// Reads `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::of_lines(text.lines())
    }
}

impl<I: Iterator> SrsEstimates<I> {
    /// Reads lines as they come.
    pub fn of_lines(lines: I) -> Self {
        Self { lines: lines.peekable() }
    }
}

impl<I: Iterator<Item: AsRef<str>>> Iterator for SrsEstimates<I> {
    type Item = SrsEstimate;

    fn next(&mut self) -> Option<SrsEstimate> {
        loop {
            let line = self.lines.next()?;
            let Some((at, rest)) = LogSlot::of_line(line.as_ref()) else { continue };
            let Some(rest) = rest.trim_start().strip_prefix("SRS: ") else { continue };
            let mut estimate = SrsEstimate {
                at,
                rnti: rnti(rest),
                time_alignment_ns: time_ns(rest, "t_align"),
                epre_db: number(rest, "epre"),
                rsrp_db: number(rest, "rsrp"),
                noise_var_db: number(rest, "noise_var"),
                rx_ports: 0,
                h: Vec::new(),
            };
            // at debug the fields follow once more, each on an indented line, with the matrix
            while let Some(more) = self.lines.next_if(|l| l.as_ref().starts_with([' ', '\t'])) {
                if let Some((rx_ports, h)) = matrix(more.as_ref()) {
                    (estimate.rx_ports, estimate.h) = (rx_ports, h);
                }
            }
            return Some(estimate);
        }
    }
}

/// `H=NORM * [a,b;c,d]`.
fn matrix(text: &str) -> Option<(usize, Vec<Complex32>)> {
    let norm: f32 = field(text, "H")?.parse().ok()?;
    let (_, inside) = text.split_once('[')?;
    let (inside, _) = inside.split_once(']')?;
    let rows: Vec<Vec<Complex32>> = inside
        .split(';')
        .map(|row| row.split(',').map(|v| complex(v).map(|h| h * norm)).collect())
        .collect::<Option<_>>()?;
    let width = rows.first()?.len();
    let whole = rows.iter().all(|r| r.len() == width) && rows.iter().flatten().all(|h| h.is_finite());
    whole.then(|| (rows.len(), rows.concat()))
}

/// `+0.700-0.100i`; `j`, a trailing nothing and brackets are also taken.
fn complex(text: &str) -> Option<Complex32> {
    let text = text.trim().trim_matches(['(', ')']).trim_end_matches(['i', 'j']);
    let split = text.char_indices().skip(1).filter(|(_, c)| matches!(c, '+' | '-')).map(|(n, _)| n).last()?;
    Some(Complex32::new(text[..split].parse().ok()?, text[split..].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn info_and_debug_lines() {
        let text = "x [PHY     ] [I] [  426.2] SRS: sector_id=0 rnti=0x4601 crb=[0, 52) re={0} sequence_id=1 t_align=+12.5ns epre=-3.0dB rsrp=-3.2dB noise_var=-30.1dB 101us\n\
                    x [PHY     ] [D] [  427.12] SRS: sector_id=0 rnti=0x4601 t_align=-1.0ns epre=+1.0dB rsrp=+nandB noise_var=-20.0dB 90us\n\
                    \x20 t_align=-1.0ns\n\
                    \x20 H=2.000e+00 * [+0.500+0.000i,+0.000-0.500i;-0.500+0.000i,+0.000+0.500i]\n\
                    x [PHY     ] [I] [  428.2] PUSCH: rnti=0x4601\n";
        let got: Vec<_> = SrsEstimates::new(text).collect();
        assert_eq!(got.len(), 2);
        assert_eq!(
            (got[0].rnti, got[0].time_alignment_ns, got[0].noise_var_db),
            (Some(0x4601), Some(12.5), Some(-30.1))
        );
        assert_eq!((got[1].rsrp_db, got[1].rx_ports), (None, 2));
        let us = SrsEstimates::new("[  1.2] SRS: rnti=0x4601 t_align=-0.25us epre=-3.0dB").next().unwrap();
        assert_eq!(us.time_alignment_ns, Some(-250.0));
        let c = Complex32::new;
        assert_eq!(got[1].h, [c(1.0, 0.0), c(0.0, -1.0), c(-1.0, 0.0), c(0.0, 1.0)]);
    }

    proptest! {
        #[test]
        fn a_matrix_comes_back(rx in 1usize..5, tx in 1usize..5, norm in 0.1f32..10.0, seed: u32) {
            let value = |n: usize| ((seed.wrapping_mul(2_654_435_761).wrapping_add(n as u32 * 97) % 2000) as f32 - 1000.0) / 1000.0;
            let rows: Vec<String> = (0..rx).map(|r| (0..tx).map(|t| format!("{:+.3}{:+.3}i", value(r * tx + t), value(r * tx + t + 50))).collect::<Vec<_>>().join(",")).collect();
            let (got_rx, h) = matrix(&format!("  H={norm:.3e} * [{}]", rows.join(";"))).unwrap();
            prop_assert_eq!((got_rx, h.len()), (rx, rx * tx));
            for (n, h) in h.iter().enumerate() {
                prop_assert!((h.re - norm * value(n)).abs() < 1e-2 * norm && (h.im - norm * value(n + 50)).abs() < 1e-2 * norm);
            }
        }

        #[test]
        fn any_text_is_read_or_passed_over(text in ".{0,200}", tail in "[ -~é\\[\\];,]{0,80}") {
            SrsEstimates::new(&format!("{text}\n[ 1.1] SRS: {tail}\n  H=1 * [{tail}]")).for_each(drop);
        }
    }
}

//! A channel that was measured or computed elsewhere: complex taps over time from a file.

use num_complex::Complex64;
use std::path::Path;

/// Most values of a trace: moments × paths × antennas.
const MAX_VALUES: usize = 4_000_000;
/// Most paths.
const MAX_PATHS: usize = 32;
/// Longest delay, s.
const MAX_DELAY_S: f64 = 50e-6;

/// Taps `h_{t,m}` at moments, cubic curves between: Hermite's with the slope of the chord over both neighbours at each moment (at the ends over the one).
/// Before the first and after the last moment the channel stands still.
#[derive(Debug, Clone, PartialEq)]
pub struct CsiTrace {
    times_s: Vec<f64>,
    delays_s: Vec<f64>,
    antennas: usize,
    /// Moments × paths × antennas.
    taps: Vec<Complex64>,
}

impl CsiTrace {
    /// Reads CSV of `t_s,path,antenna,delay_s,re,im`; a header, empty lines and lines that begin with `#` are passed over.
    ///
    /// Rows are in order: times ascend, within a time the paths from 0 on, within a path the antennas from 0 on; every time has the same paths,
    /// antennas and delays.
    ///
    /// # Errors
    /// What is wrong with the file, with the line, in words for a person.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| format!("channel state cannot be read from {}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// A trace from the text of a file.
    ///
    /// # Errors
    /// As [`CsiTrace::load`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rows: Vec<(usize, [f64; 6])> = Vec::new();
        for (i, line) in text.lines().enumerate().map(|(i, l)| (i + 1, l.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let cells: Result<Vec<f64>, _> = line.split(',').map(|c| c.trim().parse::<f64>()).collect();
            match cells.as_deref() {
                Err(_) if rows.is_empty() => {}
                Ok(&[t, p, m, d, re, im]) if [t, p, m, d, re, im].iter().all(|x| x.is_finite()) => {
                    rows.push((i, [t, p, m, d, re, im]));
                }
                _ => return Err(format!("line {i}: give t_s,path,antenna,delay_s,re,im, all finite numbers")),
            }
            if rows.len() > MAX_VALUES {
                return Err(format!("more than {MAX_VALUES} values"));
            }
        }
        Self::of_rows(&rows)
    }

    fn of_rows(rows: &[(usize, [f64; 6])]) -> Result<Self, String> {
        let Some((_, [start_s, ..])) = rows.first() else { return Err("no values".into()) };
        let moment = rows.iter().take_while(|(_, r)| r[0] == *start_s).count();
        let antennas = rows[..moment].iter().take_while(|(_, r)| r[1] == 0.0).count();
        let paths = moment.checked_div(antennas).unwrap_or(0);
        if paths == 0 || paths > MAX_PATHS || paths * antennas != moment {
            return Err(format!(
                "the first time needs paths 0 to {} at most, each with the same antennas",
                MAX_PATHS - 1
            ));
        }
        let mut trace = Self { times_s: Vec::new(), delays_s: Vec::new(), antennas, taps: Vec::new() };
        for (k, (line, [t_s, path, antenna, delay_s, re, im])) in rows.iter().enumerate() {
            let (t, m) = (k % moment / antennas, k % antennas);
            if *path != t as f64 || *antenna != m as f64 {
                return Err(format!("line {line}: path {t}, antenna {m} comes here"));
            }
            if k % moment == 0 {
                if trace.times_s.last().is_some_and(|last| t_s <= last) {
                    return Err(format!("line {line}: times must ascend"));
                }
                trace.times_s.push(*t_s);
            } else if trace.times_s.last() != Some(t_s) {
                return Err(format!("line {line}: every time needs {paths} paths of {antennas} antennas"));
            }
            if k < moment && m == 0 {
                if !(0.0..=MAX_DELAY_S).contains(delay_s) {
                    return Err(format!("line {line}: a delay is 0 to {MAX_DELAY_S} s"));
                }
                trace.delays_s.push(*delay_s);
            } else if trace.delays_s.get(t) != Some(delay_s) {
                return Err(format!("line {line}: the delay of path {t} changes; a path keeps its delay"));
            }
            trace.taps.push(Complex64::new(*re, *im));
        }
        if trace.taps.len() != trace.times_s.len() * moment {
            return Err(format!("the last time needs {paths} paths of {antennas} antennas"));
        }
        Ok(trace)
    }

    /// Delays of the paths, s.
    #[must_use]
    pub fn delays_s(&self) -> &[f64] {
        &self.delays_s
    }

    /// Antennas M.
    #[must_use]
    pub const fn antennas(&self) -> usize {
        self.antennas
    }

    /// Whether anything changes with time.
    #[must_use]
    pub const fn moves(&self) -> bool {
        self.times_s.len() > 1
    }

    /// Root mean square of a path's taps over time and antennas.
    #[must_use]
    pub fn amplitude(&self, path: usize) -> f64 {
        let of_path = |(k, _): &(usize, &Complex64)| k / self.antennas % self.delays_s.len() == path;
        let sum: f64 = self.taps.iter().enumerate().filter(of_path).map(|(_, h)| h.norm_sqr()).sum();
        (sum / (self.times_s.len() * self.antennas) as f64).sqrt()
    }

    /// The largest rate at which a tap turns, Hz: its fastest change over 2π times its amplitude. What the emulator's updates follow.
    #[must_use]
    pub fn largest_shift_hz(&self) -> f64 {
        let width = self.delays_s.len() * self.antennas;
        let amplitudes: Vec<f64> = (0..self.delays_s.len()).map(|t| self.amplitude(t)).collect();
        let mut largest = 0.0_f64;
        for (k, times) in self.times_s.windows(2).enumerate() {
            for i in 0..width {
                let amplitude = amplitudes[i / self.antennas];
                if amplitude > 0.0 {
                    let step = (self.taps[(k + 1) * width + i] - self.taps[k * width + i]).norm();
                    // a quarter turn from one moment to the next has a chord of √2, on the circle it is π/2
                    let turn = step / amplitude * std::f64::consts::FRAC_PI_2 / std::f64::consts::SQRT_2;
                    largest = largest.max(turn / (times[1] - times[0]) / std::f64::consts::TAU);
                }
            }
        }
        largest
    }

    /// `h_{t,m}` at a time.
    #[must_use]
    pub fn at(&self, t_s: f64, path: usize, antenna: usize) -> Complex64 {
        let last = self.times_s.len() - 1;
        let tap = |k: usize| self.taps[(k * self.delays_s.len() + path) * self.antennas + antenna];
        let after = self.times_s.partition_point(|t| *t <= t_s);
        if after == 0 || after > last {
            return tap(after.min(last));
        }
        let slope = |k: usize| {
            let (a, b) = (k.saturating_sub(1), (k + 1).min(last));
            (tap(b) - tap(a)) / (self.times_s[b] - self.times_s[a])
        };
        let (from, to) = (after - 1, after);
        let step = self.times_s[to] - self.times_s[from];
        let u = (t_s - self.times_s[from]) / step;
        let (u2, u3) = (u * u, u * u * u);
        tap(from) * (2.0 * u3 - 3.0 * u2 + 1.0)
            + slope(from) * (step * (u3 - 2.0 * u2 + u))
            + tap(to) * (3.0 * u2 - 2.0 * u3)
            + slope(to) * (step * (u3 - u2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    #[test]
    fn two_paths_of_two_antennas() {
        let trace = CsiTrace::parse(
            "t_s,path,antenna,delay_s,re,im\n0,0,0,0,1,0\n0,0,1,0,0,1\n0,1,0,1e-6,0.5,0\n0,1,1,1e-6,0,0.5\n\
             1,0,0,0,3,0\n1,0,1,0,0,1\n1,1,0,1e-6,0.5,0\n1,1,1,1e-6,0,-0.5\n",
        )
        .unwrap();
        assert_eq!((trace.antennas(), trace.delays_s()), (2, &[0.0, 1e-6][..]));
        // two moments: a straight line
        assert!((trace.at(0.25, 0, 0) - Complex64::new(1.5, 0.0)).norm() < 1e-12);
        assert!((trace.at(0.5, 1, 1)).norm() < 1e-12);
        assert_eq!(trace.at(-1.0, 0, 0), Complex64::new(1.0, 0.0));
        assert_eq!(trace.at(7.0, 0, 0), Complex64::new(3.0, 0.0));
        // (1 + 1 + 9 + 1)/4
        assert!((trace.amplitude(0) - 3.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_turning_tap_is_followed() {
        let mut text = String::new();
        for k in 0..=200 {
            let t_s = f64::from(k) * 1e-3;
            let h = Complex64::cis(std::f64::consts::TAU * 10.0 * t_s);
            writeln!(text, "{t_s},0,0,0,{},{}", h.re, h.im).unwrap();
        }
        let trace = CsiTrace::parse(&text).unwrap();
        for k in 10..150 {
            let t_s = 1.013e-3 * f64::from(k);
            let want = Complex64::cis(std::f64::consts::TAU * 10.0 * t_s);
            // slopes over both neighbours are (2πfT)²/6 short
            assert!((trace.at(t_s, 0, 0) - want).norm() < 1e-5, "{t_s}");
        }
        assert!((10.0..12.0).contains(&trace.largest_shift_hz()), "{}", trace.largest_shift_hz());
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        for (text, word) in [
            ("", "no values"),
            ("0,0,0,0,1\n", "line 1: give"),
            ("a,b\n0,0,0,0,1,NaN\n", "line 2: give"),
            ("0,1,0,0,1,0\n", "paths 0 to"),
            ("0,0,0,1,1,0\n", "line 1: a delay"),
            ("0,0,0,0,1,0\n0,0,1,0,1,0\n1,0,0,0,1,0\n", "the last time"),
            ("1,0,0,0,1,0\n0,0,0,0,1,0\n", "line 2: times"),
            ("0,0,0,0,1,0\n1,0,0,1e-6,1,0\n", "line 2: the delay of path 0 changes"),
            ("0,0,0,0,1,0\n1,0,1,0,1,0\n", "line 2: path 0, antenna 0 comes here"),
        ] {
            let error = CsiTrace::parse(text).expect_err(word);
            assert!(error.contains(word), "{error} does not say {word}");
        }
    }
}

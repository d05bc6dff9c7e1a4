//! A receiver that moves along recorded positions.

use super::path_loss::{LIGHT_M_PER_S, PathLoss, PathLossModel};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Positions are read from a file of at most this many lines.
const MAX_POINTS: usize = 1_000_000;
/// Fastest movement, m/s.
const MAX_SPEED_M_PER_S: f64 = 1000.0;

/// Where positions come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceConfig {
    /// CSV of `t_s,x_m,y_m[,z_m]`, times ascending; a header is passed over. The array is at the origin along the y axis, its broadside
    /// is the x axis; z counts from the array upwards.
    pub path: PathBuf,
    /// Carrier frequency, Hz: makes the Doppler shift of the direct path.
    pub carrier_hz: f64,
}

/// One position.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    t_s: f64,
    at_m: [f64; 3],
}

/// Positions over time, straight lines between; before the first and after the last the receiver stands still.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    points: Vec<Point>,
    carrier_hz: f64,
}

/// What a position does to the link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Distance from the array, m.
    pub distance_m: f64,
    /// The same without z, m.
    pub horizontal_m: f64,
    /// Sine of the direct path's angle from broadside.
    pub sine: f64,
    /// Phase of the direct path, turns: `−d/λ`.
    pub phase_turns: f64,
}

impl Motion {
    /// Reads positions.
    ///
    /// # Errors
    /// What is wrong with the file, with the line, in words for a person.
    pub fn load(config: &TraceConfig) -> Result<Self, String> {
        if !(config.carrier_hz.is_finite() && config.carrier_hz > 0.0) {
            return Err("a trace of positions needs the carrier frequency".into());
        }
        let text = std::fs::read_to_string(&config.path)
            .map_err(|e| format!("positions cannot be read from {}: {e}", config.path.display()))?;
        Self::parse(&text, config.carrier_hz).map_err(|e| format!("{}: {e}", name(&config.path)))
    }

    /// Positions from the text of a file.
    ///
    /// # Errors
    /// As [`Motion::load`].
    pub fn parse(text: &str, carrier_hz: f64) -> Result<Self, String> {
        let mut points: Vec<Point> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let cells: Result<Vec<f64>, _> = line.split(',').map(|c| c.trim().parse::<f64>()).collect();
            let Ok(cells) = cells else {
                if points.is_empty() {
                    continue;
                }
                return Err(format!("line {}: not numbers", i + 1));
            };
            let (3 | 4, true) = (cells.len(), cells.iter().all(|c| c.is_finite())) else {
                return Err(format!("line {}: give t_s,x_m,y_m or t_s,x_m,y_m,z_m, all finite", i + 1));
            };
            let point = Point { t_s: cells[0], at_m: [cells[1], cells[2], cells.get(3).copied().unwrap_or(0.0)] };
            if let Some(last) = points.last() {
                if point.t_s <= last.t_s {
                    return Err(format!("line {}: times must ascend", i + 1));
                }
                let speed = distance(last.at_m, point.at_m) / (point.t_s - last.t_s);
                if speed > MAX_SPEED_M_PER_S {
                    return Err(format!("line {}: {speed:.0} m/s, at most {MAX_SPEED_M_PER_S} are taken", i + 1));
                }
            }
            if points.len() == MAX_POINTS {
                return Err(format!("more than {MAX_POINTS} positions"));
            }
            points.push(point);
        }
        if points.is_empty() {
            return Err("no positions".into());
        }
        Ok(Self { points, carrier_hz })
    }

    /// Largest Doppler shift that the movement can make, Hz.
    #[must_use]
    pub fn largest_shift_hz(&self) -> f64 {
        let speed = |w: &[Point]| distance(w[0].at_m, w[1].at_m) / (w[1].t_s - w[0].t_s);
        self.points.windows(2).map(speed).fold(0.0, f64::max) * self.carrier_hz / LIGHT_M_PER_S
    }

    /// The position at a time and what it makes.
    #[must_use]
    pub fn at(&self, t_s: f64) -> Place {
        let after = self.points.partition_point(|p| p.t_s <= t_s);
        let at_m = match (after.checked_sub(1).and_then(|i| self.points.get(i)), self.points.get(after)) {
            (Some(a), Some(b)) => {
                let share = (t_s - a.t_s) / (b.t_s - a.t_s);
                std::array::from_fn(|i| a.at_m[i] + (b.at_m[i] - a.at_m[i]) * share)
            }
            (Some(p), None) | (None, Some(p)) => p.at_m,
            (None, None) => [1.0, 0.0, 0.0],
        };
        let distance_m = distance(at_m, [0.0; 3]).max(1.0);
        Place {
            distance_m,
            horizontal_m: at_m[0].hypot(at_m[1]),
            sine: (at_m[1] / distance_m).clamp(-1.0, 1.0),
            phase_turns: -(distance_m * self.carrier_hz / LIGHT_M_PER_S).fract(),
        }
    }

    /// Amplitude at a place relative to no loss at all; 1 without a path loss. All models but free space add the heights of their scenario to
    /// the horizontal distance, in place of z.
    #[must_use]
    pub fn amplitude(&self, place: &Place, loss: Option<PathLoss>) -> f64 {
        let loss_db = |l: PathLoss| {
            let distance_m = if l.model == PathLossModel::FreeSpace { place.distance_m } else { place.horizontal_m };
            l.model.loss_db(distance_m, l.carrier_hz)
        };
        loss.map_or(1.0, |l| 10.0_f64.powf(-loss_db(l) / 20.0))
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_past_the_array() {
        let motion = Motion::parse("t_s,x_m,y_m\n0,10,-10\n2,10,10\n", 3e9).unwrap();
        let start = motion.at(-5.0);
        assert!((start.distance_m - 200.0_f64.sqrt()).abs() < 1e-9 && (start.sine + 0.5_f64.sqrt()).abs() < 1e-9);
        let abreast = motion.at(1.0);
        assert!((abreast.distance_m - 10.0).abs() < 1e-9 && abreast.sine.abs() < 1e-9);
        // 10 m/s at 3 GHz
        assert!((motion.largest_shift_hz() - 100.07).abs() < 0.01);
        // at the start it comes nearer with 10·sin 45° m/s: 70.8 turns a second
        let turns = (motion.at(0.001).phase_turns - motion.at(0.0).phase_turns).rem_euclid(1.0);
        assert!((turns - 0.0707).abs() < 1e-3, "{turns}");
    }

    #[test]
    fn path_losses_have_the_heights_of_their_scenario_and_free_space_that_of_the_positions() {
        let motion = Motion::parse("0,30,40,10\n", 3.5e9).unwrap();
        let place = motion.at(0.0);
        let loss_db = |model| {
            let loss = PathLoss { model, distance_m: 1.0, carrier_hz: 3.5e9 };
            -20.0 * motion.amplitude(&place, Some(loss)).log10()
        };
        // d2 = 50 m, d3 = √(50² + 8.5²) = 50.717 m: 32.4 + 21·1.70516 + 20·0.54407
        assert!((loss_db(PathLossModel::UmiLos) - 79.09).abs() < 0.005);
        // d = √2600 = 50.990 m: 20·log10(4π·50.990·3.5e9/c)
        assert!((loss_db(PathLossModel::FreeSpace) - 77.48).abs() < 0.005);
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        for (text, word) in [
            ("", "no positions"),
            ("0,1,1\n0,2,2\n", "line 2: times"),
            ("0,1,1\n1,2\n", "line 2: give"),
            ("0,1,1\n1,x,2\n", "line 2: not numbers"),
            ("0,1,NaN\n", "line 1: give"),
            ("0,0,0\n1,5000,0\n", "5000 m/s"),
        ] {
            let error = Motion::parse(text, 1e9).expect_err(word);
            assert!(error.contains(word), "{error} does not say {word}");
        }
    }
}

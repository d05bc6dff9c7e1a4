//! Direction of the direct path over time.

use super::LinkConfig;

/// A direction that moves evenly and turns round at its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    angle_deg: f64,
    angle_deg_per_s: f64,
    angle_limit_deg: f64,
}

impl Direction {
    /// The direction of a link.
    #[must_use]
    pub const fn new(link: &LinkConfig) -> Self {
        Self { angle_deg: link.angle_deg, angle_deg_per_s: link.angle_deg_per_s, angle_limit_deg: link.angle_limit_deg }
    }

    /// Whether it changes with time.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.angle_deg_per_s != 0.0
    }

    /// Angle from broadside in degrees at a time.
    #[must_use]
    pub fn at(&self, t_s: f64) -> f64 {
        let angle = self.angle_deg + self.angle_deg_per_s * t_s;
        let limit = self.angle_limit_deg;
        if limit <= 0.0 {
            return angle;
        }
        let phase = (angle + limit).rem_euclid(4.0 * limit);
        if phase <= 2.0 * limit { phase - limit } else { 3.0 * limit - phase }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_turns_round() {
        let link =
            LinkConfig { angle_deg: 10.0, angle_deg_per_s: 10.0, angle_limit_deg: 30.0, ..LinkConfig::default() };
        let direction = Direction::new(&link);
        for (t_s, want) in [(0.0, 10.0), (2.0, 30.0), (3.0, 20.0), (8.0, -30.0), (9.0, -20.0)] {
            assert!((direction.at(t_s) - want).abs() < 1e-9, "{t_s}: {}", direction.at(t_s));
        }
    }
}

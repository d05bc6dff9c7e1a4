//! Which numbers of a link are taken.

use super::LinkConfig;
use super::csi_trace::CsiTrace;
use super::motion::Motion;
use super::spread::check_spread;

/// Most echoes of whole samples, and of exact delays.
const MAX_TAPS: usize = 8;
const MAX_EXACT_TAPS: usize = 32;
/// Longest delay of an echo and of a link, ns.
const MAX_DELAY_NS: f64 = 50_000.0;
/// Largest delay spread, ns: the latest path of TDL-E then comes after 41 µs.
const MAX_SPREAD_NS: f64 = 2_000.0;
/// Largest Doppler shift, Hz: 1800 km/h at 6 GHz.
const MAX_DOPPLER_HZ: f64 = 10_000.0;
/// Largest frequency offset, Hz: 20 ppm at 50 GHz. Below half the sample rate it is exact.
const MAX_CFO_HZ: f64 = 1e6;
/// Most receive antennas of a UE.
const MAX_RECEIVE: u32 = 8;

impl LinkConfig {
    /// What is wrong with it, in words for a person.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn check(&self) -> Result<(), String> {
        self.finite()?;
        self.ranges()?;
        self.delays()?;
        self.traced()?;
        self.place()?;
        check_spread(self)
    }

    fn traced(&self) -> Result<(), String> {
        let Some(path) = &self.csi else { return Ok(()) };
        let draws = self.profile.is_some()
            || !self.taps.is_empty()
            || !self.exact_taps.is_empty()
            || self.rician_k_db.is_some()
            || self.doppler_hz != 0.0
            || self.array_correlation != 0.0
            || self.receive_group.is_some();
        let moves =
            self.angle_deg != 0.0 || self.angle_deg_per_s != 0.0 || self.trace.is_some() || self.path_loss.is_some();
        if draws || moves {
            return Err(
                "with a file of channel state leave out taps, profile, fading, angle, positions and path loss".into()
            );
        }
        CsiTrace::load(path).map(|_| ())
    }

    /// Whether a file of channel state has as many antennas as the lab.
    ///
    /// # Errors
    /// That it has not, or [`CsiTrace::load`]'s.
    pub fn check_antennas(&self, antennas: usize) -> Result<(), String> {
        let Some(path) = &self.csi else { return Ok(()) };
        match CsiTrace::load(path)?.antennas() {
            n if n == antennas => Ok(()),
            n => Err(format!("{} has {n} antennas, the lab {antennas}", path.display())),
        }
    }

    fn place(&self) -> Result<(), String> {
        if let Some(loss) = self.path_loss {
            if !(loss.distance_m.is_finite() && loss.distance_m > 0.0) && self.trace.is_none() {
                return Err(format!("distance_m is {}: a path loss needs one above 0", loss.distance_m));
            }
            if !(5e8..=1e11).contains(&loss.carrier_hz) {
                return Err(format!("carrier_hz is {}: path losses hold for 0.5 to 100 GHz", loss.carrier_hz));
            }
        }
        match &self.trace {
            Some(trace) => Motion::load(trace).map(|_| ()),
            None => Ok(()),
        }
    }

    fn finite(&self) -> Result<(), String> {
        let finite = [
            ("gain_db", f64::from(self.gain_db)),
            ("rician_k_db", f64::from(self.rician_k_db.unwrap_or(0.0))),
            ("doppler_hz", self.doppler_hz),
            ("angle_deg", self.angle_deg),
            ("angle_deg_per_s", self.angle_deg_per_s),
            ("angle_limit_deg", self.angle_limit_deg),
            ("noise_dbfs", f64::from(self.noise_dbfs.unwrap_or(0.0))),
            ("cfo_hz", self.cfo_hz),
            ("delay_spread_ns", self.delay_spread_ns),
            ("delay_ns", self.delay_ns),
            ("array_correlation", self.array_correlation),
            ("receive_correlation", self.receive_correlation),
        ];
        match finite.iter().find(|(_, x)| !x.is_finite()) {
            Some((name, _)) => Err(format!("{name} must be a finite number")),
            None => Ok(()),
        }
    }

    fn ranges(&self) -> Result<(), String> {
        if self.doppler_hz.abs() > MAX_DOPPLER_HZ {
            return Err(format!("doppler_hz is {}: give at most {MAX_DOPPLER_HZ} Hz", self.doppler_hz));
        }
        if self.cfo_hz.abs() > MAX_CFO_HZ {
            return Err(format!("cfo_hz is {}: give ± {MAX_CFO_HZ} Hz at most", self.cfo_hz));
        }
        if self.angle_limit_deg > 0.0 && self.angle_deg.abs() > self.angle_limit_deg {
            return Err(format!(
                "angle_deg is {}, beyond angle_limit_deg {}: begin within the limits, or give wider ones",
                self.angle_deg, self.angle_limit_deg
            ));
        }
        for (name, rho) in
            [("array_correlation", self.array_correlation), ("receive_correlation", self.receive_correlation)]
        {
            if !(0.0..=0.999).contains(&rho) {
                return Err(format!("{name} is {rho}: give 0 to 0.999"));
            }
        }
        if self.receive_antenna >= MAX_RECEIVE {
            return Err(format!("receive_antenna is {}: a UE has at most {MAX_RECEIVE}", self.receive_antenna));
        }
        if self.receive_group.is_none() && (self.receive_antenna != 0 || self.receive_correlation != 0.0) {
            return Err("receive_antenna and receive_correlation belong to a receive_group: give its number".into());
        }
        Ok(())
    }

    fn delays(&self) -> Result<(), String> {
        if self.taps.len() > MAX_TAPS || self.taps.iter().any(|t| t.delay_samples > 1023 || !t.power_db.is_finite()) {
            return Err("at most 8 taps, each with a delay of at most 1023 samples and a finite power".into());
        }
        let good = |delay_ns: f64| (0.0..=MAX_DELAY_NS).contains(&delay_ns);
        if !good(self.delay_ns) {
            return Err(format!("delay_ns is {}: give 0 to {MAX_DELAY_NS} ns", self.delay_ns));
        }
        if self.exact_taps.len() > MAX_EXACT_TAPS
            || self.exact_taps.iter().any(|t| !good(t.delay_ns) || !t.power_db.is_finite())
        {
            return Err(format!(
                "at most {MAX_EXACT_TAPS} taps with exact delays, each of 0 to {MAX_DELAY_NS} ns and of a finite power"
            ));
        }
        match self.profile {
            Some(profile) => {
                let name = profile.name();
                if !(self.delay_spread_ns > 0.0 && self.delay_spread_ns <= MAX_SPREAD_NS) {
                    return Err(format!(
                        "delay_spread_ns is {}: {name} needs one above 0, at most {MAX_SPREAD_NS} ns",
                        self.delay_spread_ns
                    ));
                }
                if !self.taps.is_empty() || !self.exact_taps.is_empty() {
                    return Err(format!("{name} has its own taps: leave out the others, or the profile"));
                }
                if self.rician_k_db.is_some() {
                    return Err(format!("the K-factor of {name} is that of its table: leave out rician_k_db"));
                }
                Ok(())
            }
            None if self.delay_spread_ns != 0.0 => {
                Err("delay_spread_ns belongs to a profile, and there is none".into())
            }
            None if !self.taps.is_empty() && !self.exact_taps.is_empty() => {
                Err("give either taps of whole samples or taps with exact delays".into())
            }
            None => Ok(()),
        }
    }
}

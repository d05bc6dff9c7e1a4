//! What a family of radios needs that its driver does not do by itself.

use super::args::DeviceArgs;

/// A family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// USRP X300, X310 and the NI USRP-294xR (2944R: an X310 with two UBX-160).
    X310,
    /// Any other device: its driver's defaults.
    Generic,
}

/// Master clock from which the rates of NR follow by division, Hz: 184.32 MHz = 12 · 15.36 MHz.
const X310_CLOCK: &str = "184.32e6";
/// Bytes of a frame on 10 GbE with jumbo frames, as srsRAN sets them for this family.
const X310_FRAME: &str = "8000";

impl Profile {
    /// By the device's arguments.
    #[must_use]
    pub fn of(args: &DeviceArgs) -> Self {
        let is = |key, value: &str| args.get(key).is_some_and(|v| v.eq_ignore_ascii_case(value));
        if is("type", "x300") || is("product", "X310") || is("driver", "virtual_usrp") {
            Self::X310
        } else {
            Self::Generic
        }
    }

    /// Adds its arguments where they are not given.
    #[must_use]
    pub fn complete(self, args: DeviceArgs) -> DeviceArgs {
        match self {
            Self::X310 => args
                .or("master_clock_rate", X310_CLOCK)
                .or("send_frame_size", X310_FRAME)
                .or("recv_frame_size", X310_FRAME),
            Self::Generic => args,
        }
    }

    /// The rate that this one becomes, where the family divides a master clock; a rate that is none of its own is taken without a word by
    /// UHD and becomes another. `None`: the device's ranges tell.
    #[must_use]
    pub fn nearest_rate_hz(self, args: &DeviceArgs, rate_hz: f64) -> Option<f64> {
        let clock_hz: f64 = args.get("master_clock_rate")?.parse().ok()?;
        (self == Self::X310 && rate_hz > 0.0).then(|| clock_hz / (clock_hz / rate_hz).round().max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_x310_gets_its_clock_and_frames_and_keeps_what_is_given() {
        let args = DeviceArgs::parse("driver=uhd,type=x300,send_frame_size=1472").unwrap();
        let profile = Profile::of(&args);
        let args = profile.complete(args);
        assert_eq!(profile, Profile::X310);
        assert_eq!(args.get("master_clock_rate"), Some("184.32e6"));
        assert_eq!((args.get("send_frame_size"), args.get("recv_frame_size")), (Some("1472"), Some("8000")));
        // 184.32 MHz by 8, 6, 3; 20 MS/s is none of its rates: 184.32 / 9
        assert_eq!(profile.nearest_rate_hz(&args, 23.04e6), Some(23.04e6));
        assert_eq!(profile.nearest_rate_hz(&args, 61.44e6), Some(61.44e6));
        assert_eq!(profile.nearest_rate_hz(&args, 20e6), Some(20.48e6));
        let other = DeviceArgs::parse("driver=lime").unwrap();
        assert_eq!(Profile::of(&other).complete(other.clone()), other);
    }
}

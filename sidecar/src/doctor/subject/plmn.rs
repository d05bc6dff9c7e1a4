//! PLMN identities and slices as the configurations of gNB, UE and core write them.

/// Digits of MCC and MNC, e.g. `00101` or `001001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plmn(String);

impl std::fmt::Display for Plmn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Plmn {
    /// From five or six digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim();
        let good = (5..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        good.then(|| Self(digits.to_owned()))
    }

    /// From MCC and MNC as Open5GS takes them: `mcc: 1` is 001, the length of the MNC is as written.
    #[must_use]
    pub fn of_parts(mcc: &str, mnc: &str) -> Option<Self> {
        let mcc: u16 = mcc.trim().parse().ok().filter(|m| *m < 1000)?;
        let mnc = if mnc.trim().len() < 2 { format!("{:0>2}", mnc.trim()) } else { mnc.trim().to_owned() };
        Self::parse(&format!("{mcc:03}{mnc}"))
    }

    /// Whether a UE with this identity is at home here.
    #[must_use]
    pub fn is_home_of(&self, imsi: &str) -> bool {
        imsi.starts_with(&self.0)
    }
}

/// S-NSSAI; no differentiator is the same as `ffffff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slice {
    /// Slice/service type.
    pub sst: u8,
    /// Slice differentiator.
    pub sd: Option<u32>,
}

impl Slice {
    /// From its parts.
    #[must_use]
    pub fn new(sst: u8, sd: Option<u32>) -> Self {
        Self { sst, sd: sd.filter(|sd| *sd < 0xff_ffff) }
    }

    /// A differentiator as Open5GS writes it: hexadecimal, with or without `0x`.
    #[must_use]
    pub fn sd_of_hex(text: &str) -> Option<u32> {
        let digits = text.trim().trim_start_matches("0x").trim_start_matches("0X");
        u32::from_str_radix(digits, 16).ok().filter(|sd| *sd <= 0xff_ffff)
    }
}

impl std::fmt::Display for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.sd {
            Some(sd) => write!(f, "SST {} SD {sd:06x}", self.sst),
            None => write!(f, "SST {}", self.sst),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_compared_with_their_length() {
        assert_eq!(Plmn::of_parts("001", "01"), Plmn::parse("00101"));
        assert_eq!(Plmn::of_parts("1", "01"), Plmn::parse("00101"));
        assert_eq!(Plmn::of_parts("999", "70"), Plmn::parse("99970"));
        assert_ne!(Plmn::of_parts("001", "001"), Plmn::parse("00101"));
        assert_eq!(Plmn::parse("1"), None);
        assert!(Plmn::parse("00101").unwrap().is_home_of("001010123456780"));
        assert!(!Plmn::parse("99970").unwrap().is_home_of("001010123456780"));
    }

    #[test]
    fn no_differentiator_is_all_ones() {
        assert_eq!(Slice::new(1, Some(0xff_ffff)), Slice::new(1, None));
        assert_eq!(Slice::sd_of_hex("010203"), Some(0x01_0203));
        assert_eq!(Slice::sd_of_hex("0x000001"), Some(1));
        assert_eq!(Slice::sd_of_hex("xyz"), None);
        assert_eq!(Slice::new(2, Some(1)).to_string(), "SST 2 SD 000001");
    }
}

//! The quantities of the configuration.

use super::parse::{Kind, QuantityError};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};
use std::borrow::Cow;

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $get:ident, $what:literal, $example:literal, signed: $signed:literal, [$($unit:literal => $factor:literal),+]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            const KIND: Kind = Kind { name: $what, example: $example, units: &[$(($unit, $factor)),+], signed: $signed };

            #[doc = concat!("From a number in the base unit, see [`", stringify!($name), "::", stringify!($get), "`].")]
            #[must_use]
            pub const fn new(value: f64) -> Self {
                Self(value)
            }

            /// The value in the base unit, which the name says.
            #[must_use]
            pub const fn $get(self) -> f64 {
                self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                Self::KIND.parse(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&Self::KIND.print(self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!($what, " with its unit, for example \"", $example, "\""))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<$name, E> {
                        self.visit_str(&n.to_string())
                    }

                    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<$name, E> {
                        self.visit_str(&n.to_string())
                    }

                    fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<$name, E> {
                        self.visit_str(&n.to_string())
                    }
                }
                d.deserialize_any(Text)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let units = [$($unit),+].join("|").replace('/', "\\/");
                let sign = if $signed { "-?" } else { "" };
                json_schema!({
                    "type": "string",
                    "description": concat!("Text: ", $what, " with its unit."),
                    "pattern": format!("^{sign}[0-9.]+(e-?[0-9]+)? ?({units})$"),
                    "examples": [$example],
                })
            }
        }
    };
}

quantity!(
    /// A frequency, also a sample rate.
    Frequency, hz, "a frequency", "7.68 MHz", signed: true,
    ["Hz" => 1.0, "kHz" => 1e3, "MHz" => 1e6, "GHz" => 1e9]
);
quantity!(
    /// A length of time.
    Duration, s, "a duration", "10 ms", signed: false,
    ["ns" => 1e-9, "us" => 1e-6, "ms" => 1e-3, "s" => 1.0, "min" => 60.0, "h" => 3600.0]
);
quantity!(
    /// An offset in time, of either sign.
    TimeOffset, s, "a time offset", "-0.5 us", signed: true,
    ["ns" => 1e-9, "us" => 1e-6, "ms" => 1e-3, "s" => 1.0]
);
quantity!(
    /// A ratio of powers. Gain is not power.
    GainDb, db, "a gain", "-3 dB", signed: true, ["dB" => 1.0]
);
quantity!(
    /// Power relative to full scale.
    PowerDbfs, dbfs, "a power relative to full scale", "-40 dBFS", signed: true, ["dBFS" => 1.0]
);
quantity!(
    /// A bit rate.
    Rate, bit_per_s, "a bit rate", "4 Mbit/s", signed: false,
    ["bit/s" => 1.0, "kbit/s" => 1e3, "Mbit/s" => 1e6, "Gbit/s" => 1e9]
);
quantity!(
    /// An angle.
    Angle, deg, "an angle", "30 deg", signed: true, ["deg" => 1.0]
);
quantity!(
    /// How fast an angle changes.
    AngleRate, deg_per_s, "a rate of turn", "2 deg/s", signed: true, ["deg/s" => 1.0]
);
quantity!(
    /// A distance.
    Distance, m, "a distance", "100 m", signed: false, ["m" => 1.0, "km" => 1e3]
);

impl Duration {
    /// As the standard library's type.
    #[must_use]
    pub fn std(self) -> std::time::Duration {
        std::time::Duration::try_from_secs_f64(self.s()).unwrap_or(std::time::Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_worked_by_hand() {
        assert_eq!("7.68 MHz".parse(), Ok(Frequency::new(7_680_000.0)));
        assert_eq!("1842.5MHz".parse(), Ok(Frequency::new(1_842_500_000.0)));
        assert_eq!("10 ms".parse(), Ok(Duration::new(0.01)));
        assert_eq!("-3 dB".parse(), Ok(GainDb::new(-3.0)));
        assert_eq!("4 Mbit/s".parse(), Ok(Rate::new(4e6)));
        assert_eq!("1e3 Hz".parse(), Ok(Frequency::new(1e3)));
    }

    #[test]
    fn errors_say_what_is_expected() {
        let e = |text: &str| text.parse::<Frequency>().unwrap_err().to_string();
        assert_eq!(
            e("7680000"),
            "`7680000` has no unit: write a frequency as for example \"7.68 MHz\" (units: Hz, kHz, MHz, GHz)"
        );
        assert!(e("7.68 mhz").starts_with("`mhz` is not a unit of a frequency"));
        assert!(e("fast").starts_with("`fast` does not begin with a finite number"));
        assert!(e("inf Hz").contains("finite"));
        assert!(e("NaN Hz").contains("finite"));
        assert!("-1 s".parse::<Duration>().unwrap_err().to_string().contains("below zero"));
        assert!("3 dBm".parse::<GainDb>().unwrap_err().to_string().contains("`dBm` is not a unit of a gain"));
    }

    #[test]
    fn printed_as_a_person_would() {
        assert_eq!(Frequency::new(7.68e6).to_string(), "7.68 MHz");
        assert_eq!(Frequency::new(1_842_500_000.0).to_string(), "1.8425 GHz");
        assert_eq!(Frequency::new(0.0).to_string(), "0 Hz");
        assert_eq!(Duration::new(0.01).to_string(), "10 ms");
        assert_eq!(Duration::new(300e-9).to_string(), "300 ns");
        assert_eq!(GainDb::new(-0.5).to_string(), "-0.5 dB");
        assert_eq!(Rate::new(4e6).to_string(), "4 Mbit/s");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(v in -1e12_f64..1e12) {
            prop_assert_eq!(Frequency::new(v).to_string().parse(), Ok(Frequency::new(v)));
            prop_assert_eq!(Duration::new(v.abs() * 1e-9).to_string().parse(), Ok(Duration::new(v.abs() * 1e-9)));
        }

        #[test]
        fn any_text_is_a_quantity_or_an_error(text in ".{0,24}") {
            let _ = text.parse::<Rate>();
        }
    }
}

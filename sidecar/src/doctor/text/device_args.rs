//! `key=value,key=value`: the arguments of a radio device, as the gNB, srsUE, UHD and SoapySDR write them.

/// Arguments in order of appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceArgs(Vec<(String, String)>);

/// More pairs than this are not looked at.
const MAX_PAIRS: usize = 256;

impl DeviceArgs {
    /// Reads a line; a word without `=` is a key with an empty value.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pairs = text.split(',').map(str::trim).filter(|word| !word.is_empty()).take(MAX_PAIRS);
        Self(
            pairs
                .map(|word| word.split_once('=').unwrap_or((word, "")))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The value of a key as a number (`23.04e6`).
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.parse().ok().filter(|x: &f64| x.is_finite())
    }

    /// Every value whose key contains `word`, in order: how the gNB finds its ports (`tx_port`, `tx_port0`, …).
    #[must_use]
    pub fn all(&self, word: &str) -> Vec<&str> {
        self.0.iter().filter(|(k, _)| k.contains(word)).map(|(_, v)| v.as_str()).collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_of_the_gnbs() {
        let args =
            DeviceArgs::parse("tx_port0=tcp://a:1,tx_port1=tcp://a:2, rx_port=tcp://a:3,base_srate=11.52e6,verbose");
        assert_eq!(args.all("tx_port"), ["tcp://a:1", "tcp://a:2"]);
        assert_eq!(args.all("rx_port"), ["tcp://a:3"]);
        assert_eq!(args.number("base_srate"), Some(11.52e6));
        assert_eq!((args.get("verbose"), args.get("serial")), (Some(""), None));
        assert!(DeviceArgs::parse(" , ").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_gives_bounded_pairs(text in "[a-z=,.: 0-9]{0,600}") {
            prop_assert!(DeviceArgs::parse(&text).0.len() <= MAX_PAIRS);
        }
    }
}

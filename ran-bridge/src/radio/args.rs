//! Device arguments: `driver=uhd,type=x300,addr=192.168.40.2`.

use super::error::RadioError;
use std::fmt;

/// What tells one device from another, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceArgs(Vec<(String, String)>);

impl DeviceArgs {
    /// Reads `key=value, key=value`.
    ///
    /// # Errors
    /// [`RadioError::Args`].
    pub fn parse(text: &str) -> Result<Self, RadioError> {
        let fault = || RadioError::Args(text.to_owned());
        let mut all = Self::default();
        for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(fault)?;
            let (key, value) = (key.trim(), value.trim());
            if key.is_empty() || pair.contains('\0') || all.get(key).is_some() {
                return Err(fault());
            }
            all.0.push((key.to_owned(), value.to_owned()));
        }
        Ok(all)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// Adds what is not there yet.
    #[must_use]
    pub fn or(mut self, key: &str, value: &str) -> Self {
        if self.get(key).is_none() {
            self.0.push((key.to_owned(), value.to_owned()));
        }
        self
    }
}

impl fmt::Display for DeviceArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
        f.write_str(&pairs.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_are_read_and_written() {
        let args = DeviceArgs::parse("driver=uhd, type=x300 ,addr=192.168.40.2,").unwrap();
        assert_eq!(args.get("type"), Some("x300"));
        assert_eq!(
            args.clone().or("type", "b200").or("a", "1").to_string(),
            "driver=uhd,type=x300,addr=192.168.40.2,a=1"
        );
        for bad in ["uhd", "=x", "a=1,a=2", "a=\0"] {
            assert!(DeviceArgs::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_read_again_from_what_is_written(text in ".{0,60}") {
            if let Ok(args) = DeviceArgs::parse(&text) {
                prop_assert_eq!(DeviceArgs::parse(&args.to_string()), Ok(args));
            }
        }
    }
}

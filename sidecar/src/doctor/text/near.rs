//! Did you mean?

/// The known name that `key` is most likely meant to be, where one is near.
#[must_use]
pub fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let far = key.chars().count().max(4) / 4 + 1;
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&key.to_lowercase(), &name.to_lowercase()), *name))
        .min()
        .filter(|(distance, _)| *distance <= far.min(3))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_strangers_are_not() {
        let known = ["srate", "device_args", "dl_arfcn", "bind_addr"];
        assert_eq!(nearest("srat", &known), Some("srate"));
        assert_eq!(nearest("device_arg", &known), Some("device_args"));
        assert_eq!(nearest("dl_arcfn", &known), Some("dl_arfcn"));
        assert_eq!(nearest("Bind_adr", &known), Some("bind_addr"));
        assert_eq!(nearest("expert_phy", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}

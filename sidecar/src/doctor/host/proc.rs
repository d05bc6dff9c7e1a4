//! What `/proc` and `/sys` say in lines.

/// `0-3,8,10-11`: how many.
pub(super) fn count_of_list(text: &str) -> Option<usize> {
    let mut count = 0_usize;
    for part in text.trim().split(',').take(4096) {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        count += usize::from(high.checked_sub(low)?) + 1;
    }
    Some(count)
}

/// The value behind `name:` in a text of such lines.
pub(super) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// The soft limit of one line of `/proc/self/limits`; `u64::MAX` = unlimited.
pub(super) fn soft_limit(text: &str, name: &str) -> Option<u64> {
    let word = text.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?;
    if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() }
}

/// Current and largest sizes of `ethtool -g`: receive, transmit.
pub(super) fn rings(text: &str) -> Option<[(u32, u32); 2]> {
    let (largest, current) = text.split_once("Current hardware settings:")?;
    let of = |part: &str, name| field(part, name)?.parse().ok();
    Some([(of(current, "RX")?, of(largest, "RX")?), (of(current, "TX")?, of(largest, "TX")?)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_linux_writes_them() {
        assert_eq!((count_of_list("0-1\n"), count_of_list("0,2-5"), count_of_list("x")), (Some(2), Some(5), None));
        assert_eq!(field("Name:\tx\nCpus_allowed_list:\t0-7\n", "Cpus_allowed_list"), Some("0-7"));
        let limits = "Limit  Soft Limit Hard Limit Units\nMax open files            20000                20000                files\nMax realtime priority     unlimited                    0\n";
        assert_eq!(soft_limit(limits, "Max open files"), Some(20_000));
        assert_eq!(soft_limit(limits, "Max realtime priority"), Some(u64::MAX));
        let ethtool = "Ring parameters for sdr0:\nPre-set maximums:\nRX:\t\t4096\nTX:\t\t4096\nCurrent hardware settings:\nRX:\t\t512\nRX Mini:\tn/a\nTX:\t\t4096\n";
        assert_eq!(rings(ethtool), Some([(512, 4096), (4096, 4096)]));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-zA-Z0-9:,\n -]{0,200}") {
            let _ = (count_of_list(&text), soft_limit(&text, "Max"), rings(&text));
        }
    }
}

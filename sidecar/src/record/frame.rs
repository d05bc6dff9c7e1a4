//! The framing of a log: file header, `len | crc32 | JSON`.

/// Bytes before the first frame.
pub const FILE_HEADER_BYTES: usize = 8;
/// The format this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;
/// Longest row that is written or believed: 16 MiB.
pub const MAX_ROW_BYTES: usize = 16 << 20;

pub(super) const MAGIC: [u8; 4] = *b"SCLG";
pub(super) const PREFIX_BYTES: usize = 8;
/// How the JSON of every row begins; what a reader looks for behind damage.
pub(super) const ROW_START: &[u8] = b"{\"table\":\"";

/// The first 8 bytes of a log.
pub(super) fn file_header() -> [u8; FILE_HEADER_BYTES] {
    let mut b = [0; FILE_HEADER_BYTES];
    b[..4].copy_from_slice(&MAGIC);
    b[4..].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    b
}

/// Appends the frame of one row to `out`; `false` (and nothing appended) when the row is not a JSON object or too long.
///
/// `json` is what serde made of the caller's row; `mono_ns` is put in unless the row brings its own.
pub(super) fn encode(out: &mut Vec<u8>, table: &str, mono_ns: u64, json: &[u8]) -> bool {
    let Some(rest) = json.strip_prefix(b"{") else { return false };
    if json.len() + table.len() + 64 > MAX_ROW_BYTES {
        return false;
    }
    let at = out.len();
    out.extend_from_slice(&[0; PREFIX_BYTES]);
    out.extend_from_slice(ROW_START);
    // Table names are identifiers of ours; anything else is made one, so that the JSON stays JSON.
    out.extend(table.bytes().map(|b| if b.is_ascii_alphanumeric() || b == b'_' { b } else { b'_' }));
    out.push(b'"');
    if !has_top_level_key(json, b"mono_ns") {
        out.extend_from_slice(b",\"mono_ns\":");
        out.extend_from_slice(mono_ns.to_string().as_bytes());
    }
    if rest != b"}" {
        out.push(b',');
    }
    out.extend_from_slice(rest);
    let body = at + PREFIX_BYTES;
    let len = u32::try_from(out.len() - body).unwrap_or(u32::MAX);
    let crc = crc32fast::hash(&out[body..]);
    out[at..at + 4].copy_from_slice(&len.to_le_bytes());
    out[at + 4..body].copy_from_slice(&crc.to_le_bytes());
    true
}

/// The JSON of the frame at `at`, when it is whole and its checksum good.
pub(super) fn decode(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let len = announced(bytes, at)?;
    let body = at + PREFIX_BYTES;
    let json = bytes.get(body..body.checked_add(len)?)?;
    let crc = u32::from_le_bytes(bytes.get(at + 4..body)?.try_into().ok()?);
    (crc32fast::hash(json) == crc).then_some(json)
}

/// The length that the frame at `at` announces, when it is believable.
pub(super) fn announced(bytes: &[u8], at: usize) -> Option<usize> {
    let len = u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
    (len > 0 && len <= MAX_ROW_BYTES).then_some(len)
}

/// Offset of the next good frame at or after `from`.
pub(super) fn resync(bytes: &[u8], from: usize) -> Option<usize> {
    let mut look = from + PREFIX_BYTES;
    while look + ROW_START.len() <= bytes.len() {
        let hit = look + bytes[look..].windows(ROW_START.len()).position(|w| w == ROW_START)?;
        let at = hit - PREFIX_BYTES;
        if decode(bytes, at).is_some() {
            return Some(at);
        }
        look = hit + 1;
    }
    None
}

/// Whether a JSON object, written without spaces, has `key` at its top level.
fn has_top_level_key(json: &[u8], key: &[u8]) -> bool {
    let (mut depth, mut i) = (0_u32, 0);
    while i < json.len() {
        match json[i] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = i + 1;
                i = start;
                while i < json.len() && json[i] != b'"' {
                    i += if json[i] == b'\\' { 2 } else { 1 };
                }
                if depth == 1 && json.get(i + 1) == Some(&b':') && json.get(start..i) == Some(key) {
                    return true;
                }
            }
            _ => {}
        }
        i += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_worked_by_hand() {
        let mut out = Vec::new();
        assert!(encode(&mut out, "csi", 7, br#"{"a":1}"#));
        let json = br#"{"table":"csi","mono_ns":7,"a":1}"#;
        assert_eq!(&out[..4], &(json.len() as u32).to_le_bytes());
        assert_eq!(&out[8..], json);
        assert_eq!(decode(&out, 0), Some(&json[..]));
    }

    #[test]
    fn the_rows_own_time_wins_and_a_nested_one_does_not_count() {
        let mut out = Vec::new();
        assert!(encode(&mut out, "t", 7, br#"{"mono_ns":9}"#));
        assert_eq!(&out[8..], br#"{"table":"t","mono_ns":9}"#);
        out.clear();
        assert!(encode(&mut out, "t", 7, br#"{"x":{"mono_ns":9},"y":"\"mono_ns\":"}"#));
        assert!(out[8..].starts_with(br#"{"table":"t","mono_ns":7,"#));
        out.clear();
        assert!(encode(&mut out, "t", 7, b"{}"));
        assert_eq!(&out[8..], br#"{"table":"t","mono_ns":7}"#);
    }

    #[test]
    fn only_objects_are_rows() {
        let mut out = Vec::new();
        assert!(!encode(&mut out, "t", 0, b"[1]"));
        assert!(!encode(&mut out, "t", 0, b"3"));
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
            let _ = decode(&bytes, at);
            let _ = resync(&bytes, at);
        }
    }
}

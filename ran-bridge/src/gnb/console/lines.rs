//! What a gNB prints, cut into lines.

/// Longest line that is kept; of a longer one the end is.
const MAX_LINE_BYTES: usize = 8192;

/// Takes bytes in any pieces, gives whole lines.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Nothing read yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { rest: Vec::new() }
    }

    /// The lines that these bytes complete, without their ends. What is no UTF-8 is replaced.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut pieces = bytes.split(|b| *b == b'\n');
        let first = pieces.next().unwrap_or_default();
        self.keep(first);
        for piece in pieces {
            lines.push(String::from_utf8_lossy(&self.rest).trim_end_matches('\r').to_owned());
            self.rest.clear();
            self.keep(piece);
        }
        lines
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let over = self.rest.len().saturating_sub(MAX_LINE_BYTES);
        self.rest.drain(..over);
    }
}

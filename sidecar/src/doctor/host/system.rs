//! The one door through which the doctor sees the machine, so that tests can show it another one.

/// Reads only. What is not there, not readable or too long is `None`.
pub trait System {
    /// A file of at most 4 MiB, or why not.
    ///
    /// # Errors
    /// The system's words.
    fn bytes(&self, path: &str) -> Result<Vec<u8>, String>;
    /// A text file.
    fn text(&self, path: &str) -> Option<String> {
        String::from_utf8(self.bytes(path).ok()?).ok()
    }
    /// The names in a folder, sorted; none where it cannot be read.
    fn names(&self, folder: &str) -> Vec<String>;
    /// Where a symbolic link leads.
    fn link(&self, path: &str) -> Option<String>;
    /// Free bytes of the file system that holds a path, or would hold it.
    fn free_bytes(&self, path: &str) -> Option<u64>;
    /// What a command prints, when it ends well within two seconds.
    fn run(&self, program: &str, args: &[&str]) -> Option<String>;
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
}

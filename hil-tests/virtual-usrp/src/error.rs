//! What can go wrong, and what to do about it.
use std::path::PathBuf;

/// Why the virtual USRP cannot be built, started or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The development files of SoapySDR are missing.
    #[error("SoapySDR's development files are not found ({0}): sudo apt-get install libsoapysdr-dev pkg-config")]
    NoSoapySdr(String),
    /// There is no C++ compiler.
    #[error("no C++ compiler ({0}): sudo apt-get install g++")]
    NoCompiler(String),
    /// The compiler refused the sources.
    #[error("the C++ compiler refused {program}:\n{stderr}")]
    Compile {
        /// What was to be built.
        program: String,
        /// What the compiler said.
        stderr: String,
    },
    /// A file or a process could not be used.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was to be done with it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The box ended instead of becoming ready.
    #[error("the box did not start: {0}")]
    NotStarted(String),
    /// The box refused a command of its control socket.
    #[error("the box refused `{command}`: {reason}")]
    Refused {
        /// The command.
        command: String,
        /// The box's reason.
        reason: String,
    },
    /// The box said something that is not understood.
    #[error("the box said what nobody understands: {line}: {source}")]
    Unreadable {
        /// The line.
        line: String,
        /// Why not.
        source: serde_json::Error,
    },
}

impl Error {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}

//! `sidecar child-of PID -- COMMAND`: becomes a command that ends when its parent does, whatever way the parent ends.

use super::error::CliError;
use super::exit::Exit;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Asks the kernel for SIGTERM at the parent's end, then becomes the command. Comes back only with an error.
///
/// The order outlives `exec`. The parent may have ended before it was given: then its pid is no longer ours.
pub(super) fn become_child(parent: u32, command: &[OsString]) -> CliError {
    let fail = |what: String| CliError::new(Exit::System, what, "is the program installed and on PATH?");
    if let Err(e) = set_pdeathsig(Signal::SIGTERM) {
        return fail(format!("cannot tie this process to its parent: {e}"));
    }
    if u32::try_from(getppid().as_raw()) != Ok(parent) {
        return CliError::new(Exit::System, "the parent has ended", "");
    }
    let Some((program, arguments)) = command.split_first() else {
        return fail("no command".into());
    };
    let e = Command::new(program).args(arguments).exec();
    fail(format!("cannot start {}: {e}", program.to_string_lossy()))
}

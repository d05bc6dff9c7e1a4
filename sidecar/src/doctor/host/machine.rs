//! The machine we run on.

use super::system::System;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Longest text that is read, bytes.
const MAX_BYTES: u64 = 4 << 20;
/// How often, and how many times, a command is asked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const LOOKS: u32 = 200;

/// The machine we run on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl System for Machine {
    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        if bytes.len() as u64 > MAX_BYTES { Err("longer than 4 MiB".into()) } else { Ok(bytes) }
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    fn link(&self, path: &str) -> Option<String> {
        std::fs::read_link(path).ok()?.into_os_string().into_string().ok()
    }

    fn free_bytes(&self, path: &str) -> Option<u64> {
        let absolute = std::path::absolute(path).ok()?;
        let there = absolute.ancestors().find(|p| Path::exists(p))?;
        let stat = nix::sys::statvfs::statvfs(there).ok()?;
        Some(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }

    fn run(&self, program: &str, args: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        for _ in 0..LOOKS {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => {
                    let mut text = String::new();
                    child.stdout.take()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
                    return Some(text);
                }
                Ok(None) => sleep(LOOK_EVERY),
                _ => return None,
            }
        }
        // It hangs: nobody waits for it.
        let _ = child.kill();
        let _ = child.wait();
        None
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_always_has() {
        assert!(Machine.text("/proc/self/limits").is_some_and(|t| t.contains("Max open files")));
        assert!(Machine.names("/sys/class/net").contains(&"lo".to_owned()));
        assert!(Machine.link("/proc/self/exe").is_some());
        assert!(Machine.free_bytes("a/folder/that/is/not/there").is_some_and(|b| b > 0));
        assert_eq!(Machine.run("echo", &["said"]).as_deref(), Some("said\n"));
        assert_eq!(Machine.run("false", &[]), None);
        assert_eq!(Machine.text("/nowhere"), None);
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        assert_eq!(Machine.run("sleep", &["30"]), None);
    }
}

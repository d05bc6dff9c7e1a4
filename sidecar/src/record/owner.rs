//! Who owns a run, in a way that a recycled pid cannot fake.

use serde::{Deserialize, Serialize};

/// One process of one boot of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot (`/proc/<pid>/stat`, field 22).
    pub start_ticks: u64,
    /// `/proc/sys/kernel/random/boot_id`: a pid says nothing after a restart of the host.
    pub boot_id: String,
}

impl Owner {
    /// This process.
    #[must_use]
    pub fn me() -> Self {
        let pid = std::process::id();
        Self { pid, start_ticks: start_ticks(pid).unwrap_or(0), boot_id: boot_id() }
    }

    /// Whether that very process still runs on this host.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.boot_id == boot_id() && start_ticks(self.pid) == Some(self.start_ticks)
    }
}

/// The id of this boot of this host; empty where the system has none.
pub(super) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| String::new(), |s| s.trim().to_owned())
}

/// Start of a process in ticks since boot; `None` when there is no such process, or it is a zombie that nobody has reaped.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, also parentheses and spaces.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_live_and_my_namesake_of_another_start_or_boot_does_not() {
        let me = Owner::me();
        assert!(me.start_ticks > 0);
        assert!(me.alive());
        assert!(!Owner { start_ticks: me.start_ticks + 1, ..me.clone() }.alive());
        assert!(!Owner { boot_id: "another".into(), ..me }.alive());
    }

    #[test]
    fn a_child_that_ended_is_gone_even_before_it_is_reaped() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let owner = Owner { pid: child.id(), start_ticks: start_ticks(child.id()).unwrap(), boot_id: boot_id() };
        assert!(owner.alive());
        child.kill().unwrap();
        let gone = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            !owner.alive()
        });
        child.wait().unwrap();
        assert!(gone);
    }
}

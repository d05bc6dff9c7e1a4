//! What gNB and recorder need of this machine.

use crate::doctor::finding::Found;
use crate::doctor::host::Host;
use crate::doctor::subject::{Gnb, Lab};

/// Below this little a run may end early.
const FEW_BYTES: u64 = 10_000_000_000;
/// Below this it surely does.
const TOO_FEW_BYTES: u64 = 500_000_000;
/// Open files of `air` and `controller` in a full lab, with room.
const FILES: u64 = 1024;

pub(in crate::doctor) fn system(lab: &Lab, found: &mut Found) {
    processors(&lab.host, lab.gnb.as_ref(), found);
    sctp(lab, found);
    disk(&lab.host, found);
    limits(&lab.host, lab, found);
}

/// Workers of the gNB's main pool: it keeps three processors free, and takes what its antennas need.
fn workers(processors: usize, gnb: Option<&Gnb>) -> usize {
    let named = gnb.and_then(|g| g.number("expert_execution.threads.main_pool.nof_threads")).map(|n| n as usize);
    let cells = gnb.map(|g| g.cells.iter().map(|c| c.antennas()).map(|(down, up)| down + up + 1).sum::<usize>());
    let wanted = named.unwrap_or(cells.unwrap_or(3) + 2);
    wanted.min(processors - processors.min(3)).max(1)
}

fn processors(host: &Host, gnb: Option<&Gnb>, found: &mut Found) {
    let Some(count) = host.processors else {
        return found.skip("the number of processors cannot be read");
    };
    let key = "expert_execution.threads.main_pool.nof_threads";
    if let Some((gnb, named)) = gnb.and_then(|g| Some((g, g.number(key)? as usize))).filter(|(_, named)| *named > count)
    {
        found.fail(format!("{} is {named} on {count} processors: the gNB does not start", gnb.key(key)), "take it out");
    }
    if gnb.is_none() {
        return found.ok(format!("{count} processors; a gNB beside this needs eight"));
    }
    let pool = workers(count, gnb);
    let fix = "run the gNB on eight processors or more";
    match pool {
        1 => found.fail(format!("{count} processors: the gNB's main pool has one worker and hangs at start"), fix),
        2 => found.fail(format!("{count} processors: the gNB's main pool has two workers and stands still under load, each waiting for the other"), fix),
        3 | 4 => found.warn(format!("{count} processors: the gNB's main pool has {pool} workers; fewer than eight processors were seen to block it"), fix),
        _ => found.ok(format!("{count} processors, {pool} workers in the gNB's main pool")),
    }
}

fn sctp(lab: &Lab, found: &mut Found) {
    let without = lab.gnb.as_ref().is_some_and(|g| g.truth("cu_cp.amf.no_core", false));
    match lab.host.sctp {
        Some(true) => found.ok("the kernel carries SCTP (NG)"),
        Some(false) if without => found.ok("the kernel has no SCTP, and the gNB runs without a core"),
        Some(false) if lab.gnb.is_none() => found.skip("SCTP: no gNB given, and the kernel has none"),
        Some(false) => found.fail(
            "the kernel has no SCTP: NG between gNB and AMF cannot be carried",
            "modprobe sctp on a kernel that has it; or `cu_cp.amf.no_core: true`",
        ),
        None => found.skip("whether the kernel carries SCTP cannot be read"),
    }
}

fn disk(host: &Host, found: &mut Found) {
    let Some(free) = host.free_bytes else {
        return found.skip("free disk space cannot be read");
    };
    let text = format!("{:.1} GB free where runs are kept", free as f64 / 1e9);
    let fix = "set `run.root` to a larger disk, or remove old runs (`sidecar run list`)";
    match free {
        f if f < TOO_FEW_BYTES => found.fail(text, fix),
        f if f < FEW_BYTES => found.warn(text + ": a capture of one wire at 23.04 MS/s takes 0.18 GB each second", fix),
        _ => found.ok(text),
    }
}

fn limits(host: &Host, lab: &Lab, found: &mut Found) {
    match host.limits.open_files {
        Some(files) if files < FILES => {
            found.warn(format!("at most {files} open files"), "ulimit -n 4096, or LimitNOFILE= in the unit")
        }
        Some(files) => {
            found.ok(format!("{} open files", if files == u64::MAX { "unlimited".into() } else { files.to_string() }))
        }
        None => found.skip("the limit of open files cannot be read"),
    }
    let radio = lab.gnb.as_ref().is_some_and(|g| !g.is_zmq()) || lab.radio.is_some();
    let allowed = host.limits.root || host.limits.real_time.is_some_and(|p| p > 0);
    match host.limits.real_time {
        _ if !radio => found.skip("real-time priority: nothing here runs on a radio's clock"),
        _ if allowed => found.ok("threads may have real-time priority"),
        Some(_) => found.warn(
            "threads may not have real-time priority: a gNB on a radio is late under load",
            "`@realtime - rtprio 99` in /etc/security/limits.d, or run it as root",
        ),
        None => found.skip("the limit of real-time priority cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, changed, gnb, lab};
    use crate::doctor::host::Pretend;
    use crate::doctor::text::DeviceArgs;
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn on(system_of: &Pretend) -> Vec<Finding> {
        let mut lab = lab();
        lab.host = Host::look(system_of, None, "runs");
        look(system, &lab)
    }

    fn processors_of(list: &str) -> Vec<Finding> {
        on(&Pretend::good().file("/proc/self/status", &format!("Uid:\t0\t0\nCpus_allowed_list:\t{list}\n")))
    }

    #[test]
    fn a_machine_for_a_gnb_is_good() {
        let found = on(&Pretend::good());
        clean(&found);
        says(&found, Good, &["8 processors, 5 workers"]);
    }

    #[test]
    fn small_machines() {
        says(&processors_of("0-1"), Failure, &["2 processors", "hangs at start"]);
        says(&processors_of("0-4"), Failure, &["5 processors", "two workers"]);
        says(&processors_of("0-6"), Warning, &["7 processors", "4 workers"]);
        let mut alone = lab();
        alone.host = Host::look(&Pretend::good().file("/proc/self/status", "Cpus_allowed_list:\t0-1\n"), None, "runs");
        alone.gnb = None;
        clean(&look(system, &alone));
        assert_eq!((workers(1, None), workers(4, None), workers(64, None)), (1, 1, 5));
        let mut lab = lab();
        lab.gnb = Some(gnb(&format!("{GNB}\nexpert_execution: {{threads: {{main_pool: {{nof_threads: 12}}}}}}\n")));
        says(&look(system, &lab), Failure, &["nof_threads", "does not start"]);
    }

    #[test]
    fn kernel_disk_and_limits() {
        let bare = Pretend::good()
            .file("/proc/net/protocols", "protocol size\nTCP 1\n")
            .file("/proc/sys/kernel/osrelease", "6.1\n");
        says(&on(&bare), Failure, &["no SCTP"]);
        clean(&on(&bare.clone().file("/lib/modules/6.1/modules.dep", "kernel/net/sctp/sctp.ko: x\n")));
        let mut lab = lab();
        lab.host = Host::look(&bare, None, "runs");
        lab.gnb = Some(gnb(&changed(GNB, "    addr: 127.0.0.5", "    no_core: true\n    addr: 127.0.0.5")));
        says(&look(system, &lab), Good, &["without a core"]);
        says(&on(&Pretend::good().free(100_000)), Failure, &["run.root"]);
        says(&on(&Pretend::good().free(2_000_000_000)), Warning, &["2.0 GB"]);
        let few = "Max open files            256  256 files\nMax realtime priority     0  0\n";
        let found = on(&Pretend::good().file("/proc/self/limits", few));
        says(&found, Warning, &["256 open files"]);
        says(&found, Skipped, &["radio's clock"]);
        lab.host = Host::look(&Pretend::good().file("/proc/self/limits", few), None, "runs");
        lab.radio = Some(DeviceArgs::parse("driver=uhd"));
        says(&look(system, &lab), Warning, &["rtprio"]);
    }
}

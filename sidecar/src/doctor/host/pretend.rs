//! A host made up of files, for tests.

use super::system::System;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Default)]
pub(crate) struct Pretend {
    files: BTreeMap<String, String>,
    commands: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    free_bytes: Option<u64>,
}

impl Pretend {
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.files.retain(|p, _| !p.starts_with(path));
        self
    }

    pub(crate) fn command(mut self, line: &str, says: &str) -> Self {
        self.commands.insert(line.into(), says.into());
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    pub(crate) fn free(mut self, bytes: u64) -> Self {
        self.free_bytes = Some(bytes);
        self
    }

    /// Eight processors, an X310 on 10 Gbit/s, SCTP, everything tuned.
    pub(crate) fn good() -> Self {
        let mut it = Self::default()
            .free(100_000_000_000)
            .file("/sys/class/net/lo/mtu", "65536\n")
            .file("/sys/class/net/sdr0/mtu", "9000\n")
            .file("/sys/class/net/sdr0/speed", "10000\n")
            .file("/sys/class/net/ogstun/mtu", "1400\n")
            .file(
                "/proc/net/route",
                "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\nsdr0\t0028A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
            )
            .file("/proc/net/fib_trie", "     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.168.40.1\n        /32 host LOCAL\n")
            .file("/proc/net/tcp", "  sl  local_address rem_address   st\n")
            .file("/proc/net/protocols", "protocol  size\nSCTP       1000\nTCP       1000\n")
            .file("/proc/net/sctp/eps", " ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS\n f f 2 10 42 38412 0 2233 127.0.0.5\n")
            .file("/proc/sys/net/core/rmem_max", "33554432\n")
            .file("/proc/sys/net/core/wmem_max", "33554432\n")
            .file("/proc/self/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nCpus_allowed_list:\t0-7\n")
            .file("/proc/self/limits", "Limit Soft Hard Units\nMax open files            20000  20000 files\nMax realtime priority     99  99\n")
            .file("/run/netns/ue1", "")
            .file("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n")
            .file("/usr/lib/x86_64-linux-gnu/libSoapySDR.so.0.8.1", "")
            .file("/usr/lib/x86_64-linux-gnu/SoapySDR/modules0.8/libuhdSupport.so", "")
            .command("timedatectl show --property=NTPSynchronized --value", "yes\n")
            .command(
                "ethtool -g sdr0",
                "Ring parameters for sdr0:\nPre-set maximums:\nRX:\t4096\nTX:\t4096\nCurrent hardware settings:\nRX:\t4096\nTX:\t4096\n",
            );
        for cpu in 0..8 {
            it = it.file(&format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"), "performance\n");
        }
        it
    }
}

impl System for Pretend {
    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(path).map(|t| t.clone().into_bytes()).ok_or_else(|| "No such file or directory".into())
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let below = |path: &String| Some(path.strip_prefix(folder)?.strip_prefix('/')?.split('/').next()?.to_owned());
        self.files.keys().filter_map(below).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn link(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn free_bytes(&self, _: &str) -> Option<u64> {
        self.free_bytes
    }

    fn run(&self, program: &str, args: &[&str]) -> Option<String> {
        self.commands.get(&format!("{program} {}", args.join(" "))).cloned()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

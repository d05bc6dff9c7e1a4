//! All that is asked of this host, read once.

use super::net::{self, Interface, Route};
use super::proc::{count_of_list, field, rings, soft_limit};
use super::soapy::Soapy;
use super::sockets::{self, Listener};
use super::system::System;
use std::net::Ipv4Addr;

/// This host.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its interfaces.
    pub interfaces: Vec<Interface>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// Its own IPv4 addresses; empty = could not be read.
    pub addresses: Vec<Ipv4Addr>,
    /// Listening TCP sockets.
    pub listeners: Vec<Listener>,
    /// Listening SCTP endpoints; `None` where the kernel has no SCTP loaded.
    pub sctp_listening: Option<Vec<(String, u16)>>,
    /// The kernel carries SCTP, or has it as a module.
    pub sctp: Option<bool>,
    /// Largest receive buffer of a socket, bytes.
    pub rmem_max: Option<u64>,
    /// Largest send buffer of a socket, bytes.
    pub wmem_max: Option<u64>,
    /// Processor and the governor of its frequency.
    pub governors: Vec<(String, String)>,
    /// Ring buffers of the interface towards the radio.
    pub ring: Option<Ring>,
    /// Processors that a program started here may use.
    pub processors: Option<usize>,
    /// Limits of a program started here.
    pub limits: Limits,
    /// Named network namespaces.
    pub namespaces: Vec<String>,
    /// Its clocks.
    pub clock: Clock,
    /// SoapySDR.
    pub soapy: Soapy,
    /// Free bytes where runs are kept.
    pub free_bytes: Option<u64>,
}

/// Limits of a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Open files.
    pub open_files: Option<u64>,
    /// Real-time priority.
    pub real_time: Option<u64>,
    /// Root may have any priority.
    pub root: bool,
}

/// Ring buffers of an interface: in use and largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    /// Receive.
    pub rx: (u32, u32),
    /// Transmit.
    pub tx: (u32, u32),
}

/// Clocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clock {
    /// The time of day follows a reference; `None` = nobody tells.
    pub synchronised: Option<bool>,
    /// What the monotonic clock counts.
    pub source: Option<String>,
}

impl Host {
    /// Reads everything. `radio`: the address of a radio on the network; `runs`: where runs are kept.
    #[must_use]
    pub fn look(system: &dyn System, radio: Option<Ipv4Addr>, runs: &str) -> Self {
        let text = |path: &str| system.text(path).unwrap_or_default();
        let number = |path: &str| system.text(path)?.trim().parse().ok();
        let (limits, status) = (text("/proc/self/limits"), text("/proc/self/status"));
        let routes = net::routes(&text("/proc/net/route"));
        let way = radio.and_then(|to| net::way_to(&routes, to)).map(str::to_owned);
        let mut namespaces = system.names("/run/netns");
        namespaces.extend(system.names("/var/run/netns"));
        namespaces.sort_unstable();
        namespaces.dedup();
        Self {
            interfaces: net::interfaces(system),
            addresses: net::local_addresses(&text("/proc/net/fib_trie")),
            listeners: sockets::listeners(system),
            sctp_listening: system.text("/proc/net/sctp/eps").map(|t| sockets::sctp_listening(&t)),
            sctp: sctp(system),
            rmem_max: number("/proc/sys/net/core/rmem_max"),
            wmem_max: number("/proc/sys/net/core/wmem_max"),
            governors: governors(system),
            ring: way.and_then(|name| ring(system, &name)),
            processors: field(&status, "Cpus_allowed_list").and_then(count_of_list),
            limits: Limits {
                open_files: soft_limit(&limits, "Max open files"),
                real_time: soft_limit(&limits, "Max realtime priority"),
                root: field(&status, "Uid").and_then(|ids| ids.split_whitespace().nth(1)) == Some("0"),
            },
            namespaces,
            clock: Clock {
                synchronised: synchronised(system),
                source: system
                    .text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
                    .map(|t| t.trim().to_owned()),
            },
            soapy: Soapy::look(system),
            free_bytes: system.free_bytes(runs),
            routes,
        }
    }

    /// The interface through which an address is reached.
    #[must_use]
    pub fn way_to(&self, to: Ipv4Addr) -> Option<&Interface> {
        let name = net::way_to(&self.routes, to)?;
        self.interfaces.iter().find(|i| i.name == name)
    }

    /// Whether an address is one of this host; `None` = cannot be said.
    #[must_use]
    pub fn has_address(&self, address: Ipv4Addr) -> Option<bool> {
        if address.is_loopback() || address.is_unspecified() {
            return Some(true);
        }
        (!self.addresses.is_empty()).then(|| self.addresses.contains(&address))
    }

    /// Who listens on a TCP port of this host.
    pub fn listening_on(&self, port: u16) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(move |l| l.at.port() == port)
    }
}

fn ring(system: &dyn System, interface: &str) -> Option<Ring> {
    let [rx, tx] = rings(&system.run("ethtool", &["-g", interface])?)?;
    Some(Ring { rx, tx })
}

fn governors(system: &dyn System) -> Vec<(String, String)> {
    let folder = "/sys/devices/system/cpu";
    let of = |cpu: String| {
        let text = system.text(&format!("{folder}/{cpu}/cpufreq/scaling_governor"))?;
        Some((cpu, text.trim().to_owned()))
    };
    let cpu = |name: &String| {
        name.strip_prefix("cpu").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    system.names(folder).into_iter().filter(cpu).filter_map(of).collect()
}

fn sctp(system: &dyn System) -> Option<bool> {
    let protocols = system.text("/proc/net/protocols")?;
    if protocols.lines().any(|l| l.starts_with("SCTP ")) {
        return Some(true);
    }
    let release = system.text("/proc/sys/kernel/osrelease")?.trim().to_owned();
    let lists =
        ["modules.dep", "modules.builtin"].iter().filter_map(|f| system.text(&format!("/lib/modules/{release}/{f}")));
    Some(lists.into_iter().any(|list| list.lines().any(|l| l.contains("/sctp/sctp.ko"))))
}

fn synchronised(system: &dyn System) -> Option<bool> {
    if let Some(said) = system.run("timedatectl", &["show", "--property=NTPSynchronized", "--value"]) {
        return match said.trim() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
    }
    let tracking = system.run("chronyc", &["-n", "tracking"])?;
    let line = tracking.lines().find_map(|l| l.strip_prefix("Leap status"))?;
    Some(line.trim_start_matches([' ', ':']).trim() == "Normal")
}

#[cfg(test)]
mod tests {
    use super::super::{Machine, Pretend};
    use super::*;

    #[test]
    fn a_host_as_it_should_be() {
        let host = Host::look(&Pretend::good(), Some(Ipv4Addr::new(192, 168, 40, 2)), "runs");
        assert_eq!(host.way_to(Ipv4Addr::new(192, 168, 40, 2)).and_then(|i| i.mtu), Some(9000));
        assert_eq!((host.processors, host.sctp, host.rmem_max), (Some(8), Some(true), Some(33_554_432)));
        assert_eq!(host.ring, Some(Ring { rx: (4096, 4096), tx: (4096, 4096) }));
        assert_eq!((host.clock.synchronised, host.clock.source.as_deref()), (Some(true), Some("tsc")));
        assert_eq!((host.governors.len(), host.namespaces.len(), host.limits.open_files), (8, 1, Some(20_000)));
        assert_eq!(host.has_address(Ipv4Addr::new(127, 0, 0, 5)), Some(true));
        assert_eq!(host.has_address(Ipv4Addr::new(10, 9, 9, 9)), Some(false));
    }

    #[test]
    fn nothing_readable_is_nothing_known() {
        let host = Host::look(&Pretend::default(), None, "runs");
        assert_eq!((host.processors, host.sctp, host.free_bytes, host.clock.synchronised), (None, None, None, None));
        assert_eq!(host.has_address(Ipv4Addr::new(10, 0, 0, 1)), None);
    }

    #[test]
    fn this_host() {
        let host = Host::look(&Machine, None, "runs");
        assert!(host.processors.is_some_and(|n| n > 0) && host.interfaces.iter().any(|i| i.name == "lo"));
        assert!(host.free_bytes.is_some() && host.limits.open_files.is_some());
    }
}

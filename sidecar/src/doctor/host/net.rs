//! Interfaces, routes and addresses of this host.

use super::system::System;
use std::net::Ipv4Addr;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Largest packet, bytes.
    pub mtu: Option<u32>,
    /// Speed of the link, Mbit/s, where the driver says it.
    pub speed_mbit_per_s: Option<u32>,
}

/// A line of the routing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Name of the interface.
    pub interface: String,
    /// Network.
    pub network: Ipv4Addr,
    /// Its mask.
    pub mask: Ipv4Addr,
}

impl Route {
    fn holds(&self, to: Ipv4Addr) -> bool {
        to.to_bits() & self.mask.to_bits() == self.network.to_bits()
    }
}

pub(super) fn interfaces(system: &dyn System) -> Vec<Interface> {
    let number = |name: &str, what: &str| system.text(&format!("/sys/class/net/{name}/{what}"))?.trim().parse().ok();
    let names = system.names("/sys/class/net").into_iter();
    names.map(|name| Interface { mtu: number(&name, "mtu"), speed_mbit_per_s: number(&name, "speed"), name }).collect()
}

/// `/proc/net/route`: addresses as hexadecimal numbers in the host's byte order.
pub(super) fn routes(text: &str) -> Vec<Route> {
    let address = |word: &str| u32::from_str_radix(word, 16).ok().map(|n| Ipv4Addr::from(n.to_le_bytes()));
    let route = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().take(8).collect();
        let [interface, network, .., mask] = words.as_slice() else { return None };
        Some(Route { interface: (*interface).to_owned(), network: address(network)?, mask: address(mask)? })
    };
    text.lines().skip(1).take(65_536).filter_map(route).collect()
}

/// The interface through which an address is reached: the longest prefix.
pub(super) fn way_to(routes: &[Route], to: Ipv4Addr) -> Option<&str> {
    let mut fitting: Vec<&Route> = routes.iter().filter(|r| r.holds(to)).collect();
    fitting.sort_by_key(|r| r.mask.to_bits().count_ones());
    fitting.last().map(|r| r.interface.as_str())
}

/// `/proc/net/fib_trie`: a `host LOCAL` line belongs to the address above it.
pub(super) fn local_addresses(text: &str) -> Vec<Ipv4Addr> {
    let mut last = None;
    let mut all = Vec::new();
    for line in text.lines().take(65_536) {
        if let Some(address) = line.trim().strip_prefix("|-- ") {
            last = address.trim().parse::<Ipv4Addr>().ok();
        } else if line.contains("host LOCAL") {
            all.extend(last);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
        eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
        sdr0\t0028A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn the_longest_prefix_wins() {
        let routes = routes(ROUTE);
        assert_eq!(way_to(&routes, Ipv4Addr::new(192, 168, 40, 2)), Some("sdr0"));
        assert_eq!(way_to(&routes, Ipv4Addr::new(8, 8, 8, 8)), Some("eth0"));
        assert_eq!(way_to(&[], Ipv4Addr::LOCALHOST), None);
    }

    #[test]
    fn local_addresses_are_those_of_this_host() {
        let text = "Local:\n  +-- 127.0.0.0/8 2 0 2\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 127.255.255.255\n        /32 link BROADCAST\n  |-- 192.0.2.2\n     /32 host LOCAL\n";
        assert_eq!(local_addresses(text), [Ipv4Addr::LOCALHOST, Ipv4Addr::new(192, 0, 2, 2)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-f0-9 \t\n|/.-]{0,200}") {
            let _ = routes(&text);
            let _ = local_addresses(&text);
        }
    }
}

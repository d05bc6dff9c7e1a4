//! Why a radio on the network is late: frames, buffers, rings and governor of this host.

use super::usrp::{address, family, radios};
use crate::doctor::finding::Found;
use crate::doctor::host::{Host, Interface};
use crate::doctor::subject::Lab;
use crate::doctor::text::DeviceArgs;
use std::net::Ipv4Addr;

/// What UHD asks for at 10 Gbit/s.
const BUFFER_BYTES: u64 = 33_554_432;
/// IP and UDP headers.
const HEADER_BYTES: u32 = 28;

pub(in crate::doctor) fn radio_host(lab: &Lab, found: &mut Found) {
    let radios = radios(lab.gnb.as_ref(), lab.radio.as_ref());
    if radios.is_empty() {
        return found.skip("no radio: the gNB is on ZMQ or not given, and --radio names none");
    }
    let mut any = false;
    for (whose, args) in &radios {
        match address(args) {
            Some(at) => {
                any = true;
                network(whose, args, at, &lab.host, found);
            }
            None => found.skip(format!("{whose}: no `addr=` in its arguments, so no network to look at")),
        }
    }
    if any {
        buffers(&lab.host, found);
        rings(&lab.host, found);
    }
    governor(&lab.host, found);
}

fn network(whose: &str, args: &DeviceArgs, at: Ipv4Addr, host: &Host, found: &mut Found) {
    let Some(interface) = host.way_to(at) else {
        return found.fail(
            format!("{whose}: no route to {at}"),
            "give the interface towards it an address of its network, e.g. `ip addr add 192.168.40.1/24 dev IFACE`",
        );
    };
    let named = ["send_frame_size", "recv_frame_size"].iter().filter_map(|k| args.number(k)).fold(0.0, f64::max) as u32;
    let frame = if named > 0 { Some(named) } else { family(args).and_then(|f| f.frame_bytes) };
    frames(whose, interface, frame, named > 0, found);
    if let Some(speed) = interface.speed_mbit_per_s.filter(|s| *s < 10_000) {
        found.warn(
            format!(
                "{whose}: `{}` runs at {speed} Mbit/s: enough for about {} MHz of one channel",
                interface.name,
                speed / 40
            ),
            "use the 10 Gbit/s port of the radio",
        );
    }
}

fn frames(whose: &str, interface: &Interface, frame: Option<u32>, named: bool, found: &mut Found) {
    let Some(mtu) = interface.mtu else {
        return found.skip(format!("{whose}: the MTU of `{}` cannot be read", interface.name));
    };
    let fix =
        |mtu: u32| format!("ip link set {} mtu {mtu}   (as root, and in the network's configuration)", interface.name);
    match frame {
        Some(frame) if frame + HEADER_BYTES > mtu && named => found.fail(
            format!("{whose}: frames of {frame} bytes do not fit the MTU {mtu} of `{}`: they are cut or lost", interface.name),
            fix(9000),
        ),
        Some(frame) if frame + HEADER_BYTES > mtu => found.fail(
            format!("{whose}: the driver uses frames of {frame} bytes, the MTU of `{}` is {mtu}: late and lost packets (L, O, U)", interface.name),
            fix(9000),
        ),
        _ if mtu < 8000 + HEADER_BYTES => found.warn(format!("{whose}: the MTU of `{}` is {mtu}: many small packets, late ones under load", interface.name), fix(9000)),
        _ => found.ok(format!("{whose}: through `{}`, MTU {mtu}{}", interface.name, frame.map_or(String::new(), |f| format!(", frames of {f} bytes")))),
    }
}

fn buffers(host: &Host, found: &mut Found) {
    for (name, value) in [("rmem_max", host.rmem_max), ("wmem_max", host.wmem_max)] {
        match value {
            Some(bytes) if bytes < BUFFER_BYTES => found.warn(
                format!("net.core.{name} is {bytes} bytes: the radio's packets are dropped when the gNB is late for a moment"),
                format!("sysctl -w net.core.{name}={BUFFER_BYTES}   (as root, and in /etc/sysctl.d)"),
            ),
            Some(bytes) => found.ok(format!("net.core.{name} is {bytes} bytes")),
            None => found.skip(format!("net.core.{name} cannot be read")),
        }
    }
}

fn rings(host: &Host, found: &mut Found) {
    let Some(ring) = host.ring else {
        return found.skip("ring buffers: `ethtool -g` tells nothing (not installed, or not this driver)");
    };
    for (way, (now, largest)) in [("rx", ring.rx), ("tx", ring.tx)] {
        if now < largest {
            found.warn(
                format!("{way} ring of the interface is {now} of {largest} packets"),
                format!("ethtool -G IFACE {way} {largest}   (as root)"),
            );
        } else {
            found.ok(format!("{way} ring is at its largest, {largest} packets"));
        }
    }
}

fn governor(host: &Host, found: &mut Found) {
    if host.governors.is_empty() {
        return found.skip("CPU governor: this machine does not show one (a virtual machine?)");
    }
    let slow: Vec<&str> =
        host.governors.iter().filter(|(_, g)| g != "performance").map(|(cpu, _)| cpu.as_str()).collect();
    match slow.first() {
        Some(_) => found.warn(
            format!(
                "{} of {} processors are not on the governor `performance`: clocks go up too late for a slot",
                slow.len(),
                host.governors.len()
            ),
            "cpupower frequency-set -g performance   (as root)",
        ),
        None => found.ok(format!("{} processors on the governor `performance`", host.governors.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, changed, gnb, lab};
    use crate::doctor::host::Pretend;
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    const X310: &str = "driver=uhd,type=x300,addr=192.168.40.2";

    fn on(system: &Pretend, args: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.radio = Some(DeviceArgs::parse(args));
        lab.host = Host::look(system, Some(Ipv4Addr::new(192, 168, 40, 2)), "runs");
        look(radio_host, &lab)
    }

    #[test]
    fn a_tuned_host_is_good() {
        let found = on(&Pretend::good(), X310);
        clean(&found);
        says(&found, Good, &["`sdr0`, MTU 9000, frames of 8000"]);
        says(&found, Good, &["8 processors on the governor"]);
    }

    #[test]
    fn each_slow_setting_has_its_command() {
        let with = |path: &str, text: &str| on(&Pretend::good().file(path, text), X310);
        says(&with("/sys/class/net/sdr0/mtu", "1500\n"), Failure, &["frames of 8000", "ip link set sdr0 mtu 9000"]);
        says(&with("/sys/class/net/sdr0/speed", "1000\n"), Warning, &["1000 Mbit/s"]);
        says(&with("/proc/sys/net/core/rmem_max", "212992\n"), Warning, &["sysctl -w net.core.rmem_max=33554432"]);
        says(&with("/proc/sys/net/core/wmem_max", "212992\n"), Warning, &["net.core.wmem_max"]);
        let save = with("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave\n");
        says(&save, Warning, &["1 of 8", "cpupower"]);
        let small = "Pre-set maximums:\nRX:\t4096\nTX:\t4096\nCurrent hardware settings:\nRX:\t512\nTX:\t4096\n";
        says(&on(&Pretend::good().command("ethtool -g sdr0", small), X310), Warning, &["rx ring", "512 of 4096"]);
    }

    #[test]
    fn frames_and_routes() {
        let found = on(&Pretend::good(), &format!("{X310},send_frame_size=9500"));
        says(&found, Failure, &["9500", "do not fit the MTU 9000"]);
        says(&on(&Pretend::good(), "driver=uhd,type=x300,addr=10.0.0.2"), Failure, &["no route to 10.0.0.2"]);
        says(&on(&Pretend::good(), "driver=uhd,type=b200"), Skipped, &["no `addr=`"]);
    }

    #[test]
    fn the_gnbs_own_radio_is_looked_at() {
        let mut lab = lab();
        let text = changed(GNB, "device_driver: zmq", "device_driver: uhd");
        let text = changed(
            &text,
            "tx_port=tcp://127.0.0.1:2000,rx_port=tcp://127.0.0.1:2001,base_srate=11.52e6",
            "type=x300,addr=192.168.40.2",
        );
        lab.gnb = Some(gnb(&text));
        says(&look(radio_host, &lab), Good, &["the gNB's radio: through `sdr0`"]);
    }

    #[test]
    fn a_lab_on_zmq_has_no_radio() {
        says(&look(radio_host, &lab()), Skipped, &["ZMQ"]);
    }
}

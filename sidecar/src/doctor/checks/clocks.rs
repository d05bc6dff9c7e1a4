//! Clock domains: radios that drift from each other, and a host whose time of day is nobody's.

use crate::doctor::finding::Found;
use crate::doctor::subject::{Gnb, Lab};
use crate::doctor::text::DeviceArgs;

pub(in crate::doctor) fn clocks(lab: &Lab, found: &mut Found) {
    if let Some(gnb) = &lab.gnb {
        of_gnb(gnb, lab.radio.as_ref(), found);
    }
    match lab.host.clock.synchronised {
        Some(true) => found.ok("the time of day follows a reference"),
        Some(false) => found.warn("the time of day follows nothing: records of several hosts cannot be laid beside each other, a policy's dates are off", "timedatectl set-ntp true   (as root), or chrony"),
        None => found.skip("whether the time of day follows a reference: neither timedatectl nor chronyc tells"),
    }
    match lab.host.clock.source.as_deref() {
        Some(source @ ("hpet" | "acpi_pm" | "jiffies" | "refined-jiffies")) => {
            found.warn(
                format!("the monotonic clock counts by `{source}`: each look at it is slow"),
                "boot with `tsc=reliable`, or see why the kernel dropped tsc (`dmesg | grep -i clocksource`)",
            );
        }
        Some(source) => found.ok(format!("the monotonic clock counts by `{source}`")),
        None => found.skip("what the monotonic clock counts by cannot be read"),
    }
}

/// `default` is the device's own, that is `internal`.
fn plain(source: &str) -> &str {
    if source == "default" { "internal" } else { source }
}

fn of_gnb(gnb: &Gnb, ours: Option<&DeviceArgs>, found: &mut Found) {
    let before = found.count();
    let of = |key: &str| gnb.text(key).unwrap_or_else(|| "default".into());
    for (key, name) in [("ru_sdr.clock", "clock_source"), ("ru_sdr.sync", "time_source")] {
        let theirs = of(key);
        if gnb.is_zmq() {
            if theirs != "default" {
                found.fail(
                    format!("{} is {theirs}: on ZMQ the gNB takes `default` only", gnb.key(key)),
                    format!("take `{key}` out"),
                );
            }
            continue;
        }
        if !["default", "internal", "external", "gpsdo"].contains(&theirs.as_str()) {
            found.fail(format!("{} is {theirs}", gnb.key(key)), "write default, internal, external or gpsdo");
        }
        let Some(args) = ours else { continue };
        let mine = args.get(name).unwrap_or("internal");
        if plain(&theirs) != plain(mine) || plain(mine) == "internal" {
            found.warn(
                format!("{} is {theirs}, {name} of our radio is {mine}: the two drift apart, sample counts cannot be laid beside each other", gnb.key(key)),
                format!("one 10 MHz and one PPS for both: `{key}: external` and `{name}=external`"),
            );
        }
    }
    if found.clean_since(before) {
        found.ok(format!("the gNB's clock is {}, its time {}", of("ru_sdr.clock"), of("ru_sdr.sync")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::fixtures::{GNB, changed, gnb, lab};
    use crate::doctor::host::{Host, Pretend};
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    #[test]
    fn a_host_that_follows_a_reference_is_good() {
        let found = look(clocks, &lab());
        clean(&found);
        says(&found, Good, &["follows a reference"]);
        says(&found, Good, &["`tsc`"]);
    }

    #[test]
    fn zmq_takes_the_default_only() {
        let mut lab = lab();
        lab.gnb = Some(gnb(&changed(GNB, "  srate: 11.52", "  srate: 11.52\n  clock: external")));
        says(&look(clocks, &lab), Failure, &["take `ru_sdr.clock` out"]);
    }

    #[test]
    fn two_radios_need_one_reference() {
        let mut lab = lab();
        let radio = changed(GNB, "device_driver: zmq", "device_driver: uhd\n  clock: external\n  sync: external");
        lab.gnb = Some(gnb(&radio));
        lab.radio = Some(DeviceArgs::parse("driver=uhd"));
        let found = look(clocks, &lab);
        says(&found, Warning, &["ru_sdr.clock", "clock_source=external"]);
        says(&found, Warning, &["ru_sdr.sync", "time_source=external"]);
        lab.radio = Some(DeviceArgs::parse("driver=uhd,clock_source=external,time_source=external"));
        clean(&look(clocks, &lab));
        lab.gnb = Some(gnb(&changed(&radio, "clock: external", "clock: rubidium")));
        says(&look(clocks, &lab), Failure, &["rubidium", "gpsdo"]);
    }

    #[test]
    fn hosts_that_follow_nothing_or_do_not_tell() {
        let with = |system: &Pretend| {
            let mut lab = lab();
            lab.host = Host::look(system, None, "runs");
            look(clocks, &lab)
        };
        let command = "timedatectl show --property=NTPSynchronized --value";
        says(&with(&Pretend::good().command(command, "no\n")), Warning, &["set-ntp"]);
        says(&with(&Pretend::default()), Skipped, &["neither timedatectl nor chronyc"]);
        let chrony =
            Pretend::default().command("chronyc -n tracking", "Stratum         : 3\nLeap status     : Normal\n");
        says(&with(&chrony), Good, &["follows a reference"]);
        let slow = Pretend::good().file("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
        says(&with(&slow), Warning, &["`hpet`"]);
    }
}

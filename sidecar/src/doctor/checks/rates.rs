//! Sample rates: one wrong, and nobody hears anybody.

use super::usrp::{clock_hz, family, radios};
use crate::doctor::finding::Found;
use crate::doctor::radio::blocks;
use crate::doctor::subject::{Gnb, Lab, Ue};

pub(in crate::doctor) fn sample_rate(lab: &Lab, found: &mut Found) {
    let before = found.count();
    let ours = lab.config.as_ref().map(|c| c.air.sample_rate.hz());
    let theirs = lab.gnb.as_ref().map(Gnb::sample_rate_hz);
    if ours.is_none() && theirs.is_none() && lab.ues.is_empty() && lab.radio.is_none() {
        return found.skip("neither a gNB, a UE, a radio nor a configuration given");
    }
    if let Some(gnb) = &lab.gnb {
        of_gnb(gnb, ours, found);
    }
    for ue in lab.ues.iter().filter(|u| u.is_zmq()) {
        of_ue(ue, theirs.or(ours), found);
    }
    for (whose, args) in radios(lab.gnb.as_ref(), lab.radio.as_ref()) {
        let rate = args.number("rate").or(theirs.or(ours));
        if let (Some(clock), Some(rate)) = (clock_hz(args), rate) {
            divided(whose, family(args).map_or("radio", |f| f.name), clock, rate, found);
        }
    }
    if found.clean_since(before) {
        let rate = theirs.or(ours).or_else(|| lab.ues.first().map(|u| u.number("rf.srate", 0.0)));
        match rate {
            Some(rate) => found.ok(format!("all at {}", show(rate))),
            None => found.skip("no rate to compare with the radio's clock: write `rate=…` into --radio, or give -c"),
        }
    }
}

fn show(hz: f64) -> String {
    format!("{} MHz", hz / 1e6)
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > 0.5
}

fn of_gnb(gnb: &Gnb, ours: Option<f64>, found: &mut Found) {
    let (rate, key) = (gnb.sample_rate_hz(), gnb.key("ru_sdr.srate"));
    let wire = gnb.is_zmq();
    if let Some(ours) = ours.filter(|ours| wire && differ(*ours, rate)) {
        found.fail(
            format!("{key} is {}, `air.sample_rate` is {}", show(rate), show(ours)),
            format!("set `air.sample_rate: {}`, or the gNB's `srate: {}`", show(rate), ours / 1e6),
        );
    }
    let steps = rate / 1.92e6;
    if rate <= 0.0 || (steps - steps.round()).abs() > 1e-6 {
        found.fail(
            format!("{key} {} is no multiple of 1.92 MHz: the gNB does not start", show(rate)),
            "e.g. 11.52 for 10 MHz, 23.04 for 20 MHz",
        );
    }
    for cell in &gnb.cells {
        let width = f64::from(cell.bandwidth_mhz()) * 1e6;
        if rate < width {
            found.fail(
                format!("{key} {} is below {} MHz", show(rate), cell.bandwidth_mhz()),
                format!("set a rate above {}", show(width)),
            );
        }
        if blocks(cell.bandwidth_mhz(), cell.scs_khz()).is_none() {
            found.fail(
                format!(
                    "{} {} MHz is not defined at {} kHz",
                    cell.key("channel_bandwidth_MHz"),
                    cell.bandwidth_mhz(),
                    cell.scs_khz()
                ),
                "choose another bandwidth",
            );
        }
    }
    if let Some(base) = gnb.args.number("base_srate").filter(|base| wire && differ(*base, rate)) {
        found.warn(
            format!(
                "{}: base_srate {} is not read by the gNB, its rate is {}",
                gnb.key("ru_sdr.device_args"),
                show(base),
                show(rate)
            ),
            "make base_srate and srate the same, so that nobody is misled",
        );
    }
}

fn of_ue(ue: &Ue, rate: Option<f64>, found: &mut Found) {
    let has = ue.number("rf.srate", 0.0);
    if has == 0.0 {
        return found.fail(
            format!("{}: in 5G srsUE needs a fixed rate and ends without", ue.key("rf.srate")),
            rate.map_or_else(
                || "set `srate` below `[rf]`".into(),
                |r| format!("set `srate = {}e6` below `[rf]`", r / 1e6),
            ),
        );
    }
    if let Some(rate) = rate.filter(|rate| differ(*rate, has)) {
        found.fail(
            format!("{} is {}, the gNB's rate is {}", ue.key("rf.srate"), show(has), show(rate)),
            format!("set `srate = {}e6` below `[rf]`", rate / 1e6),
        );
    }
    let (base, right) = (ue.args.number("base_srate").unwrap_or(23.04e6), rate.unwrap_or(has));
    if differ(base, right) {
        found.fail(
            format!(
                "{}: base_srate is {} (23.04 MHz where it is left out), the wire's rate is {}",
                ue.key("rf.device_args"),
                show(base),
                show(right)
            ),
            format!("write `base_srate={}e6` into `device_args`", right / 1e6),
        );
    }
}

fn divided(whose: &str, name: &str, clock: f64, rate: f64, found: &mut Found) {
    let by = clock / rate;
    let whole = by.round();
    if (by - whole).abs() > 1e-6 || whole < 1.0 {
        let near: Vec<String> =
            [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0].iter().map(|d| format!("{}", clock / d / 1e6)).collect();
        found.fail(
            format!("{whose} ({name}): {} is no whole part of its clock of {}", show(rate), show(clock)),
            format!("choose another rate ({} …) or `master_clock_rate`", near.join(", ")),
        );
    } else if whole > 1.0 && whole % 2.0 != 0.0 {
        found.warn(
            format!(
                "{whose} ({name}): clock of {} divided by {whole}: odd divisors have the poorer filters",
                show(clock)
            ),
            "an even divisor is flatter to the band's edges",
        );
    } else {
        found.ok(format!("{whose} ({name}): clock of {} divided by {whole}", show(clock)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::config::Loaded;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, LAB, UE, changed, gnb, lab, ue};
    use crate::doctor::text::DeviceArgs;
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn with(gnb_change: (&str, &str), ue_change: (&str, &str)) -> Vec<Finding> {
        let mut lab = lab();
        lab.gnb = Some(gnb(&changed(GNB, gnb_change.0, gnb_change.1)));
        lab.ues = vec![ue(&changed(UE, ue_change.0, ue_change.1))];
        look(sample_rate, &lab)
    }

    const SAME: (&str, &str) = ("#", "#");

    #[test]
    fn one_rate_everywhere_is_good() {
        let found = look(sample_rate, &lab());
        clean(&found);
        says(&found, Good, &["all at 11.52 MHz"]);
    }

    #[test]
    fn each_rate_is_compared() {
        let lab_rate = |text: &str| {
            let mut lab = lab();
            lab.config = Some(Loaded::from_text(&changed(LAB, "11.52 MHz", text), "x", &[]).unwrap().config);
            look(sample_rate, &lab)
        };
        says(&lab_rate("23.04 MHz"), Failure, &["`air.sample_rate` is 23.04 MHz", "srate: 23.04"]);
        says(&with(("srate: 11.52", "srate: 12"), SAME), Failure, &["multiple of 1.92"]);
        says(&with(("  srate: 11.52", "  srate: 7.68"), SAME), Failure, &["7.68 MHz is below 10 MHz"]);
        says(&with(("base_srate=11.52e6", "base_srate=23.04e6"), SAME), Warning, &["not read by the gNB"]);
        says(&with(SAME, ("srate = 11.52e6", "srate = 23.04e6")), Failure, &["srate = 11.52e6"]);
        says(&with(SAME, ("srate = 11.52e6\n", "\n")), Failure, &["needs a fixed rate"]);
        says(&with(SAME, (",base_srate=11.52e6", "")), Failure, &["base_srate is 23.04 MHz", "base_srate=11.52e6"]);
        says(&with(("common_scs: 15", "common_scs: 60"), SAME), Failure, &["not defined at 60 kHz"]);
    }

    #[test]
    fn a_radios_clock_is_divided() {
        let radio = |args: &str| {
            let mut lab = lab();
            (lab.gnb, lab.ues) = (None, Vec::new());
            lab.radio = Some(DeviceArgs::parse(args));
            look(sample_rate, &lab)
        };
        says(&radio("driver=uhd,type=x300"), Good, &["divided by 16"]);
        says(&radio("driver=uhd,type=x300,master_clock_rate=200e6"), Failure, &["no whole part", "200"]);
        says(&radio("driver=uhd,type=x300,rate=61.44e6"), Warning, &["divided by 3", "odd"]);
        says(&radio("driver=uhd,type=x300,rate=23.04e6"), Good, &["divided by 8"]);
    }

    #[test]
    fn nothing_to_compare() {
        let mut lab = lab();
        (lab.gnb, lab.config) = (None, None);
        lab.ues.clear();
        says(&look(sample_rate, &lab), Skipped, &["given"]);
    }
}

//! Why a UE stays at "Attaching": gNB and srsUE do not speak of the same carrier.

use crate::doctor::finding::Found;
use crate::doctor::radio::{Band, Duplex, blocks, hz_of_arfcn, ssb_arfcn};
use crate::doctor::subject::{Cell, Gnb, Lab, Ue};

pub(in crate::doctor) fn attach_radio(lab: &Lab, found: &mut Found) {
    let Some(gnb) = &lab.gnb else {
        return found.skip("no gNB given: --gnb FILE");
    };
    for cell in &gnb.cells {
        carrier(cell, found);
    }
    if lab.ues.is_empty() {
        return found.skip("no UE given: --ue FILE");
    }
    // srsUE looks at one carrier: the first cell is the one that it must find.
    let Some(cell) = gnb.cells.first() else { return };
    for_srsue(cell, found);
    for ue in &lab.ues {
        let before = found.count();
        kind(ue, found);
        meets(ue, cell, found);
        identity(ue, gnb, cell, found);
        if found.clean_since(before) {
            found.ok(format!("{}: band, carrier, SSB, blocks, release and PLMN fit the gNB's cell", ue.file));
        }
    }
}

/// The cell itself: its carrier lies in its band.
fn carrier(cell: &Cell, found: &mut Found) {
    let arfcn = cell.dl_arfcn();
    let Some(hz) = hz_of_arfcn(arfcn) else {
        return found
            .fail(format!("{} {arfcn} is no NR-ARFCN", cell.key("dl_arfcn")), "write a number of 0 to 3279165");
    };
    let mhz = hz / 1e6;
    let here: Vec<String> = Band::at(hz).iter().map(|b| format!("n{}", b.number)).collect();
    match cell.band().map(|n| (n, Band::of(n))) {
        Some((n, Some(band))) if !band.holds(hz) => found.fail(
            format!(
                "{} {arfcn} is {mhz} MHz, outside the downlink of n{n} ({} to {} MHz)",
                cell.key("dl_arfcn"),
                band.low_mhz,
                band.high_mhz
            ),
            if here.is_empty() {
                "choose an ARFCN of the band".into()
            } else {
                format!("set `cell_cfg.band` to {}, or another ARFCN", here.join(" or "))
            },
        ),
        Some((n, None)) => {
            found.warn(format!("band n{n} is not known here"), format!("is {} right?", cell.key("band")))
        }
        _ if here.is_empty() => found.fail(
            format!("{} {arfcn} is {mhz} MHz, in no band of FR1", cell.key("dl_arfcn")),
            "choose an ARFCN of a band",
        ),
        _ => found.ok(format!(
            "carrier at {mhz} MHz, {} MHz wide, {} kHz, in {}",
            cell.bandwidth_mhz(),
            cell.scs_khz(),
            here.join(", ")
        )),
    }
}

/// What srsUE can do at all.
fn for_srsue(cell: &Cell, found: &mut Found) {
    if cell.scs_khz() != 15 {
        found.fail(
            format!("{}: srsUE knows 15 kHz only", cell.key("common_scs")),
            "set `cell_cfg.common_scs: 15` and a band with FDD, e.g. n3",
        );
    }
    if ![5, 10, 15, 20].contains(&cell.bandwidth_mhz()) {
        found.fail(
            format!("{} {}: srsUE knows 5, 10, 15 and 20 MHz", cell.key("channel_bandwidth_MHz"), cell.bandwidth_mhz()),
            "set `cell_cfg.channel_bandwidth_MHz: 10`",
        );
    }
    if let Some(band) = cell.band().and_then(Band::of).filter(|b| b.duplex != Duplex::Fdd) {
        found.fail(
            format!("{}: n{} is no FDD band, srsUE knows FDD only", cell.key("band"), band.number),
            "use an FDD band, e.g. `band: 3` with `dl_arfcn: 368500`",
        );
    }
    let wanted = [
        ("pdcch.common.ss0_index", "0", true),
        ("pdcch.dedicated.ss2_type", "common", true),
        ("pdcch.dedicated.dci_format_0_1_and_1_1", "false", true),
        ("pdsch.mcs_table", "qam64", true),
        ("pusch.mcs_table", "qam64", true),
        ("prach.prach_config_index", "1", false),
    ];
    for (key, value, must) in wanted {
        let written = cell.text(key);
        if written.as_deref() == Some(value) || (written.is_none() && key == "pdcch.common.ss0_index") {
            continue;
        }
        let cause = format!(
            "{} is {}: srsUE is known to work with {value}",
            cell.key(key),
            written.as_deref().unwrap_or("the gNB's default")
        );
        let fix = format!("set `cell_cfg.{key}: {value}`");
        if must { found.fail(cause, fix) } else { found.warn(cause, fix) }
    }
    if cell.number("pdcch.common.coreset0_index").is_none() {
        found.warn(
            format!(
                "{}: the gNB chooses it, and with it the SSB's place, by itself",
                cell.key("pdcch.common.coreset0_index")
            ),
            "set it: 6 for 10 MHz, 12 for 20 MHz",
        );
    }
}

/// What kind of UE it is.
fn kind(ue: &Ue, found: &mut Found) {
    let lte = ue.number("rat.eutra.nof_carriers", 1.0);
    if lte != 0.0 {
        found.fail(
            format!("{} leaves {lte} 4G carrier: srsUE looks for an LTE cell", ue.key("rat.eutra.nof_carriers")),
            "set `nof_carriers = 0` below `[rat.eutra]`",
        );
    }
    if ue.number("rat.nr.nof_carriers", 0.0) != 1.0 {
        found.fail(
            format!("{}: srsUE has no 5G carrier", ue.key("rat.nr.nof_carriers")),
            "set `nof_carriers = 1` below `[rat.nr]`",
        );
    }
    if ue.number("rrc.release", 8.0) < 15.0 {
        found.fail(
            format!("{}: below release 15 there is no 5G", ue.key("rrc.release")),
            "set `release = 15` below `[rrc]`",
        );
    }
    for key in ["rat.nr.scs", "rat.nr.ssb_scs"] {
        if ue.number(key, 15.0) != 15.0 {
            found.fail(format!("{} is not 15 kHz: srsUE knows 15 kHz only", ue.key(key)), "leave it out");
        }
    }
}

/// UE and cell speak of the same carrier.
fn meets(ue: &Ue, cell: &Cell, found: &mut Found) {
    let hz = hz_of_arfcn(cell.dl_arfcn());
    let band = cell.band().or_else(|| Band::at(hz?).first().map(|b| b.number));
    let bands: Vec<u32> = ue
        .text("rat.nr.bands")
        .unwrap_or("3")
        .split(',')
        .filter_map(|b| b.trim().trim_start_matches('n').parse().ok())
        .collect();
    if let Some(band) = band.filter(|b| !bands.contains(b)) {
        found.fail(
            format!("{} has {bands:?}, the cell is in n{band}", ue.key("rat.nr.bands")),
            format!("set `bands = {band}` below `[rat.nr]`"),
        );
    }
    let arfcn = ue.number("rat.nr.dl_nr_arfcn", 368_500.0) as u32;
    if arfcn != cell.dl_arfcn() {
        found.fail(
            format!(
                "{} is {arfcn}, the gNB's {} is {}",
                ue.key("rat.nr.dl_nr_arfcn"),
                cell.key("dl_arfcn"),
                cell.dl_arfcn()
            ),
            format!("set `dl_nr_arfcn = {}` below `[rat.nr]`", cell.dl_arfcn()),
        );
    }
    let wide = blocks(cell.bandwidth_mhz(), cell.scs_khz());
    for key in ["rat.nr.nof_prb", "rat.nr.max_nof_prb"] {
        let (has, name) = (ue.number(key, 52.0) as u32, key.rsplit('.').next().unwrap_or(key));
        if let Some(wide) = wide.filter(|wide| *wide != has) {
            found.fail(
                format!(
                    "{} is {has}, {} MHz at {} kHz are {wide} blocks",
                    ue.key(key),
                    cell.bandwidth_mhz(),
                    cell.scs_khz()
                ),
                format!("set `{name} = {wide}` below `[rat.nr]`"),
            );
        }
    }
    let Some(index) = cell.number("pdcch.common.coreset0_index").filter(|_| cell.scs_khz() == 15) else { return };
    let (Some(hz), Some(wide)) = (hz, wide) else { return };
    if hz >= 3e9 {
        return;
    }
    let has = ue.number("rat.nr.ssb_nr_arfcn", 368_410.0) as u32;
    match ssb_arfcn(hz, wide, index as u32) {
        Some(ssb) if ssb != has => found.fail(
            format!("{} is {has}, the gNB puts its SSB at {ssb}", ue.key("rat.nr.ssb_nr_arfcn")),
            format!("set `ssb_nr_arfcn = {ssb}` below `[rat.nr]`"),
        ),
        None => found.fail(
            format!(
                "{} {index}: this CORESET#0 fits nowhere into {wide} blocks",
                cell.key("pdcch.common.coreset0_index")
            ),
            "set it: 6 for 10 MHz, 12 for 20 MHz",
        ),
        Some(_) => {}
    }
}

/// Identity: PLMN and IMEI.
fn identity(ue: &Ue, gnb: &Gnb, cell: &Cell, found: &mut Found) {
    match (&cell.plmn, ue.imsi()) {
        (None, _) => found.fail(
            format!("{} is no PLMN", cell.key("plmn")),
            "write five or six digits in quotes, e.g. \"00101\": without quotes YAML takes the zeros away",
        ),
        (Some(plmn), Some(imsi)) if !plmn.is_home_of(imsi) => found.fail(
            format!("{}: this UE is not of PLMN {plmn}", ue.key("usim.imsi")),
            format!("give it an IMSI that begins with {plmn}, or set `cell_cfg.plmn` in {}", gnb.files.join(", ")),
        ),
        _ => {}
    }
    for (key, what) in [("usim.imsi", "IMSI"), ("usim.imei", "IMEI")] {
        let digits = ue.text(key).unwrap_or_default();
        if digits.len() != 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            found.fail(
                format!("{} has not 15 digits: the UE never registers", ue.key(key)),
                format!("write the {what} with 15 digits"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::{GNB, UE, changed, gnb, lab, ue};
    use Verdict::Failure;

    fn with_ue(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.ues = vec![ue(&changed(UE, from, to))];
        look(attach_radio, &lab)
    }

    fn with_gnb(from: &str, to: &str) -> Vec<Finding> {
        let mut lab = lab();
        lab.gnb = Some(gnb(&changed(GNB, from, to)));
        look(attach_radio, &lab)
    }

    #[test]
    fn what_attached_is_good() {
        let found = look(attach_radio, &lab());
        clean(&found);
        says(&found, Verdict::Ok, &["ue.conf", "fit"]);
    }

    #[test]
    fn each_slip_of_the_ue_has_its_fix() {
        let eutra = "dl_earfcn = 2850\nnof_carriers = 0";
        says(&with_ue(eutra, "dl_earfcn = 2850"), Failure, &["LTE", "`nof_carriers = 0` below `[rat.eutra]`"]);
        says(&with_ue("bands = 3\nnof_carriers = 1", "bands = 3"), Failure, &["no 5G carrier"]);
        says(&with_ue("bands = 3", "bands = 78,1"), Failure, &["[78, 1]", "n3", "bands = 3"]);
        says(&with_ue("release = 15", "release = 8"), Failure, &["release = 15"]);
        says(
            &with_ue("max_nof_prb = 52\nnof_prb = 52", "max_nof_prb = 52\nnof_prb = 106"),
            Failure,
            &["52 blocks", "nof_prb = 52"],
        );
        says(&with_ue("bands = 3", "bands = 3\ndl_nr_arfcn = 368600"), Failure, &["368600", "dl_nr_arfcn = 368500"]);
        says(&with_ue("bands = 3", "bands = 3\nssb_nr_arfcn = 368500"), Failure, &["ssb_nr_arfcn = 368410"]);
        says(&with_ue("imsi = 00101", "imsi = 99970"), Failure, &["not of PLMN 00101"]);
        says(&with_ue("imei = 353490069873319", "imei = 3534900698733190"), Failure, &["IMEI", "15 digits"]);
    }

    #[test]
    fn each_slip_of_the_gnb_has_its_fix() {
        says(&with_gnb("band: 3", "band: 1"), Failure, &["outside the downlink of n1", "n3"]);
        says(&with_gnb("common_scs: 15", "common_scs: 30"), Failure, &["srsUE knows 15 kHz only"]);
        says(&with_gnb("coreset0_index: 6", "coreset0_index: 12"), Failure, &["fits nowhere"]);
        says(&with_gnb("ss2_type: common", "ss2_type: ue_dedicated"), Failure, &["ss2_type: common"]);
        says(
            &with_gnb("prach_config_index: 1", "prach_config_index: 159"),
            Verdict::Warning,
            &["prach_config_index: 1"],
        );
        says(&with_gnb("  plmn: \"00101\"\n  tac: 7\n  pci", "  plmn: 101\n  tac: 7\n  pci"), Failure, &["quotes"]);
        says(&with_gnb("channel_bandwidth_MHz: 10", "channel_bandwidth_MHz: 40"), Failure, &["5, 10, 15 and 20"]);
    }

    #[test]
    fn another_carrier_needs_another_ssb() {
        let found = with_gnb("dl_arfcn: 368500", "dl_arfcn: 368740");
        says(&found, Failure, &["dl_nr_arfcn = 368740"]);
        says(&found, Failure, &["the gNB puts its SSB at 368650", "ssb_nr_arfcn = 368650"]);
    }

    #[test]
    fn without_a_gnb_or_ue_it_is_skipped() {
        let mut one = lab();
        one.ues.clear();
        says(&look(attach_radio, &one), Verdict::Skipped, &["--ue"]);
        one.gnb = None;
        says(&look(attach_radio, &one), Verdict::Skipped, &["--gnb"]);
    }
}

//! A UE as its configuration makes it (srsUE of srsRAN 4G).

use super::plmn::Slice;
use super::subscriber::Secret;
use crate::doctor::text::{DeviceArgs, Ini, IniError, nearest};

/// A UE.
#[derive(Debug, Clone)]
pub struct Ue {
    /// Name of its file.
    pub file: String,
    ini: Ini,
    /// The arguments of its radio.
    pub args: DeviceArgs,
}

/// The keys that srsUE knows in the sections that are looked at.
const KNOWN: &[&str] = &[
    "rf.srate",
    "rf.freq_offset",
    "rf.rx_gain",
    "rf.tx_gain",
    "rf.nof_antennas",
    "rf.device_name",
    "rf.device_args",
    "rf.time_adv_nsamples",
    "rf.continuous_tx",
    "rat.eutra.dl_earfcn",
    "rat.eutra.ul_earfcn",
    "rat.eutra.dl_freq",
    "rat.eutra.ul_freq",
    "rat.eutra.nof_carriers",
    "rat.nr.bands",
    "rat.nr.nof_carriers",
    "rat.nr.max_nof_prb",
    "rat.nr.dl_nr_arfcn",
    "rat.nr.ssb_nr_arfcn",
    "rat.nr.nof_prb",
    "rat.nr.scs",
    "rat.nr.ssb_scs",
    "usim.mode",
    "usim.algo",
    "usim.op",
    "usim.opc",
    "usim.imsi",
    "usim.imei",
    "usim.k",
    "usim.pin",
    "usim.reader",
    "rrc.feature_group",
    "rrc.ue_category",
    "rrc.ue_category_dl",
    "rrc.ue_category_ul",
    "rrc.release",
    "rrc.mbms_service_id",
    "rrc.mbms_service_port",
    "rrc.nr_measurement_pci",
    "rrc.nr_short_sn_support",
    "nas.apn",
    "nas.apn_protocol",
    "nas.user",
    "nas.pass",
    "nas.force_imsi_attach",
    "nas.eia",
    "nas.eea",
    "slicing.enable",
    "slicing.nssai-sst",
    "slicing.nssai-sd",
    "gw.netns",
    "gw.ip_devname",
    "gw.ip_netmask",
    "general.metrics_csv_enable",
    "general.metrics_csv_filename",
    "general.metrics_csv_append",
    "general.metrics_csv_flush_period_sec",
    "general.metrics_period_secs",
    "general.metrics_json_enable",
    "general.metrics_json_filename",
    "general.tracing_enable",
    "general.tracing_filename",
    "general.tracing_buffcapacity",
];

/// Sections in which a slip is looked for.
const SECTIONS: &[&str] = &["rf", "rat.eutra", "rat.nr", "usim", "nas", "slicing", "gw", "general"];

impl Ue {
    /// Reads a text.
    ///
    /// # Errors
    /// [`IniError`].
    pub fn read(file: &str, text: &str) -> Result<Self, IniError> {
        let ini = Ini::parse(text)?;
        let args = DeviceArgs::parse(ini.get("rf.device_args").unwrap_or_default());
        Ok(Self { file: file.to_owned(), ini, args })
    }

    /// The text of `section.key`; empty counts as not written.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.ini.get(key).filter(|text| !text.is_empty())
    }

    /// The number of `section.key`, or srsUE's default.
    #[must_use]
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.text(key).and_then(|t| t.parse().ok()).filter(|x: &f64| x.is_finite()).unwrap_or(default)
    }

    /// The truth value of `section.key`; not written is `false`.
    #[must_use]
    pub fn truth(&self, key: &str) -> bool {
        self.text(key).is_some_and(|t| ["true", "1", "yes", "on"].contains(&t.to_lowercase().as_str()))
    }

    /// The key with its place: `` `[rf] srate` (ue.conf:6) ``.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        match self.ini.line(key) {
            Some(line) => format!("`[{section}] {name}` ({}:{line})", self.file),
            None => format!("`[{section}] {name}` ({}, not written)", self.file),
        }
    }

    /// Whether its radio is the ZMQ one.
    #[must_use]
    pub fn is_zmq(&self) -> bool {
        self.text("rf.device_name") == Some("zmq")
    }

    /// Its addresses of one kind, in order: as srsUE looks for them, `tx_port` first, then `tx_port0`, `tx_port1`, …
    #[must_use]
    pub fn ports(&self, kind: &str) -> Vec<&str> {
        self.args.all(kind)
    }

    /// Subscriber identity, 15 digits.
    #[must_use]
    pub fn imsi(&self) -> Option<&str> {
        self.text("usim.imsi")
    }

    /// Its long-term key.
    #[must_use]
    pub fn k(&self) -> Option<Secret> {
        self.text("usim.k").map(Secret::new)
    }

    /// Its operator code.
    #[must_use]
    pub fn opc(&self) -> Option<Secret> {
        self.text("usim.opc").map(Secret::new)
    }

    /// The slice it asks for; `None` = whatever the subscription says.
    #[must_use]
    pub fn slice(&self) -> Option<Slice> {
        let sd = self.number("slicing.nssai-sd", 1.0) as u32;
        self.truth("slicing.enable").then(|| Slice::new(self.number("slicing.nssai-sst", 1.0) as u8, Some(sd)))
    }

    /// Keys that srsUE does not know and that are near to one that it does: key, line, and what was meant.
    #[must_use]
    pub fn slips(&self) -> Vec<(String, usize, &'static str)> {
        self.ini
            .keys()
            .filter(|(key, _)| !KNOWN.contains(key) && !key.contains(['[', ']']))
            .filter(|(key, _)| key.rsplit_once('.').is_some_and(|(section, _)| SECTIONS.contains(&section)))
            .filter_map(|(key, line)| nearest(key, KNOWN).map(|meant| (key.to_owned(), line, meant)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ue_of_this_lab() {
        let ue = Ue::read("ue.conf", include_str!("../../../../configs/ue/ue.conf")).unwrap();
        assert!(ue.is_zmq() && ue.slips().is_empty(), "{:?}", ue.slips());
        assert_eq!(ue.ports("tx_port"), ["tcp://127.0.0.1:2101"]);
        assert_eq!((ue.imsi(), ue.slice()), (Some("001010123456780"), None));
        assert_eq!((ue.number("rat.nr.dl_nr_arfcn", 368_500.0), ue.number("rat.nr.nof_prb", 52.0)), (368_500.0, 52.0));
        assert_eq!(ue.key("rf.srate"), "`[rf] srate` (ue.conf:6)");
        assert!(!format!("{:?}", ue.k()).contains("0011"));
    }

    #[test]
    fn slips_are_named() {
        let ue =
            Ue::read("u", "[rf]\nsrat = 1\ntx_gain[0] = 3\n[rat.nr]\nnof_prbs = 52\n[log]\nal_level = x\n").unwrap();
        let meant = ue.slips();
        assert_eq!(meant, [("rf.srat".into(), 2, "rf.srate"), ("rat.nr.nof_prbs".into(), 5, "rat.nr.nof_prb")]);
    }
}

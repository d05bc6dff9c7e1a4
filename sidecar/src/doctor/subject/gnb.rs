//! A gNB as its configuration files make it (srsRAN Project, OCUDU).

use super::gnb_keys::{PLACES, TOP};
use super::plmn::{Plmn, Slice};
use crate::doctor::text::{DeviceArgs, Tree, TreeError, nearest};

/// The files of one gNB, laid over each other.
#[derive(Debug, Clone)]
pub struct Gnb {
    tree: Tree,
    /// Names of the files.
    pub files: Vec<String>,
    /// The arguments of its radio.
    pub args: DeviceArgs,
    /// Every cell: `cell_cfg`, with what `cells` says of each.
    pub cells: Vec<Cell>,
    /// What it tells the AMF.
    pub areas: Vec<TrackingArea>,
}

/// A cell.
#[derive(Debug, Clone)]
pub struct Cell {
    tree: Tree,
    /// PLMN; `None` where it is written wrong.
    pub plmn: Option<Plmn>,
    /// Tracking area code.
    pub tac: u32,
}

/// A tracking area for one PLMN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingArea {
    /// Code.
    pub tac: u32,
    /// PLMN.
    pub plmn: Plmn,
    /// Slices.
    pub slices: Vec<Slice>,
}

impl Gnb {
    /// Reads the files in the order in which the gNB gets them with `-c`: name and text.
    ///
    /// # Errors
    /// [`TreeError`] of the first that is no document.
    pub fn read(files: &[(String, String)]) -> Result<Self, TreeError> {
        let mut tree = Tree::parse("", "")?;
        for (name, text) in files {
            tree = tree.under(Tree::parse(text, name)?);
        }
        let args = DeviceArgs::parse(&tree.at("ru_sdr.device_args").and_then(Tree::text).unwrap_or_default());
        let cells = Cell::all(&tree);
        let areas = TrackingArea::all(&tree);
        Ok(Self { files: files.iter().map(|(name, _)| name.clone()).collect(), tree, args, cells, areas })
    }

    /// The text of a key.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        self.tree.at(path)?.text()
    }

    /// The number of a key.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<f64> {
        self.tree.at(path)?.number()
    }

    /// The truth value of a key; its default where it is not written.
    #[must_use]
    pub fn truth(&self, path: &str, default: bool) -> bool {
        self.tree.at(path).and_then(Tree::truth).unwrap_or(default)
    }

    /// The key with its place: `` `cell_cfg.band` (gnb.yml:30) ``, or that it is not written.
    #[must_use]
    pub fn key(&self, path: &str) -> String {
        place(self.tree.at(path), path)
    }

    /// Whether a key is written at all.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.tree.at(path).is_some()
    }

    /// Sample rate, Hz; the gNB's default is 61.44 MHz.
    #[must_use]
    pub fn sample_rate_hz(&self) -> f64 {
        self.number("ru_sdr.srate").unwrap_or(61.44) * 1e6
    }

    /// Name of the radio driver.
    #[must_use]
    pub fn driver(&self) -> String {
        self.text("ru_sdr.device_driver").unwrap_or_else(|| "uhd".into())
    }

    /// Whether its radio is the ZMQ one.
    #[must_use]
    pub fn is_zmq(&self) -> bool {
        self.driver() == "zmq"
    }

    /// Keys that the gNB does not know and that are near to one that it does: key, place, and what was meant.
    #[must_use]
    pub fn slips(&self) -> Vec<(String, String, &'static str)> {
        let mut slips = Vec::new();
        for (place, known) in PLACES.iter().copied().chain([("", TOP)]) {
            let tree = if place.is_empty() { Some(&self.tree) } else { self.tree.at(place) };
            for (key, _, origin) in tree.map(Tree::entries).unwrap_or_default() {
                if let Some(meant) = nearest(key, known).filter(|_| !known.contains(&key.as_str())) {
                    let path = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                    slips.push((path, origin.to_string(), meant));
                }
            }
        }
        slips
    }
}

fn place(tree: Option<&Tree>, path: &str) -> String {
    match tree {
        Some(tree) => format!("`{path}` ({})", tree.origin()),
        None => format!("`{path}` (not written)"),
    }
}

impl Cell {
    fn all(tree: &Tree) -> Vec<Self> {
        let Ok(nothing) = Tree::parse("", "") else { return Vec::new() };
        let common = tree.at("cell_cfg").cloned().unwrap_or(nothing);
        let own: Vec<Tree> = tree.at("cells").map(|t| t.items().into_iter().cloned().collect()).unwrap_or_default();
        let trees =
            if own.is_empty() { vec![common] } else { own.into_iter().map(|o| common.clone().under(o)).collect() };
        trees.into_iter().map(Self::of).collect()
    }

    fn of(tree: Tree) -> Self {
        let plmn = tree.at("plmn").map_or_else(|| Plmn::parse("00101"), |p| Plmn::parse(&p.text().unwrap_or_default()));
        let tac = tree.at("tac").and_then(Tree::number).map_or(7, |n| n as u32);
        Self { tree, plmn, tac }
    }

    /// A number of the cell.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<f64> {
        self.tree.at(path)?.number()
    }

    /// A text of the cell.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        self.tree.at(path)?.text()
    }

    /// The key with its place.
    #[must_use]
    pub fn key(&self, path: &str) -> String {
        place(self.tree.at(path), &format!("cell_cfg.{path}"))
    }

    /// Downlink ARFCN; the gNB's default is 536020.
    #[must_use]
    pub fn dl_arfcn(&self) -> u32 {
        self.number("dl_arfcn").map_or(536_020, |n| n as u32)
    }

    /// Bandwidth, MHz; the gNB's default is 20.
    #[must_use]
    pub fn bandwidth_mhz(&self) -> u32 {
        self.number("channel_bandwidth_MHz").map_or(20, |n| n as u32)
    }

    /// Subcarrier spacing, kHz (`15`, `15kHz`); the gNB's default is 15.
    #[must_use]
    pub fn scs_khz(&self) -> u32 {
        let text = self.text("common_scs").unwrap_or_default();
        text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim().parse().unwrap_or(15)
    }

    /// Band as written (`3`, `n3`); `None` = the gNB derives it.
    #[must_use]
    pub fn band(&self) -> Option<u32> {
        self.text("band")?.trim_start_matches('n').parse().ok()
    }

    /// Antennas of the downlink and of the uplink.
    #[must_use]
    pub fn antennas(&self) -> (usize, usize) {
        let of = |key| self.number(key).map_or(1, |n| (n as usize).max(1));
        (of("nof_antennas_dl"), of("nof_antennas_ul"))
    }
}

impl TrackingArea {
    /// As written; the gNB's default is TAC 7 of 00101 with SST 1.
    fn all(tree: &Tree) -> Vec<Self> {
        let default = || Plmn::parse("00101").map(|plmn| Self { tac: 7, plmn, slices: vec![Slice::new(1, None)] });
        let Some(areas) = tree.at("cu_cp.amf.supported_tracking_areas") else { return default().into_iter().collect() };
        let mut all = Vec::new();
        for area in areas.items() {
            let tac = area.at("tac").and_then(Tree::number).unwrap_or(7.0) as u32;
            for one in area.at("plmn_list").map(Tree::items).unwrap_or_default() {
                let plmn = one.at("plmn").and_then(Tree::text).and_then(|t| Plmn::parse(&t));
                let slices = one.at("tai_slice_support_list").map(Tree::items).unwrap_or_default();
                let slice = |s: &Tree| {
                    let sd = s.at("sd").and_then(Tree::number).map(|n| n as u32);
                    s.at("sst").and_then(Tree::number).map(|sst| Slice::new(sst as u8, sd))
                };
                all.extend(plmn.map(|plmn| Self { tac, plmn, slices: slices.into_iter().filter_map(slice).collect() }));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gnb(texts: &[&str]) -> Gnb {
        let files: Vec<_> = texts.iter().enumerate().map(|(i, t)| (format!("{i}.yml"), (*t).to_owned())).collect();
        Gnb::read(&files).unwrap()
    }

    #[test]
    fn the_gnb_of_this_lab_with_both_files() {
        let gnb =
            gnb(&[include_str!("../../../../configs/gnb/gnb.yml"), include_str!("../../../../configs/gnb/lossy.yml")]);
        let cell = &gnb.cells[0];
        assert_eq!((cell.dl_arfcn(), cell.band(), cell.bandwidth_mhz(), cell.scs_khz()), (368_500, Some(3), 10, 15));
        assert_eq!(gnb.sample_rate_hz(), 11.52e6);
        assert_eq!(gnb.args.all("tx_port"), ["tcp://127.0.0.1:2000"]);
        let plmn = Plmn::parse("00101").unwrap();
        assert_eq!(gnb.areas, [TrackingArea { tac: 7, plmn, slices: vec![Slice::new(1, None)] }]);
        assert!(gnb.truth("metrics.layers.enable_rlc", false) && gnb.slips().is_empty(), "{:?}", gnb.slips());
        assert!(gnb.key("cell_cfg.band").contains("0.yml:"));
    }

    #[test]
    fn nothing_written_is_the_gnbs_default() {
        let gnb = gnb(&[""]);
        assert_eq!(
            (gnb.cells[0].dl_arfcn(), gnb.cells[0].bandwidth_mhz(), gnb.sample_rate_hz()),
            (536_020, 20, 61.44e6)
        );
        assert_eq!((gnb.driver().as_str(), gnb.areas.len()), ("uhd", 1));
        assert_eq!(gnb.key("ru_sdr.srate"), "`ru_sdr.srate` (not written)");
    }

    #[test]
    fn cells_have_what_is_common_and_their_own() {
        let gnb = gnb(&["cell_cfg: {dl_arfcn: 1, tac: 9}\ncells:\n  - pci: 1\n  - {pci: 2, dl_arfcn: 2}\n"]);
        let seen: Vec<_> = gnb.cells.iter().map(|c| (c.number("pci"), c.dl_arfcn(), c.tac)).collect();
        assert_eq!(seen, [(Some(1.0), 1, 9), (Some(2.0), 2, 9)]);
    }

    #[test]
    fn slips_are_named_and_other_keys_are_left_alone() {
        let gnb = gnb(&[
            "ru_sdr: {srat: 11.52}\ncell_cfg:\n  dl_arcfn: 1\n  pusch: {mcs_table: qam64}\nremote_controll: {}\n",
        ]);
        let slips = gnb.slips();
        let meant: Vec<_> = slips.iter().map(|(path, _, meant)| (path.as_str(), *meant)).collect();
        assert_eq!(
            meant,
            [("ru_sdr.srat", "srate"), ("cell_cfg.dl_arcfn", "dl_arfcn"), ("remote_controll", "remote_control")]
        );
    }
}

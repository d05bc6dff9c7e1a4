//! A core as its configuration files make it (Open5GS 2.7 and later; older keys where they are the same).

use super::core_parse as read;
use super::plmn::{Plmn, Slice};
use super::subscriber::Subscriber;
use crate::doctor::text::{Tree, TreeError};

/// What was given of a core.
#[derive(Debug, Clone, Default)]
pub struct Core {
    /// One file a network function.
    pub functions: Vec<NetworkFunction>,
    /// Subscribers, where a list was given.
    pub subscribers: Option<Vec<Subscriber>>,
}

/// The configuration of one network function.
#[derive(Debug, Clone)]
pub struct NetworkFunction {
    /// `amf`, `smf`, …
    pub name: &'static str,
    /// Name of its file.
    pub file: String,
    tree: Tree,
}

/// Addresses for UEs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// `10.45.0.0/16`.
    pub subnet: String,
    /// The data network it is for; `None` = any.
    pub dnn: Option<String>,
    /// The host's interface behind it.
    pub device: String,
}

/// Those that are looked at.
const NAMES: &[&str] = &["amf", "smf", "upf", "nssf", "pcf", "ausf", "udm", "udr", "nrf", "scp", "bsf"];

impl NetworkFunction {
    /// Every network function that a file configures.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn read(file: &str, text: &str) -> Result<Vec<Self>, TreeError> {
        let tree = Tree::parse(text, file)?;
        let with = |name: &&&'static str| matches!(tree.at(name), Some(Tree::Map(..)));
        let mut found: Vec<Self> = Vec::new();
        for name in NAMES.iter().filter(with) {
            found.push(Self { name, file: file.to_owned(), tree: tree.clone() });
        }
        // Older files name their peers beside themselves: the file's own name decides.
        let stem = file.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or_default().to_owned();
        if found.iter().any(|f| f.name == stem) {
            found.retain(|f| f.name == stem);
        }
        Ok(found)
    }

    /// What is below its own key.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Tree> {
        self.tree.at(self.name)?.at(path)
    }

    /// The key with its place.
    #[must_use]
    pub fn key(&self, path: &str) -> String {
        match self.at(path) {
            Some(tree) => format!("`{}.{path}` ({})", self.name, tree.origin()),
            None => format!("`{}.{path}` ({}, not written)", self.name, self.file),
        }
    }

    /// Where a server of it listens: addresses and port.
    #[must_use]
    pub fn servers(&self, service: &str) -> Vec<(String, Option<u16>)> {
        let at = self.at(service);
        at.map(|t| read::servers(t.at("server").unwrap_or(t))).unwrap_or_default()
    }

    /// PLMNs with their slices (`plmn_support`, before 2.5 `plmn`).
    #[must_use]
    pub fn plmns(&self) -> Vec<(Plmn, Vec<Slice>)> {
        self.at("plmn_support").or_else(|| self.at("plmn")).map(read::plmns).unwrap_or_default()
    }

    /// Tracking areas: PLMN, and ranges of codes with both ends.
    #[must_use]
    pub fn areas(&self) -> Vec<(Plmn, Vec<(u32, u32)>)> {
        self.at("tai").map(read::areas).unwrap_or_default()
    }

    /// Addresses for UEs (`session`, before 2.7 `subnet`).
    #[must_use]
    pub fn pools(&self) -> Vec<Pool> {
        self.at("session").or_else(|| self.at("subnet")).map(read::pools).unwrap_or_default()
    }

    /// Slices that an NSSF knows, or that an SMF serves (`info`); none = all.
    #[must_use]
    pub fn slices(&self) -> Vec<Slice> {
        let nsi = self.at("sbi.client.nsi").or_else(|| self.at("nsi"));
        nsi.or_else(|| self.at("info")).map(read::slices).unwrap_or_default()
    }
}

impl Core {
    /// A network function by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NetworkFunction> {
        self.functions.iter().find(|f| f.name == name)
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.subscribers.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fixtures;

    #[test]
    fn the_core_of_the_recordings() {
        let core = fixtures::core();
        let amf = core.get("amf").unwrap();
        let plmn = Plmn::parse("00101").unwrap();
        assert_eq!(amf.plmns(), [(plmn.clone(), vec![Slice::new(1, None)])]);
        assert_eq!(amf.areas(), [(plmn, vec![(7, 7)])]);
        assert_eq!(amf.servers("ngap"), [("127.0.0.5".to_owned(), None)]);
        assert_eq!(amf.servers("metrics"), [("127.0.0.5".to_owned(), Some(9090))]);
        let pool = Pool { subnet: "10.45.0.0/16".into(), dnn: None, device: "ogstun".into() };
        assert_eq!(core.get("smf").unwrap().pools(), [pool]);
        assert_eq!(core.get("nssf").unwrap().slices(), [Slice::new(1, None)]);
        assert!(amf.key("tai").contains("amf.yaml:"));
    }

    #[test]
    fn older_and_other_spellings() {
        let text = "amf:\n  ngap:\n    - addr: [127.0.0.1, ::1]\n  tai: {plmn_id: {mcc: 999, mnc: 70}, tac: [1, 3-5]}\n  plmn:\n    plmn_id: {mcc: 999, mnc: 70}\n    s_nssai:\n      - {sst: 1, sd: 010000}\nnrf:\n  sbi: {addr: 127.0.0.10}\n";
        let read = NetworkFunction::read("amf.yaml", text).unwrap();
        assert_eq!(read.iter().map(|f| f.name).collect::<Vec<_>>(), ["amf"]);
        let plmn = Plmn::parse("99970").unwrap();
        assert_eq!(read[0].servers("ngap").len(), 2);
        assert_eq!(read[0].areas(), [(plmn.clone(), vec![(1, 1), (3, 5)])]);
        assert_eq!(read[0].plmns(), [(plmn, vec![Slice::new(1, Some(0x01_0000))])]);
    }
}

//! The repeating shapes of Open5GS's configuration.

use super::core::Pool;
use super::plmn::{Plmn, Slice};
use crate::doctor::text::Tree;

fn text(tree: &Tree, key: &str) -> Option<String> {
    tree.at(key)?.text()
}

fn plmn(tree: &Tree) -> Option<Plmn> {
    let id = tree.at("plmn_id").unwrap_or(tree);
    Plmn::of_parts(&text(id, "mcc")?, &text(id, "mnc")?)
}

fn slice(tree: &Tree) -> Option<Slice> {
    let sst = tree.at("sst")?.number()?;
    Some(Slice::new(sst as u8, text(tree, "sd").and_then(|sd| Slice::sd_of_hex(&sd))))
}

/// The slices of `s_nssai`.
fn below(tree: &Tree) -> Vec<Slice> {
    tree.at("s_nssai").map(Tree::items).unwrap_or_default().into_iter().filter_map(slice).collect()
}

pub(super) fn servers(tree: &Tree) -> Vec<(String, Option<u16>)> {
    let mut all = Vec::new();
    for one in tree.items() {
        let port = one.at("port").and_then(Tree::number).map(|p| p as u16);
        let hosts = one.at("address").or_else(|| one.at("addr")).map(Tree::items).unwrap_or_default();
        all.extend(hosts.into_iter().filter_map(Tree::text).map(|host| (host, port)));
    }
    all
}

pub(super) fn plmns(tree: &Tree) -> Vec<(Plmn, Vec<Slice>)> {
    tree.items().into_iter().filter_map(|one| Some((plmn(one)?, below(one)))).collect()
}

/// `7`, `[1, 2]`, `3-5`.
fn codes(tree: &Tree) -> Vec<(u32, u32)> {
    let one = |t: &Tree| {
        let text = t.text()?;
        let (low, high) = text.split_once('-').unwrap_or((text.as_str(), text.as_str()));
        Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
    };
    tree.items().into_iter().filter_map(one).collect()
}

pub(super) fn areas(tree: &Tree) -> Vec<(Plmn, Vec<(u32, u32)>)> {
    let all = tree.items().into_iter();
    all.filter_map(|one| Some((plmn(one)?, one.at("tac").map(codes).unwrap_or_default()))).collect()
}

pub(super) fn pools(tree: &Tree) -> Vec<Pool> {
    let pool = |one: &Tree| {
        Some(Pool {
            subnet: text(one, "subnet").or_else(|| text(one, "addr"))?,
            dnn: text(one, "dnn").or_else(|| text(one, "apn")),
            device: text(one, "dev").unwrap_or_else(|| "ogstun".into()),
        })
    };
    tree.items().into_iter().filter_map(pool).collect()
}

pub(super) fn slices(tree: &Tree) -> Vec<Slice> {
    tree.items().into_iter().flat_map(below).collect()
}

//! What is known of radios that UHD drives.

use crate::doctor::subject::Gnb;
use crate::doctor::text::DeviceArgs;
use std::net::Ipv4Addr;

/// A family of radios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Family {
    /// As people call it.
    pub(super) name: &'static str,
    /// Clock from which rates are divided, Hz, where the gNB or UHD sets one by itself.
    pub(super) clock_hz: Option<f64>,
    /// It streams over the network in frames of this many bytes unless told.
    pub(super) frame_bytes: Option<u32>,
}

const FAMILIES: &[(&str, Family)] = &[
    ("x3", Family { name: "X3x0", clock_hz: Some(184.32e6), frame_bytes: Some(8000) }),
    ("n3", Family { name: "N3xx", clock_hz: None, frame_bytes: Some(8000) }),
    ("x4", Family { name: "X4x0", clock_hz: Some(245.76e6), frame_bytes: Some(8000) }),
    ("e3", Family { name: "E3xx", clock_hz: Some(30.72e6), frame_bytes: None }),
    ("b2", Family { name: "B2xx", clock_hz: None, frame_bytes: None }),
];

/// Which family the arguments speak of.
pub(super) fn family(args: &DeviceArgs) -> Option<Family> {
    let word = args.get("type").or_else(|| args.get("product"))?.to_lowercase();
    FAMILIES.iter().find(|(begin, _)| word.starts_with(begin)).map(|(_, f)| *f)
}

/// The clock that rates are divided from.
pub(super) fn clock_hz(args: &DeviceArgs) -> Option<f64> {
    args.number("master_clock_rate").or_else(|| family(args)?.clock_hz)
}

/// Its address on the network.
pub(super) fn address(args: &DeviceArgs) -> Option<Ipv4Addr> {
    ["addr", "addr0", "remote"].iter().find_map(|key| args.get(key)?.parse().ok())
}

/// Every radio of the lab: whose it is, and its arguments.
pub(super) fn radios<'a>(gnb: Option<&'a Gnb>, ours: Option<&'a DeviceArgs>) -> Vec<(&'static str, &'a DeviceArgs)> {
    let theirs = gnb.filter(|g| !g.is_zmq()).map(|g| ("the gNB's radio", &g.args));
    theirs.into_iter().chain(ours.map(|args| ("our radio", args))).collect()
}

/// The first address of a radio on the network.
pub(in crate::doctor) fn radio_address(gnb: Option<&Gnb>, ours: Option<&DeviceArgs>) -> Option<Ipv4Addr> {
    radios(gnb, ours).into_iter().rev().find_map(|(_, args)| address(args))
}

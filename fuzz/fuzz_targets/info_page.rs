#![no_main]
//! A page of the core's information API, and a rate report of an application.

use core_bridge::identity::Identities;
use core_bridge::open5gs::info::{PduInfo, UeInfo, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let mut identities = Identities::new();
        if let Ok(page) = parse::<UeInfo>(text) {
            identities.ues(&page.items);
        }
        if let Ok(page) = parse::<PduInfo>(text) {
            identities.pdus(&page.items);
        }
    }
    let _ = core_bridge::app::parse_rates(data);
});

//! A guard that is not there, for tests of who looks at one.

use super::messages::{GuardStatus, Reception};
use super::observe::Sight;
use governor::{Band, Mode, State};
use std::collections::BTreeMap;

/// One that has just started.
pub(crate) fn status(pid: u32) -> GuardStatus {
    GuardStatus {
        state: State::Safe,
        radio_is_safe: true,
        pid,
        radio: "X310 1".into(),
        band: Band { low_hz: 3.495e9, high_hz: 3.505e9 },
        rate_hz: 1e7,
        transmit_channels: 1,
        receive_channels: 1,
        mode: Mode::Conducted,
        policy: Some("00".into()),
        who: "Jane Doe; to have everything stopped: a telephone".into(),
        until: None,
        armed_ms: None,
        on_air: None,
        fed_ms: BTreeMap::from([("loop".to_owned(), None), ("monitor".to_owned(), Some(3))]),
        recent: Vec::new(),
        last_stop: None,
        stops: 0,
        bursts: 0,
        sent_samples: 0,
        underflows: 0,
        refusals: BTreeMap::new(),
        reception: Reception::default(),
        reference: None,
        calibration: None,
        log_lines: 1,
        log_head: "00".into(),
    }
}

/// What is seen of it at this time.
pub(crate) fn sight(at_ns: u64, status: GuardStatus) -> Sight {
    Sight { at_ns, said: Ok(Box::new(status)) }
}

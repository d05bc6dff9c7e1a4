//! One suite for every back end of sample streams: wires of the ZMQ radio (ours at both ends, and real libzmq at either), recordings, and a radio
//! through the real SoapySDR library. Prints which case holds where, and why a back end cannot have one.
//!
//! ```sh
//! cargo test -p e2e --test iq_conformance
//! ```
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod cases;
mod drive;
mod endings;
mod faults;
mod file;
mod libzmq;
mod rig;
mod soapy;
mod table;
mod zmq_rig;

use rig::Rig;
use std::process::Command;
use table::Table;
use zmq_rig::{Who, ZmqRig};

/// Set in the process that runs the cases: SoapySDR looks for its modules when a process first calls it, by an environment that no thread can change.
const INSIDE: &str = "SIDECAR_IQ_CONFORMANCE";

#[test]
fn every_back_end_keeps_to_the_suite() {
    if std::env::var_os(INSIDE).is_none() {
        let built = virtual_usrp::build().unwrap();
        let me = std::env::current_exe().unwrap();
        let mut inside = Command::new(me);
        inside.args(["--exact", "every_back_end_keeps_to_the_suite", "--nocapture", "-q"]);
        inside.env(INSIDE, "1").env("SOAPY_SDR_PLUGIN_PATH", built.plugin_path);
        assert!(
            inside.status().unwrap().success(),
            "a back end does not keep to the suite: the table above says where"
        );
        return;
    }
    let mut rigs: Vec<Box<dyn Rig>> = vec![
        Box::new(file::FileRig::new()),
        Box::new(ZmqRig::new(Who::Ours, Who::Ours)),
        Box::new(ZmqRig::new(Who::Libzmq, Who::Ours)),
        Box::new(ZmqRig::new(Who::Ours, Who::Libzmq)),
        Box::new(soapy::SoapyRig::new()),
    ];
    let mut table = Table::new(rigs.iter().map(|r| r.name()).collect());
    for case in cases::ALL {
        table.run(case, &mut rigs);
    }
    table.print(&rigs);
    assert!(table.is_good());
}

//! Our configuration for the lab of a soak.

use crate::bench::loop_lab::{Ports, tcp};
use crate::config::{Config, Duration, Frequency, GainDb, LinkSection, MetricsSection, PowerDbfs, UeSection};
use crate::free_ports::FreePorts;
use std::path::Path;

/// The UEs.
pub(super) const UES: usize = 4;

/// `sidecar air` and `sidecar ran` for the lab at these ports: channels that move, but never so deep that a UE loses the cell by itself.
pub(super) fn config(ports: &Ports, dir: &Path, seed: u64) -> Result<Config, std::io::Error> {
    let mut config = Config::default();
    config.run.root = dir.join("runs");
    config.run.seed = seed;
    config.air.control = format!("ipc://{}", dir.join("air.sock").display());
    config.air.gnb.tx = vec![tcp(ports.gnb.0)];
    config.air.gnb.rx = tcp(ports.gnb.1);
    let ue = |(k, (rx, tx)): (usize, &(u16, u16))| UeSection {
        name: format!("ue{k}"),
        rx: Some(tcp(*rx)),
        tx: Some(tcp(*tx)),
        sst: Some(1),
        link: LinkSection {
            gain: GainDb::new(-6.0),
            rician_k: Some(GainDb::new(12.0)),
            doppler: Frequency::new(3.0),
            noise: Some(PowerDbfs::new(-50.0)),
            ..LinkSection::default()
        },
        ..UeSection::default()
    };
    config.air.ues = ports.terminals.iter().enumerate().map(ue).collect();
    // A record of the true channel is no part of this.
    config.air.emulator.truth_period = Duration::new(1.0);
    config.ran.gnb_ws = Some(format!("ws://127.0.0.1:{}", ports.ws));
    let mut free = FreePorts::stock(4)?;
    config.controller.bind = free.wire()?;
    config.controller.http = free.address()?;
    config.air.metrics = MetricsSection::on_port(free.take()?);
    config.ran.metrics = MetricsSection::on_port(free.take()?);
    Ok(config)
}

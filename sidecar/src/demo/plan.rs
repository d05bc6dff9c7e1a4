//! The files of a demo: configuration of ours and of the lab, on free ports, in one folder.

use super::error::DemoError;
use crate::config::{Angle, AngleRate, Config, Duration, Frequency, GainDb, PowerDbfs};
use crate::config::{ExtraProcess, LinkSection, MetricsSection, ProcessName, TapSection, TxSection, UeSection};
use crate::free_ports::FreePorts;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The terminals of the demo: angle (deg), turning rate (deg/s), gain (dB), slice, first resolution.
const UES: [(f64, f64, f64, u8, &str); 3] =
    [(-28.0, 1.5, -7.0, 1, "2160p"), (6.0, -1.0, -9.0, 1, "1080p"), (30.0, -1.0, -11.0, 2, "1080p")];
/// The eavesdropper: angle (deg), turning rate (deg/s), gain (dB).
const EAR: (f64, f64, f64) = (-68.0, 0.5, -8.0);
/// Receiver noise of every terminal, dB re full scale.
const NOISE_DBFS: f64 = -29.0;
/// Ports a demo takes.
const PORTS: usize = 32;

/// The program of the lab: beside this one.
///
/// # Errors
/// [`DemoError::NoLab`] where it is not there.
pub fn lab_binary() -> Result<PathBuf, DemoError> {
    let own = std::env::current_exe().map_err(|e| DemoError::system("find this program", e))?;
    let lab = own.with_file_name("lab");
    if lab.is_file() { Ok(lab) } else { Err(DemoError::NoLab(lab)) }
}

/// One prepared run of the demo.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Configuration of our processes.
    pub config: Config,
    /// Base URL of the controller's state.
    pub api_url: String,
    /// Base URL of the lab's state.
    pub world_url: String,
    /// The lab's log.
    pub world_log: PathBuf,
}

impl Plan {
    /// Writes `lab.json` into `dir` and gives a configuration that starts everything.
    ///
    /// # Errors
    /// [`DemoError`] when ports or files cannot be had.
    pub fn prepare(dir: &Path, lab: &Path, root: &Path, seed: u64, act: bool) -> Result<Self, DemoError> {
        std::fs::create_dir_all(dir).map_err(|e| DemoError::system(format!("make {}", dir.display()), e))?;
        let dir = &std::path::absolute(dir).map_err(|e| DemoError::system("find the folder", e))?;
        let mut ports = FreePorts::stock(PORTS)?;
        let mut config = Config::default();
        config.run.root = root.to_path_buf();
        config.run.name = if act { "demo".into() } else { "demo-without".into() };
        config.run.seed = seed;
        config.ran.act = act;
        let lab_config = wire_up(&mut config, &mut ports, dir, seed)?;
        let world_log = dir.join("world.jsonl");
        let file = dir.join("lab.json");
        std::fs::write(&file, format!("{lab_config:#}"))
            .map_err(|e| DemoError::system(format!("write {}", file.display()), e))?;
        config.up.extra = vec![ExtraProcess {
            name: "lab".into(),
            command: vec![
                lab.display().to_string(),
                "--config".into(),
                file.display().to_string(),
                "--world-log".into(),
                world_log.display().to_string(),
            ],
            restart_with: Some(ProcessName::Air),
            essential: false,
        }];
        let world = lab_config["world"]["listen"].as_str().unwrap_or_default();
        Ok(Self {
            api_url: format!("http://{}/api", config.controller.http),
            world_url: format!("http://{world}/world"),
            world_log,
            config,
        })
    }

    /// With the radio of this section on every screen. The lab's loop does not vouch for it: it feeds no dead-man.
    #[must_use]
    pub fn watching(mut self, tx: &TxSection) -> Self {
        self.config.tx = tx.clone();
        self.config.ran.feed_tx_guard = false;
        self
    }
}

/// Puts every address of ours on a free port and gives the lab's configuration that fits.
fn wire_up(config: &mut Config, ports: &mut FreePorts, dir: &Path, seed: u64) -> Result<Value, DemoError> {
    config.air.control = control_path(dir);
    config.air.gnb.tx = vec![ports.wire()?];
    config.air.gnb.rx = ports.wire()?;
    config.air.ues.clear();
    let mut lab_ues = Vec::new();
    for (u, (angle, rate, gain, sst, resolution)) in UES.iter().enumerate() {
        let supi = format!("imsi-00101012345678{u}");
        let (tx, rx) = (ports.wire()?, ports.wire()?);
        lab_ues.push(json!({"supi": supi, "tx_port": tx, "rx_port": rx, "sst": sst, "resolution": resolution}));
        let link = link(*angle, *rate, *gain);
        config.air.ues.push(UeSection {
            name: format!("ue{u}"),
            tx: Some(tx),
            rx: Some(rx),
            supi: Some(supi),
            sst: Some(*sst),
            link,
            ..UeSection::default()
        });
    }
    let (tx, rx) = (ports.wire()?, ports.wire()?);
    lab_ues.push(json!({"tx_port": tx, "rx_port": rx, "eavesdropper": true}));
    config.air.ues.push(UeSection {
        name: "eavesdropper".into(),
        tx: Some(tx),
        rx: Some(rx),
        eavesdropper: true,
        link: link(EAR.0, EAR.1, EAR.2),
        ..UeSection::default()
    });
    let ws = ports.address()?;
    config.ran.gnb_ws = Some(format!("ws://{ws}"));
    let core = [ports.address()?, ports.address()?, ports.address()?, ports.address()?, ports.address()?];
    let [amf, smf, upf, pcf, user_plane] = core;
    let url = |a: std::net::SocketAddr| Some(format!("http://{a}"));
    config.core.amf = url(amf);
    config.core.smf = url(smf);
    config.core.upf = url(upf);
    config.core.pcf = url(pcf);
    config.core.user_plane = url(user_plane);
    config.core.poll = Duration::new(0.5);
    let app = ports.address()?;
    config.app.control = url(app);
    config.app.listen = ports.address()?;
    config.controller.bind = ports.wire()?;
    config.controller.http = ports.address()?;
    config.ran.power.enough = GainDb::new(11.5);
    config.ran.power.least = GainDb::new(6.0);
    config.learn.round_every = Duration::new(1.0);
    config.learn.batch = 8;
    let metrics = [
        &mut config.air.metrics,
        &mut config.ran.metrics,
        &mut config.core.metrics,
        &mut config.app.metrics,
        &mut config.controller.metrics,
        &mut config.up.metrics,
    ];
    for section in metrics {
        *section = MetricsSection::on_port(ports.take()?);
    }
    let world = ports.address()?;
    Ok(json!({
        "seed": seed,
        "gnb": {"tx_port": config.air.gnb.tx.first(), "rx_port": config.air.gnb.rx},
        "ues": lab_ues,
        "ws": {"listen": ws.to_string(), "period_ms": 200},
        "core": {
            "amf": amf.to_string(), "smf": smf.to_string(), "upf": upf.to_string(), "pcf": pcf.to_string(),
            "userplane": user_plane.to_string(), "app": app.to_string(),
            "rates_url": format!("http://{}/rates", config.app.listen),
        },
        "world": {"listen": world.to_string()},
    }))
}

/// UNIX sockets have short names: where the folder's is too long, the system's temporary folder is used.
fn control_path(dir: &Path) -> String {
    let wish = dir.join("air.sock");
    if wish.as_os_str().len() < 100 {
        return format!("ipc://{}", wish.display());
    }
    let name = format!("sidecar-{}-{:x}.sock", std::process::id(), crate::clock::mono_ns());
    format!("ipc://{}", std::env::temp_dir().join(name).display())
}

fn link(angle_deg: f64, deg_per_s: f64, gain_db: f64) -> LinkSection {
    LinkSection {
        gain: GainDb::new(gain_db),
        rician_k: Some(GainDb::new(10.0)),
        doppler: Frequency::new(3.0),
        angle: Angle::new(angle_deg),
        angle_rate: AngleRate::new(deg_per_s),
        angle_limit: Angle::new(70.0),
        taps: vec![
            TapSection { delay: Duration::new(0.0), power: GainDb::new(0.0) },
            TapSection { delay: Duration::new(260e-9), power: GainDb::new(-10.0) },
        ],
        noise: Some(PowerDbfs::new(NOISE_DBFS)),
        ..LinkSection::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_valid_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let plan = Plan::prepare(&dir.path().join("x"), Path::new("/bin/true"), dir.path(), 7, false).unwrap();
        let yaml = plan.config.to_yaml().unwrap();
        let file = dir.path().join("sidecar.yaml");
        std::fs::write(&file, yaml).unwrap();
        let again = Config::load(&file).unwrap();
        assert_eq!(again.air.ues.len(), 4);
        assert!(!again.ran.act);
        let lab: Value = serde_json::from_slice(&std::fs::read(dir.path().join("x/lab.json")).unwrap()).unwrap();
        assert_eq!(lab["seed"], 7);
        assert_eq!(lab["ues"][3]["eavesdropper"], true);
        // a radio is watched and not fed
        let tx = TxSection { radio: Some("driver=x".into()), ..TxSection::default() };
        let plan = plan.watching(&tx);
        assert!(plan.config.controller_process(1, "r").transmitter.is_some());
        assert_eq!(plan.config.ran_process(1).tx_guard, None);
        assert_eq!(lab["gnb"]["tx_port"].as_str().unwrap(), again.air.gnb.tx[0]);
    }
}

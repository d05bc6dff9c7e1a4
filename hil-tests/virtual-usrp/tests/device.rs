//! What SoapySDR shows of the device: who may have it, what it can be set to.
mod common;
use common::{Host, MS, start};
use std::process::Command;
use std::time::Duration;
use virtual_usrp::{Direction, Event, VirtualUsrp};

#[test]
fn a_second_host_is_told_that_the_device_is_in_use() {
    let (_dir, usrp) = start(&[]);
    let mut first = Host::open(&usrp);
    let mut second = Host::spawn(&usrp);
    let refusal = second.try_ask(&format!("open {}", usrp.device_args())).unwrap_err();
    assert!(refusal.contains("device in use"), "{refusal}");
    assert_eq!(first.ask("get rate tx 0").parse::<f64>().unwrap(), 1.92e6, "the first does not notice");
    first.kill();
    assert_eq!(second.ask(&format!("open {}", usrp.device_args())), "X310");
    let opened = usrp.events().unwrap().into_iter().filter_map(|e| match e.event {
        Event::Open { pid } => Some(pid as u32),
        _ => None,
    });
    assert_eq!(opened.collect::<Vec<_>>(), [first.pid(), second.pid()]);
}

#[test]
fn settings_are_clipped_and_coerced_as_by_the_radio() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    for (asked, got) in [(40.0, 31.5), (-3.0, 0.0), (10.26, 10.5), (7.0, 7.0)] {
        host.ask(&format!("set gain tx 1 {asked}"));
        assert_eq!(host.number::<f64>("get gain tx 1"), got);
    }
    let master = 184.32e6;
    for (asked, got) in
        [(23.04e6, 23.04e6), (master / 7.0, master / 7.0), (20e6, master / 9.0), (1e9, master), (1.0, master / 1020.0)]
    {
        host.ask(&format!("set rate rx 1 {asked}"));
        assert_eq!(host.number::<f64>("get rate rx 1"), got);
    }
    for (asked, got) in [(1e6, 10e6), (7e9, 6e9), (2.4e9, 2.4e9)] {
        host.ask(&format!("set frequency rx 1 {asked}"));
        assert_eq!(host.number::<f64>("get frequency rx 1"), got);
    }
    assert!(host.try_ask("antenna tx 0 RX2").unwrap_err().contains("no such tx antenna"));
    host.ask("antenna tx 0 CAL");
    assert_eq!(host.number::<u32>("gpio 9 15"), 9);
    // both outputs are on at first, as the driver of a USRP has them
    assert_eq!(
        (host.ask("setting time_source_out"), host.ask("setting clock_source_out 0")),
        ("true".into(), "false".into())
    );
    assert!(host.try_ask("setting bias_tx").unwrap_err().contains("clock_source_out, time_source_out"));
    let events = usrp.events().unwrap();
    let set = |name: &str, channel: Option<usize>| {
        events.iter().find_map(|e| match &e.event {
            Event::Set(set) if set.setting == name && set.channel == channel => Some(set.clone()),
            _ => None,
        })
    };
    let gain = set("gain", Some(1)).unwrap();
    assert_eq!(
        (gain.value.as_f64(), gain.asked.unwrap().as_f64(), gain.direction),
        (Some(31.5), Some(40.0), Some(Direction::Tx))
    );
    assert_eq!(set("antenna", Some(0)).unwrap().value, "CAL");
    assert_eq!(set("gpio", None).unwrap().attribute.as_deref(), Some("DDR"));
    assert_eq!(set("clock_source_out", None).unwrap().value, "false");
}

#[test]
fn the_other_master_clock_is_an_argument_and_no_third_is_taken() {
    let (_dir, usrp) = start(&[]);
    let args = usrp.device_args();
    let mut host = Host::spawn(&usrp);
    assert!(host.try_ask(&format!("open {args},master_clock_rate=61.44e6")).unwrap_err().contains("184.32e6 or 200e6"));
    drop(host);
    let mut host = Host::spawn(&usrp);
    host.ask(&format!("open {args},master_clock_rate=200e6"));
    host.ask("set rate tx 0 25e6");
    assert_eq!(host.number::<f64>("get rate tx 0"), 25e6);
}

#[test]
fn the_time_is_set_at_the_next_pulse_of_a_second() {
    let (_dir, usrp) = start(&[]);
    let mut host = Host::open(&usrp);
    let asked = host.time_ns();
    host.ask("settime 500000000000 PPS");
    assert!(host.time_ns() < 400_000 * MS || asked % (1000 * MS) > 900 * MS, "not at once");
    let until_pulse = 1000 * MS - asked % (1000 * MS);
    std::thread::sleep(Duration::from_nanos((until_pulse + 50 * MS) as u64));
    let since = host.time_ns() - 500_000 * MS;
    assert!((0..2000 * MS).contains(&since), "{since}");
}

#[test]
fn without_a_box_the_module_says_what_to_start() {
    let (_dir, mut usrp) = start(&[]);
    usrp.quit().unwrap();
    let refusal = Host::spawn(&usrp).try_ask(&format!("open {}", usrp.device_args())).unwrap_err();
    assert!(refusal.contains("start virtual-usrp-box --socket"), "{refusal}");
}

#[test]
fn two_boxes_do_not_share_a_socket() {
    let (dir, _usrp) = start(&[]);
    let error = VirtualUsrp::start(dir.path(), &[]).unwrap_err();
    assert!(error.to_string().contains("is in use by another box"), "{error}");
}

#[test]
fn soapy_sdr_util_finds_and_probes_it() {
    if Command::new("SoapySDRUtil").arg("--info").output().is_err() {
        eprintln!("skipped: SoapySDRUtil is not on the PATH (soapysdr-tools)");
        return;
    }
    let (_dir, mut usrp) = start(&["--serial", "30C51D7"]);
    let run = |usrp: &VirtualUsrp, argument: String| {
        let mut tool = Command::new("SoapySDRUtil");
        tool.arg(argument).env("SOAPY_SDR_PLUGIN_PATH", usrp.plugin_path()).env("VIRTUAL_USRP_SOCKET", usrp.socket());
        let said = tool.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr))
    };
    let found = run(&usrp, "--find=driver=virtual_usrp".to_owned());
    assert!(found.contains("serial = 30C51D7") && found.contains("product = X310"), "{found}");
    let probed = run(&usrp, format!("--probe={}", usrp.device_args()));
    for line in [
        "hardware=X310",
        "mboard_serial=30C51D7",
        "Channels: 2 Rx, 2 Tx",
        "Full gain range: [0, 31.5, 0.5] dB",
        "Antennas: TX/RX, CAL",
    ] {
        assert!(probed.contains(line), "{line} is not in {probed}");
    }
    usrp.quit().unwrap();
    let gone = run(&usrp, "--find=driver=virtual_usrp".to_owned());
    assert!(gone.contains("No devices found"), "{gone}");
}

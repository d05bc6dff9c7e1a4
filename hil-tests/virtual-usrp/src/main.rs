//! `virtual-usrp DIR [arguments of the box]`: builds box and module where that has not been done, runs the box until standard input
//! closes, and says in a line of JSON how to reach it.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use virtual_usrp::VirtualUsrp;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(dir) = args.next().filter(|a| !a.starts_with('-')) else {
        eprintln!("usage: virtual-usrp DIR [--serial S] [--fifo-ms 200] [--loop-db -40] …: see its README.md");
        return ExitCode::from(2);
    };
    let extra: Vec<String> = args.collect();
    let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
    let dir = PathBuf::from(dir);
    let usrp = match VirtualUsrp::start(&dir, &extra) {
        Ok(usrp) => usrp,
        Err(e) => {
            eprintln!("error: {e}");
            return ExitCode::from(4);
        }
    };
    let told = serde_json::json!({
        "plugin_path": usrp.plugin_path(),
        "device_args": usrp.device_args(),
        "control": dir.join("control.sock"),
        "events": dir.join("events.jsonl"),
        "pid": usrp.pid(),
    });
    println!("{told}");
    // whoever started it closes this, or ends
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    ExitCode::SUCCESS
}

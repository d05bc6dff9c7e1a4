//! Stands in for a gNB with a USRP: reads its console as srsRAN's `cmdline_command_dispatcher.cpp` (release 25.10) does, literally, with its gluing
//! of newlines and its discarding at the end of input, and answers in the words of its commands.
//!
//! `gnb_stand_in [--deaf MS] [--hang COMMAND MS] [--stubborn] [--zmq] [--slow MS] [--exit CODE] [--chatty]`

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::read;
use std::io::{IsTerminal, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const READ_CHUNK: usize = 256;
const BUFFER: usize = 4 * READ_CHUNK;

static ENDS: AtomicBool = AtomicBool::new(false);

/// How it behaves.
#[derive(Debug, Default, Clone)]
struct Manner {
    /// Before it looks at its input, as a gNB that is still starting, ms.
    deaf_ms: u64,
    /// After this many commands it stands still once, for so long.
    hang: Option<(u32, u64)>,
    /// It does not end at SIGTERM.
    stubborn: bool,
    /// It has the ZeroMQ radio, which has no gains.
    zmq: bool,
    /// Before each command, ms.
    slow_ms: u64,
    /// What it ends with.
    code: u8,
    /// It prints table rows without end beside its answers.
    chatty: bool,
}

impl Manner {
    fn read() -> Self {
        let mut manner = Self::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|w| w.parse::<u64>().ok()).unwrap_or(0);
            match word.as_str() {
                "--deaf" => manner.deaf_ms = number(),
                "--hang" => manner.hang = Some((u32::try_from(number()).unwrap_or(0), number())),
                "--stubborn" => manner.stubborn = true,
                "--zmq" => manner.zmq = true,
                "--slow" => manner.slow_ms = number(),
                "--exit" => manner.code = u8::try_from(number()).unwrap_or(1),
                "--chatty" => manner.chatty = true,
                other => eprintln!("unknown: {other}"),
            }
        }
        manner
    }
}

fn main() -> std::process::ExitCode {
    let manner = Manner::read();
    let mut term = SigSet::empty();
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP].iter().for_each(|s| term.add(*s));
    term.thread_block().ok();
    let stubborn = manner.stubborn;
    std::thread::spawn(move || {
        while let Ok(signal) = term.wait() {
            say(&format!("{signal} received\n"));
            ENDS.store(!stubborn, Ordering::Relaxed);
        }
    });
    let echoes = nix::sys::termios::tcgetattr(stdin())
        .is_ok_and(|t| t.local_flags.contains(nix::sys::termios::LocalFlags::ECHO));
    say(&format!(
        "--== stand-in gNB ==--\nstdin is a terminal: {}, stdout: {}, echo: {echoes}\n",
        stdin().is_terminal(),
        stdout().is_terminal()
    ));
    eprintln!("words on standard error");
    if manner.chatty {
        std::thread::spawn(|| {
            while !ENDS.load(Ordering::Relaxed) {
                say("   1 4601 |  15  1.0   15   0.7k   41  0   0% |  18.3  ovl\n");
                std::thread::sleep(Duration::from_micros(300));
            }
        });
    }
    std::thread::sleep(Duration::from_millis(manner.deaf_ms));
    // the open file that it shares with nobody else: its standard output stays blocking
    fcntl(stdin(), FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK)).ok();
    say("==== gNB started ===\n");
    let mut gnb = Gnb { manner, commands: 0, table: None };
    while !ENDS.load(Ordering::Relaxed) {
        let input = stdin();
        let mut items = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
        poll(&mut items, PollTimeout::from(20_u16)).ok();
        let events = items[0].revents().unwrap_or(PollFlags::empty());
        if events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
            // the gNB drops its standard input here for good
            say("stdin hung up\n");
            while !ENDS.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        } else if events.contains(PollFlags::POLLIN) {
            gnb.parse_stdin();
        }
    }
    say("Stopping...\n");
    std::process::ExitCode::from(gnb.manner.code)
}

/// Nobody may be there to read it.
fn say(text: &str) {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}

struct Gnb {
    manner: Manner,
    commands: u32,
    table: Option<String>,
}

impl Gnb {
    fn parse_stdin(&mut self) {
        let mut total = 0;
        let mut buffer = [0_u8; BUFFER];
        loop {
            match read(stdin(), &mut buffer[total..total + READ_CHUNK]) {
                Err(Errno::EAGAIN | Errno::EINTR) => break,
                // the end of the input: all of the batch is dropped
                Err(_) | Ok(0) => return,
                Ok(n) => total += n,
            }
            if total + READ_CHUNK > BUFFER {
                say(&format!("Can't read more than {BUFFER} B from stdin\n"));
                return;
            }
        }
        let input = String::from_utf8_lossy(&buffer[..total]).into_owned();
        for command in input.split(';').filter(|c| !c.is_empty()) {
            self.handle(&command.replace('\n', ""));
        }
    }

    fn handle(&mut self, command: &str) {
        if command.is_empty() {
            return help();
        }
        let words: Vec<&str> = command.split(' ').filter(|w| !w.is_empty()).collect();
        let Some((name, args)) = words.split_first() else { return help() };
        std::thread::sleep(Duration::from_millis(self.manner.slow_ms));
        if *name != "sleep" {
            self.commands += 1;
            if let Some((_, ms)) = self.manner.hang.take_if(|(after, _)| *after == self.commands) {
                std::thread::sleep(Duration::from_millis(ms));
            }
        }
        match *name {
            "q" => ENDS.store(true, Ordering::Relaxed),
            "sleep" => sleep(args),
            "tx_gain" => self.gain(args, "TX", "Tx", "transmitter"),
            "rx_gain" => self.gain(args, "RX", "Rx", "receiver"),
            "cfo" => cfo(args),
            "tx_time_offset" => tx_time_offset(args),
            "ho" => ho(args),
            "log" => log(args),
            "t" => self.toggle(args),
            _ => help(),
        }
    }

    fn gain(&self, args: &[&str], upper: &str, name: &str, whom: &str) {
        let [port, gain] = args else {
            let word = upper.to_lowercase();
            return say(&format!("Invalid {upper} gain command structure. Usage: {word}_gain <port_id> <gain_dB>\n"));
        };
        let Ok(port) = port.parse::<u32>() else { return say("Invalid port ID.\n") };
        let Ok(gain) = gain.parse::<f64>() else { return say("Invalid gain value.\n") };
        let in_range = (0.0..=31.5).contains(&gain);
        if !self.manner.zmq && !in_range {
            say(&format!(
                "Error: setting gain for {whom} {port}. {name} gain (i.e., {gain} dB) is out-of-range. Range is [0, 31.5] dB in steps of 0.5 dB.\n"
            ));
        }
        if self.manner.zmq || !in_range || port > 1 {
            return say(&format!("Setting {upper} gain was not successful. The radio may not support this feature.\n"));
        }
        say(&format!("{name} gain set to {gain} dB for port {port}.\n"));
    }

    fn toggle(&mut self, args: &[&str]) {
        if args.len() > 1 {
            return say("Invalid metrics command. Usage: t <metric>. Supported metrics [ue,ru]\n");
        }
        let table = args.first().unwrap_or(&"ue").to_string();
        if !["ue", "ru"].contains(&table.as_str()) {
            return say("Invalid metric type. Supported metrics [ue,ru]\n");
        }
        self.table = if self.table.as_ref() == Some(&table) { None } else { Some(table) };
        // for tests: a gNB says nothing here
        // in one write: what is printed beside it must not come in between
        let line = format!("table now: {:?}\n", self.table);
        std::io::stderr().write_all(line.as_bytes()).ok();
    }
}

fn help() {
    say("Available commands:\n\tq:                                    quit application\n\n");
}

fn sleep(args: &[&str]) {
    let [seconds] = args else { return say("Invalid sleep command syntax. Usage: sleep <seconds>\n") };
    match seconds.parse::<i64>() {
        Err(_) => say(&format!("Could not convert '{seconds}' to integer.\n")),
        Ok(0..) => {}
        Ok(_) => say("The number of seconds to sleep cannot be negative.\n"),
    }
}

fn cfo(args: &[&str]) {
    let [sector, offset] = args else {
        return say("Invalid CFO command structure. Usage: cfo <sector_id> <cfo_Hz>\n");
    };
    let Ok(sector) = sector.parse::<u32>() else { return say("Invalid sector identifier.\n") };
    let Ok(offset) = offset.parse::<f64>() else { return say("Invalid CFO value.\n") };
    match sector {
        0 => say(&format!("CFO set to {offset}Hz for sector {sector}.\n")),
        // no gNB of one cell does this; half of a command must be told from none
        1 => say("Setting RX CFO was not successful. The radio may not support this feature.\n"),
        _ => say("Setting TX CFO was not successful. The radio may not support this feature.\n"),
    }
}

fn tx_time_offset(args: &[&str]) {
    let [sector, offset] = args else {
        return say(
            "Invalid transmit time offset command structure. Usage: tx_time_offset <sector_id> <Time offset in microseconds>\n",
        );
    };
    let Ok(sector) = sector.parse::<u32>() else { return say("Invalid sector identifier.\n") };
    let Ok(offset_us) = offset.parse::<f64>() else { return say("Invalid transmit time offset format.\n") };
    // whole units of Tc = 1 / (480 kHz · 4096), as the gNB rounds
    let tc_us = 1e6 / (480e3 * 4096.0);
    let rounded_us = (offset_us / tc_us).round() * tc_us;
    say(&format!("Transmit time offset set to {rounded_us:.3} us for sector {sector}.\n"));
}

fn ho(args: &[&str]) {
    let [serving, rnti, target] = args else {
        return say("Invalid handover command structure. Usage: ho <serving pci> <rnti> <target pci>\n");
    };
    let Ok(serving) = serving.parse::<u32>() else { return say("Invalid serving PCI.\n") };
    let digits = rnti.split_once('x').map_or(*rnti, |(_, digits)| digits);
    let Ok(rnti) = u32::from_str_radix(digits, 16) else { return say("Invalid UE RNTI.\n") };
    let Ok(target) = target.parse::<u32>() else { return say("Invalid target PCI.\n") };
    say(&format!("Handover triggered for UE with pci={serving} rnti={rnti:#x} to pci={target}.\n"));
}

fn log(args: &[&str]) {
    let [channel, level] = args else { return say("Invalid log command syntax. Usage: log <channel> <level>\n") };
    let channel = channel.to_uppercase();
    if channel != "PHY" {
        return say(&format!("Invalid {channel} log channel. Valid channels are: [PHY]\n"));
    }
    if !["none", "error", "warning", "info", "debug"].contains(level) {
        say(&format!("Invalid {level} log level. Valid levels are: none, error, warning, info and debug\n"));
    }
}

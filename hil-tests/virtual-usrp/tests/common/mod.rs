//! A host process that does what a test says, through the real libSoapySDR.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
use num_complex::Complex;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use virtual_usrp::{VirtualUsrp, build_program};

/// A rate of 184.32 MHz / 96.
pub const RATE_HZ: f64 = 1.92e6;
/// Nanoseconds of a millisecond.
pub const MS: i64 = 1_000_000;

pub struct Host {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Host {
    pub fn spawn(usrp: &VirtualUsrp) -> Self {
        let program = build_program("virtual-usrp-host", include_str!("../host.cpp")).unwrap();
        let mut child = Command::new(program)
            .env("SOAPY_SDR_PLUGIN_PATH", usrp.plugin_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    /// A host that has the radio, with transmit and receive at 1.92 MS/s and 3.5 GHz, and a transmit stream on channel 0.
    pub fn open(usrp: &VirtualUsrp) -> Self {
        let mut host = Self::spawn(usrp);
        assert_eq!(host.ask(&format!("open {}", usrp.device_args())), "X310");
        for way in ["tx", "rx"] {
            host.ask(&format!("set rate {way} 0 {RATE_HZ}"));
            host.ask(&format!("set frequency {way} 0 3.5e9"));
        }
        assert_eq!(host.ask("txstream 0"), "0");
        host
    }

    pub fn send(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    pub fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let line = line.trim_end();
        match line.strip_prefix("error ") {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(line.strip_prefix("ok").unwrap().trim_start().to_owned()),
        }
    }

    pub fn try_ask(&mut self, line: &str) -> Result<String, String> {
        self.send(line);
        self.answer()
    }

    pub fn ask(&mut self, line: &str) -> String {
        self.try_ask(line).unwrap_or_else(|reason| panic!("{line}: {reason}"))
    }

    pub fn number<T: FromStr>(&mut self, line: &str) -> T {
        let answer = self.ask(line);
        answer.parse().unwrap_or_else(|_| panic!("{line}: {answer}"))
    }

    /// The numbers of an answer.
    pub fn numbers(&mut self, line: &str) -> Vec<i64> {
        self.ask(line).split_whitespace().map(|word| word.parse().unwrap()).collect()
    }

    /// The device's time.
    pub fn time_ns(&mut self) -> i64 {
        self.number("time")
    }

    /// A whole millisecond of the device's time, so a whole sample, 150 ms from now.
    pub fn soon_ns(&mut self) -> i64 {
        (self.time_ns() / MS + 150) * MS
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A box with its record in a folder of its own.
pub fn start(extra: &[&str]) -> (tempfile::TempDir, VirtualUsrp) {
    let dir = tempfile::tempdir().unwrap();
    let usrp = VirtualUsrp::start(dir.path(), extra).unwrap();
    (dir, usrp)
}

/// cf32 in a file, as the host program wrote it.
pub fn samples(path: &PathBuf) -> Vec<Complex<f32>> {
    let bytes = std::fs::read(path).unwrap();
    let part = |four: &[u8]| f32::from_le_bytes(four.try_into().unwrap());
    bytes.chunks_exact(8).map(|eight| Complex::new(part(&eight[..4]), part(&eight[4..]))).collect()
}

/// Their magnitudes.
pub fn magnitudes(path: &PathBuf) -> Vec<f32> {
    samples(path).iter().map(|z| z.norm()).collect()
}

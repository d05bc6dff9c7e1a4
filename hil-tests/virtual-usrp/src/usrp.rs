//! A box that runs, and what it says.
use crate::{Built, Entry, Error, Event, OnAir, Radiated, build};
use num_complex::Complex;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a command of the control socket may take.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);

/// A running box; it is ended when this is dropped.
#[derive(Debug)]
pub struct VirtualUsrp {
    child: Child,
    built: Built,
    dir: PathBuf,
}

impl VirtualUsrp {
    /// Builds what is not built yet and starts a box with its sockets and its record in `dir`, which is made where it is missing.
    /// `extra` are more arguments of `virtual-usrp-box`.
    ///
    /// # Errors
    /// As [`build`]; [`Error::NotStarted`] has the box's own words.
    pub fn start(dir: &Path, extra: &[&str]) -> Result<Self, Error> {
        let built = build()?;
        fs::create_dir_all(dir).map_err(Error::io("cannot make", dir))?;
        let mut child = Command::new(&built.box_program)
            .arg("--socket")
            .arg(dir.join("usrp.sock"))
            .arg("--control")
            .arg(dir.join("control.sock"))
            .arg("--record")
            .arg(dir)
            .arg("--until-stdin-closes")
            .args(extra)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::io("cannot run", &built.box_program))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(Error::io("cannot read", &built.box_program))?;
        }
        let mut usrp = Self { child, built, dir: dir.to_owned() };
        if line == "ready\n" {
            return Ok(usrp);
        }
        let mut said = String::new();
        if let Some(mut stderr) = usrp.child.stderr.take() {
            // Best effort: the box ends in any case.
            let _ = stderr.read_to_string(&mut said);
        }
        Err(Error::NotStarted(said.trim().to_owned()))
    }

    /// The value for `SOAPY_SDR_PLUGIN_PATH`.
    pub fn plugin_path(&self) -> &Path {
        &self.built.plugin_path
    }

    /// Where the host's module connects.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("usrp.sock")
    }

    /// Arguments for SoapySDR's `make`.
    pub fn device_args(&self) -> String {
        format!("driver=virtual_usrp,socket={}", self.socket().display())
    }

    /// The box's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One command of the control socket (README.md names them); the answer is `ok` or, for a question, JSON.
    ///
    /// # Errors
    /// [`Error::Refused`] with the box's reason; [`Error::Io`] where it does not answer within 10 s.
    pub fn control(&self, line: &str) -> Result<String, Error> {
        let path = self.dir.join("control.sock");
        let failed = |source| Error::Io { what: "no answer at", path: path.clone(), source };
        let mut socket = UnixStream::connect(&path).map_err(failed)?;
        socket.set_read_timeout(Some(CONTROL_TIMEOUT)).map_err(failed)?;
        socket.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        BufReader::new(socket).read_line(&mut answer).map_err(failed)?;
        let answer = answer.trim_end();
        match answer.strip_prefix("error: ") {
            Some(reason) => Err(Error::Refused { command: line.to_owned(), reason: reason.to_owned() }),
            None if answer.is_empty() => Err(failed(std::io::ErrorKind::UnexpectedEof.into())),
            None => Ok(answer.to_owned()),
        }
    }

    /// Both transmit channels at this moment.
    ///
    /// # Errors
    /// As [`Self::control`].
    pub fn on_air(&self) -> Result<[OnAir; 2], Error> {
        let line = self.control("onair")?;
        serde_json::from_str(&line).map_err(|source| Error::Unreadable { line, source })
    }

    /// Every event so far; a line that is being written is left out.
    ///
    /// # Errors
    /// [`Error::Unreadable`] where a line is not what this crate knows.
    pub fn events(&self) -> Result<Vec<Entry>, Error> {
        let path = self.dir.join("events.jsonl");
        let text = fs::read_to_string(&path).map_err(Error::io("cannot read", path))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| {
                serde_json::from_str(line).map_err(|source| Error::Unreadable { line: line.to_owned(), source })
            })
            .collect()
    }

    /// The stretches of transmission that have ended, both channels in the order of their ends.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn radiated(&self) -> Result<Vec<Radiated>, Error> {
        let stretches = self.events()?.into_iter().filter_map(|entry| match entry.event {
            Event::Radiated(stretch) => Some(stretch),
            _ => None,
        });
        Ok(stretches.collect())
    }

    /// Looks at the events every 5 ms until one is as asked for, `patience` at most.
    ///
    /// # Errors
    /// As [`Self::events`].
    pub fn wait_for(&self, patience: Duration, wanted: impl Fn(&Entry) -> bool) -> Result<Option<Entry>, Error> {
        let pause = Duration::from_millis(5);
        for _ in 0..=patience.as_millis() / pause.as_millis() {
            if let Some(found) = self.events()?.into_iter().find(&wanted) {
                return Ok(Some(found));
            }
            std::thread::sleep(pause);
        }
        Ok(None)
    }

    /// Every sample that left transmit channel `channel` (0 or 1), in order, before gain.
    ///
    /// # Errors
    /// [`Error::Io`] where there is no such record.
    pub fn samples(&self, channel: usize) -> Result<Vec<Complex<f32>>, Error> {
        let path = self.dir.join(format!("tx{channel}.cf32"));
        let bytes = fs::read(&path).map_err(Error::io("cannot read", path))?;
        let part = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        Ok(bytes.chunks_exact(8).map(|b| Complex::new(part(&b[..4]), part(&b[4..]))).collect())
    }

    /// Ends the box as a person would, so that what is on the air is written into the record first.
    ///
    /// # Errors
    /// As [`Self::control`].
    pub fn quit(&mut self) -> Result<(), Error> {
        self.control("quit")?;
        self.child.wait().map_err(Error::io("cannot wait for", &self.built.box_program))?;
        Ok(())
    }
}

impl Drop for VirtualUsrp {
    fn drop(&mut self) {
        // Nothing is left to be done where the box is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

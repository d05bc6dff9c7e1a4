//! Tells the service manager how a process stands, as `sd_notify(3)` and `sd_watchdog_enabled(3)` have it: lines of `KEY=VALUE`, one datagram, to the
//! socket that systemd names in the environment.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The manager's socket. Nothing of it blocks: what the manager does not take is not said.
#[derive(Debug)]
pub struct Notify {
    socket: UnixDatagram,
    watchdog_ns: Option<u64>,
}

impl Notify {
    /// From `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, which `var` reads; `None` where no manager wants to be told. `pid`: of this process.
    ///
    /// # Errors
    /// `InvalidInput` where a variable is not what systemd writes, else the system's.
    pub fn from_env(var: impl Fn(&str) -> Option<OsString>, pid: u32) -> io::Result<Option<Self>> {
        let Some(name) = var("NOTIFY_SOCKET") else { return Ok(None) };
        let number = |key: &str| -> io::Result<Option<u64>> {
            let Some(text) = var(key) else { return Ok(None) };
            let number = text.to_str().and_then(|t| t.parse().ok()).filter(|n| *n > 0);
            let fault = || io::Error::new(ErrorKind::InvalidInput, format!("{key} is {text:?}, no number above 0"));
            number.map(Some).ok_or_else(fault)
        };
        let is_ours = number("WATCHDOG_PID")?.is_none_or(|of| of == u64::from(pid));
        let watchdog_us = number("WATCHDOG_USEC")?.filter(|_| is_ours);
        Self::new(&name, watchdog_us).map(Some)
    }

    /// `name`: a path, or `@` and a name in the abstract name space; `watchdog_us`: the manager wants to hear that often, µs.
    ///
    /// # Errors
    /// `InvalidInput` for another name, else the system's.
    pub fn new(name: &OsStr, watchdog_us: Option<u64>) -> io::Result<Self> {
        let address = match name.as_bytes() {
            [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => {
                let why = format!("NOTIFY_SOCKET is {name:?}: neither a path nor @ and a name");
                return Err(io::Error::new(ErrorKind::InvalidInput, why));
            }
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, watchdog_ns: watchdog_us.map(|us| us.saturating_mul(1000)) })
    }

    /// How often the manager wants to hear `WATCHDOG=1` at the least, ns; `None` = not at all.
    #[must_use]
    pub const fn watchdog_ns(&self) -> Option<u64> {
        self.watchdog_ns
    }

    /// Says it; a manager that does not listen is none of the process's business.
    pub fn tell(&self, lines: &str) {
        let _unheard = self.socket.send(lines.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 200];
        let n = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    }

    fn env<'a>(all: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |key| all.iter().find(|(k, _)| *k == key).map(|(_, v)| OsString::from(v))
    }

    #[test]
    fn a_path_and_an_abstract_name_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let name = format!("sidecar-notify-{}", std::process::id());
        let hidden = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        for (name, socket) in [(path.display().to_string(), &socket), (format!("@{name}"), &hidden)] {
            let all = [("NOTIFY_SOCKET", name.as_str()), ("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "7")];
            let notify = Notify::from_env(env(&all), 7).unwrap().unwrap();
            assert_eq!(notify.watchdog_ns(), Some(2_000_000_000));
            notify.tell("READY=1\nSTATUS=here");
            assert_eq!(heard(socket), "READY=1\nSTATUS=here");
            // the watchdog is another process's
            assert_eq!(Notify::from_env(env(&all), 8).unwrap().unwrap().watchdog_ns(), None);
        }
    }

    #[test]
    fn nobody_there_is_nobody_told_and_nonsense_is_said_to_be_so() {
        assert!(Notify::from_env(env(&[]), 1).unwrap().is_none());
        let kind = |all: &[(&str, &str)]| Notify::from_env(env(all), 1).unwrap_err().kind();
        assert_eq!(kind(&[("NOTIFY_SOCKET", "vsock:2:1")]), ErrorKind::InvalidInput);
        assert_eq!(kind(&[("NOTIFY_SOCKET", "/x"), ("WATCHDOG_USEC", "0")]), ErrorKind::InvalidInput);
        assert_eq!(kind(&[("NOTIFY_SOCKET", "/nowhere/at/all")]), ErrorKind::NotFound);
        // a manager that is full is not waited for
        let dir = tempfile::tempdir().unwrap();
        let _socket = UnixDatagram::bind(dir.path().join("n")).unwrap();
        let notify = Notify::new(dir.path().join("n").as_os_str(), None).unwrap();
        (0..10_000).for_each(|_| notify.tell("WATCHDOG=1"));
    }
}

//! The pseudo-terminal: raw, so that bytes arrive as they were written and nothing is echoed.

use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

/// Both ends. The gNB sets its standard input non-blocking, so that its standard output must be another open file.
pub(super) struct Pty {
    /// Ours, non-blocking; closed in children.
    pub(super) master: PtyMaster,
    /// For the child's standard input.
    pub(super) input: File,
    /// For its standard output: a terminal, so that lines come as they are printed.
    pub(super) output: File,
}

impl Pty {
    /// Opens one; it becomes nobody's controlling terminal.
    pub(super) fn open() -> io::Result<Self> {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname_r(&master)?;
        let open = || {
            let flags = (OFlag::O_NOCTTY | OFlag::O_CLOEXEC).bits();
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(&name)
        };
        let (input, output) = (open()?, open()?);
        let mut settings = tcgetattr(&input)?;
        cfmakeraw(&mut settings);
        tcsetattr(&input, SetArg::TCSANOW, &settings)?;
        Ok(Self { master, input, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn bytes_arrive_as_written_and_nothing_is_echoed() {
        let mut pty = Pty::open().unwrap();
        let sent: Vec<u8> = (0..=255).collect();
        pty.master.write_all(&sent).unwrap();
        let mut got = vec![0; 256];
        pty.input.read_exact(&mut got).unwrap();
        assert_eq!(got, sent);
        let echo = pty.master.read(&mut got).unwrap_err();
        assert_eq!(echo.kind(), io::ErrorKind::WouldBlock);
        pty.output.write_all(b"a\nb").unwrap();
        let mut said = [0; 16];
        let n = pty.master.read(&mut said).unwrap();
        assert_eq!(&said[..n], b"a\nb");
    }

    /// What the gNB relies on: one write is read as one batch, also where the terminal's ring of 4096 bytes wraps.
    #[test]
    fn a_write_is_never_read_in_two_batches() {
        let mut pty = Pty::open().unwrap();
        let flags = nix::fcntl::FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK);
        nix::fcntl::fcntl(&pty.input, flags).unwrap();
        let reader = std::thread::spawn(move || {
            let (mut batches, mut chunk) = (0, [0; 256]);
            while batches < 20_000 {
                let mut batch = Vec::new();
                while let Ok(n) = pty.input.read(&mut chunk) {
                    batch.extend_from_slice(&chunk[..n]);
                }
                assert!(batch.is_empty() || batch.ends_with(b";"), "{}", String::from_utf8_lossy(&batch));
                batches += batch.iter().filter(|b| **b == b';').count();
            }
        });
        let mut written = 0;
        while written < 20_000 {
            match pty.master.write(b"tx_gain 0 20.125;") {
                Ok(17) => written += 1,
                Ok(n) => panic!("{n} bytes written"),
                Err(e) => assert_eq!(e.kind(), io::ErrorKind::WouldBlock),
            }
            // as in use: never more waiting than the gNB takes in one go
            if written % 16 == 0 {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
        }
        reader.join().unwrap();
    }
}

//! What the gNB prints goes to its log in the run folder and on to our own output. The gNB never waits for whoever reads ours.

use super::log_file::LogFile;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Pieces that wait for our output at most; more are dropped, and counted. They stand in the log.
const QUEUE: usize = 1024;

/// Longest `gnb.log`; the one before it is kept as `gnb.log.1`.
const MAX_LOG_BYTES: u64 = 64 << 20;

/// A thread that writes to an output of ours.
#[derive(Debug)]
struct Way {
    queue: Option<SyncSender<Vec<u8>>>,
    done: Receiver<()>,
    dropped_bytes: u64,
}

impl Way {
    fn open(name: &str, mut to: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, pieces) = sync_channel::<Vec<u8>>(QUEUE);
        let (ended, done) = sync_channel(1);
        std::thread::Builder::new().name(name.into()).spawn(move || {
            let mut open = true;
            for piece in pieces {
                // Nobody reads any more: the log still has it all.
                open = open && to.write_all(&piece).and_then(|()| to.flush()).is_ok();
            }
            ended.send(()).ok();
        })?;
        Ok(Self { queue: Some(queue), done, dropped_bytes: 0 })
    }

    fn pass(&mut self, bytes: &[u8]) {
        let full = self.queue.as_ref().map(|queue| queue.try_send(bytes.to_vec()));
        if matches!(full, Some(Err(TrySendError::Full(_)))) {
            self.dropped_bytes += bytes.len() as u64;
        }
    }

    /// Waits a moment for what is queued.
    fn close(&mut self) {
        self.queue = None;
        if self.done.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("our output is not read: its end stands only in the log");
        }
    }
}

/// The ways of both outputs.
#[derive(Debug)]
pub(super) struct Output {
    log: LogFile,
    log_failed: bool,
    out: Way,
    err: Way,
}

impl Output {
    /// Appends to `gnb.log` of a run folder.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let log = LogFile::open(dir.join("gnb.log"), MAX_LOG_BYTES)?;
        let (out, err) = (Way::open("stdout", io::stdout())?, Way::open("stderr", io::stderr())?);
        Ok(Self { log, log_failed: false, out, err })
    }

    /// What it printed.
    pub(super) fn out(&mut self, bytes: &[u8]) {
        self.keep(bytes);
        self.out.pass(bytes);
    }

    /// What it printed on standard error.
    pub(super) fn err(&mut self, bytes: &[u8]) {
        self.keep(bytes);
        self.err.pass(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Err(error) = self.log.write(bytes)
            && !std::mem::replace(&mut self.log_failed, true)
        {
            tracing::error!(%error, "gnb.log cannot be written");
        }
    }

    /// Bytes that our own output did not take.
    pub(super) const fn dropped_bytes(&self) -> u64 {
        self.out.dropped_bytes + self.err.dropped_bytes
    }

    /// Waits a moment for what is queued.
    pub(super) fn close(mut self) {
        self.out.close();
        self.err.close();
    }
}

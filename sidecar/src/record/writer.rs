//! Writes the log of one process.

use super::error::RecordError;
use super::frame::{FILE_HEADER_BYTES, encode, file_header};
use serde::Serialize;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Frames that wait for the thread of a queued log at most; beyond that rows are counted as dropped.
const QUEUE_FRAMES: usize = 16_384;
/// Bytes that the thread of a queued log writes at once at most.
const BATCH_BYTES: usize = 64 << 10;

/// What a log has taken and lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Rows in the kernel's hands.
    pub rows: u64,
    /// Rows lost because the queue was full.
    pub dropped: u64,
    /// Rows lost because they could not be written (disk full, not a JSON object, over 16 MiB).
    pub failed: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// The log of one process. Clones write to the same log; any thread may write.
///
/// Recording never stands in the way of the loop: [`Writer::row`] returns nothing, what is lost is in [`Writer::counts`], and
/// as soon as rows can be written again a row of table `record_lost` says how many are missing.
#[derive(Debug, Clone)]
pub struct Writer {
    shared: Arc<Shared>,
    queue: Option<SyncSender<Job>>,
}

#[derive(Debug)]
enum Job {
    Frame(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Writer {
    /// Opens `<process>.sclog` in a run folder, or `<process>.2.sclog` and so on where a process of that name has been here before.
    ///
    /// Each row is handed to the kernel before [`Writer::row`] returns (1-2 µs): a `kill -9` loses none.
    ///
    /// # Errors
    /// [`RecordError::Io`] or [`RecordError::DiskFull`].
    pub fn open(run_dir: &Path, process: &str) -> Result<Self, RecordError> {
        let (file, path) = create(run_dir, process)?;
        Self::over(Box::new(file), path)
    }

    /// As [`Writer::open`] for threads that must never wait on a disk: rows go through a bounded queue to a thread that writes
    /// at once. A `kill -9` may lose what the thread had not taken yet; a full queue drops and counts.
    ///
    /// # Errors
    /// As [`Writer::open`], and [`RecordError::Io`] when no thread can be started.
    pub fn open_queued(run_dir: &Path, process: &str) -> Result<Self, RecordError> {
        Self::open(run_dir, process)?.queued()
    }

    /// A writer that records nothing: for commands that run without a run folder.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { shared: Arc::new(Shared::new(Box::new(Nowhere), PathBuf::from("nowhere"))), queue: None }
    }

    fn over(mut sink: Box<dyn Sink>, path: PathBuf) -> Result<Self, RecordError> {
        sink.write_all(&file_header()).map_err(|e| RecordError::io("write", &path, &e))?;
        Ok(Self { shared: Arc::new(Shared::new(sink, path)), queue: None })
    }

    fn queued(mut self) -> Result<Self, RecordError> {
        let (queue, jobs) = sync_channel(QUEUE_FRAMES);
        let shared = Arc::clone(&self.shared);
        std::thread::Builder::new()
            .name("record".into())
            .spawn(move || drain(&jobs, &shared))
            .map_err(|e| RecordError::io("start the thread of", &self.shared.path, &e))?;
        self.queue = Some(queue);
        Ok(self)
    }

    /// Writes a row to `table` (letters, digits, `_`). `row` is a struct or map; where it has no field `mono_ns`, the time is now.
    pub fn row<T: Serialize + ?Sized>(&self, table: &str, row: &T) {
        self.row_at(table, crate::clock::mono_ns(), row);
    }

    /// As [`Writer::row`] with the time handed in, host-monotonic ns.
    pub fn row_at<T: Serialize + ?Sized>(&self, table: &str, mono_ns: u64, row: &T) {
        let mut frame = Vec::with_capacity(512);
        let json = serde_json::to_vec(row).unwrap_or_default();
        if !encode(&mut frame, table, mono_ns, &json) {
            self.shared.failed.fetch_add(1, Relaxed);
            return;
        }
        match &self.queue {
            None => self.shared.write(&frame, 1),
            Some(queue) => {
                if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(Job::Frame(frame)) {
                    self.shared.dropped.fetch_add(1, Relaxed);
                }
            }
        }
    }

    /// Waits until every row given before is in the kernel's hands.
    ///
    /// # Errors
    /// [`RecordError::DiskFull`] or [`RecordError::Io`] when the last write failed, [`RecordError::Closed`].
    pub fn flush(&self) -> Result<(), RecordError> {
        if let Some(queue) = &self.queue {
            let closed = || RecordError::Closed(self.shared.path.clone());
            let (done, wait) = sync_channel(1);
            queue.send(Job::Flush(done)).map_err(|_| closed())?;
            wait.recv().map_err(|_| closed())?;
        }
        match self.shared.lock().error.clone() {
            Some(RecordError::DiskFull { path, .. }) => {
                Err(RecordError::DiskFull { path, lost: self.shared.failed.load(Relaxed) })
            }
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// What was taken and lost so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let s = &self.shared;
        Counts {
            rows: s.rows.load(Relaxed),
            dropped: s.dropped.load(Relaxed),
            failed: s.failed.load(Relaxed),
            bytes: s.bytes.load(Relaxed),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }
}

// === the file ===

/// Where frames go: a file, or a stand-in that fails on demand.
trait Sink: Write + Send + std::fmt::Debug {
    /// Cuts the sink back to `len` bytes, after a write that was only half done.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Sink for File {
    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)?;
        self.seek(io::SeekFrom::Start(len)).map(|_| ())
    }
}

/// Takes everything, keeps nothing.
#[derive(Debug)]
struct Nowhere;

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Nowhere {
    fn cut(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    state: Mutex<State>,
    rows: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
struct State {
    sink: Box<dyn Sink>,
    /// Length of the log up to its last whole frame.
    good: u64,
    /// A half-written frame could not be cut off yet.
    ragged: bool,
    error: Option<RecordError>,
    /// Losses already said in a row of `record_lost`.
    said: u64,
}

impl Shared {
    fn new(sink: Box<dyn Sink>, path: PathBuf) -> Self {
        let good = FILE_HEADER_BYTES as u64;
        let state = Mutex::new(State { sink, good, ragged: false, error: None, said: 0 });
        let zero = || AtomicU64::new(0);
        Self { path, state, rows: zero(), dropped: zero(), failed: zero(), bytes: zero() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, frames: &[u8], rows: u64) {
        let mut state = self.lock();
        if state.put(&self.path, frames) {
            self.rows.fetch_add(rows, Relaxed);
            self.bytes.fetch_add(frames.len() as u64, Relaxed);
        } else {
            self.failed.fetch_add(rows, Relaxed);
            return;
        }
        let lost = self.dropped.load(Relaxed) + self.failed.load(Relaxed);
        if lost > state.said {
            let mut frame = Vec::new();
            let json = format!(r#"{{"lost_total":{lost},"lost":{}}}"#, lost - state.said);
            if encode(&mut frame, "record_lost", crate::clock::mono_ns(), json.as_bytes())
                && state.put(&self.path, &frame)
            {
                state.said = lost;
                self.bytes.fetch_add(frame.len() as u64, Relaxed);
            }
        }
    }
}

impl State {
    fn put(&mut self, path: &Path, frames: &[u8]) -> bool {
        if self.ragged {
            self.ragged = self.sink.cut(self.good).is_err();
        }
        if self.ragged {
            return false;
        }
        match self.sink.write_all(frames) {
            Ok(()) => {
                self.good += frames.len() as u64;
                self.error = None;
                true
            }
            Err(e) => {
                if self.error.is_none() {
                    tracing::error!(log = %path.display(), error = %e, "rows are being lost; recording goes on by itself");
                }
                self.error = Some(RecordError::io("write", path, &e));
                self.ragged = self.sink.cut(self.good).is_err();
                false
            }
        }
    }
}

/// The thread of a queued log: takes what is there, up to a batch, and writes it at once. Ends with the last writer.
fn drain(jobs: &Receiver<Job>, shared: &Shared) {
    let mut batch = Vec::with_capacity(2 * BATCH_BYTES);
    while let Ok(first) = jobs.recv() {
        let (mut next, mut rows, mut waiting) = (Some(first), 0, Vec::new());
        while let Some(job) = next {
            match job {
                Job::Frame(frame) => {
                    batch.extend_from_slice(&frame);
                    rows += 1;
                }
                Job::Flush(done) => waiting.push(done),
            }
            next = if batch.len() < BATCH_BYTES { jobs.try_recv().ok() } else { None };
        }
        if rows > 0 {
            shared.write(&batch, rows);
            batch.clear();
        }
        for done in waiting {
            // A caller that no longer waits is no fault.
            let _ = done.try_send(());
        }
    }
}

fn create(run_dir: &Path, process: &str) -> Result<(File, PathBuf), RecordError> {
    for nth in 1_u32.. {
        let name = if nth == 1 { format!("{process}.sclog") } else { format!("{process}.{nth}.sclog") };
        let path = run_dir.join(name);
        match File::create_new(&path) {
            Ok(file) => return Ok((file, path)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(RecordError::io("create", &path, &e)),
        }
    }
    Err(RecordError::Closed(run_dir.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::super::reader::LogReader;
    use super::*;
    use std::collections::VecDeque;

    #[derive(serde::Serialize)]
    struct Sample {
        n: u64,
        snr_db: Option<f32>,
    }

    #[test]
    fn rows_are_there_when_row_returns() {
        let dir = tempfile::tempdir().unwrap();
        let w = Writer::open(dir.path(), "ran").unwrap();
        for n in 0..100 {
            w.row_at("csi", n, &Sample { n, snr_db: Some(f32::NAN) });
            assert_eq!(LogReader::open(w.path()).unwrap().rows().count() as u64, n + 1);
        }
        assert_eq!(w.counts().rows, 100);
        let last = LogReader::open(w.path()).unwrap().rows().last().unwrap();
        assert_eq!((last.mono_ns, last.get("n").unwrap().as_u64()), (99, Some(99)));
        assert!(last.get("snr_db").unwrap().is_null());
    }

    #[test]
    fn a_second_process_of_a_name_gets_its_own_log() {
        let dir = tempfile::tempdir().unwrap();
        let first = Writer::open(dir.path(), "ran").unwrap();
        let second = Writer::open(dir.path(), "ran").unwrap();
        assert!(first.path().ends_with("ran.sclog"));
        assert!(second.path().ends_with("ran.2.sclog"));
        let names: Vec<_> = super::super::reader::logs(dir.path()).unwrap().into_iter().map(|(p, _)| p).collect();
        assert_eq!(names, ["ran", "ran"]);
    }

    #[test]
    fn a_queued_log_holds_everything_after_flush_and_threads_share_it() {
        let dir = tempfile::tempdir().unwrap();
        let w = Writer::open_queued(dir.path(), "air").unwrap();
        std::thread::scope(|s| {
            for t in 0..4_u64 {
                let w = w.clone();
                s.spawn(move || (0..500).for_each(|n| w.row_at("slot", n, &Sample { n: t, snr_db: None })));
            }
        });
        w.flush().unwrap();
        let counts = w.counts();
        assert_eq!(counts.rows + counts.dropped, 2000);
        let table_rows = LogReader::open(w.path()).unwrap().rows().filter(|r| r.table == "slot").count() as u64;
        assert_eq!(table_rows, counts.rows);
    }

    /// Fails as a full disk does: takes half, then refuses, for as many writes as told.
    #[derive(Debug, Clone)]
    struct FullDisk(Arc<Mutex<(Vec<u8>, VecDeque<bool>)>>);

    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (data, room) = &mut *self.0.lock().unwrap();
            match room.front().copied() {
                Some(true) => {
                    data.extend_from_slice(&bytes[..bytes.len() / 2]);
                    room[0] = false;
                    Ok(bytes.len() / 2)
                }
                Some(false) => {
                    room.pop_front();
                    Err(io::ErrorKind::StorageFull.into())
                }
                None => {
                    data.extend_from_slice(bytes);
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink for FullDisk {
        fn cut(&mut self, len: u64) -> io::Result<()> {
            self.0.lock().unwrap().0.truncate(usize::try_from(len).unwrap());
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_typed_and_counted_and_recording_goes_on_by_itself() {
        let disk = FullDisk(Arc::default());
        let w = Writer::over(Box::new(disk.clone()), "x.sclog".into()).unwrap();
        w.row_at("t", 0, &Sample { n: 0, snr_db: None });
        disk.0.lock().unwrap().1 = [true, false].into();
        w.row_at("t", 1, &Sample { n: 1, snr_db: None });
        assert!(matches!(w.flush(), Err(RecordError::DiskFull { lost: 1, .. })));
        w.row_at("t", 2, &Sample { n: 2, snr_db: None });
        w.row_at("t", 3, &Sample { n: 3, snr_db: None });
        assert_eq!(w.flush(), Ok(()));
        let c = w.counts();
        assert_eq!((c.rows, c.failed), (2, 2));
        let bytes = disk.0.lock().unwrap().0.clone();
        let found: Vec<_> = LogReader::from_bytes(Path::new("x"), bytes).unwrap().collect();
        assert_eq!(found.len(), 3, "no damage in between: {found:?}");
        let rows: Vec<_> = found
            .into_iter()
            .map(|f| match f {
                super::super::reader::Finding::Row(r) => r,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(rows.iter().map(|r| r.table.as_str()).collect::<Vec<_>>(), ["t", "t", "record_lost"]);
        assert_eq!(rows[2].get("lost").unwrap().as_u64(), Some(2));
    }

    #[test]
    fn what_is_no_object_is_counted() {
        let w = Writer::nowhere();
        w.row("t", &[1, 2]);
        w.row("t", &Sample { n: 1, snr_db: None });
        assert_eq!((w.counts().failed, w.counts().rows), (1, 1));
    }
}

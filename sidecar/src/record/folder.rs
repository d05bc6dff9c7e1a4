//! A run's folder: made by its owner, joined by the processes it starts.

use super::error::RecordError;
use super::frame::FORMAT_VERSION;
use super::manifest::{ClockDomain, Manifest, ProcessEntry, Status};
use super::owner::{Owner, boot_id};
use super::utc::{compact_utc, iso_utc};
use super::writer::Writer;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What a run starts from.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Seed of everything random.
    pub seed: u64,
    /// The command line.
    pub argv: Vec<String>,
    /// The effective configuration as YAML; copied to `config.yaml`.
    pub config_yaml: Option<String>,
    /// Seconds since the epoch, for names and labels.
    pub wall_s: f64,
    /// Host-monotonic time, ns.
    pub mono_ns: u64,
}

impl Start {
    /// A start now, with this process's command line.
    #[must_use]
    pub fn now(seed: u64, config_yaml: Option<String>) -> Self {
        let (wall_s, mono_ns) = (crate::clock::wall_s(), crate::clock::mono_ns());
        Self { seed, argv: std::env::args().collect(), config_yaml, wall_s, mono_ns }
    }
}

/// A run folder owned by this process. Dropped without [`RunFolder::close`] it stays `running`, and so becomes `interrupted`.
#[derive(Debug)]
pub struct RunFolder {
    dir: PathBuf,
    manifest: Manifest,
}

impl RunFolder {
    /// Makes `<root>/<yyyymmdd-hhmmss>-<name>-<4 hex>/` with its manifest.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::DiskFull`].
    pub fn create(root: &Path, name: &str, start: &Start) -> Result<Self, RecordError> {
        std::fs::create_dir_all(root).map_err(|e| RecordError::io("create", root, &e))?;
        let name = slug(name);
        let owner = Owner::me();
        for attempt in 0_u32.. {
            let salt = format!("{name}/{}/{}/{}/{attempt}", start.mono_ns, owner.pid, owner.boot_id);
            let digest = Sha256::digest(salt.as_bytes());
            let run = format!("{}-{name}-{:02x}{:02x}", compact_utc(start.wall_s), digest[0], digest[1]);
            let dir = root.join(&run);
            match std::fs::create_dir(&dir) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && attempt < 1000 => continue,
                Err(e) => return Err(RecordError::io("create", &dir, &e)),
            }
            let mut run_id = [0; 8];
            run_id.copy_from_slice(&digest[..8]);
            let manifest = Manifest {
                format: FORMAT_VERSION,
                run,
                run_id: u64::from_le_bytes(run_id),
                name,
                sidecar_version: env!("CARGO_PKG_VERSION").into(),
                seed: start.seed,
                argv: start.argv.clone(),
                config_sha256: start.config_yaml.as_deref().map(sha256_hex),
                clock: ClockDomain { clock: "CLOCK_MONOTONIC".into(), boot_id: boot_id() },
                start_mono_ns: start.mono_ns,
                start_utc: iso_utc(start.wall_s),
                end_mono_ns: None,
                end_utc: None,
                status: Status::Running,
                reason: None,
                owner,
                processes: Vec::new(),
            };
            if let Some(yaml) = &start.config_yaml {
                let path = dir.join("config.yaml");
                std::fs::write(&path, yaml).map_err(|e| RecordError::io("write", &path, &e))?;
            }
            manifest.write(&dir)?;
            return Ok(Self { dir, manifest });
        }
        Err(RecordError::Closed(root.to_path_buf()))
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The manifest as last written.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of the run in wire headers.
    #[must_use]
    pub const fn run_id(&self) -> u64 {
        self.manifest.run_id
    }

    /// Opens the log of a process of this run.
    ///
    /// # Errors
    /// As [`Writer::open`].
    pub fn writer(&self, process: &str) -> Result<Writer, RecordError> {
        Writer::open(&self.dir, process)
    }

    /// Notes a process that was started for this run.
    ///
    /// # Errors
    /// As [`Manifest::write`].
    pub fn add_process(&mut self, name: &str, pid: u32, mono_ns: u64) -> Result<(), RecordError> {
        self.manifest.processes.push(ProcessEntry { name: name.into(), pid, mono_ns });
        self.manifest.write(&self.dir)
    }

    /// Closes the run as `done`, or as `failed` with a reason.
    ///
    /// # Errors
    /// As [`Manifest::write`].
    pub fn close(mut self, failure: Option<&str>) -> Result<PathBuf, RecordError> {
        self.manifest.status = if failure.is_some() { Status::Failed } else { Status::Done };
        self.manifest.reason = failure.map(Into::into);
        self.manifest.end_mono_ns = Some(crate::clock::mono_ns());
        self.manifest.end_utc = Some(iso_utc(crate::clock::wall_s()));
        self.manifest.write(&self.dir)?;
        Ok(self.dir)
    }
}

/// Letters, digits and `-`; never empty.
fn slug(name: &str) -> String {
    let s: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let s = s.trim_matches('-');
    if s.is_empty() { "run".into() } else { s.chars().take(40).collect() }
}

fn sha256_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut s, b| {
        // Writing to a string cannot fail.
        let _ = write!(s, "{b:02x}");
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start { seed: 7, argv: vec!["sidecar".into()], config_yaml: Some("a: 1\n".into()), wall_s: 1e9, mono_ns: 5 }
    }

    #[test]
    fn a_run_from_start_to_end() {
        let root = tempfile::tempdir().unwrap();
        let mut run = RunFolder::create(root.path(), "Demo 1", &start()).unwrap();
        let name = run.dir().file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("20010909-014640-demo-1-"), "{name}");
        assert_eq!(name.len(), "20010909-014640-demo-1-".len() + 4);
        run.add_process("ran", 42, 9).unwrap();
        let m = Manifest::read(run.dir()).unwrap();
        assert_eq!((m.status_now(), m.processes[0].pid), (Status::Running, 42));
        // sha256 of "a: 1\n"
        assert_eq!(m.config_sha256.as_deref(), Some(sha256_hex("a: 1\n").as_str()));
        let dir = run.close(None).unwrap();
        let m = Manifest::read(&dir).unwrap();
        assert_eq!(m.status_now(), Status::Done);
        assert!(m.duration_s().unwrap() > 0.0);
    }

    #[test]
    fn two_runs_of_one_moment_have_two_folders() {
        let root = tempfile::tempdir().unwrap();
        let a = RunFolder::create(root.path(), "x", &start()).unwrap();
        let b = RunFolder::create(root.path(), "x", &start()).unwrap();
        assert_ne!(a.dir(), b.dir());
        assert_ne!(a.run_id(), b.run_id());
    }

    #[test]
    fn sha256_of_abc() {
        assert_eq!(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

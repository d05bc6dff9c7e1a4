//! What is started, and how.

use crate::config::{Config, ProcessName};
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// One process to keep running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// What people call it.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where its output goes.
    pub log: PathBuf,
    /// Restarted, too, whenever the process of this name is.
    pub restart_with: Option<String>,
    /// The run ends when it ends.
    pub essential: bool,
    /// This binary, where the process is to die with its supervisor; `None` starts the command as it is.
    pub tie: Option<PathBuf>,
}

/// The processes of a configuration. Each gets the effective configuration (`config.yaml` of the run) and the run folder.
#[must_use]
pub fn specs(config: &Config, binary: &Path, run_dir: &Path, verbose: u8, log_json: bool) -> Vec<Spec> {
    let text = |p: &Path| p.to_string_lossy().into_owned();
    let ours = config.up.processes.iter().map(|process| {
        let mut command =
            vec![text(binary), "-c".into(), text(&run_dir.join("config.yaml")), "--run-dir".into(), text(run_dir)];
        command.extend(std::iter::repeat_n("-v".to_owned(), usize::from(verbose)));
        if log_json {
            command.push("--log-json".into());
        }
        command.push(process.name().into());
        (process.name().to_owned(), command, None, false)
    });
    let extra = config.up.extra.iter().map(|e| {
        (e.name.clone(), e.command.clone(), e.restart_with.map(ProcessName::name).map(Into::into), e.essential)
    });
    ours.chain(extra)
        .map(|(name, command, restart_with, essential)| Spec {
            log: run_dir.join(format!("{name}.log")),
            name,
            command,
            restart_with,
            essential,
            tie: Some(binary.to_path_buf()),
        })
        .collect()
}

impl Spec {
    /// Starts it with its output appended to its log and nothing on its standard input.
    pub(super) fn start(&self) -> io::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = match &self.tie {
            None => Command::new(program),
            Some(binary) => {
                let mut tied = Command::new(binary);
                tied.arg("child-of").arg(std::process::id().to_string()).arg("--").arg(program);
                tied
            }
        };
        // Learners of several processes that each spread over all cores take them from the radio; whoever wants that says so.
        if std::env::var_os("RAYON_NUM_THREADS").is_none() {
            command.env("RAYON_NUM_THREADS", "1");
        }
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
    }
}

//! Four processes that train, watched and, where wanted, killed.

use crate::clock::mono_ns;
use crate::experiment::ExperimentError;
use crate::free_ports::FreePorts;
use crate::learn::remote::{AgentEnd, FaultCounts, RoundLine};
use predict::sha256_hex;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Time between two looks at the processes.
const LOOK: Duration = Duration::from_millis(20);
/// A crew that ends no round for so long is given up, ns.
const STUCK_NS: u64 = 120_000_000_000;
/// Who is killed, in turn.
const VICTIMS: [&str; 4] = ["ran", "core", "app", "controller"];

/// How a crew works.
#[derive(Debug, Clone)]
pub(super) struct Crew<'a> {
    /// `sidecar`.
    pub(super) program: &'a Path,
    pub(super) data: Option<&'a Path>,
    pub(super) folder: PathBuf,
    pub(super) rounds: u64,
    pub(super) batch: usize,
    pub(super) seed: u64,
    /// State after every round.
    pub(super) keeps: bool,
    pub(super) faults: f64,
    /// SIGKILL to each process in turn, evenly over the rounds.
    pub(super) kills: bool,
}

/// What a crew did.
#[derive(Debug, Clone)]
pub(super) struct Did {
    /// Each round once.
    pub(super) rounds: Vec<RoundLine>,
    /// SHA-256 of the weights of ran, core, app and the shared part.
    pub(super) hashes: Vec<String>,
    pub(super) kills: u64,
    /// Rounds an agent missed: of processes that came to their end.
    pub(super) moved: u64,
    /// What bad links did, both ways, of processes that came to their end.
    pub(super) faults: FaultCounts,
}

/// Ends its process when it is dropped.
struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        // it may have ended
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

impl Crew<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn start(&self, name: &str, address: &str) -> Result<Member, ExperimentError> {
        let mut command = Command::new(self.program);
        command.arg("learn");
        if name == "controller" {
            command.args(["controller", "--bind", address]);
        } else {
            let (batch, faults) = (self.batch.to_string(), self.faults.to_string());
            command.args(["agent", name, "--connect", address, "--batch", &batch, "--faults", &faults]);
            if let Some(data) = self.data {
                command.arg("--data").arg(data);
            }
        }
        command.arg("--dir").arg(&self.folder);
        command.args(["--rounds", &self.rounds.to_string(), "--seed", &self.seed.to_string()]);
        command.args(["--weighting", "dynamic"]);
        if !self.keeps {
            command.arg("--forgetful");
        }
        let open = |path: PathBuf| File::create(&path).map_err(|e| ExperimentError::file(&path, e));
        command.stdin(Stdio::null()).stdout(open(self.file(&format!("{name}.json")))?);
        command.stderr(open(self.file(&format!("{name}.log")))?);
        command.spawn().map(Member).map_err(|e| ExperimentError::file(self.program, e))
    }

    /// The rounds so far, each once: of one that is there twice, the later.
    fn lines(&self) -> Vec<RoundLine> {
        let text = std::fs::read_to_string(self.file("rounds.jsonl")).unwrap_or_default();
        let lines = text.lines().filter_map(|l| serde_json::from_str::<RoundLine>(l).ok());
        lines.map(|l| (l.round, l)).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// Trains to the end. `tick` hears how many rounds are done.
    pub(super) fn work(&self, mut tick: impl FnMut(u64)) -> Result<Did, ExperimentError> {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder).map_err(|e| ExperimentError::file(&self.folder, e))?;
        }
        std::fs::create_dir_all(&self.folder).map_err(|e| ExperimentError::file(&self.folder, e))?;
        let stuck = |why: String| ExperimentError::damaged(&self.folder, why);
        let mut ports = FreePorts::stock(1).map_err(|e| stuck(e.to_string()))?;
        let address = ports.wire().map_err(|e| stuck(e.to_string()))?;
        let mut crew: BTreeMap<&str, Member> = BTreeMap::new();
        for name in VICTIMS {
            crew.insert(name, self.start(name, &address)?);
        }
        let (mut kills, mut last) = (0, (0, mono_ns()));
        loop {
            std::thread::sleep(LOOK);
            let done = self.lines().len() as u64;
            tick(done);
            if done > last.0 {
                last = (done, mono_ns());
            }
            let due = (kills + 1) * self.rounds / (VICTIMS.len() as u64 + 1);
            if self.kills && kills < VICTIMS.len() as u64 && done >= due.max(1) {
                let name = VICTIMS[kills as usize];
                drop(crew.remove(name));
                crew.insert(name, self.start(name, &address)?);
                kills += 1;
            }
            let mut working = 0;
            for (name, member) in &mut crew {
                match member.0.try_wait() {
                    Ok(None) => working += 1,
                    Ok(Some(status)) if status.success() => {}
                    Ok(Some(status)) => {
                        let words = std::fs::read_to_string(self.file(&format!("{name}.log"))).unwrap_or_default();
                        return Err(stuck(format!("{name} ended with {status}: {}", words.trim())));
                    }
                    Err(e) => return Err(stuck(e.to_string())),
                }
            }
            if working == 0 {
                break;
            }
            if mono_ns() - last.1 > STUCK_NS {
                return Err(stuck(format!("no round ended for two minutes after {done}")));
            }
        }
        let mut did = Did { rounds: self.lines(), hashes: Vec::new(), kills, moved: 0, faults: FaultCounts::default() };
        for name in ["agent-ran", "agent-core", "agent-app", "controller"] {
            let path = self.file(&format!("{name}.weights"));
            did.hashes.push(sha256_hex(&std::fs::read(&path).map_err(|e| ExperimentError::file(&path, e))?));
        }
        for name in &VICTIMS[..3] {
            let path = self.file(&format!("{name}.json"));
            let text = std::fs::read(&path).map_err(|e| ExperimentError::file(&path, e))?;
            let end: AgentEnd = serde_json::from_slice(&text).map_err(|e| ExperimentError::damaged(&path, e))?;
            did.moved += end.moved;
            for of in [end.up, end.down] {
                did.faults.messages += of.messages;
                did.faults.lost += of.lost;
                did.faults.doubled += of.doubled;
                did.faults.delayed += of.delayed;
                did.faults.reordered += of.reordered;
            }
        }
        Ok(did)
    }
}

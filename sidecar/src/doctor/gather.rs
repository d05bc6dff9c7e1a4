//! Reads what the command line names, into a [`Lab`].

use super::checks::radio_address;
use super::command::DoctorArgs;
use super::host::{Host, System};
use super::subject::{Core, Given, Gnb, Lab, NetworkFunction, PolicyFiles, Subscriber, Ue};
use super::text::DeviceArgs;
use crate::config::Config;
use jiff::Timestamp;
use std::path::Path;

/// Our configuration: its file and what came of it; `None` where none is given.
pub type Ours = Option<(String, Result<Config, String>)>;

/// Reads every file and this host. What cannot be read is in [`Lab::given`], and what needs it is skipped.
#[must_use]
pub fn gather(args: &DoctorArgs, ours: Ours, system: &dyn System, wall: Timestamp) -> Lab {
    let mut reader = Reader { system, given: Vec::new() };
    let config = ours.and_then(|(file, config)| reader.note(&file, config.map(|c| (c, "our configuration".into()))));
    let gnb = reader.gnb(&args.gnb);
    let ues = args.ue.iter().filter_map(|path| reader.ue(path)).collect();
    let core = reader.core(&args.core);
    let policy = args.policy.as_deref().and_then(|path| reader.policy(path, args));
    let radio = args.radio.as_deref().map(DeviceArgs::parse);
    let at = radio_address(gnb.as_ref(), radio.as_ref());
    let runs = config.as_ref().map_or_else(|| "runs".into(), |c| c.run.root.display().to_string());
    let host = Host::look(system, at, &runs);
    Lab { given: reader.given, config, gnb, ues, core, policy, radio, ..Lab::new(host, wall) }
}

struct Reader<'a> {
    system: &'a dyn System,
    given: Vec<Given>,
}

impl Reader<'_> {
    /// Keeps what a file was read as, or why it was not.
    fn note<T>(&mut self, file: &str, read: Result<(T, String), String>) -> Option<T> {
        let (value, read) = match read {
            Ok((value, what)) => (Some(value), Ok(what)),
            Err(why) => (None, Err(why)),
        };
        self.given.push(Given { file: file.to_owned(), read });
        value
    }

    fn text(&self, file: &str) -> Result<String, String> {
        String::from_utf8(self.system.bytes(file)?).map_err(|_| "not text".into())
    }

    /// All files of the gNB, laid over each other; none where one of them cannot be read: half a gNB would mislead.
    fn gnb(&mut self, paths: &[impl AsRef<Path>]) -> Option<Gnb> {
        let mut files = Vec::new();
        for path in paths {
            let file = name(path.as_ref());
            let text = self.text(&file).and_then(|text| {
                let alone = Gnb::read(&[(file.clone(), text.clone())]).map_err(|e| e.to_string());
                alone.map(|_| (text, "the gNB's configuration".to_owned()))
            });
            files.push(self.note(&file, text).map(|text| (file, text)));
        }
        let files: Vec<_> = files.into_iter().collect::<Option<_>>()?;
        if files.is_empty() { None } else { Gnb::read(&files).ok() }
    }

    fn ue(&mut self, path: &Path) -> Option<Ue> {
        let file = name(path);
        let read = self.text(&file).and_then(|text| Ue::read(&file, &text).map_err(|e| e.to_string()));
        self.note(&file, read.map(|ue| (ue, "srsUE's configuration".into())))
    }

    fn core(&mut self, paths: &[impl AsRef<Path>]) -> Core {
        let mut core = Core::default();
        for path in paths {
            let path = name(path.as_ref());
            let inside: Vec<String> = self.system.names(&path).into_iter().filter(|n| is_core_file(n)).collect();
            for file in &inside {
                self.core_file(&format!("{}/{file}", path.trim_end_matches('/')), true, &mut core);
            }
            if inside.is_empty() {
                self.core_file(&path, false, &mut core);
            }
        }
        core
    }

    /// One file; among those of a folder others may lie.
    fn core_file(&mut self, file: &str, among_others: bool, core: &mut Core) {
        let text = self.text(file);
        if ends_with(file, &["json"]) {
            let list = text.and_then(|t| Subscriber::list(&t).ok_or_else(|| "no list of subscribers".into()));
            if list.is_err() && among_others {
                return;
            }
            let list = self.note(file, list.map(|l| (l.clone(), format!("{} subscribers", l.len()))));
            if let Some(list) = list {
                core.subscribers.get_or_insert_default().extend(list);
            }
            return;
        }
        let read = text.and_then(|t| NetworkFunction::read(file, &t).map_err(|e| e.to_string()));
        let read = read.and_then(|all| {
            let names: Vec<&str> = all.iter().map(|f| f.name).collect();
            let what = format!("the core's {}", names.join(", "));
            if all.is_empty() { Err("no network function of Open5GS".to_owned()) } else { Ok((all, what)) }
        });
        if read.is_err() && among_others && self.text(file).is_ok_and(|t| !t.contains("sbi:")) {
            return;
        }
        core.functions.extend(self.note(file, read).into_iter().flatten());
    }

    fn policy(&mut self, path: &Path, args: &DoctorArgs) -> Option<PolicyFiles> {
        let file = name(path);
        let bytes = self.system.bytes(&file);
        let policy = self.note(&file, bytes.map(|b| (b, "the transmit policy".into())))?;
        let mut optional = |path: Option<&Path>, what: &str| {
            let file = name(path?);
            let bytes = self.system.bytes(&file).map(|b| (b, what.to_owned()));
            self.note(&file, bytes)
        };
        let beside = crate::tx::beside(path, "sig");
        let signature = args.signature.as_deref().unwrap_or(&beside);
        let signature = optional(Some(signature), "the policy's signature");
        let key = optional(args.key.as_deref(), "the lab's public key");
        Some(PolicyFiles { name: file, policy, signature, key })
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn ends_with(file: &str, endings: &[&str]) -> bool {
    Path::new(file).extension().is_some_and(|e| endings.iter().any(|ending| e.eq_ignore_ascii_case(ending)))
}

fn is_core_file(file: &str) -> bool {
    ends_with(file, &["yaml", "yml", "json"])
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{CORE, GNB, SUBSCRIBERS, UE};
    use super::super::host::Pretend;
    use super::*;

    fn args(line: &[&str]) -> DoctorArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            doctor: DoctorArgs,
        }
        <Line as clap::Parser>::try_parse_from(std::iter::once(&"doctor").chain(line)).unwrap().doctor
    }

    fn disk() -> Pretend {
        let system = Pretend::good().file("g.yml", GNB).file("u.conf", UE).file("core/subscribers.json", SUBSCRIBERS);
        let system = system.file("core/notes.json", "{}").file("core/prometheus.yml", "scrape_configs: []\n");
        CORE.iter().fold(system, |s, (file, text)| s.file(&format!("core/{file}"), text))
    }

    fn wall() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn files_and_folders_are_read_as_what_they_are() {
        let args =
            args(&["--gnb", "g.yml", "--ue", "u.conf", "--core", "core", "--radio", "driver=uhd,addr=192.168.40.2"]);
        let lab = gather(&args, None, &disk(), wall());
        assert_eq!(lab.core.functions.iter().map(|f| f.name).collect::<Vec<_>>(), ["amf", "nssf", "smf", "upf"]);
        assert_eq!(lab.core.subscribers.map(|s| s.len()), Some(1));
        assert!(lab.gnb.is_some() && lab.ues.len() == 1 && lab.host.ring.is_some());
        assert!(lab.given.iter().all(|g| g.read.is_ok()) && lab.given.len() == 7, "{:?}", lab.given);
    }

    #[test]
    fn what_cannot_be_read_is_noted() {
        let args = args(&["--gnb", "g.yml", "--gnb", "no.yml", "--ue", "g.yml", "--core", "u.conf", "--policy", "p"]);
        let ours = Some(("lab.yaml".to_owned(), Err("lab.yaml:2: unknown key".to_owned())));
        let lab = gather(&args, ours, &disk(), wall());
        assert!(lab.gnb.is_none() && lab.ues.is_empty() && lab.core.is_empty() && lab.policy.is_none());
        let bad: Vec<&str> = lab.given.iter().filter(|g| g.read.is_err()).map(|g| g.file.as_str()).collect();
        assert_eq!(bad, ["lab.yaml", "no.yml", "g.yml", "u.conf", "p"]);
    }
}

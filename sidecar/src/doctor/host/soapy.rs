//! SoapySDR: its library and modules, found where the library looks for them.

use super::system::System;

/// What is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Soapy {
    /// Files of the library, with their folders.
    pub libraries: Vec<String>,
    /// Modules: one a driver.
    pub modules: Vec<Module>,
    /// Folders that were searched for modules.
    pub searched: Vec<String>,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its folder.
    pub folder: String,
    /// Its file, e.g. `libuhdSupport.so`.
    pub file: String,
}

/// Folders of libraries.
const FOLDERS: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib/x86_64-linux-gnu",
    "/usr/local/lib/aarch64-linux-gnu",
    "/usr/local/lib64",
    "/usr/local/lib",
];

impl Soapy {
    /// Looks for it. `SOAPY_SDR_PLUGIN_PATH` adds folders, `SOAPY_SDR_ROOT` another root, as the library has it.
    pub(super) fn look(system: &dyn System) -> Self {
        let mut found = Self::default();
        let root = system.variable("SOAPY_SDR_ROOT").filter(|r| !r.is_empty()).map(|r| format!("{r}/lib"));
        let folders = FOLDERS.iter().map(|f| (*f).to_owned()).chain(root);
        for folder in folders {
            let names = system.names(&folder);
            let library = |name: &&String| name.starts_with("libSoapySDR.so");
            found.libraries.extend(names.iter().filter(library).map(|name| format!("{folder}/{name}")));
            if names.iter().any(|n| n == "SoapySDR") {
                let below = system.names(&format!("{folder}/SoapySDR")).into_iter();
                for modules in below.filter(|n| n.starts_with("modules")) {
                    found.search(system, format!("{folder}/SoapySDR/{modules}"));
                }
            }
        }
        for folder in system.variable("SOAPY_SDR_PLUGIN_PATH").unwrap_or_default().split(':').filter(|f| !f.is_empty())
        {
            found.search(system, folder.to_owned());
        }
        found
    }

    fn search(&mut self, system: &dyn System, folder: String) {
        let files = system.names(&folder).into_iter().filter(|n| n.contains(".so"));
        self.modules.extend(files.map(|file| Module { folder: folder.clone(), file }));
        self.searched.push(folder);
    }

    /// Version of the library's interface that its file name tells, e.g. `0.8` of `libSoapySDR.so.0.8.1`.
    #[must_use]
    pub fn abi(&self) -> Option<String> {
        let version = self.libraries.iter().find_map(|path| path.rsplit_once("libSoapySDR.so.").map(|(_, v)| v))?;
        Some(version.splitn(3, '.').take(2).collect::<Vec<_>>().join("."))
    }

    /// Modules that serve a driver: SoapyUHD is `libuhdSupport.so` for `driver=uhd`.
    #[must_use]
    pub fn modules_of(&self, driver: &str) -> Vec<&Module> {
        let wanted = driver.to_lowercase();
        self.modules.iter().filter(|m| m.file.to_lowercase().contains(&wanted)).collect()
    }
}

impl Module {
    /// Version of the interface that its folder tells, e.g. `0.8` of `…/modules0.8`.
    #[must_use]
    pub fn abi(&self) -> Option<&str> {
        self.folder.rsplit('/').next()?.strip_prefix("modules").filter(|v| !v.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pretend;
    use super::*;

    #[test]
    fn library_and_module_with_their_versions() {
        let soapy = Soapy::look(&Pretend::good());
        assert_eq!(soapy.abi().as_deref(), Some("0.8"));
        let uhd = soapy.modules_of("uhd");
        assert_eq!(uhd.len(), 1);
        assert_eq!((uhd[0].file.as_str(), uhd[0].abi()), ("libuhdSupport.so", Some("0.8")));
        assert!(soapy.modules_of("lime").is_empty());
    }

    #[test]
    fn a_folder_of_ones_own() {
        let system = Pretend::default()
            .variable("SOAPY_SDR_PLUGIN_PATH", "/opt/drivers")
            .file("/opt/drivers/libmineSupport.so", "");
        let soapy = Soapy::look(&system);
        assert_eq!((soapy.modules_of("mine").len(), soapy.abi()), (1, None));
    }
}

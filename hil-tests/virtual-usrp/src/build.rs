//! Compiles box and module with the system's C++ compiler, once for each state of their sources.
use crate::Error;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The sources, as they were when this crate was compiled.
macro_rules! sources {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../cpp/", $name)))),*] };
}

const SOURCES: &[(&str, &str)] = sources![
    "box.cpp",
    "clock.hpp",
    "control.cpp",
    "control.hpp",
    "host.cpp",
    "host.hpp",
    "module.cpp",
    "module_device.cpp",
    "module_device.hpp",
    "module_link.cpp",
    "module_link.hpp",
    "module_stream.cpp",
    "radio.cpp",
    "radio.hpp",
    "receive.cpp",
    "receive.hpp",
    "record.cpp",
    "record.hpp",
    "requests.cpp",
    "settings.cpp",
    "settings.hpp",
    "transmit.cpp",
    "transmit.hpp",
    "wire.hpp",
];
const BOX: &[&str] = &[
    "box.cpp",
    "control.cpp",
    "host.cpp",
    "radio.cpp",
    "receive.cpp",
    "record.cpp",
    "requests.cpp",
    "settings.cpp",
    "transmit.cpp",
];
const MODULE: &[&str] = &["module.cpp", "module_device.cpp", "module_link.cpp", "module_stream.cpp", "settings.cpp"];
const FLAGS: &[&str] = &["-O3", "-fno-math-errno", "-std=c++17", "-pthread", "-Wall"];

/// Where the compiled pieces lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The program `virtual-usrp-box`.
    pub box_program: PathBuf,
    /// The folder with `libvirtualUsrp.so` and nothing else: a value for `SOAPY_SDR_PLUGIN_PATH`.
    pub plugin_path: PathBuf,
}

/// Compiles box and module into `<target dir>/virtual-usrp/<hash of the sources>/`, under a lock, where that has not been done yet.
///
/// # Errors
/// [`Error::NoSoapySdr`] and [`Error::NoCompiler`] say what to install; [`Error::Compile`] has the compiler's words.
pub fn build() -> Result<Built, Error> {
    let soapy = soapy_flags()?;
    let mut hash = Sha256::new();
    for (name, text) in SOURCES {
        hash.update(name.as_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(format!("{FLAGS:?}{soapy:?}"));
    once(&hex(&hash.finalize()), |dir| {
        for (name, text) in SOURCES {
            let path = dir.join(name);
            fs::write(&path, text).map_err(Error::io("cannot write", &path))?;
        }
        let plugin = dir.join("plugin");
        fs::create_dir_all(&plugin).map_err(Error::io("cannot make", &plugin))?;
        let files = |names: &[&str]| names.iter().map(|name| dir.join(name)).collect::<Vec<_>>();
        let module = compile(&plugin.join("libvirtualUsrp.so"), &files(MODULE), &["-fPIC", "-shared"], &soapy)?;
        let program = compile(&dir.join("virtual-usrp-box"), &files(BOX), &[], &[])?;
        finish("libvirtualUsrp.so", module).and(finish("virtual-usrp-box", program))
    })
    .map(|dir| Built { box_program: dir.join("virtual-usrp-box"), plugin_path: dir.join("plugin") })
}

/// Compiles one C++ source that uses SoapySDR, as a test's host program, and says where the program lies.
///
/// # Errors
/// As [`build`].
pub fn build_program(name: &str, source: &str) -> Result<PathBuf, Error> {
    let soapy = soapy_flags()?;
    let mut hash = Sha256::new();
    hash.update(source.as_bytes());
    hash.update(format!("{name}{FLAGS:?}{soapy:?}"));
    once(&hex(&hash.finalize()), |dir| {
        let path = dir.join("program.cpp");
        fs::write(&path, source).map_err(Error::io("cannot write", &path))?;
        finish(name, compile(&dir.join(name), &[path], &[], &soapy)?)
    })
    .map(|dir| dir.join(name))
}

/// Runs `make` in `<target dir>/virtual-usrp/<key>`, where no earlier run has ended well.
fn once(key: &str, make: impl FnOnce(&Path) -> Result<(), Error>) -> Result<PathBuf, Error> {
    let root = target_dir().join("virtual-usrp");
    let dir = root.join(key);
    fs::create_dir_all(&dir).map_err(Error::io("cannot make", &dir))?;
    let lock_path = root.join("lock");
    let lock = File::create(&lock_path).map_err(Error::io("cannot write", &lock_path))?;
    lock.lock().map_err(Error::io("cannot lock", &lock_path))?;
    let done = dir.join("done");
    if !done.exists() {
        make(&dir)?;
        fs::write(&done, "").map_err(Error::io("cannot write", &done))?;
    }
    Ok(dir)
}

/// The target directory that this program was built into, else that of the environment, else the workspace's.
fn target_dir() -> PathBuf {
    let own = std::env::current_exe().ok();
    let tagged = own.as_deref().and_then(|path| path.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file()));
    match (tagged, std::env::var_os("CARGO_TARGET_DIR")) {
        (Some(dir), _) => dir.to_owned(),
        (None, Some(dir)) => dir.into(),
        (None, None) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
    }
}

fn soapy_flags() -> Result<Vec<String>, Error> {
    let asked = Command::new("pkg-config").args(["--cflags", "--libs", "SoapySDR"]).output();
    let asked = asked.map_err(|e| Error::NoSoapySdr(format!("pkg-config: {e}")))?;
    if !asked.status.success() {
        let said = String::from_utf8_lossy(&asked.stderr);
        return Err(Error::NoSoapySdr(said.lines().next().unwrap_or("pkg-config does not know SoapySDR").to_owned()));
    }
    Ok(String::from_utf8_lossy(&asked.stdout).split_whitespace().map(str::to_owned).collect())
}

fn compile(to: &Path, sources: &[PathBuf], flags: &[&str], libraries: &[String]) -> Result<Child, Error> {
    Command::new("c++")
        .args(FLAGS)
        .args(flags)
        .arg("-o")
        .arg(to)
        .args(sources.iter().map(OsStr::new))
        .args(libraries)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| Error::NoCompiler(e.to_string()))
}

fn finish(program: &str, compiler: Child) -> Result<(), Error> {
    let ended = compiler.wait_with_output().map_err(Error::io("cannot run", "c++"))?;
    if ended.status.success() {
        return Ok(());
    }
    Err(Error::Compile { program: program.to_owned(), stderr: String::from_utf8_lossy(&ended.stderr).into_owned() })
}

fn hex(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

//! SoapySDR: the library, its modules, and the one that a radio needs.

use crate::doctor::finding::Found;
use crate::doctor::subject::Lab;

/// Packages of Debian for drivers that people have.
const PACKAGES: &[(&str, &str)] = &[
    ("uhd", "soapysdr-module-uhd"),
    ("rtlsdr", "soapysdr-module-rtlsdr"),
    ("hackrf", "soapysdr-module-hackrf"),
    ("lime", "soapysdr-module-lms7"),
    ("bladerf", "soapysdr-module-bladerf"),
    ("airspy", "soapysdr-module-airspy"),
    ("remote", "soapysdr-module-remote"),
];

pub(in crate::doctor) fn soapysdr(lab: &Lab, found: &mut Found) {
    let (soapy, radio) = (&lab.host.soapy, lab.radio.as_ref());
    let driver = radio.and_then(|args| args.get("driver")).filter(|d| !d.is_empty());
    let install = |driver: &str| {
        let package = PACKAGES.iter().find(|(d, _)| *d == driver).map(|(_, p)| *p);
        package.map_or_else(
            || format!("install the SoapySDR module of `{driver}`; SOAPY_SDR_PLUGIN_PATH adds a folder"),
            |p| format!("apt install {p}"),
        )
    };
    if soapy.libraries.is_empty() {
        match radio {
            Some(_) => found.fail(
                "SoapySDR is not installed: no libSoapySDR.so in the usual folders",
                "apt install libsoapysdr0.8 soapysdr-tools",
            ),
            None => found.skip("SoapySDR is not installed, and no --radio needs it"),
        }
        return;
    }
    let abi = soapy.abi();
    found.ok(format!(
        "library {}, interface {}",
        soapy.libraries.last().map_or("", String::as_str),
        abi.as_deref().unwrap_or("unknown")
    ));
    for module in soapy.modules.iter().filter(|m| m.abi().is_some() && m.abi() != abi.as_deref()) {
        found.warn(
            format!("{} in {} is for another interface: it is not loaded", module.file, module.folder),
            "install the module that belongs to this library",
        );
    }
    let usable =
        |driver: &str| soapy.modules_of(driver).into_iter().any(|m| m.abi().is_none() || m.abi() == abi.as_deref());
    match driver {
        Some(driver) if usable(driver) => found.ok(format!("a module for `driver={driver}` is there")),
        Some(driver) => found.fail(
            format!(
                "no module for `driver={driver}`; searched: {}",
                if soapy.searched.is_empty() {
                    "no folder of modules is there".into()
                } else {
                    soapy.searched.join(", ")
                }
            ),
            install(driver),
        ),
        None if radio.is_some() => {
            found.warn("--radio has no `driver=`: the first radio that is found is taken", "write --radio driver=uhd,…")
        }
        None => {
            let all: Vec<&str> = soapy.modules.iter().map(|m| m.file.as_str()).collect();
            found.ok(if all.is_empty() {
                "no modules, and no --radio needs one".into()
            } else {
                format!("modules: {}", all.join(", "))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{clean, look, says};
    use super::*;
    use crate::doctor::finding::{Finding, Verdict};
    use crate::doctor::fixtures::lab;
    use crate::doctor::host::{Host, Pretend};
    use crate::doctor::text::DeviceArgs;
    use Verdict::{Failure, Ok as Good, Skipped, Warning};

    fn on(system: &Pretend, radio: Option<&str>) -> Vec<Finding> {
        let mut lab = lab();
        lab.host = Host::look(system, None, "runs");
        lab.radio = radio.map(DeviceArgs::parse);
        look(soapysdr, &lab)
    }

    #[test]
    fn the_module_that_a_radio_needs() {
        let found = on(&Pretend::good(), Some("driver=uhd"));
        clean(&found);
        says(&found, Good, &["libSoapySDR.so.0.8.1, interface 0.8"]);
        says(&found, Good, &["driver=uhd"]);
        let lime = on(&Pretend::good(), Some("driver=lime"));
        says(&lime, Failure, &["modules0.8", "apt install soapysdr-module-lms7"]);
        says(&on(&Pretend::good(), Some("serial=1")), Warning, &["driver=uhd"]);
        says(&on(&Pretend::good(), Some("driver=mine")), Failure, &["SOAPY_SDR_PLUGIN_PATH"]);
    }

    #[test]
    fn a_module_of_another_interface_does_not_count() {
        let folder = "/usr/lib/x86_64-linux-gnu/SoapySDR";
        let old = Pretend::good().without(folder).file(&format!("{folder}/modules0.7/libuhdSupport.so"), "");
        let found = on(&old, Some("driver=uhd"));
        says(&found, Warning, &["another interface"]);
        says(&found, Failure, &["no module for `driver=uhd`"]);
    }

    #[test]
    fn not_installed() {
        says(&on(&Pretend::default(), None), Skipped, &["no --radio"]);
        says(&on(&Pretend::default(), Some("driver=uhd")), Failure, &["apt install libsoapysdr"]);
        says(&on(&Pretend::good().without("/usr/lib/x86_64-linux-gnu/SoapySDR"), None), Good, &["no modules"]);
    }
}

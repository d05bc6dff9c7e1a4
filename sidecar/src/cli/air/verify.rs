//! `sidecar air verify`.

use super::args::VerifyArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::config::Loaded;
use ran_bridge::air::CaptureStatus;
use ran_bridge::air::verify::{LARGEST_ERROR, VerifyError, WireReport, verify};
use serde::Serialize;

/// What `--json` gives.
#[derive(Debug, Serialize)]
struct Told<'a> {
    /// Largest relative error that counts as right.
    bar: f64,
    /// Whether every wire was recomputed and is right.
    is_right: bool,
    wires: &'a [WireReport],
}

pub(super) fn run(args: &VerifyArgs, as_json: bool) -> Result<Exit, CliError> {
    let file = args.folder.join("capture.json");
    let wrong = |e: &dyn std::fmt::Display| {
        CliError::new(Exit::Input, format!("{}: {e}", file.display()), "give the folder of a `sidecar air capture`")
    };
    let json = std::fs::read(&file).map_err(|e| wrong(&e))?;
    let status: CaptureStatus = serde_json::from_slice(&json).map_err(|e| wrong(&e))?;
    let config = Loaded::load(Some(&args.folder.join("config.yaml")), &[])?.config.air_engine();
    config.check().map_err(|e| CliError::new(Exit::Config, e, "config.yaml is that of the capture: restore it"))?;
    let bar = indicatif::ProgressBar::new(0);
    let wires = verify(&args.folder, &status, &config, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .map_err(|VerifyError::Input(e)| CliError::new(Exit::Input, e, "capture anew"))?;
    bar.finish_and_clear();
    let exit = exit_of(&wires);
    if as_json {
        text::json(&Told { bar: LARGEST_ERROR, is_right: exit == Exit::Ok, wires: &wires })?;
    } else {
        text::out(&shown(&wires))?;
    }
    Ok(exit)
}

/// An error outweighs what could not be recomputed.
fn exit_of(wires: &[WireReport]) -> Exit {
    let is_wrong = |w: &WireReport| w.not_covered.is_none() && !w.is_right;
    if wires.iter().any(is_wrong) {
        Exit::Integrity
    } else if wires.is_empty() || wires.iter().any(|w| w.not_covered.is_some()) {
        Exit::Input
    } else {
        Exit::Ok
    }
}

fn shown(wires: &[WireReport]) -> String {
    if wires.is_empty() {
        return "no wire behind a channel was captured: ue0_rx, or gnb_rx0 with ue0_tx, and so on\n".into();
    }
    let head =
        ["wire", "result", "error rms", "largest", "at sample", "power", "compared", "skipped", "faults", "left out"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut said = String::new();
    for w in wires {
        if let Some(why) = &w.not_covered {
            rows.push(vec![w.wire.clone(), "not covered".into()]);
            said += &format!("{}: {why}\n", w.wire);
            continue;
        }
        rows.push(vec![
            w.wire.clone(),
            if w.is_right { "right" } else { "WRONG" }.into(),
            format!("{:.2e}", w.relative_rms),
            format!("{:.2e}", w.largest),
            w.largest_at.map_or_else(|| "-".into(), |n| n.to_string()),
            format!("{:.2} dBFS", w.power_dbfs),
            w.compared_samples.to_string(),
            w.skipped_samples.to_string(),
            w.fault_samples.to_string(),
            w.left_out_samples.to_string(),
        ]);
    }
    let gains = wires.iter().map(|w| w.gain_distance).fold(0.0, f64::max);
    format!(
        "{}\n{said}Errors are relative to the root mean square of what was recomputed; right: at most {LARGEST_ERROR:.0e} rms. The recomputed gains are within {gains:.0e} of the formulae.\nSkipped: echoes of samples before the capture. Faults: samples of faults on purpose, done again. Left out: samples of faults that are not.\n",
        text::columns(&rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(is_right: bool, not_covered: Option<&str>) -> WireReport {
        WireReport {
            wire: "ue0_rx".into(),
            not_covered: not_covered.map(str::to_owned),
            compared_samples: 100,
            skipped_samples: 3,
            fault_samples: 0,
            left_out_samples: 0,
            power_dbfs: -20.0,
            relative_rms: 3e-4,
            largest: 0.1,
            largest_at: Some(77),
            gain_distance: 1e-9,
            is_right,
        }
    }

    #[test]
    fn a_wrong_wire_outweighs_one_that_is_not_covered() {
        let (right, wrong, open) = (wire(true, None), wire(false, None), wire(false, Some("why so")));
        assert_eq!(exit_of(std::slice::from_ref(&right)), Exit::Ok);
        assert_eq!(exit_of(&[right.clone(), open.clone(), wrong.clone()]), Exit::Integrity);
        assert_eq!(exit_of(&[right.clone(), open.clone()]), Exit::Input);
        assert_eq!(exit_of(&[]), Exit::Input);
        let text = shown(&[right, wrong, open]);
        assert!(text.contains("WRONG") && text.contains("3.00e-4") && text.contains("ue0_rx: why so"), "{text}");
    }
}

//! `sidecar air set`.

use super::args::SetArgs;
use crate::air::AirClient;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use ran_bridge::air::{At, Command, Event, NoiseSetting, Setting};

pub(super) fn run(args: &SetArgs, address: &str, as_json: bool) -> Result<Exit, CliError> {
    let mut changes = Vec::new();
    changes.extend(args.weights.clone().map(|w| Setting::Weights { weights: w.0 }));
    changes.extend(args.power.map(|p| Setting::Power { power_db: p.db() as f32 }));
    changes.extend(args.noise.map(|n| Setting::ArtificialNoise(NoiseSetting { dbfs: n.0, ..NoiseSetting::default() })));
    changes.extend(args.uplink_weights.clone().map(|w| Setting::UplinkWeights { weights: w.0 }));
    let count = changes.len();
    let command = Command::Batch { at: args.at.map_or(At::NextSlot, At::Sample), changes, cause: 0 };
    let mut air = AirClient::connect(address)?;
    let mut events = vec![air.ask(&command)?];
    while events.len() < count {
        match air.wait(1_000_000_000, |e| matches!(e, Event::Applied { .. }))? {
            Some(event) => events.push(event),
            None => break,
        }
    }
    if as_json {
        text::json(&events)?;
        return Ok(Exit::Ok);
    }
    let mut rows = vec![["what", "from sample", "before", "now"].map(str::to_owned).to_vec()];
    for event in &events {
        if let Event::Applied { what, sample, old, new, .. } = event {
            rows.push(vec![what.clone(), sample.to_string(), old.to_string(), new.to_string()]);
        }
    }
    text::out(&text::columns(&rows))?;
    Ok(Exit::Ok)
}

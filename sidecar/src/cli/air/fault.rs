//! `sidecar air fault`: prepare, arm, stop, verify, or all in a row.

use super::args::{FaultArgs, FaultCommand, KindArgs};
use super::stream_of;
use crate::air::AirClient;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::config::Config;
use ran_bridge::air::{At, Command, Direction, Event, FaultKind, FaultOrder, FaultSpec, FaultState, FaultStatus};

/// Longest wait for a sign of life of a fault that runs, ns: radio time may be slower than the clock.
const LOOK_NS: u64 = 500_000_000;

pub(super) fn run(command: &FaultCommand, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let mut air = AirClient::connect(&config.air.control)?;
    let at = |at: Option<u64>| at.map_or(At::NextSlot, At::Sample);
    let status = match command {
        FaultCommand::Run(args) => return all(&mut air, args, config, as_json),
        FaultCommand::Prepare(args) => prepare(&mut air, args, config)?,
        FaultCommand::Arm { id, at: first } => order(&mut air, FaultOrder::Arm { id: *id, at: at(*first) })?,
        FaultCommand::Stop { id } => order(&mut air, FaultOrder::Stop { id: *id })?,
        FaultCommand::Verify { id } => order(&mut air, FaultOrder::Verify { id: *id })?,
    };
    told(&status, as_json)?;
    Ok(Exit::Ok)
}

fn all(air: &mut AirClient, args: &FaultArgs, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let rate_hz = rate_of(air)?;
    let id = prepare(air, args, config)?.id;
    let mut status = order(air, FaultOrder::Arm { id, at: args.at.map_or(At::NextSlot, At::Sample) })?;
    let bar = indicatif::ProgressBar::new(status.spec.samples);
    while matches!(status.state, FaultState::Armed | FaultState::Running) {
        bar.set_position(status.done_samples);
        let is_end = |s: &FaultStatus| s.id == id && matches!(s.state, FaultState::Done | FaultState::Stopped);
        let ended = air.wait(LOOK_NS, |e| matches!(e, Event::Fault(s) if is_end(s)))?;
        status = match ended {
            Some(Event::Fault(status)) => status,
            _ => order(air, FaultOrder::Verify { id })?,
        };
    }
    bar.finish_and_clear();
    told(&status, as_json)?;
    let is_whole = status.state == FaultState::Done && status.done_samples == status.spec.samples;
    if !is_whole {
        let why = format!("{} of {} samples were done", status.done_samples, status.spec.samples);
        return Err(CliError::new(Exit::Peer, why, "the receiver was away meanwhile, or somebody stopped it"));
    }
    if !as_json {
        text::out(&format!("all of it: {:.6} s of radio time\n", status.done_samples as f64 / rate_hz))?;
    }
    Ok(Exit::Ok)
}

fn order(air: &mut AirClient, order: FaultOrder) -> Result<FaultStatus, CliError> {
    match air.ask(&Command::Fault { order })? {
        Event::Fault(status) => Ok(status),
        _ => Err(something_else()),
    }
}

fn something_else() -> CliError {
    CliError::new(Exit::Peer, "air answers something else", "install the same release on both sides")
}

/// The rate that `air` runs at, whatever the configuration here says.
fn rate_of(air: &mut AirClient) -> Result<f64, CliError> {
    match air.ask(&Command::Status)? {
        Event::Status(status) => Ok(status.rate_hz),
        _ => Err(something_else()),
    }
}

fn prepare(air: &mut AirClient, args: &FaultArgs, config: &Config) -> Result<FaultStatus, CliError> {
    let fault = spec(args, config, rate_of(air)?)?;
    order(air, FaultOrder::Prepare { fault })
}

fn spec(args: &FaultArgs, config: &Config, rate_hz: f64) -> Result<FaultSpec, CliError> {
    let kind = match &args.kind {
        KindArgs::Blank => FaultKind::Blank,
        KindArgs::Attenuate { by } => FaultKind::Attenuate { db: by.db() as f32 },
        KindArgs::Tone { frequency, level } => {
            FaultKind::Tone { frequency_hz: frequency.hz(), dbfs: level.dbfs() as f32 }
        }
        KindArgs::Noise { level } => FaultKind::Noise { dbfs: level.dbfs() as f32 },
        KindArgs::Cfo { offset } => FaultKind::Cfo { offset_hz: offset.hz() },
        KindArgs::Tdl { taps } => FaultKind::Tdl { taps: taps.iter().map(|t| t.0).collect() },
    };
    Ok(FaultSpec {
        stream: stream_of(config, &args.on)?,
        direction: if args.uplink { Direction::Uplink } else { Direction::Downlink },
        kind,
        samples: (args.duration.s() * rate_hz).round() as u64,
    })
}

fn told(status: &FaultStatus, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return text::json(status);
    }
    text::out(&shown(status))
}

fn shown(s: &FaultStatus) -> String {
    let state = format!("{:?}", s.state).to_lowercase();
    let span = match s.first {
        Some(first) => format!("samples {first} to {}", first + s.spec.samples - 1),
        None => format!("{} samples", s.spec.samples),
    };
    let mut text = format!("fault {}: {state}, {span}, {} done\n", s.id, s.done_samples);
    if s.done_samples > 0 {
        let power = |energy: f64| 10.0 * (energy / s.done_samples as f64).log10();
        text += &format!(
            "mean power over these: {:.2} dBFS before, {:.2} dBFS after; {} samples missed\n",
            power(s.energy_before),
            power(s.energy_after),
            s.missed_samples
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::air::stand_in::StandIn;
    use crate::config::Duration;

    #[test]
    fn a_duration_is_counted_at_the_rate_of_air() {
        let air = StandIn::new(vec![vec![Event::Status(StandIn::status(30.72e6))]]);
        let mut config = Config::default();
        assert!(config.air.sample_rate.hz() < 30e6);
        config.air.control = air.address().to_owned();
        let on = config.air.ues[0].name.clone();
        let args = FaultArgs { on, uplink: false, duration: Duration::new(0.05), at: None, kind: KindArgs::Blank };
        // its second answer never comes
        assert!(run(&FaultCommand::Prepare(args), &config, true).is_err());
        let commands = air.commands();
        let Some(Command::Fault { order: FaultOrder::Prepare { fault } }) = commands.last() else {
            panic!("{commands:?}")
        };
        // 50 ms at 30.72 MS/s
        assert_eq!(fault.samples, 1_536_000);
    }

    #[test]
    fn a_fault_is_told_in_full() {
        let spec = FaultSpec { stream: 0, direction: Direction::Downlink, kind: FaultKind::Blank, samples: 1_152_000 };
        let status = FaultStatus {
            id: 3,
            spec,
            state: FaultState::Done,
            first: Some(23_040),
            done_samples: 1_152_000,
            energy_before: 11_520.0,
            energy_after: 0.0,
            missed_samples: 0,
        };
        let text = shown(&status);
        assert!(text.contains("fault 3: done, samples 23040 to 1175039, 1152000 done"), "{text}");
        assert!(text.contains("-20.00 dBFS before, -inf dBFS after"), "{text}");
    }
}

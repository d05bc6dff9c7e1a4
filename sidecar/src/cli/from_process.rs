//! The errors of processes, each with its exit code and what to do.

use super::error::CliError;
use super::exit::Exit;
use crate::agent::AgentError;
use crate::air::{AirProcessError, HoldError};
use crate::app::AppError;
use crate::controller::ControllerError;
use crate::core::CoreError;
use crate::ran::RanError;
use ran_bridge::air::AirError;

impl From<AirProcessError> for CliError {
    fn from(e: AirProcessError) -> Self {
        let (exit, help) = match &e {
            AirProcessError::Air(AirError::Config(_) | AirError::Rate { .. }) => {
                (Exit::Config, "see `sidecar config show`")
            }
            AirProcessError::Air(AirError::Recording(_)) => (Exit::Input, "`sidecar csi FILE` looks into a recording"),
            AirProcessError::Air(_)
            | AirProcessError::Control { .. }
            | AirProcessError::Door(_)
            | AirProcessError::Thread(_) => (Exit::System, "`ss -lxtnp` tells who has the address"),
            AirProcessError::Record(_) => (Exit::Record, "is the run folder there, and is it yours to write?"),
        };
        Self::new(exit, e, help)
    }
}

impl From<HoldError> for CliError {
    fn from(e: HoldError) -> Self {
        match e {
            HoldError::Air(e) => AirProcessError::Air(e).into(),
            e @ HoldError::System { .. } => Self::new(Exit::System, e, ""),
            HoldError::Worker(how) => {
                let exit = how.code().and_then(|code| u8::try_from(code).ok()).and_then(Exit::of_code);
                Self::new(exit.unwrap_or(Exit::Internal), HoldError::Worker(how), "")
            }
        }
    }
}

impl From<RanError> for CliError {
    fn from(e: RanError) -> Self {
        match e {
            RanError::Record(e) => e.into(),
            RanError::Telemetry(e) => e.into(),
            e @ (RanError::Nr(_) | RanError::Gnb(_)) => {
                Self::new(Exit::Config, e, "see the section `ran` of `sidecar config show`")
            }
            e @ RanError::Start { .. } => Self::new(Exit::System, e, ""),
            e => {
                Self::new(Exit::Peer, e, "do `sidecar air` and `sidecar controller` run, with the same configuration?")
            }
        }
    }
}

impl From<AgentError> for CliError {
    fn from(e: AgentError) -> Self {
        match e {
            AgentError::Record(e) => e.into(),
            AgentError::Telemetry(e) => e.into(),
            e @ AgentError::Link(_) => {
                Self::new(Exit::Peer, e, "does `sidecar controller` run, with the same configuration?")
            }
            e @ AgentError::Thread(_) => Self::new(Exit::System, e, ""),
        }
    }
}

impl From<CoreError> for CliError {
    fn from(e: CoreError) -> Self {
        match e {
            CoreError::Agent(e) => e.into(),
            e @ CoreError::Http(_) => Self::new(Exit::Config, e, "see the section `core` of `sidecar config show`"),
        }
    }
}

impl From<AppError> for CliError {
    fn from(e: AppError) -> Self {
        match e {
            AppError::Agent(e) => e.into(),
            e @ AppError::Http(_) => Self::new(Exit::Config, e, "see the section `app` of `sidecar config show`"),
            e @ AppError::Trace(_) => Self::new(Exit::Input, e, "`app.trace` wants a CSV file with a header line"),
            e @ AppError::Serve(_) => Self::new(Exit::System, e, "`ss -ltnp` tells who has the port"),
        }
    }
}

impl From<ControllerError> for CliError {
    fn from(e: ControllerError) -> Self {
        match e {
            ControllerError::Record(e) => e.into(),
            ControllerError::Telemetry(e) => e.into(),
            e @ ControllerError::NeedsToken(_) => Self::new(Exit::Config, e, ""),
            e @ ControllerError::Learn(_) => Self::new(Exit::Input, e, "`learn.enabled: false` runs without a model"),
            e => Self::new(Exit::System, e, "`ss -ltnp` tells who has the port"),
        }
    }
}

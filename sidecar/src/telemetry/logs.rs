//! `tracing` to standard error.

use super::error::TelemetryError;
use tracing_subscriber::EnvFilter;

/// How logs look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogStyle {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// 0 = warnings, 1 = info, 2 = debug, 3 = trace; `SIDECAR_LOG` wins over it.
    pub verbose: u8,
}

/// Sends logs of this process to standard error, filtered by `SIDECAR_LOG` (syntax of `tracing`'s `EnvFilter`).
///
/// # Errors
/// [`TelemetryError::Filter`] when `SIDECAR_LOG` is not a filter, [`TelemetryError::LogsTwice`] on a second call.
pub fn init_tracing(process: &str, style: LogStyle) -> Result<(), TelemetryError> {
    let filter = filter(std::env::var("SIDECAR_LOG").ok().as_deref(), style.verbose)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    let done = if style.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
    };
    done.map_err(|_| TelemetryError::LogsTwice)?;
    tracing::debug!(process, version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), "logs are set up");
    Ok(())
}

fn filter(from_env: Option<&str>, verbose: u8) -> Result<EnvFilter, TelemetryError> {
    let text = from_env.unwrap_or(match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    });
    EnvFilter::try_new(text).map_err(|e| TelemetryError::Filter { filter: text.into(), reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_and_nonsense_is_named() {
        assert_eq!(filter(None, 1).unwrap().to_string(), "info");
        assert_eq!(filter(Some("sidecar::ran=debug"), 0).unwrap().to_string(), "sidecar::ran=debug");
        assert!(matches!(filter(Some("sidecar=loud"), 0), Err(TelemetryError::Filter { .. })));
    }
}

//! From the configuration to what `tx-guard` takes.

use super::sections::{Config, SwitchSection, TxMode};
use crate::tx::{GuardConfig, PolicyFiles, beside};
use governor::Mode;
use ran_bridge::radio::{DeviceArgs, RadioConfig, RadioError, RxConfig, SafeOutput, Switch, TxConfig};

impl Config {
    /// What the process `tx-guard` takes, and who wants to find it; `run` is the run's number in wire headers.
    ///
    /// # Errors
    /// [`RadioError::Args`].
    pub fn tx_guard(&self, run: u64) -> Result<GuardConfig, RadioError> {
        let tx = &self.tx;
        Ok(GuardConfig {
            run,
            radio: self.tx_radio()?,
            mode: match tx.mode {
                TxMode::Zmq => Mode::Zmq,
                TxMode::Conducted => Mode::Conducted,
                TxMode::Shielded => Mode::Shielded,
                TxMode::Licensed => Mode::Licensed,
            },
            policy: PolicyFiles {
                policy: tx.policy.clone(),
                signature: tx.signature.clone().unwrap_or_else(|| beside(&tx.policy, "sig")),
                key: tx.key.clone(),
            },
            control: tx.control.clone(),
            stop_file: tx.stop_file.clone(),
            log: tx.log.clone(),
            stop_without_reference: tx.stop_without_reference,
            overload: 10_f32.powf(tx.overload.dbfs() as f32 / 20.0),
            metrics: tx.metrics.at(),
            calibration_age_ns: (tx.calibration.max_age.s().max(0.0) * 1e9) as u64,
        })
    }

    /// The radio of the section `tx`.
    ///
    /// # Errors
    /// [`RadioError::Args`].
    pub fn tx_radio(&self) -> Result<RadioConfig, RadioError> {
        let tx = &self.tx;
        Ok(RadioConfig {
            args: DeviceArgs::parse(tx.radio.as_deref().unwrap_or_default())?,
            rate_hz: tx.sample_rate.hz(),
            clock_source: tx.clock_source.clone(),
            time_source: tx.time_source.clone(),
            tx: Some(TxConfig {
                channels: tx.channels.clone(),
                frequency_hz: tx.frequency.hz(),
                antenna: tx.antenna.clone(),
                safe: SafeOutput { antenna: tx.safe_antenna.clone(), switch: tx.switch.as_ref().map(switch) },
            }),
            rx: Some(RxConfig {
                channels: tx.listen.channels.clone(),
                frequency_hz: tx.listen.frequency.unwrap_or(tx.frequency).hz(),
                antenna: tx.listen.antenna.clone(),
                gain_db: tx.listen.gain.db(),
                gain_elements_db: tx.listen.gain_elements.iter().map(|(name, g)| (name.clone(), g.db())).collect(),
            }),
        })
    }
}

fn switch(s: &SwitchSection) -> Switch {
    Switch { setting: s.setting.clone(), on_air: s.on_air.clone(), safe: s.safe.clone() }
}

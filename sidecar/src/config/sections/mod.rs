//! The sections of the document. Every field has a default that fits the demo cell.

mod air;
mod app;
mod controller;
mod core;
mod emulator;
mod gnb_console;
mod learn;
mod ran;
mod relay;
mod run;
mod tx;
mod up;

pub use air::{AirSection, GnbSection, UeSection};
pub use app::{AppSection, TraceSection};
pub use controller::{ControllerSection, LimitsSection, PolicySection, SliceSection};
pub use core::CoreSection;
pub use emulator::{
    EmulatorSection, LinkSection, PathLossKind, PathLossSection, PositionsSection, ProfileSection, TapSection,
};
pub use gnb_console::{
    CfoRange, ConsoleLogLevel, ConsoleTable, GainRange, GnbConsoleSection, HandoverRange, TimeOffsetRange,
};
pub use learn::{LearnSection, StopSection, TrainWhen, TriggerSection, WeightingMethod};
pub use ran::{CellSection, PowerSection, RanSection, SoundingSection};
pub use relay::{RelayCalibrateSection, RelayLegSection, RelaySection};
pub use run::{Config, MetricsSection, RunSection};
pub use tx::{ListenSection, SwitchSection, TxMode, TxSection};
pub use up::{ExtraProcess, ProcessName, UpSection};

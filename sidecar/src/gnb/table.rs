//! Which table of metrics the gNB shows. Its console has only a toggle and says nothing, so it is remembered.

use super::guard::Refusal;
use ran_bridge::gnb::console::{ConsoleCommand, Table, Verdict};

/// What is shown, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Known(Option<Table>),
    /// Since a toggle that was not confirmed.
    Unknown,
}

impl Shown {
    /// The toggle that leads there; `None` where it is so already.
    pub(super) fn toggle(self, want: Option<Table>) -> Result<Option<ConsoleCommand>, Refusal> {
        let Self::Known(now) = self else { return Err(Refusal::TableUnknown) };
        Ok(if now == want { None } else { want.or(now).map(|table| ConsoleCommand::ToggleTable { table }) })
    }

    /// A toggle was answered.
    pub(super) fn settled(&mut self, command: ConsoleCommand, before: Self, verdict: Verdict) {
        let ConsoleCommand::ToggleTable { table } = command else { return };
        *self = match (verdict, before) {
            (Verdict::Done, Self::Known(now)) => Self::Known((now != Some(table)).then_some(table)),
            (Verdict::Refused(_) | Verdict::NotKnown, before) => before,
            _ => Self::Unknown,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toggles_lead_to_what_is_wanted() {
        let (ue, ru) = (Some(Table::Ue), Some(Table::Ru));
        for now in [None, ue, ru] {
            for want in [None, ue, ru] {
                let mut shown = Shown::Known(now);
                if let Some(command) = shown.toggle(want).unwrap() {
                    let before = shown;
                    shown.settled(command, before, Verdict::Unconfirmed);
                    assert_eq!(shown.toggle(want), Err(Refusal::TableUnknown));
                    shown.settled(command, before, Verdict::Done);
                }
                assert_eq!(shown, Shown::Known(want), "{now:?} to {want:?}");
            }
        }
    }
}

//! CSI reports in the gNB's scheduler events (logger `SCHED` at debug): `- CSI: ue=0 rnti=0x4601: slot_rx=426.8 cqi=15 ri=1 pmi=2`.

use super::line::{LogSlot, field, number, rnti};

/// Precoding matrix indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pmi {
    /// Two ports.
    TwoPorts(u8),
    /// Four ports, type I, single panel, mode 1.
    FourPorts {
        /// i_{1,1}
        i_1_1: u8,
        /// i_{1,3}; none for rank 1.
        i_1_3: Option<u8>,
        /// i_2
        i_2: u8,
    },
}

/// One report of a UE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct CsiReport {
    /// The gNB's index of the UE.
    pub ue: u32,
    /// Its C-RNTI.
    pub rnti: u16,
    /// When the gNB received it.
    pub at: LogSlot,
    /// Wideband CQI of the first transport block, 0…15.
    pub cqi: Option<u8>,
    /// Rank.
    pub ri: Option<u8>,
    /// Precoding matrix.
    pub pmi: Option<Pmi>,
}

impl CsiReport {
    /// From a line of the log; none if it is another, or not whole.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        report(line)
    }
}

/// The reports in a piece of log, in order; a line that is none, or not whole, is passed over.
pub fn csi_reports(text: &str) -> impl Iterator<Item = CsiReport> + '_ {
    text.lines().filter_map(CsiReport::of_line)
}

fn report(line: &str) -> Option<CsiReport> {
    let (_, rest) = line.split_once("CSI: ")?;
    let small = |key| number(rest, key).filter(|v| (0.0..=255.0).contains(v) && v.fract() == 0.0).map(|v| v as u8);
    // i_1_3 is an optional value in the log: a number, `none` or `optional(2)`
    let optional =
        |key| field(rest, key).and_then(|v| v.trim_start_matches("optional(").trim_end_matches(')').parse().ok());
    let four = || Some(Pmi::FourPorts { i_1_1: small("i_1_1")?, i_1_3: optional("i_1_3"), i_2: small("i_2")? });
    Some(CsiReport {
        ue: field(rest, "ue")?.parse().ok()?,
        rnti: rnti(rest)?,
        at: LogSlot::parse(field(rest, "slot_rx")?)?,
        cqi: small("cqi").filter(|v| *v <= 15),
        ri: small("ri"),
        pmi: small("pmi").map(Pmi::TwoPorts).or_else(four),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_of_two_and_four_ports() {
        let text = "2026-11-22T01:50:12 [SCHED   ] [D] [   427.0] Processed slot events:\n\
                    - SR: ue=0 rnti=0x4601\n\
                    - CSI: ue=0 rnti=0x4601: slot_rx=426.8 cqi=15 ri=1 pmi=2\n\
                    - CSI: ue=1 rnti=0x4602: slot_rx=426.9 invalid\n\
                    - CSI: ue=2 rnti=0x4603: slot_rx=427.18 cqi=7 ri=2 i_1_1=3 i_1_3=optional(1) i_2=0\n";
        let got: Vec<_> = csi_reports(text).collect();
        assert_eq!(got.len(), 3);
        assert_eq!(
            (got[0].rnti, got[0].cqi, got[0].ri, got[0].pmi),
            (0x4601, Some(15), Some(1), Some(Pmi::TwoPorts(2)))
        );
        assert_eq!((got[1].cqi, got[1].pmi), (None, None));
        assert_eq!(got[2].at, LogSlot { sfn: 427, slot: 18 });
        assert_eq!(got[2].pmi, Some(Pmi::FourPorts { i_1_1: 3, i_1_3: Some(1), i_2: 0 }));
    }

    proptest! {
        #[test]
        fn what_is_written_comes_back(ue in 0u32..64, rnti in 1u16.., sfn in 0u16..1024, slot in 0u16..20, cqi in 0u8..16, ri in 1u8..5, pmi in 0u8..4) {
            let line = format!("- CSI: ue={ue} rnti={rnti:#x}: slot_rx={sfn}.{slot} cqi={cqi} ri={ri} pmi={pmi}");
            let expected = CsiReport { ue, rnti, at: LogSlot { sfn, slot }, cqi: Some(cqi), ri: Some(ri), pmi: Some(Pmi::TwoPorts(pmi)) };
            prop_assert_eq!(csi_reports(&line).collect::<Vec<_>>(), [expected]);
        }

        #[test]
        fn any_text_is_read_or_passed_over(text in ".{0,200}", tail in "[ -~é]{0,60}") {
            csi_reports(&format!("{text}\n- CSI: ue={tail}")).for_each(drop);
        }
    }
}

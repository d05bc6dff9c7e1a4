//! The metrics file of srsUE (`general.metrics_csv_enable`): `;` between values, a head line, `n/a` for what there is not, `#eof` at the end.

/// What is wrong with a metrics file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UeCsvError {
    /// The head line lacks a column.
    #[error("the head line has no column `{0}`: is it srsUE's metrics file?")]
    Column(&'static str),
}

/// One report of one carrier.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct UeRow {
    /// Time since the UE began, in s.
    pub at_s: f64,
    /// Carrier.
    pub carrier: u32,
    /// Physical cell identity.
    pub pci: Option<u16>,
    /// RSRP in dB as the UE has it; not calibrated.
    pub rsrp_db: Option<f64>,
    /// Carrier frequency offset in Hz.
    pub cfo_hz: Option<f64>,
    /// Downlink signal to noise in dB.
    pub dl_snr_db: Option<f64>,
    /// Downlink modulation and coding scheme.
    pub dl_mcs: Option<f64>,
    /// Downlink block errors in percent.
    pub dl_bler_percent: Option<f64>,
    /// Downlink rate in bit/s.
    pub dl_bit_per_s: Option<f64>,
    /// Uplink rate in bit/s.
    pub ul_bit_per_s: Option<f64>,
    /// Timing advance in µs.
    pub ul_ta_us: Option<f64>,
}

/// Reader of a metrics file, line by line.
#[derive(Debug, Clone)]
pub struct UeCsv {
    columns: [usize; NAMES.len()],
    /// Lines that were not whole.
    pub bad: u64,
}

const NAMES: [&str; 11] =
    ["time", "cc", "pci", "rsrp", "cfo", "dl_snr", "dl_mcs", "dl_bler", "dl_brate", "ul_brate", "ul_ta"];

impl UeCsv {
    /// From the head line.
    ///
    /// # Errors
    /// [`UeCsvError::Column`].
    pub fn new(head: &str) -> Result<Self, UeCsvError> {
        let names: Vec<&str> = head.trim().split(';').collect();
        let mut columns = [0; NAMES.len()];
        for (column, name) in columns.iter_mut().zip(NAMES) {
            *column = names.iter().position(|n| *n == name).ok_or(UeCsvError::Column(name))?;
        }
        Ok(Self { columns, bad: 0 })
    }

    /// A line; none for the end mark and an empty line, and for one that is not whole, which is counted.
    pub fn line(&mut self, line: &str) -> Option<UeRow> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let values: Vec<&str> = line.split(';').collect();
        let number = |i: usize| values.get(self.columns[i])?.parse::<f64>().ok().filter(|v| v.is_finite());
        let whole = |i: usize, most: f64| number(i).filter(|v| (0.0..=most).contains(v) && v.fract() == 0.0);
        let (Some(time_ms), Some(carrier)) = (number(0), whole(1, 1e6)) else {
            self.bad += 1;
            return None;
        };
        Some(UeRow {
            at_s: time_ms * 1e-3,
            carrier: carrier as u32,
            pci: whole(2, 1007.0).map(|v| v as u16),
            rsrp_db: number(3),
            cfo_hz: number(4),
            dl_snr_db: number(5),
            dl_mcs: number(6),
            dl_bler_percent: number(7),
            dl_bit_per_s: number(8),
            ul_bit_per_s: number(9),
            ul_ta_us: number(10),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "time;cc;earfcn;pci;rsrp;pl;cfo;pci_neigh;rsrp_neigh;cfo_neigh;dl_mcs;dl_snr;dl_turbo;dl_brate;dl_bler;ul_ta;distance_km;speed_kmph;ul_mcs;ul_buff;ul_brate;ul_bler;rf_o;rf_u;rf_l;is_attached";

    #[test]
    fn a_line_of_the_file() {
        let mut csv = UeCsv::new(HEAD).unwrap();
        let row = csv
            .line(
                "1000;0;368500;1;15;0.0;-12.5;n/a;n/a;n/a;27;68.2;1.0;1.2e6;0.0;0.0;0.0;0.0;28;0.0;3000;0.0;0;0;0;0.0",
            )
            .unwrap();
        assert_eq!((row.at_s, row.carrier, row.pci, row.cfo_hz), (1.0, 0, Some(1), Some(-12.5)));
        assert_eq!(
            (row.dl_snr_db, row.dl_mcs, row.dl_bit_per_s, row.ul_bit_per_s),
            (Some(68.2), Some(27.0), Some(1.2e6), Some(3000.0))
        );
        assert!(csv.line("#eof").is_none() && csv.line("").is_none());
        assert_eq!(csv.bad, 0);
        assert!(csv.line("1000").is_none());
        assert_eq!(csv.bad, 1);
        assert_eq!(UeCsv::new("a;b"), Err(UeCsvError::Column("time")));
    }

    impl PartialEq for UeCsv {
        fn eq(&self, other: &Self) -> bool {
            self.columns == other.columns
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_counted(line in ".{0,300}", head in ".{0,80}") {
            let _ = UeCsv::new(&head);
            let mut csv = UeCsv::new(HEAD).unwrap();
            let row = csv.line(&line);
            let passed = line.trim().is_empty() || line.trim().starts_with('#');
            prop_assert_eq!(row.is_none() && !passed, csv.bad == 1);
        }
    }
}

//! A trace: one or more series of the same quantities, each sampled at its own fixed period.

use crate::PredictError;

/// Which columns of a CSV make a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSpec {
    /// Column that names the series a row belongs to; `None` where all rows are one series.
    pub series: Option<String>,
    /// Columns to read; the first is the one to predict.
    pub features: Vec<String>,
}

impl TraceSpec {
    /// From names.
    #[must_use]
    pub fn new(series: Option<&str>, features: &[&str]) -> Self {
        Self { series: series.map(str::to_owned), features: features.iter().map(|s| (*s).to_owned()).collect() }
    }
}

/// One series: rows in time order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Its name.
    pub id: String,
    /// `[rows, features]` row-major; `None` = not observed. Every number is finite.
    pub values: Vec<Option<f32>>,
}

/// Series with the same features.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Names of the features; the first is predicted.
    pub features: Vec<String>,
    /// The series, in order of first appearance.
    pub series: Vec<Series>,
    /// Cells that held NaN or an infinity and were taken as not observed.
    pub not_finite: usize,
}

impl Trace {
    /// Reads CSV text.
    ///
    /// An empty cell is not observed. `nan` and `inf` are counted and taken as not observed.
    ///
    /// # Errors
    /// [`PredictError::Csv`] for rows of unequal length, [`PredictError::Column`] for a missing column,
    /// [`PredictError::Cell`] for text where a number belongs, [`PredictError::Config`] where no feature is named.
    pub fn from_csv(text: &[u8], spec: &TraceSpec) -> Result<Self, PredictError> {
        if spec.features.is_empty() {
            return Err(PredictError::Config("a trace needs at least one feature".into()));
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(text);
        let header = reader.headers()?.clone();
        let find = |name: &str| {
            header.iter().position(|h| h.trim() == name).ok_or_else(|| PredictError::Column {
                column: name.to_owned(),
                header: header.iter().collect::<Vec<_>>().join(", "),
            })
        };
        let key = spec.series.as_deref().map(find).transpose()?;
        let columns: Vec<usize> = spec.features.iter().map(|f| find(f)).collect::<Result<_, _>>()?;
        let mut trace = Self { features: spec.features.clone(), series: Vec::new(), not_finite: 0 };
        let mut at = std::collections::BTreeMap::new();
        for row in reader.records() {
            let row = row?;
            let id = key.and_then(|k| row.get(k)).unwrap_or_default();
            let index = *at.entry(id.to_owned()).or_insert_with(|| {
                trace.series.push(Series { id: id.to_owned(), values: Vec::new() });
                trace.series.len() - 1
            });
            for (column, name) in columns.iter().zip(&spec.features) {
                let cell = row.get(*column).unwrap_or_default().trim();
                let value = if cell.is_empty() {
                    None
                } else {
                    let x: f32 = cell.parse().map_err(|_| PredictError::Cell {
                        line: row.position().map_or(0, csv::Position::line),
                        column: name.clone(),
                        cell: cell.chars().take(40).collect(),
                    })?;
                    if x.is_finite() {
                        Some(x)
                    } else {
                        trace.not_finite += 1;
                        None
                    }
                };
                trace.series[index].values.push(value);
            }
        }
        Ok(trace)
    }

    /// Features of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.features.len()
    }

    /// Rows of one series.
    #[must_use]
    pub fn rows(&self, series: usize) -> usize {
        self.series.get(series).map_or(0, |s| s.values.len() / self.width().max(1))
    }

    /// Rows of all series.
    #[must_use]
    pub fn total_rows(&self) -> usize {
        (0..self.series.len()).map(|s| self.rows(s)).sum()
    }

    /// Cells of all series that were not observed.
    #[must_use]
    pub fn not_observed(&self) -> usize {
        self.series.iter().flat_map(|s| &s.values).filter(|x| x.is_none()).count()
    }

    /// Rows of all series in which nothing was observed.
    #[must_use]
    pub fn empty_rows(&self) -> usize {
        let rows = self.series.iter().flat_map(|s| s.values.chunks(self.width().max(1)));
        rows.filter(|row| row.iter().all(Option::is_none)).count()
    }

    /// One row; empty beyond the end.
    #[must_use]
    pub fn row(&self, series: usize, row: usize) -> &[Option<f32>] {
        let w = self.width();
        self.series.get(series).and_then(|s| s.values.get(row * w..(row + 1) * w)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_series_gaps_and_names() {
        let text = b"run,t_s,b,a\nx,0,1,2\nx,1,,3\ny,0,nan,4\nx,2,7,8\n";
        let t = Trace::from_csv(text, &TraceSpec::new(Some("run"), &["a", "b"])).unwrap();
        assert_eq!(t.series.len(), 2);
        assert_eq!(t.series[0].values, vec![Some(2.0), Some(1.0), Some(3.0), None, Some(8.0), Some(7.0)]);
        assert_eq!(t.row(1, 0), &[Some(4.0), None]);
        assert_eq!((t.not_finite, t.total_rows(), t.not_observed(), t.empty_rows()), (1, 4, 2, 0));
    }

    #[test]
    fn says_what_is_wrong() {
        let e = Trace::from_csv(b"a,b\n1,2\n", &TraceSpec::new(None, &["c"])).unwrap_err().to_string();
        assert!(e.contains("no column `c`") && e.contains("a, b"), "{e}");
        let e = Trace::from_csv(b"a\n1\nfast\n", &TraceSpec::new(None, &["a"])).unwrap_err().to_string();
        assert!(e.contains("line 3") && e.contains("fast"), "{e}");
        assert!(Trace::from_csv(b"a,b\n1\n", &TraceSpec::new(None, &["a"])).is_err());
        assert!(Trace::from_csv(b"", &TraceSpec::new(None, &["a"])).is_err());
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut text = b"a,b\n".to_vec();
            text.extend(bytes);
            if let Ok(t) = Trace::from_csv(&text, &TraceSpec::new(Some("b"), &["a"])) {
                prop_assert!(t.series.iter().flat_map(|s| &s.values).flatten().all(|x| x.is_finite()));
            }
        }
    }
}

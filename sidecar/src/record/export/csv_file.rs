//! A table as a CSV file: empty cell = not observed.

use super::super::error::RecordError;
use super::columns::text;
use super::tables::Table;
use std::path::Path;

pub(super) fn write(path: &Path, name: &str, table: &Table) -> Result<(), RecordError> {
    let fail = |e: csv::Error| RecordError::Columns { table: name.into(), reason: e.to_string() };
    let mut file = csv::Writer::from_path(path).map_err(fail)?;
    file.write_record(table.columns.iter().map(|c| c.name.as_str())).map_err(fail)?;
    for row in &table.rows {
        let cells = table.columns.iter().map(|c| match row.get(&c.name) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(value) => text(value),
        });
        file.write_record(cells).map_err(fail)?;
    }
    file.flush().map_err(|e| RecordError::io("write", path, &e))
}

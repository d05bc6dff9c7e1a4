//! A table as a Parquet file.

use super::super::error::RecordError;
use super::tables::Table;
use super::unit::unit_of;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::sync::Arc;

const ROWS_AT_ONCE: usize = 65_536;

pub(super) fn write(path: &Path, name: &str, table: &Table) -> Result<(), RecordError> {
    let fail = |e: &dyn std::fmt::Display| RecordError::Columns { table: name.into(), reason: e.to_string() };
    let schema = Arc::new(Schema::new(table.columns.iter().map(super::columns::Column::field).collect::<Vec<_>>()));
    // The same units once more for readers that do not look at Arrow's schema.
    let units: serde_json::Map<String, serde_json::Value> =
        table.columns.iter().filter_map(|c| Some((c.name.clone(), unit_of(&c.name)?.into()))).collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("sidecar ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "units".to_owned(),
            serde_json::Value::Object(units).to_string(),
        )]))
        .build();
    let file = std::fs::File::create(path).map_err(|e| RecordError::io("create", path, &e))?;
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).map_err(|e| fail(&e))?;
    for rows in table.rows.chunks(ROWS_AT_ONCE) {
        let arrays =
            table.columns.iter().map(|c| c.array(&rows.iter().map(|r| r.get(&c.name)).collect::<Vec<_>>())).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|e| fail(&e))?;
        writer.write(&batch).map_err(|e| fail(&e))?;
    }
    writer.close().map(|_| ()).map_err(|e| fail(&e))
}

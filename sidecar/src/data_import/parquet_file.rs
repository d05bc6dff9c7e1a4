//! Rows of a Parquet file.

use super::collect::{Collected, Collector};
use super::{ImportError, Request};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use indicatif::ProgressBar;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use std::fs::File;

/// Rows that are read at once.
const ROWS_AT_ONCE: usize = 8_192;

pub(super) fn read(request: &Request, bar: &ProgressBar) -> Result<Collected, ImportError> {
    let path = &request.file;
    let file = File::open(path).map_err(|e| ImportError::file(path, e))?;
    // what writers put beside the schema, dictionaries and the like, is of no use here
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|e| ImportError::parquet(path, e))?;
    bar.set_length(u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0));
    let schema = reader.schema().clone();
    let wanted = request.features.iter().chain(&request.series).chain(&request.time);
    let find = |name: &String| {
        schema.index_of(name).map_err(|_| {
            ImportError::column(path, name, &schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>())
        })
    };
    let columns = wanted.map(find).collect::<Result<Vec<_>, _>>()?;
    let mask = ProjectionMask::roots(reader.parquet_schema(), columns);
    let batches = reader
        .with_projection(mask)
        .with_batch_size(ROWS_AT_ONCE)
        .build()
        .map_err(|e| ImportError::parquet(path, e))?;
    let mut rows = Collector::new(request)?;
    let mut before = 0;
    for batch in batches {
        let batch = batch.map_err(|e| ImportError::parquet(path, e))?;
        take(request, &batch, before, &mut rows)?;
        before += batch.num_rows();
        bar.set_position(before as u64);
    }
    Ok(rows.finish())
}

/// Takes the rows of a batch; `before` are in those before it.
fn take(request: &Request, batch: &RecordBatch, before: usize, rows: &mut Collector) -> Result<(), ImportError> {
    let column = |name: &String| {
        let found = batch.column_by_name(name);
        found.ok_or_else(|| ImportError::parquet(&request.file, format!("column `{name}` is not in a batch")))
    };
    let series = request.series.as_ref().map(|n| texts(n, column(n)?)).transpose()?;
    let times = request.time.as_ref().map(|n| Ok::<_, ImportError>((n, times(request, n, column(n)?)?))).transpose()?;
    let features = request.features.iter().map(|n| numbers(n, column(n)?)).collect::<Result<Vec<_>, _>>()?;
    let unnamed = request.name();
    let mut values = vec![None; features.len()];
    for row in 0..batch.num_rows() {
        let place = || format!("{}, row {}", request.file.display(), before + row + 1);
        let time_s = match &times {
            Some((name, times)) => {
                let time = times[row].filter(|t| t.is_finite());
                Some(time.ok_or_else(|| ImportError::NoTime { place: place(), column: (*name).clone() })?)
            }
            None => None,
        };
        for (feature, value) in features.iter().zip(&mut values) {
            *value = feature[row].map(|x| x as f32);
        }
        rows.push(series.as_ref().map_or(&unnamed, |s| &s[row]), time_s, &values, place)?;
    }
    Ok(())
}

/// Times in seconds. A column of timestamps knows its unit; any other counts in the one that was given.
fn times(request: &Request, name: &str, array: &dyn Array) -> Result<Vec<Option<f64>>, ImportError> {
    let (mut all, per_s) = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => (cells::<TimestampSecondType>(array, |x| x as f64), 1.0),
        DataType::Timestamp(TimeUnit::Millisecond, _) => (cells::<TimestampMillisecondType>(array, |x| x as f64), 1e3),
        DataType::Timestamp(TimeUnit::Microsecond, _) => (cells::<TimestampMicrosecondType>(array, |x| x as f64), 1e6),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => (cells::<TimestampNanosecondType>(array, |x| x as f64), 1e9),
        _ => (numbers(name, array)?, request.time_unit.per_s()),
    };
    all.iter_mut().flatten().for_each(|t| *t /= per_s);
    Ok(all)
}

fn numbers(name: &str, array: &dyn Array) -> Result<Vec<Option<f64>>, ImportError> {
    Ok(match array.data_type() {
        DataType::Float64 => cells::<Float64Type>(array, |x| x),
        DataType::Float32 => cells::<Float32Type>(array, f64::from),
        DataType::Int8 => cells::<Int8Type>(array, f64::from),
        DataType::Int16 => cells::<Int16Type>(array, f64::from),
        DataType::Int32 => cells::<Int32Type>(array, f64::from),
        DataType::Int64 => cells::<Int64Type>(array, |x| x as f64),
        DataType::UInt8 => cells::<UInt8Type>(array, f64::from),
        DataType::UInt16 => cells::<UInt16Type>(array, f64::from),
        DataType::UInt32 => cells::<UInt32Type>(array, f64::from),
        DataType::UInt64 => cells::<UInt64Type>(array, |x| x as f64),
        DataType::Boolean => array.as_boolean().iter().map(|x| x.map(|x| f64::from(u8::from(x)))).collect(),
        // a column of nothing but nulls may have no other type
        DataType::Null => vec![None; array.len()],
        other => {
            let want = "features and times are integers, floats or booleans, times also timestamps";
            return Err(ImportError::Type { column: name.to_owned(), kind: other.to_string(), want });
        }
    })
}

fn cells<T: ArrowPrimitiveType>(array: &dyn Array, number: impl Fn(T::Native) -> f64) -> Vec<Option<f64>> {
    array.as_primitive::<T>().iter().map(|x| x.map(&number)).collect()
}

/// Names of series; null is the empty name.
fn texts(name: &str, array: &dyn Array) -> Result<Vec<String>, ImportError> {
    let owned = |x: Option<&str>| x.unwrap_or_default().to_owned();
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(owned).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(owned).collect(),
        DataType::Int8 => ids::<Int8Type>(array),
        DataType::Int16 => ids::<Int16Type>(array),
        DataType::Int32 => ids::<Int32Type>(array),
        DataType::Int64 => ids::<Int64Type>(array),
        DataType::UInt8 => ids::<UInt8Type>(array),
        DataType::UInt16 => ids::<UInt16Type>(array),
        DataType::UInt32 => ids::<UInt32Type>(array),
        DataType::UInt64 => ids::<UInt64Type>(array),
        other => {
            let want = "a column of series holds text or integers";
            return Err(ImportError::Type { column: name.to_owned(), kind: other.to_string(), want });
        }
    })
}

fn ids<T: ArrowPrimitiveType<Native: ToString>>(array: &dyn Array) -> Vec<String> {
    array.as_primitive::<T>().iter().map(|x| x.map_or_else(String::new, |x| x.to_string())).collect()
}

//! Complex numbers in JSON: `[[re, im], …]`.

use num_complex::Complex32;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes pairs.
///
/// # Errors
/// What the serialiser says.
pub fn serialize<S: Serializer>(values: &[Complex32], s: S) -> Result<S::Ok, S::Error> {
    values.iter().map(|z| [z.re, z.im]).collect::<Vec<_>>().serialize(s)
}

/// Reads pairs.
///
/// # Errors
/// What the deserialiser says.
pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Complex32>, D::Error> {
    Ok(Vec::<[f32; 2]>::deserialize(d)?.into_iter().map(|[re, im]| Complex32::new(re, im)).collect())
}

/// The same for values that may be absent.
pub mod option {
    use super::{Complex32, Deserialize, Deserializer, Serialize, Serializer};

    /// Writes pairs, or null.
    ///
    /// # Errors
    /// What the serialiser says.
    pub fn serialize<S: Serializer>(values: &Option<Vec<Complex32>>, s: S) -> Result<S::Ok, S::Error> {
        values.as_ref().map(|v| v.iter().map(|z| [z.re, z.im]).collect::<Vec<_>>()).serialize(s)
    }

    /// Reads pairs, or null.
    ///
    /// # Errors
    /// What the deserialiser says.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Complex32>>, D::Error> {
        let values = Option::<Vec<[f32; 2]>>::deserialize(d)?;
        Ok(values.map(|v| v.into_iter().map(|[re, im]| Complex32::new(re, im)).collect()))
    }
}

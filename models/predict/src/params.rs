//! The parameters of a model: named, in a fixed order, to be counted, saved, loaded and restored.

use crate::PredictError;
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Element type of saved weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats: exact.
    F32,
    /// 16-bit floats: half the size, 11 bits of mantissa.
    F16,
}

/// Named parameters in the order in which they were added.
#[derive(Debug, Default)]
pub struct Params {
    entries: Vec<(String, Var)>,
}

impl Params {
    /// Adds a parameter and gives the tensor that stands for it in a forward pass.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn add(&mut self, name: impl Into<String>, value: &Tensor) -> Result<Tensor, PredictError> {
        let var = Var::from_tensor(value)?;
        let tensor = var.as_tensor().clone();
        self.entries.push((name.into(), var));
        Ok(tensor)
    }

    /// Number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of scalars.
    #[must_use]
    pub fn scalars(&self) -> usize {
        self.entries.iter().map(|(_, v)| v.elem_count()).sum()
    }

    /// Names and tensors.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(n, v)| (n.as_str(), v.as_tensor()))
    }

    /// The values, each flattened row-major.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when a tensor cannot be read.
    pub fn values(&self) -> Result<Vec<Vec<f32>>, PredictError> {
        self.entries.iter().map(|(_, v)| Ok(v.as_tensor().flatten_all()?.to_vec1::<f32>()?)).collect()
    }

    /// Sets all values, in the order and shapes of [`Params::values`].
    ///
    /// # Errors
    /// [`PredictError::Weights`] when number or lengths differ.
    pub fn set_values(&self, values: Vec<Vec<f32>>) -> Result<(), PredictError> {
        if values.len() != self.entries.len() {
            return Err(PredictError::Weights(format!("{} tensors, not {}", values.len(), self.entries.len())));
        }
        for ((name, var), value) in self.entries.iter().zip(values) {
            if value.len() != var.elem_count() {
                return Err(PredictError::Weights(format!("{name} has {} scalars", value.len())));
            }
            var.set(&Tensor::from_vec(value, var.shape(), &Device::Cpu)?)?;
        }
        Ok(())
    }

    /// The gradients of these parameters, in their order; zero where the loss does not depend on one.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when a tensor cannot be read.
    pub fn gradients(&self, store: &GradStore) -> Result<Vec<Vec<f32>>, PredictError> {
        self.entries
            .iter()
            .map(|(_, v)| match store.get(v.as_tensor()) {
                Some(g) => Ok(g.flatten_all()?.to_vec1::<f32>()?),
                None => Ok(vec![0.0; v.elem_count()]),
            })
            .collect()
    }

    /// The parameters as safetensors.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they cannot be written.
    pub fn to_safetensors(&self, precision: Precision) -> Result<Vec<u8>, PredictError> {
        let mut raw = Vec::with_capacity(self.entries.len());
        for (name, var) in &self.entries {
            let flat = var.as_tensor().flatten_all()?;
            let bytes: Vec<u8> = match precision {
                Precision::F32 => flat.to_vec1::<f32>()?.iter().flat_map(|x| x.to_le_bytes()).collect(),
                Precision::F16 => {
                    let half = flat.to_dtype(DType::F16)?;
                    half.to_vec1::<half::f16>()?.iter().flat_map(|x| x.to_le_bytes()).collect()
                }
            };
            raw.push((name.clone(), var.dims().to_vec(), bytes));
        }
        let dtype = match precision {
            Precision::F32 => Dtype::F32,
            Precision::F16 => Dtype::F16,
        };
        let views: Result<Vec<_>, _> = raw
            .iter()
            .map(|(name, dims, bytes)| TensorView::new(dtype, dims.clone(), bytes).map(|v| (name.clone(), v)))
            .collect();
        let views = views.map_err(|e| PredictError::Weights(e.to_string()))?;
        safetensors::serialize(views, None).map_err(|e| PredictError::Weights(e.to_string()))
    }

    /// Loads what [`Params::to_safetensors`] wrote; nothing is changed unless everything fits and is finite.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when a tensor is missing, has another shape, or holds a number that is not finite.
    pub fn load_safetensors(&self, bytes: &[u8]) -> Result<(), PredictError> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| PredictError::Weights(e.to_string()))?;
        let mut values = Vec::with_capacity(self.entries.len());
        for (name, var) in &self.entries {
            let view = file.tensor(name).map_err(|e| PredictError::Weights(format!("{name}: {e}")))?;
            if view.shape() != var.dims() {
                return Err(PredictError::Weights(format!(
                    "{name} has shape {:?}, not {:?}",
                    view.shape(),
                    var.dims()
                )));
            }
            let data = view.data();
            let value: Vec<f32> = match view.dtype() {
                Dtype::F32 => data.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect(),
                Dtype::F16 => data.chunks_exact(2).map(|c| half::f16::from_le_bytes([c[0], c[1]]).to_f32()).collect(),
                other => return Err(PredictError::Weights(format!("{name} is of type {other:?}"))),
            };
            if value.iter().any(|x| !x.is_finite()) {
                return Err(PredictError::Weights(format!("{name} is not finite")));
            }
            values.push(value);
        }
        self.set_values(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Params {
        let mut p = Params::default();
        p.add("a", &Tensor::new(&[[1.0_f32, 2.0], [3.0, 4.1]], &Device::Cpu).unwrap()).unwrap();
        p.add("b", &Tensor::new(&[0.5_f32], &Device::Cpu).unwrap()).unwrap();
        p
    }

    #[test]
    fn saved_is_loaded() {
        let p = two();
        let bytes = p.to_safetensors(Precision::F32).unwrap();
        let half = p.to_safetensors(Precision::F16).unwrap();
        let before = p.values().unwrap();
        p.set_values(vec![vec![0.0; 4], vec![0.0]]).unwrap();
        p.load_safetensors(&bytes).unwrap();
        assert_eq!(p.values().unwrap(), before);
        p.load_safetensors(&half).unwrap();
        assert!((p.values().unwrap()[0][3] - 4.1).abs() < 2e-3);
    }

    #[test]
    fn damaged_weights_change_nothing() {
        let p = two();
        let before = p.values().unwrap();
        let q = two();
        q.set_values(vec![vec![1.0, f32::NAN, 0.0, 0.0], vec![0.0]]).unwrap();
        assert!(p.load_safetensors(&q.to_safetensors(Precision::F32).unwrap()).is_err());
        let bytes = p.to_safetensors(Precision::F32).unwrap();
        assert!(p.load_safetensors(&bytes[..bytes.len() - 3]).is_err());
        assert!(p.load_safetensors(b"not weights").is_err());
        assert_eq!(p.values().unwrap(), before);
    }
}

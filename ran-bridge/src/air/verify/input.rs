//! Wires of a capture as they are read, block after block.

use super::run::VerifyError;
use crate::air::{CaptureStatus, Tap};
use num_complex::Complex32;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A wire's file.
#[derive(Debug)]
pub struct Wire {
    name: String,
    file: File,
    left: u64,
    block: Vec<Complex32>,
}

impl Wire {
    /// Opens a wire of a capture; `None` where it was not captured.
    ///
    /// # Errors
    /// [`VerifyError::Input`] for a file that cannot be read or has not the samples that were captured.
    pub fn open(folder: &Path, status: &CaptureStatus, tap: Tap, block: usize) -> Result<Option<Self>, VerifyError> {
        if !status.order.taps.contains(&tap) {
            return Ok(None);
        }
        let name = tap.file() + ".sigmf-data";
        let input = |e: std::io::Error| VerifyError::Input(format!("{}: {e}", folder.join(&name).display()));
        let file = File::open(folder.join(&name)).map_err(input)?;
        let (bytes, samples) = (file.metadata().map_err(input)?.len(), status.order.samples);
        if bytes != samples.saturating_mul(8) {
            return Err(VerifyError::Input(format!("{name} has {bytes} bytes, not those of {samples} samples")));
        }
        Ok(Some(Self { file, left: samples, block: vec![Complex32::ZERO; block], name }))
    }

    /// The next samples, at most a block.
    ///
    /// # Errors
    /// [`VerifyError::Input`].
    pub fn read(&mut self) -> Result<&[Complex32], VerifyError> {
        let len = (self.block.len() as u64).min(self.left) as usize;
        let block = &mut self.block[..len];
        self.file
            .read_exact(bytemuck::cast_slice_mut(block))
            .map_err(|e| VerifyError::Input(format!("{}: {e}", self.name)))?;
        self.left -= len as u64;
        Ok(block)
    }

    /// The next samples, all of which must be numbers.
    ///
    /// # Errors
    /// [`VerifyError::Input`].
    pub fn read_finite(&mut self) -> Result<&[Complex32], VerifyError> {
        let name = self.name.clone();
        let block = self.read()?;
        if block.iter().any(|z| !z.is_finite()) {
            return Err(VerifyError::Input(format!("{name} has samples that are no numbers")));
        }
        Ok(block)
    }
}

//! A message: header and payload, as two ZeroMQ frames.

use super::header::{Header, WireError};
use super::kind::{Agent, Dtype, Kind};
use num_complex::Complex32;
use serde::{Serialize, de::DeserializeOwned};

/// Header and payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The header; its length and checksum agree with the payload.
    pub header: Header,
    /// Raw little-endian elements, or JSON text.
    pub payload: Vec<u8>,
}

impl Message {
    /// A message with no payload.
    #[must_use]
    pub fn empty(kind: Kind, agent: Agent) -> Self {
        Self::seal(Header::new(kind, agent), Vec::new())
    }

    /// A message whose payload is JSON.
    ///
    /// # Errors
    /// [`WireError::Json`] when the value cannot be written as JSON.
    pub fn json<T: Serialize>(kind: Kind, agent: Agent, value: &T) -> Result<Self, WireError> {
        let payload = serde_json::to_vec(value).map_err(|e| WireError::Json { kind, reason: e.to_string() })?;
        let mut header = Header::new(kind, agent);
        header.dtype = Dtype::Json;
        Ok(Self::seal(header, payload))
    }

    /// A message whose payload is a tensor of `f32`, row-major.
    ///
    /// # Errors
    /// [`WireError::Rank`] over six dimensions, [`WireError::Shape`] when shape and data differ.
    pub fn f32(kind: Kind, agent: Agent, shape: &[usize], data: &[f32]) -> Result<Self, WireError> {
        let payload: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self::tensor(kind, agent, Dtype::F32, shape, payload)
    }

    /// A message whose payload is a tensor of complex `f32`, row-major.
    ///
    /// # Errors
    /// As [`Message::f32`].
    pub fn cf32(kind: Kind, agent: Agent, shape: &[usize], data: &[Complex32]) -> Result<Self, WireError> {
        // little-endian, as this host is: `ran_bridge::iq` is not built for another
        Self::tensor(kind, agent, Dtype::Cf32, shape, bytemuck::cast_slice(data).to_vec())
    }

    fn tensor(kind: Kind, agent: Agent, dtype: Dtype, shape: &[usize], payload: Vec<u8>) -> Result<Self, WireError> {
        let mut header = Header::new(kind, agent);
        header.dtype = dtype;
        header.rank = u8::try_from(shape.len()).unwrap_or(u8::MAX);
        if shape.len() > super::MAX_RANK {
            return Err(WireError::Rank(header.rank));
        }
        for (to, from) in header.shape.iter_mut().zip(shape) {
            *to = u32::try_from(*from).unwrap_or(u32::MAX);
        }
        let message = Self::seal(header, payload);
        message.check_shape()?;
        Ok(message)
    }

    /// Sets length and checksum in the header.
    #[must_use]
    pub fn seal(mut header: Header, payload: Vec<u8>) -> Self {
        header.payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        header.payload_crc32 = crc32fast::hash(&payload);
        Self { header, payload }
    }

    /// Reads the two frames of a message.
    ///
    /// # Errors
    /// Any deviation of length, checksum, shape or header is a [`WireError`].
    pub fn decode(header: &[u8], payload: Vec<u8>) -> Result<Self, WireError> {
        let header = Header::decode(header)?;
        let said = header.payload_bytes as usize;
        if said != payload.len() {
            return Err(WireError::Length { said, got: payload.len() });
        }
        let got = crc32fast::hash(&payload);
        if got != header.payload_crc32 {
            return Err(WireError::Checksum { said: header.payload_crc32, got });
        }
        let message = Self { header, payload };
        message.check_shape()?;
        Ok(message)
    }

    /// As [`Message::decode`] for a received multipart message without its routing frame.
    ///
    /// # Errors
    /// [`WireError::Frames`] when there are not two frames, else as [`Message::decode`].
    pub fn from_frames(mut frames: Vec<Vec<u8>>) -> Result<Self, WireError> {
        if frames.len() != 2 {
            return Err(WireError::Frames(frames.len()));
        }
        let payload = frames.pop().unwrap_or_default();
        let header = frames.pop().unwrap_or_default();
        Self::decode(&header, payload)
    }

    /// The two frames to send.
    #[must_use]
    pub fn into_frames(self) -> Vec<Vec<u8>> {
        vec![self.header.encode().to_vec(), self.payload]
    }

    /// The payload as JSON.
    ///
    /// # Errors
    /// [`WireError::Json`] when it is not JSON of that type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        serde_json::from_slice(&self.payload)
            .map_err(|e| WireError::Json { kind: self.header.kind, reason: e.to_string() })
    }

    /// The payload as `f32`; empty where the element type is another.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        if self.header.dtype != Dtype::F32 {
            return Vec::new();
        }
        self.payload.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()
    }

    /// The payload as complex `f32`; empty where the element type is another.
    #[must_use]
    pub fn to_cf32(&self) -> Vec<Complex32> {
        if self.header.dtype != Dtype::Cf32 {
            return Vec::new();
        }
        self.payload
            .chunks_exact(8)
            .map(|c| {
                Complex32::new(
                    f32::from_le_bytes([c[0], c[1], c[2], c[3]]),
                    f32::from_le_bytes([c[4], c[5], c[6], c[7]]),
                )
            })
            .collect()
    }

    fn check_shape(&self) -> Result<(), WireError> {
        let header = &self.header;
        if header.rank == 0 {
            return Ok(());
        }
        let elements = header.dims().iter().fold(1_usize, |n, d| n.saturating_mul(*d as usize));
        let want = elements.saturating_mul(header.dtype.bytes());
        if want == self.payload.len() {
            return Ok(());
        }
        Err(WireError::Shape { shape: header.dims().to_vec(), dtype: header.dtype, want, got: self.payload.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_as_they_went() {
        let data = [1.0_f32, -2.5, f32::MIN_POSITIVE, 4.0, 5.0, 6.0];
        let m = Message::f32(Kind::Embedding, Agent::Ran, &[1, 2, 3], &data).unwrap();
        let back = Message::from_frames(m.clone().into_frames()).unwrap();
        assert_eq!(back, m);
        assert_eq!(back.to_f32(), data);
    }

    #[test]
    fn damage_is_found() {
        let m = Message::f32(Kind::Gradient, Agent::Controller, &[2], &[1.0, 2.0]).unwrap();
        let mut frames = m.into_frames();
        frames[1][3] ^= 1;
        assert!(matches!(Message::from_frames(frames), Err(WireError::Checksum { .. })));
    }

    #[test]
    fn a_shape_that_lies_is_refused() {
        assert!(matches!(Message::f32(Kind::Label, Agent::App, &[3], &[1.0, 2.0]), Err(WireError::Shape { .. })));
        let mut h = Header::new(Kind::Embedding, Agent::Ran);
        h.dtype = Dtype::Cf32;
        h.rank = 6;
        h.shape = [u32::MAX; 6];
        let m = Message::seal(h, vec![0; 8]);
        let frames = m.into_frames();
        assert!(matches!(Message::from_frames(frames), Err(WireError::Shape { .. })));
    }

    #[test]
    fn frames_are_counted() {
        assert_eq!(Message::from_frames(vec![]), Err(WireError::Frames(0)));
        assert_eq!(Message::from_frames(vec![vec![], vec![], vec![]]), Err(WireError::Frames(3)));
    }
}

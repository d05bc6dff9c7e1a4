//! The fast path: a block whose place is known.

use num_complex::Complex32;

use super::pilots::{BlockEstimator, BlockFit, wrap};
use super::polar::N as MOTHER;
use super::{
    Cell, Mib, NrError, Numerology, PBCH_BITS, PbchDecoder, PbchPayload, SSB_SUBCARRIERS, SSB_SYMBOLS, SsbGrid,
    SymbolDemodulator, pbch_positions,
};
use crate::csi::ChannelEstimate;

/// What a tracker has to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackerConfig {
    /// Physical cell identity, 0…1007.
    pub pci: u16,
    /// Sample rate in Hz.
    pub rate_hz: f64,
    /// Subcarrier spacing of the block, 15 000 or 30 000 Hz.
    pub scs_hz: f64,
    /// Centre of the block (its subcarrier 120) above the carrier centre, in Hz.
    pub ssb_offset_hz: f64,
    /// Most blocks in a half frame: 4 (carrier below 3 GHz) or 8.
    pub l_max: u8,
    /// Carrier frequency offset to start from, in Hz; > 0 when the signal lies above nominal.
    pub cfo_hz: f64,
    /// Phase step from symbol to symbol at zero offset, in rad (see [`Cell::symbol_phase_rad`]).
    pub symbol_phase_rad: f64,
}

impl TrackerConfig {
    /// The configuration that follows a cell found by [`super::search`].
    #[must_use]
    pub const fn of(cell: &Cell, rate_hz: f64) -> Self {
        Self {
            pci: cell.pci,
            rate_hz,
            scs_hz: cell.scs_hz,
            ssb_offset_hz: cell.ssb_offset_hz,
            l_max: cell.l_max,
            cfo_hz: cell.cfo_hz,
            symbol_phase_rad: cell.symbol_phase_rad,
        }
    }
}

/// What one block gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SsbReport {
    /// Index of the block's first CP sample (that of the PSS symbol) in the caller's stream.
    pub sample: u64,
    /// Block index: two bits with at most four blocks a half frame, else three.
    pub index: u8,
    /// Half-frame bit: as the DMRS tells it, or the MIB once decoded; none where neither does (the DMRS not with eight blocks a half frame).
    pub half_frame: Option<bool>,
    /// System frame number, once the MIB was decoded.
    pub sfn: Option<u16>,
    /// MIB, once decoded.
    pub mib: Option<Mib>,
    /// The MIB's CRC was good; false also while it has not been decoded.
    pub mib_crc_ok: bool,
    /// SS-SINR: signal to noise per resource element in dB, of SSS, PBCH DMRS and PSS at the power of the SSS; none if there is no signal.
    pub snr_db: Option<f32>,
    /// Carrier frequency offset in Hz; > 0 when the signal lies above nominal.
    pub cfo_hz: f64,
    /// Share of the known resource elements' energy that the channel explains, 0…1 (noise alone: about 0.04).
    pub explained: f32,
    /// SS-RSRP in dB relative to full scale (mean |x|² = 1) of a resource element, of the same signals; none if there is no signal.
    pub rsrp_dbfs: Option<f32>,
    /// SS-RSRQ in dB: 20 times the RSRP over the mean power of the block's 20 resource blocks in its four symbols.
    pub rsrq_db: Option<f32>,
    /// The channel at the block's first sample.
    pub h: ChannelEstimate,
}

impl SsbReport {
    /// Whether there is a block: its known resource elements tell more than noise would.
    #[must_use]
    pub fn is_block(&self) -> bool {
        self.explained >= EXPLAINED_MIN
    }
}

/// Below this share of explained energy a block is taken for noise.
pub(crate) const EXPLAINED_MIN: f32 = 0.11;

/// Follows the blocks of one cell: channel, noise, offset, index; the MIB on demand.
///
/// After the first call nothing is allocated by [`SsbTracker::process_into`].
pub struct SsbTracker {
    config: TrackerConfig,
    demod: SymbolDemodulator,
    estimator: BlockEstimator,
    decoder: PbchDecoder,
    grid: SsbGrid,
    fit: BlockFit,
    data: Vec<(usize, usize)>,
    cfo_hz: f64,
}

impl SsbTracker {
    /// A tracker for one cell.
    ///
    /// # Errors
    /// [`NrError::Rate`], [`NrError::OutOfBand`], [`NrError::Range`].
    pub fn new(config: TrackerConfig) -> Result<Self, NrError> {
        let numerology = Numerology::new(config.rate_hz, config.scs_hz)?;
        Ok(Self {
            demod: SymbolDemodulator::new(numerology, config.ssb_offset_hz, SSB_SUBCARRIERS)?,
            estimator: BlockEstimator::new(config.pci)?,
            decoder: PbchDecoder::new(config.pci, config.l_max)?,
            grid: SsbGrid::zero(),
            fit: BlockFit::zero(),
            data: pbch_positions(config.pci),
            cfo_hz: config.cfo_hz,
            config,
        })
    }

    /// What it follows.
    #[must_use]
    pub const fn config(&self) -> &TrackerConfig {
        &self.config
    }

    /// Samples of one block: four symbols with their cyclic prefixes.
    #[must_use]
    pub const fn samples(&self) -> usize {
        SSB_SYMBOLS * self.demod.numerology().symbol()
    }

    /// The offset that is taken out before demodulation, in Hz.
    #[must_use]
    pub const fn cfo_hz(&self) -> f64 {
        self.cfo_hz
    }

    /// Sets the offset that is taken out before demodulation.
    pub const fn set_cfo_hz(&mut self, cfo_hz: f64) {
        self.cfo_hz = cfo_hz;
    }

    /// Estimates from the block whose first CP sample is `iq[0]`, sample `sample` of the caller's stream.
    ///
    /// # Errors
    /// [`NrError::TooShort`], [`NrError::NotFinite`], [`NrError::NoSignal`]; after an error the tracker is as before.
    pub fn process(&mut self, sample: u64, iq: &[Complex32]) -> Result<SsbReport, NrError> {
        let mut report = SsbReport::default();
        self.process_into(sample, iq, &mut report)?;
        Ok(report)
    }

    /// As [`SsbTracker::process`], into a report that is used again and again.
    ///
    /// # Errors
    /// As [`SsbTracker::process`]; the report is then not to be used.
    pub fn process_into(&mut self, sample: u64, iq: &[Complex32], report: &mut SsbReport) -> Result<(), NrError> {
        self.process_at(sample, iq, None, report)
    }

    /// As [`SsbTracker::process_into`] with a frequency offset known better than one block tells it, in Hz.
    pub(crate) fn process_known(
        &mut self,
        sample: u64,
        iq: &[Complex32],
        cfo_hz: f64,
        report: &mut SsbReport,
    ) -> Result<(), NrError> {
        self.cfo_hz = cfo_hz;
        self.process_at(sample, iq, Some(self.config.symbol_phase_rad as f32), report)
    }

    fn process_at(
        &mut self,
        sample: u64,
        iq: &[Complex32],
        phase: Option<f32>,
        report: &mut SsbReport,
    ) -> Result<(), NrError> {
        self.demod.demodulate_block(iq, self.cfo_hz, &mut self.grid)?;
        self.estimator.fit(&self.grid, phase, &mut self.fit).map_err(|error| match error {
            NrError::NotFinite { .. } => {
                NrError::NotFinite { index: iq.iter().position(|v| !v.is_finite()).unwrap_or(0) }
            }
            other => other,
        })?;
        let numerology = *self.demod.numerology();
        report.sample = sample;
        report.index = self.fit.i_bar % self.config.l_max;
        report.half_frame = (self.config.l_max == 4).then_some(self.fit.i_bar >= 4);
        (report.sfn, report.mib, report.mib_crc_ok) = (None, None, false);
        report.explained = self.fit.explained;
        let extra = wrap(self.fit.symbol_phase - self.config.symbol_phase_rad as f32);
        let symbol_s = numerology.symbol() as f64 / numerology.rate_hz();
        report.cfo_hz = self.cfo_hz + f64::from(extra) / (std::f64::consts::TAU * symbol_s);
        self.copy_channel(&numerology, &mut report.h);
        report.snr_db = report.h.snr_db();
        //= TS 38.215 §5.1.1, §5.1.3 and §5.1.5: N = 20 resource blocks; the SINR is snr_db
        let rssi = self.grid.re.iter().flatten().map(Complex32::norm_sqr).sum::<f32>() / SSB_SYMBOLS as f32;
        let power = self.fit.coherent;
        let db = |ratio: f32| (ratio.is_finite() && ratio > 0.0).then(|| 10.0 * ratio.log10());
        report.rsrp_dbfs = db(power / numerology.fft() as f32);
        report.rsrq_db = db(SSB_SUBCARRIERS as f32 / 12.0 * power / rssi);
        if report.explained > 2.0 * EXPLAINED_MIN {
            self.cfo_hz += 0.1 * (report.cfo_hz - self.cfo_hz);
        }
        Ok(())
    }

    fn copy_channel(&self, numerology: &Numerology, h: &mut ChannelEstimate) {
        if h.h.len() != SSB_SUBCARRIERS {
            let first = (self.config.ssb_offset_hz / numerology.scs_hz()).round() as i32 - 120;
            h.subcarriers = (first..first + SSB_SUBCARRIERS as i32).collect();
            h.h.resize(SSB_SUBCARRIERS, Complex32::new(0.0, 0.0));
        }
        h.h.copy_from_slice(&self.fit.h);
        h.noise_var = self.fit.noise_var;
        h.error_var = self.fit.error_var;
        h.delay_s = crate::csi::mean_delay_s(&self.fit.h, numerology.scs_hz());
    }

    /// Decodes the MIB of the block processed last, and fills it into its report. `None`: no good CRC.
    pub fn decode_mib(&mut self, report: &mut SsbReport) -> Option<PbchPayload> {
        let mut llr = [0f32; PBCH_BITS];
        self.soft_bits(&mut llr);
        let payload = self.decoder.decode(&llr, self.fit.i_bar);
        report.mib_crc_ok = payload.is_some();
        report.sfn = payload.map(|p| p.sfn);
        report.mib = payload.map(|p| p.mib);
        report.half_frame = payload.map(|p| p.half_frame).or(report.half_frame);
        payload
    }

    /// Soft bits of the block processed last, as [`PbchDecoder::gather`] gives them, and whether its half frame is known.
    pub(crate) fn gathered(&self, out: &mut [f32; MOTHER]) {
        let mut llr = [0f32; PBCH_BITS];
        self.soft_bits(&mut llr);
        self.decoder.gather(&llr, self.fit.i_bar, out);
    }

    /// The decoder of its PBCH.
    pub(crate) const fn decoder(&mut self) -> &mut PbchDecoder {
        &mut self.decoder
    }

    /// How it demodulates.
    pub(crate) const fn demodulator(&self) -> &SymbolDemodulator {
        &self.demod
    }

    /// The resource elements of the block processed last as they are without noise, as far as they are known; with its PBCH data if it
    /// was `decoded` last.
    pub(crate) fn expected(&self, decoded: bool, grid: &mut SsbGrid) {
        let bits = if decoded { self.decoder.sent_bits(self.fit.i_bar) } else { None };
        let level = |b: u8| (1.0 - 2.0 * f32::from(b)) * std::f32::consts::FRAC_1_SQRT_2;
        let places = self.data.iter().copied();
        let values = bits.iter().flat_map(|b| b.chunks_exact(2)).map(|b| Complex32::new(level(b[0]), level(b[1])));
        self.estimator.expected(&self.fit, places.zip(values), grid);
    }

    /// Soft bits of the PBCH: Re and Im of y·h* over the noise, which is the matched filter of QPSK.
    //= TS 38.211 §5.1.3: b(2i) is the sign of the real, b(2i+1) of the imaginary part
    fn soft_bits(&self, llr: &mut [f32; PBCH_BITS]) {
        let turns: [Complex32; SSB_SYMBOLS] =
            std::array::from_fn(|l| Complex32::cis(-self.fit.symbol_phase * l as f32));
        let floor = 1e-6 * (self.fit.power + self.fit.noise_var);
        let scale = 2.0 * std::f32::consts::SQRT_2
            / (self.fit.noise_var + self.fit.error_var).max(floor).max(f32::MIN_POSITIVE);
        for (pair, &(l, k)) in llr.chunks_exact_mut(2).zip(&self.data) {
            let value = self.grid.re[l][k] * self.fit.h[k].conj() * turns[l] * scale;
            pair[0] = value.re;
            pair[1] = value.im;
        }
    }
}

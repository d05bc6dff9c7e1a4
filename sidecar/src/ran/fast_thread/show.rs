//! What the fast thread lets the others see.

use super::{FastThread, Phase};
use crate::ran::ear::Ear;
use crate::ran::phases::PhaseLog;
use crate::ran::shared::{SNR_SILENT_NS, StreamView};

impl FastThread {
    pub(super) fn show(&mut self, now: u64) {
        let Some(mut view) = self.shared.try_view() else { return };
        self.viewed_ns = now;
        if view.forget_latency {
            view.forget_latency = false;
            self.ssb_log = PhaseLog::new(4096);
        }
        let (phase, cell, ears): (_, _, &[Ear]) = match &self.phase {
            Phase::Waiting => ("waiting for air", None, &[]),
            Phase::Searching { .. } => ("searching", None, &[]),
            Phase::Tracking { cell, ears, .. } => ("tracking", Some(*cell), ears),
        };
        view.phase = phase;
        view.cell = cell;
        view.acquisitions = self.acquisitions;
        view.loops = self.loops;
        view.weights.clone_from(&self.last_weights);
        view.drops = self.drops.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
        view.air.clone_from(&self.air);
        view.radio_s = self.sample as f64 / self.config.rate_hz;
        view.mono_ns = now;
        view.ssb_log = Some(self.ssb_log.clone());
        let db = |snr: Option<f32>| snr.filter(|s| *s > 0.0).map(|s| 10.0 * f64::from(s).log10());
        self.fast.advance(self.sample as f64 / self.config.rate_hz);
        let fast = &self.fast;
        // radio time may stand still: then the host's clock says what is old
        let recent = |at: Option<u64>| at.filter(|at| now.saturating_sub(*at) <= SNR_SILENT_NS);
        view.streams = ears
            .iter()
            .map(|e| (e, recent(e.ssb_mono_ns).is_some() && fast.present(e.stream())))
            .map(|(e, heard)| StreamView {
                stream: e.stream(),
                ssbs: e.ssbs,
                ssb_snr_db: recent(e.ssb_mono_ns).and_then(|_| db(fast.ssb_snr(e.stream()))),
                ssb_rsrp_dbfs: e.ssb_rsrp_dbfs.filter(|_| heard).map(f64::from),
                ssb_delay_ns: e.delay_ns().filter(|_| heard),
                ssb_mono_ns: e.ssb_mono_ns,
                beam_snr_db: recent(e.beam_mono_ns).and_then(|_| db(fast.beam_snr(e.stream()))),
                beam_mono_ns: e.beam_mono_ns,
                silent: fast.silent(e.stream()),
                cfo_hz: fast.cfo_hz(e.stream()),
                tracked: fast.tracked(e.stream()),
                channel: fast.channel(e.stream()).map(<[_]>::to_vec).unwrap_or_default(),
            })
            .collect();
    }
}

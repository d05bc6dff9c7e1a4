//! Brings samples through a back end, in blocks of any sizes.

use crate::rig::Rig;
use num_complex::Complex32;
use ran_bridge::iq::{Next, Sink, Source, StreamError, Stretch};
use std::time::Duration;

/// Longest pass.
const PATIENCE: Duration = Duration::from_secs(60);
/// What one read or write may take: the 100 ms it may wait, and what a loaded machine adds.
pub const BOUND: Duration = Duration::from_millis(1_500);

/// Time since it was made.
pub struct Watch(std::time::Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a test bounds its own waits")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub fn past(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What came.
#[derive(Debug, Default)]
pub struct Passed {
    pub stretches: Vec<(Stretch, Vec<Complex32>)>,
    /// What the source said where it ended before the last sample.
    pub ended: Option<StreamError>,
    /// What the sink said where it did not take them.
    pub sent: Option<StreamError>,
    /// Index at the source of the first sample that was sent.
    pub origin: u64,
}

impl Passed {
    /// The samples with these indices, `None` where one is missing.
    pub fn span(&self, from: u64, n: usize) -> Option<Vec<Complex32>> {
        let mut out = Vec::with_capacity(n);
        for (got, samples) in &self.stretches {
            for (index, z) in (got.first..).zip(samples) {
                if (from..from + n as u64).contains(&index) {
                    if index != from + out.len() as u64 {
                        return None;
                    }
                    out.push(*z);
                }
            }
        }
        (out.len() == n).then_some(out)
    }

    /// Each stretch follows the one before, by exactly what was lost.
    pub fn assert_index_goes_on(&self) {
        let mut next = None;
        for (got, samples) in &self.stretches {
            assert!(got.len == samples.len() && got.len > 0, "{got:?}");
            assert_eq!(got.first, next.unwrap_or(got.first) + if next.is_some() { got.lost } else { 0 }, "{got:?}");
            next = Some(got.first + got.len as u64);
        }
    }

    pub fn lost(&self) -> u64 {
        self.stretches.iter().map(|(got, _)| got.lost).sum()
    }
}

/// Reads once, within its bound.
pub fn read(source: &mut dyn Source, block: &mut [Complex32]) -> Result<Next, StreamError> {
    let watch = Watch::start();
    let next = source.read(block);
    assert!(watch.past() < BOUND, "a read took {:?}", watch.past());
    if let Ok(Next::Samples(got)) = &next {
        assert!(got.len <= block.len() && got.len > 0, "{got:?}");
        assert!(block[..got.len].iter().all(|z| z.re.is_finite() && z.im.is_finite()), "not finite: {got:?}");
    }
    next
}

/// Writes all, in blocks of these sizes in turn.
pub fn write_all(sink: &mut dyn Sink, first: u64, samples: &[Complex32], sizes: &[usize]) -> Result<(), StreamError> {
    let (watch, mut sizes, mut at) = (Watch::start(), sizes.iter().cycle(), 0);
    while at < samples.len() {
        let until = samples.len().min(at + sizes.next().unwrap());
        while at < until {
            assert!(watch.past() < PATIENCE, "{at} of {} samples in {PATIENCE:?}", samples.len());
            let once = Watch::start();
            at += sink.write(first + at as u64, &samples[at..until])?;
            assert!(once.past() < BOUND, "a write took {:?}", once.past());
        }
    }
    Ok(())
}

/// One pass: samples through a new sink and its source, each in blocks of these sizes in turn. Repeated where a radio did not wait for the machine.
pub fn pass(rig: &mut dyn Rig, first: u64, samples: &[Complex32], writes: &[usize], reads: &[usize]) -> Passed {
    loop {
        let passed = once(rig, first, samples, writes, reads);
        let is_whole = passed.sent.is_none() && passed.span(passed.origin, samples.len()).is_some();
        if is_whole || !rig.may_repeat() {
            assert!(
                passed.sent.is_none() && passed.ended.is_none(),
                "sink: {:?}, source: {:?}",
                passed.sent,
                passed.ended
            );
            return passed;
        }
    }
}

fn once(rig: &mut dyn Rig, first: u64, samples: &[Complex32], writes: &[usize], reads: &[usize]) -> Passed {
    let mut sink = rig.sink();
    let mut send = move || write_all(&mut *sink, first, samples, writes).and_then(|()| sink.finish());
    if !rig.is_live() {
        let sent = send().err();
        let mut source = rig.source();
        return Passed { sent, ..receive(rig, &mut *source, first, samples.len(), reads, &|| false) };
    }
    let mut source = rig.source();
    std::thread::scope(|scope| {
        let sending = scope.spawn(send);
        let failed = || sending.is_finished();
        let mut passed = receive(rig, &mut *source, first, samples.len(), reads, &failed);
        passed.sent = sending.join().unwrap().err();
        passed
    })
}

/// Reads until the last sample that was sent is there.
fn receive(
    rig: &dyn Rig,
    source: &mut dyn Source,
    first: u64,
    samples: usize,
    reads: &[usize],
    sender_is_over: &dyn Fn() -> bool,
) -> Passed {
    let (watch, mut sizes, mut passed) = (Watch::start(), reads.iter().cycle(), Passed::default());
    let mut block = vec![Complex32::ZERO; *reads.iter().max().unwrap()];
    let (mut next, mut silent) = (0, 0);
    loop {
        let origin = rig.origin(first);
        passed.origin = origin.unwrap_or(0);
        let is_all = origin.is_some_and(|origin| next >= origin + samples as u64);
        // nothing will come any more
        let is_over = sender_is_over() && (silent > 20 || origin.is_none());
        if is_all || is_over {
            return passed;
        }
        assert!(watch.past() < PATIENCE, "sample {next} after {PATIENCE:?}, from {origin:?} on {samples}");
        match read(source, &mut block[..*sizes.next().unwrap()]) {
            Ok(Next::Samples(got)) => {
                next = got.first + got.len as u64;
                passed.stretches.push((got, block[..got.len].to_vec()));
            }
            Ok(Next::Nothing) => silent += 1,
            Ok(Next::End) => return passed,
            Err(e) => return Passed { ended: Some(e), ..passed },
        }
    }
}

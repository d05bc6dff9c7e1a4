//! A radio, by SoapySDR: the receiver is the product's source; the sink is this suite's own, because in the product only tx-guard may have a
//! transmitter. What it sends comes back through the virtual radio's loop, sample by sample as it went out.

use crate::cases;
use crate::drive::{Passed, Watch, read};
use crate::faults::assert_tags;
use crate::rig::{Rig, Verdict, tags};
use num_complex::Complex32;
use ran_bridge::iq::{Next, Sink, Source, StreamError};
use ran_bridge::radio::{
    Block, DeviceArgs, RadioConfig, RadioError, RadioSource, Receive, RxConfig, SafeOutput, SoapyDevice, SoapyReceiver,
    Transmit, TxConfig, TxEvent,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use virtual_usrp::{Direction, Event, VirtualUsrp};

/// 184.32 MHz by 960: the machine is in nobody's way.
const RATE_HZ: f64 = 192_000.0;
const FREQUENCY_HZ: f64 = 3.5e9;
/// Full scale of its 16-bit integers.
const FULL_SCALE: f32 = 32_767.0;
/// The first sample goes out so long after it was written, ns.
const LEAD_NS: i64 = 500_000_000;
const MS: i64 = 1_000_000;
/// Longest wait for what the radio tells.
const PATIENCE: Duration = Duration::from_secs(20);
/// Passes of the whole suite that may be repeated.
const TRIES: u32 = 10;

/// Times of the device, ns: of the first sample that was received, of the first that is sent.
#[derive(Default)]
struct Times {
    began_ns: Option<i64>,
    start_ns: Option<i64>,
}

pub struct SoapyRig {
    usrp: VirtualUsrp,
    _folder: TempDir,
    times: Arc<Mutex<Times>>,
    rx: Option<SoapyReceiver>,
    repeated: u32,
}

fn config(usrp: &VirtualUsrp, rate_hz: f64) -> RadioConfig {
    RadioConfig {
        args: DeviceArgs::parse(&usrp.device_args()).unwrap(),
        rate_hz,
        clock_source: None,
        time_source: None,
        tx: Some(TxConfig {
            channels: vec![0],
            frequency_hz: FREQUENCY_HZ,
            antenna: None,
            safe: SafeOutput::default(),
        }),
        rx: Some(RxConfig {
            channels: vec![0],
            frequency_hz: FREQUENCY_HZ,
            antenna: None,
            gain_db: 0.0,
            gain_elements_db: Vec::new(),
        }),
    }
}

impl SoapyRig {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // no loss and no noise on the way back, and room for a whole pass
        let usrp = VirtualUsrp::start(folder.path(), &["--loop-db", "0", "--noise-dbfs", "-300", "--fifo-ms", "4000"]);
        let usrp = usrp.unwrap();
        Self { usrp, _folder: folder, times: Arc::default(), rx: None, repeated: 0 }
    }
}

/// A burst that begins [`LEAD_NS`] after its first sample is written.
struct Burst {
    tx: Box<dyn Transmit>,
    times: Arc<Mutex<Times>>,
    begun: bool,
}

impl Sink for Burst {
    fn rate_hz(&self) -> f64 {
        RATE_HZ
    }

    fn write(&mut self, _: u64, samples: &[Complex32]) -> Result<usize, StreamError> {
        if samples.is_empty() {
            return Ok(0);
        }
        if self.begun {
            return Ok(self.tx.write(&[samples], None, false)?);
        }
        // a whole millisecond of the device is a whole sample
        let at_ns = (self.tx.time_ns()? + LEAD_NS) / MS * MS;
        let n = self.tx.write(&[samples], Some(at_ns), false)?;
        if n > 0 {
            self.begun = true;
            self.times.lock().unwrap().start_ns = Some(at_ns);
        }
        Ok(n)
    }

    fn finish(&mut self) -> Result<(), StreamError> {
        if !self.begun {
            return Ok(());
        }
        self.tx.write(&[&[]], None, true)?;
        let watch = Watch::start();
        loop {
            match self.tx.event()? {
                Some(TxEvent::BurstEnd) => return Ok(()),
                Some(event) => return Err(StreamError::Gone(format!("the burst did not go out whole: {event:?}"))),
                None => assert!(watch.past() < PATIENCE, "the burst does not end"),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Notes when a receiver began.
struct Noted(SoapyReceiver, Arc<Mutex<Times>>);

impl Receive for Noted {
    fn channels(&self) -> usize {
        self.0.channels()
    }

    fn packet(&self) -> usize {
        self.0.packet()
    }

    fn read(&mut self, samples: &mut [&mut [Complex32]]) -> Result<Option<Block>, RadioError> {
        let block = self.0.read(samples)?;
        if let Some(block) = block.filter(|b| b.first == 0) {
            self.1.lock().unwrap().began_ns.get_or_insert(block.time_ns);
        }
        Ok(block)
    }

    fn lower_gain(&mut self) -> Result<(), RadioError> {
        self.0.lower_gain()
    }
}

impl Rig for SoapyRig {
    fn name(&self) -> &'static str {
        "soapy"
    }

    fn rate_hz(&self) -> f64 {
        RATE_HZ
    }

    fn sink(&mut self) -> Box<dyn Sink + Send> {
        self.times = Arc::default();
        // the receiver of a pass before has the device
        self.rx = None;
        let config = config(&self.usrp, RATE_HZ);
        let (tx, rx) = SoapyDevice::open(&config).and_then(|d| d.streams(&config)).unwrap();
        let mut tx = tx.unwrap();
        tx.open().unwrap();
        self.rx = rx;
        Box::new(Burst { tx: Box::new(tx), times: Arc::clone(&self.times), begun: false })
    }

    fn source(&mut self) -> Box<dyn Source> {
        let noted = Noted(self.rx.take().unwrap(), Arc::clone(&self.times));
        Box::new(RadioSource::new(Box::new(noted), RATE_HZ, FREQUENCY_HZ))
    }

    fn origin(&self, _: u64) -> Option<u64> {
        let times = self.times.lock().unwrap();
        let (began_ns, start_ns) = (times.began_ns?, times.start_ns?);
        Some(((start_ns - began_ns) as f64 * 1e-9 * RATE_HZ).round() as u64)
    }

    fn carried(&self, z: Complex32) -> Complex32 {
        let part = |x: f32| (x.clamp(-1.0, 1.0) * FULL_SCALE).round_ties_even() / FULL_SCALE;
        // an integer has one zero
        Complex32::new(part(z.re) + 0.0, part(z.im) + 0.0)
    }

    fn is_exact(&self) -> bool {
        false
    }

    fn most(&self) -> usize {
        40_001
    }

    fn tries(&self) -> (u32, usize) {
        (8, 2_000)
    }

    fn may_repeat(&mut self) -> bool {
        self.repeated += 1;
        self.repeated <= TRIES
    }

    fn repeated(&self) -> u32 {
        self.repeated
    }

    fn cannot(&self, case: &str) -> Option<&'static str> {
        match case {
            cases::HOLE => Some("a burst has no hole: what comes too late ends it"),
            cases::BACK | cases::HIGH_SINK => Some("a burst has a time, no index"),
            cases::NONFINITE => Some(
                "16-bit integers have no NaN; on the way out the governor refuses one (sidecar/governor/tests/paths.rs)",
            ),
            cases::ODD | cases::OVERSIZE => Some("the driver counts in samples"),
            cases::END => Some("a receiver hears until it is closed"),
            cases::SILENT => Some("a receiver that is there always gives samples"),
            _ => None,
        }
    }

    fn giver_vanishes(&mut self, sink: Box<dyn Sink + Send>) {
        self.usrp.control("vanish").unwrap();
        drop(sink);
    }

    fn taker_vanishes(&mut self, source: Option<Box<dyn Source>>) {
        self.usrp.control("vanish").unwrap();
        drop(source);
    }

    fn comes_back(&mut self) {
        self.usrp.control("come-back").unwrap();
    }

    fn own(&mut self, case: &str) -> Verdict {
        match case {
            cases::LOSS => self.loss(),
            cases::HIGH_SOURCE => self.high(),
            cases::RATE => self.rate(),
            cases::METADATA => self.metadata(),
            _ => panic!("{case} is not written"),
        }
        Verdict::Holds
    }
}

impl SoapyRig {
    /// Sends these tags and reads them; `meanwhile` is told how many samples of them have passed at the receiver. Ends at the index that it gives.
    fn listen(&mut self, samples: usize, mut meanwhile: impl FnMut(&VirtualUsrp, u64), beyond: u64) -> Passed {
        loop {
            let mut sink = self.sink();
            let mut source = self.source();
            let all = tags(samples);
            let passed = std::thread::scope(|scope| {
                let sending = scope.spawn(move || {
                    crate::drive::write_all(&mut *sink, 0, &all, &[10_000]).and_then(|()| sink.finish())
                });
                let (mut passed, watch) = (Passed::default(), Watch::start());
                let mut block = vec![Complex32::ZERO; 1_996];
                loop {
                    assert!(watch.past() < PATIENCE, "{:?}", passed.stretches.last().map(|s| s.0));
                    if let Next::Samples(got) = read(&mut *source, &mut block).unwrap() {
                        passed.stretches.push((got, block[..got.len].to_vec()));
                        let next = got.first + got.len as u64;
                        if let Some(origin) = self.origin(0) {
                            passed.origin = origin;
                            meanwhile(&self.usrp, next.saturating_sub(origin));
                            if next >= origin + beyond + samples as u64 {
                                break;
                            }
                        }
                    }
                    if sending.is_finished() && self.origin(0).is_none() {
                        break;
                    }
                }
                passed.sent = sending.join().unwrap().err();
                passed
            });
            match &passed.sent {
                None => return passed,
                Some(e) => assert!(self.may_repeat(), "{e}"),
            }
        }
    }

    /// The driver has 100 ms of room for what is not read.
    fn loss(&mut self) {
        let samples = 230_400;
        let mut rested = false;
        let rest = |_: &VirtualUsrp, passed| {
            if passed > 9_600 && !std::mem::replace(&mut rested, true) {
                std::thread::sleep(Duration::from_millis(400));
            }
        };
        let passed = self.listen(samples, rest, 0);
        assert_tags(&passed, samples as u64);
        // 400 ms were not read and at most 100 ms of them kept; a packet more or less
        assert!(passed.lost() >= (0.3 * RATE_HZ) as u64 - 2 * 1_996, "{}", passed.lost());
    }

    /// The device's clock jumps by 40 000 s: what it counts from is lost for that long, and the samples go on.
    fn high(&mut self) {
        let (samples, jump) = (96_000, 40_000 * 192_000_u64);
        let mut jumped = false;
        let leap = |usrp: &VirtualUsrp, passed| {
            if passed > 9_600 && !std::mem::replace(&mut jumped, true) {
                usrp.control("clock-jump 40000000000000").unwrap();
            }
        };
        let mut passed = self.listen(samples, leap, jump);
        passed.assert_index_goes_on();
        let last = passed.stretches.last().unwrap().0;
        assert!(jump > 1 << 32 && last.first > jump, "{last:?}");
        // without the jump each sample has the index that it says
        for (got, _) in passed.stretches.iter_mut().filter(|(got, _)| got.first > jump) {
            got.first -= jump;
            got.lost -= if got.lost >= jump { jump } else { 0 };
        }
        passed.assert_index_goes_on();
        let came = passed.span(passed.origin, samples);
        assert!(came.is_some_and(|came| came == tags(samples)), "{} lost", passed.lost());
    }

    /// UHD takes any rate and runs at the next one it has.
    fn rate(&mut self) {
        self.rx = None;
        let wrong = config(&self.usrp, 200_000.0);
        let refused = SoapyDevice::open(&wrong).and_then(|d| d.streams(&wrong).map(|_| ())).unwrap_err();
        let said = StreamError::from(refused).to_string();
        // 184.32 MHz by 922 is next to it
        assert!(said.contains("200000") && said.contains("199913.2"), "{said}");
    }

    fn metadata(&mut self) {
        let _sink = self.sink();
        let source = self.source();
        assert_eq!((source.rate_hz(), source.frequency_hz()), (RATE_HZ, Some(FREQUENCY_HZ)));
        // and the radio itself is set so
        let set = |what: &str| {
            let of = |e: virtual_usrp::Entry| match e.event {
                Event::Set(s) if s.setting == what && s.direction == Some(Direction::Rx) => s.value.as_f64(),
                _ => None,
            };
            self.usrp.events().unwrap().into_iter().rev().find_map(of)
        };
        assert_eq!((set("rate"), set("frequency")), (Some(RATE_HZ), Some(FREQUENCY_HZ)));
    }
}

//! The radio that writes down each call, the log, and the guard between them.

use governor::{Chain, Disk, Mode};
use num_complex::Complex32;
use ran_bridge::radio::{
    Block, DeviceArgs, Lifeline, RadioConfig, RadioError, Receive, Reference, RxConfig, SafeOutput, Transmit, TxConfig,
    TxEvent,
};
use sidecar::notify::Notify;
use sidecar::telemetry::MetricsAt;
use sidecar::tx::guard::{Clocks, Parts, run};
use sidecar::tx::{
    Answer, ArmOrder, Ask, FireOrder, GuardConfig, Over, PolicyFiles, TxClient, TxError, Wave, generate, sign,
};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

pub const RATE_HZ: f64 = 1e6;
pub const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Open,
    Connect,
    Gain(f64),
    Write {
        samples: usize,
        ends: bool,
    },
    Disconnect,
    Close,
    /// The receiver's gain is lowered.
    Spare,
    /// A line of the log is on disk.
    Logged(String),
}

pub type Calls = Arc<Mutex<Vec<Call>>>;

/// Takes everything, or nothing.
struct Tx {
    calls: Calls,
    takes: bool,
    /// Its stream takes so long to close.
    closes: Duration,
}

struct NoLine;

impl Lifeline for NoLine {
    fn drop_gain(&self) -> Result<(), RadioError> {
        Ok(())
    }
    fn disconnect(&self) -> Result<(), RadioError> {
        Ok(())
    }
}

impl Transmit for Tx {
    fn channels(&self) -> usize {
        1
    }
    fn open(&mut self) -> Result<(), RadioError> {
        self.calls.lock().unwrap().push(Call::Open);
        Ok(())
    }
    fn connect(&mut self) -> Result<(), RadioError> {
        self.calls.lock().unwrap().push(Call::Connect);
        Ok(())
    }
    fn disconnect(&mut self) -> Result<(), RadioError> {
        self.calls.lock().unwrap().push(Call::Disconnect);
        Ok(())
    }
    fn lowest_gain_db(&self) -> f64 {
        -7.0
    }
    fn set_gain_db(&mut self, gain_db: f64) -> Result<(), RadioError> {
        self.calls.lock().unwrap().push(Call::Gain(gain_db));
        Ok(())
    }
    fn time_ns(&self) -> Result<i64, RadioError> {
        Ok(sidecar::clock::mono_ns() as i64)
    }
    fn write(&mut self, samples: &[&[Complex32]], _: Option<i64>, ends: bool) -> Result<usize, RadioError> {
        let [samples] = samples else { panic!("{} slices", samples.len()) };
        self.calls.lock().unwrap().push(Call::Write { samples: samples.len(), ends });
        Ok(if self.takes { samples.len() } else { 0 })
    }
    fn event(&mut self) -> Result<Option<TxEvent>, RadioError> {
        Ok(None)
    }
    fn close(&mut self) {
        std::thread::sleep(self.closes);
        self.calls.lock().unwrap().push(Call::Close);
    }
    fn lifeline(&self) -> Box<dyn Lifeline> {
        Box::new(NoLine)
    }
}

/// Hears silence, too much, or nothing at all.
struct Rx {
    calls: Calls,
    deaf: Arc<AtomicBool>,
    loud: Arc<AtomicBool>,
    next: u64,
}

impl Receive for Rx {
    fn channels(&self) -> usize {
        1
    }
    fn packet(&self) -> usize {
        1
    }

    fn read(&mut self, samples: &mut [&mut [Complex32]]) -> Result<Option<Block>, RadioError> {
        let [samples] = samples else { panic!("{} slices", samples.len()) };
        std::thread::sleep(Duration::from_millis(1));
        if self.deaf.load(SeqCst) {
            return Ok(None);
        }
        samples.fill(Complex32::new(if self.loud.load(SeqCst) { 1.0 } else { 1e-4 }, 0.0));
        let first = self.next;
        self.next += samples.len() as u64;
        Ok(Some(Block { len: samples.len(), time_ns: 0, first, lost: 0 }))
    }
    fn lower_gain(&mut self) -> Result<(), RadioError> {
        self.calls.lock().unwrap().push(Call::Spare);
        Ok(())
    }
}

/// Writes into the calls; full when it is told so.
struct Log {
    calls: Calls,
    full: Arc<AtomicBool>,
}

impl Disk for Log {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.full.load(SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        // slow, so that who does not wait for it is found
        std::thread::sleep(Duration::from_millis(20));
        let line = String::from_utf8_lossy(line);
        let event = line.split("\"event\":\"").nth(1).and_then(|e| e.split('"').next()).unwrap_or_default().to_owned();
        self.calls.lock().unwrap().push(Call::Logged(event));
        Ok(())
    }
}

/// Locked until it is told otherwise; a reading takes as long as it is told to.
pub struct Sensor {
    pub lost: Arc<AtomicBool>,
    pub takes_ms: Arc<AtomicU64>,
}

impl Reference for Sensor {
    fn is_locked(&mut self) -> Result<bool, RadioError> {
        std::thread::sleep(Duration::from_millis(self.takes_ms.load(SeqCst)));
        Ok(!self.lost.load(SeqCst))
    }
}

/// What a rig is given beside the usual.
#[derive(Default)]
pub struct Extra {
    pub closes: Duration,
    pub reference: Option<Box<dyn Reference>>,
    pub notify: Option<Notify>,
}

pub struct Rig {
    pub calls: Calls,
    pub full: Arc<AtomicBool>,
    pub deaf: Arc<AtomicBool>,
    pub loud: Arc<AtomicBool>,
    pub stop: Arc<AtomicBool>,
    guard: Option<JoinHandle<Result<(), TxError>>>,
    pub control: String,
    _dir: tempfile::TempDir,
}

impl Rig {
    pub fn new(takes: bool) -> Self {
        Self::with(takes, Extra::default())
    }

    pub fn with(takes: bool, extra: Extra) -> Self {
        let Extra { closes, reference, notify } = extra;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        generate(&at("key"), [1; 32]).unwrap();
        let policy = "version: 1\nperson: A\nstop_contact: B\nfrom: 2026-01-01T00:00:00Z\nuntil: 2099-01-01T00:00:00Z\ngrants:\n  - {mode: conducted, radios: [R], low_hz: 1e9, high_hz: 2e9, max_gain_db: 10, max_amplitude: 1, max_burst_ms: 5000, max_duty: 1, duty_window_ms: 60000}\n";
        std::fs::write(at("policy"), policy).unwrap();
        sign(&at("policy"), &at("key"), sidecar::clock::wall()).unwrap();
        let config = GuardConfig {
            run: 0,
            radio: RadioConfig {
                args: DeviceArgs::default(),
                rate_hz: RATE_HZ,
                clock_source: None,
                time_source: None,
                tx: Some(TxConfig {
                    channels: vec![0],
                    frequency_hz: 1.5e9,
                    antenna: None,
                    safe: SafeOutput::default(),
                }),
                rx: Some(RxConfig {
                    channels: vec![0],
                    frequency_hz: 1.5e9,
                    antenna: None,
                    gain_db: 0.0,
                    gain_elements_db: Vec::new(),
                }),
            },
            mode: Mode::Conducted,
            policy: PolicyFiles { policy: at("policy"), signature: at("policy.sig"), key: at("key.pub") },
            control: format!("ipc://{}", at("sock").display()),
            stop_file: at("stop"),
            log: at("log"),
            stop_without_reference: None,
            overload: 0.9,
            metrics: MetricsAt::open(([127, 0, 0, 1], 0).into()),
            calibration_age_ns: 600_000_000_000,
        };
        let [full, deaf, loud, stop]: [Arc<AtomicBool>; 4] = Default::default();
        let calls = Calls::default();
        let parts = Parts {
            tx: Box::new(Tx { calls: Arc::clone(&calls), takes, closes }),
            rx: Some(Box::new(Rx {
                calls: Arc::clone(&calls),
                deaf: Arc::clone(&deaf),
                loud: Arc::clone(&loud),
                next: 0,
            })),
            reference,
            notify,
            hardware: "dummy".into(),
            serial: "R".into(),
            disk: Box::new(Log { calls: Arc::clone(&calls), full: Arc::clone(&full) }),
            chain: Chain::default(),
            clocks: Clocks::system(),
        };
        let control = config.control.clone();
        let ends = Arc::clone(&stop);
        let guard = std::thread::spawn(move || run(&config, parts, &ends));
        Self { calls, full, deaf, loud, stop, guard: Some(guard), control, _dir: dir }
    }

    pub fn client(&self) -> TxClient {
        for _ in 0..1000 {
            if let Ok(mut client) = TxClient::connect(&self.control)
                && let Ok(Answer::Status(s)) = client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_)))
                && s.radio_is_safe
                && s.reception.samples > 0
            {
                return client;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the guard is not ready");
    }

    pub fn arm(client: &mut TxClient) -> Result<Answer, TxError> {
        client.tell(&Ask::Feed { alive_ns: None }).unwrap();
        let order = ArmOrder { for_ms: 5000, jam: None, relay: false, phrase: String::new() };
        client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. }))
    }

    pub fn fire(client: &mut TxClient, samples: u64) -> Result<Answer, TxError> {
        let Answer::Armed { token, .. } = Self::arm(client)? else { panic!("no token") };
        let wave = Wave::Tone { offset_hz: 1e5, amplitude: 0.5 };
        client.ask(
            &Ask::Fire(FireOrder { token, samples, gain_db: 3.0, wave, over: Over::Channel(0) }),
            PATIENCE,
            |a| matches!(a, Answer::Fired { .. }),
        )
    }

    /// Waits for the burst's end, feeding the dead-man where that is wanted.
    pub fn ended(client: &mut TxClient, feeds: bool) -> sidecar::tx::Ended {
        for _ in 0..500 {
            if feeds {
                client.tell(&Ask::Feed { alive_ns: None }).unwrap();
            }
            if let Some(Answer::Ended(ended)) =
                client.wait(Duration::from_millis(20), |a| matches!(a, Answer::Ended(_))).unwrap()
            {
                return ended;
            }
        }
        panic!("it does not end");
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub fn end(&mut self) -> Result<(), TxError> {
        self.stop.store(true, SeqCst);
        self.guard.take().unwrap().join().unwrap()
    }
}

pub fn is_write(call: &Call) -> bool {
    matches!(call, Call::Write { .. })
}

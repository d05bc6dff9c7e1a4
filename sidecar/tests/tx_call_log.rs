//! The guard with a radio that writes down each call, and a log that does what it is told: the exact way to the safe state, and what comes
//! before the first sample.
#![expect(clippy::unwrap_used, reason = "helpers of the tests")]

use governor::{Chain, Disk, Mode, Stop};
use num_complex::Complex32;
use ran_bridge::radio::{
    Block, DeviceArgs, Lifeline, RadioConfig, RadioError, Receive, RxConfig, Transmit, TxConfig, TxEvent,
};
use sidecar::telemetry::MetricsAt;
use sidecar::tx::guard::{Clocks, Parts, run};
use sidecar::tx::{
    Answer, ArmOrder, Ask, FireOrder, GuardConfig, PolicyFiles, TxClient, TxError, Wave, generate, sign,
};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const RATE_HZ: f64 = 1e6;
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq)]
enum Call {
    Open,
    Gain(f64),
    Write {
        samples: usize,
        ends: bool,
    },
    Close,
    /// A line of the log is on disk.
    Logged(String),
}

type Calls = Arc<Mutex<Vec<Call>>>;

/// Takes everything, or nothing.
struct Tx {
    calls: Calls,
    takes: bool,
}

struct NoLine;

impl Lifeline for NoLine {
    fn drop_gain(&self) -> Result<(), RadioError> {
        Ok(())
    }
}

impl Transmit for Tx {
    fn open(&mut self) -> Result<(), RadioError> {
        self.calls.lock().unwrap().push(Call::Open);
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
    fn write(&mut self, samples: &[Complex32], _: Option<i64>, ends: bool) -> Result<usize, RadioError> {
        self.calls.lock().unwrap().push(Call::Write { samples: samples.len(), ends });
        Ok(if self.takes { samples.len() } else { 0 })
    }
    fn event(&mut self) -> Result<Option<TxEvent>, RadioError> {
        Ok(None)
    }
    fn close(&mut self) {
        self.calls.lock().unwrap().push(Call::Close);
    }
    fn lifeline(&self) -> Box<dyn Lifeline> {
        Box::new(NoLine)
    }
}

/// Hears silence, or nothing at all.
struct Rx {
    deaf: Arc<AtomicBool>,
    next: u64,
}

impl Receive for Rx {
    fn read(&mut self, samples: &mut [Complex32]) -> Result<Option<Block>, RadioError> {
        std::thread::sleep(Duration::from_millis(1));
        if self.deaf.load(SeqCst) {
            return Ok(None);
        }
        samples.fill(Complex32::new(1e-4, 0.0));
        let first = self.next;
        self.next += samples.len() as u64;
        Ok(Some(Block { len: samples.len(), time_ns: 0, first, lost: 0 }))
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

struct Rig {
    calls: Calls,
    full: Arc<AtomicBool>,
    deaf: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    guard: Option<JoinHandle<Result<(), TxError>>>,
    control: String,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn new(takes: bool) -> Self {
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
                tx: Some(TxConfig { channel: 0, frequency_hz: 1.5e9, antenna: None }),
                rx: Some(RxConfig { channel: 0, frequency_hz: 1.5e9, antenna: None, gain_db: 0.0 }),
            },
            mode: Mode::Conducted,
            policy: PolicyFiles { policy: at("policy"), signature: at("policy.sig"), key: at("key.pub") },
            control: format!("ipc://{}", at("sock").display()),
            stop_file: at("stop"),
            log: at("log"),
            overload: 0.9,
            metrics: MetricsAt::open(([127, 0, 0, 1], 0).into()),
        };
        let (calls, full, deaf, stop): (Calls, Arc<AtomicBool>, Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let parts = Parts {
            tx: Box::new(Tx { calls: Arc::clone(&calls), takes }),
            rx: Some(Box::new(Rx { deaf: Arc::clone(&deaf), next: 0 })),
            hardware: "dummy".into(),
            serial: "R".into(),
            disk: Box::new(Log { calls: Arc::clone(&calls), full: Arc::clone(&full) }),
            chain: Chain::default(),
            clocks: Clocks::system(),
        };
        let control = config.control.clone();
        let ends = Arc::clone(&stop);
        let guard = std::thread::spawn(move || run(&config, parts, &ends));
        Self { calls, full, deaf, stop, guard: Some(guard), control, _dir: dir }
    }

    fn client(&self) -> TxClient {
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

    fn arm(client: &mut TxClient) -> Result<Answer, TxError> {
        client.tell(&Ask::Feed { alive_ns: None }).unwrap();
        let order = ArmOrder { for_ms: 5000, jam: None, phrase: String::new() };
        client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. }))
    }

    fn fire(client: &mut TxClient, samples: u64) -> Result<Answer, TxError> {
        let Answer::Armed { token, .. } = Self::arm(client)? else { panic!("no token") };
        let wave = Wave::Tone { offset_hz: 1e5, amplitude: 0.5 };
        client.ask(&Ask::Fire(FireOrder { token, samples, gain_db: 3.0, wave }), PATIENCE, |a| {
            matches!(a, Answer::Fired { .. })
        })
    }

    /// Waits for the burst's end, feeding the dead-man where that is wanted.
    fn ended(client: &mut TxClient, feeds: bool) -> sidecar::tx::Ended {
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

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn end(&mut self) -> Result<(), TxError> {
        self.stop.store(true, SeqCst);
        self.guard.take().unwrap().join().unwrap()
    }
}

fn is_write(call: &Call) -> bool {
    matches!(call, Call::Write { .. })
}

#[test]
fn approval_is_on_disk_before_the_first_sample_and_a_stop_is_end_gain_close() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    while !rig.calls().iter().any(is_write) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let calls = rig.calls();
    let first = calls.iter().position(is_write).unwrap();
    let fire = calls.iter().position(|c| *c == Call::Logged("fire".into())).unwrap();
    assert!(fire < first, "{calls:?}");
    let stopped = client.ask(&Ask::Stop, PATIENCE, |a| matches!(a, Answer::Stopped { .. })).unwrap();
    assert!(matches!(stopped, Answer::Stopped { took_ns, .. } if took_ns < 100_000_000), "{stopped:?}");
    let calls = rig.calls();
    let last = calls.iter().rposition(|c| matches!(c, Call::Write { samples, .. } if *samples > 0)).unwrap();
    // the end of the burst without a sample, the lowest gain, the stream closed; then it is written down
    assert_eq!(
        calls[last + 1..last + 5],
        [Call::Write { samples: 0, ends: true }, Call::Gain(-7.0), Call::Close, Call::Logged("stop".into())],
        "{calls:?}"
    );
    let sent: usize = calls.iter().map(|c| if let Call::Write { samples, .. } = c { *samples } else { 0 }).sum();
    assert!(sent < 3_000_000);
    rig.end().unwrap();
}

#[test]
fn a_log_that_cannot_be_written_once_is_never_written_on() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    rig.full.store(true, SeqCst);
    assert!(matches!(Rig::fire(&mut client, 1000), Err(TxError::Refused { code, .. }) if code == "not_logged"));
    rig.full.store(false, SeqCst);
    assert!(matches!(Rig::fire(&mut client, 1000), Err(TxError::Refused { code, .. }) if code == "not_logged"));
    assert!(!rig.calls().iter().any(is_write), "{:?}", rig.calls());
    rig.end().unwrap();
}

#[test]
fn a_receiver_that_falls_silent_ends_the_burst() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    rig.deaf.store(true, SeqCst);
    let ended = Rig::ended(&mut client, true);
    assert_eq!(ended.why, Some(Stop::DeadMan(governor::Feeder::Monitor)), "{ended:?}");
    rig.end().unwrap();
}

#[test]
fn a_driver_that_takes_nothing_is_an_error_soon() {
    let mut rig = Rig::new(false);
    let mut client = rig.client();
    let began_ns = sidecar::clock::mono_ns();
    // a burst of one piece: its last sample has passed the governor at once
    Rig::fire(&mut client, 100).unwrap();
    let ended = Rig::ended(&mut client, true);
    assert_eq!((ended.sent, ended.why), (0, Some(Stop::DeviceError)));
    assert!(sidecar::clock::mono_ns() - began_ns < 1_000_000_000);
    rig.end().unwrap();
}

#[test]
fn a_burst_that_goes_out_whole_is_as_long_as_it_should_be() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 50_001).unwrap();
    let ended = Rig::ended(&mut client, true);
    assert_eq!((ended.sent, ended.why), (50_001, None));
    let calls = rig.calls();
    let writes: Vec<&Call> = calls.iter().filter(|c| is_write(c)).collect();
    assert!(matches!(writes.last(), Some(Call::Write { ends: true, .. })), "{writes:?}");
    assert_eq!(writes.iter().filter(|c| matches!(c, Call::Write { ends: true, .. })).count(), 1);
    rig.end().unwrap();
    assert_eq!(rig.calls().last(), Some(&Call::Close));
}

//! The guard with a radio that writes down each call, and a log that does what it is told: the exact way to the safe state, and what comes
//! before the first sample.
#![expect(clippy::unwrap_used, reason = "helpers of the tests")]

use governor::{Chain, Disk, Mode, Stop};
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
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const RATE_HZ: f64 = 1e6;
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq)]
enum Call {
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

type Calls = Arc<Mutex<Vec<Call>>>;

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
struct Sensor {
    lost: Arc<AtomicBool>,
    takes_ms: Arc<AtomicU64>,
}

impl Reference for Sensor {
    fn is_locked(&mut self) -> Result<bool, RadioError> {
        std::thread::sleep(Duration::from_millis(self.takes_ms.load(SeqCst)));
        Ok(!self.lost.load(SeqCst))
    }
}

/// What a rig is given beside the usual.
#[derive(Default)]
struct Extra {
    closes: Duration,
    reference: Option<Box<dyn Reference>>,
    notify: Option<Notify>,
}

struct Rig {
    calls: Calls,
    full: Arc<AtomicBool>,
    deaf: Arc<AtomicBool>,
    loud: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    guard: Option<JoinHandle<Result<(), TxError>>>,
    control: String,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn new(takes: bool) -> Self {
        Self::with(takes, Extra::default())
    }

    fn with(takes: bool, extra: Extra) -> Self {
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
        let order = ArmOrder { for_ms: 5000, jam: None, relay: false, phrase: String::new() };
        client.ask(&Ask::Arm(order), PATIENCE, |a| matches!(a, Answer::Armed { .. }))
    }

    fn fire(client: &mut TxClient, samples: u64) -> Result<Answer, TxError> {
        let Answer::Armed { token, .. } = Self::arm(client)? else { panic!("no token") };
        let wave = Wave::Tone { offset_hz: 1e5, amplitude: 0.5 };
        client.ask(
            &Ask::Fire(FireOrder { token, samples, gain_db: 3.0, wave, over: Over::Channel(0) }),
            PATIENCE,
            |a| matches!(a, Answer::Fired { .. }),
        )
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
    // the end of the burst without a sample, the lowest gain, off the air, the stream closed; then it is written down
    assert_eq!(
        calls[last + 1..last + 6],
        [
            Call::Write { samples: 0, ends: true },
            Call::Gain(-7.0),
            Call::Disconnect,
            Call::Close,
            Call::Logged("stop".into())
        ],
        "{calls:?}"
    );
    // it is on the air from arming on, and raised only then
    let at = |wanted: &Call| calls.iter().position(|c| c == wanted).unwrap();
    assert!(at(&Call::Logged("arm".into())) < at(&Call::Connect) && at(&Call::Connect) < at(&Call::Gain(3.0)));
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

/// The gain is down then: a driver that takes its time is no reason to end the process, which would end this test.
#[test]
fn a_stream_that_closes_slowly_is_waited_for() {
    let closes = Duration::from_millis(150);
    let mut rig = Rig::with(true, Extra { closes, ..Extra::default() });
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    while !rig.calls().iter().any(is_write) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let stopped = client.ask(&Ask::Stop, PATIENCE, |a| matches!(a, Answer::Stopped { .. })).unwrap();
    let Answer::Stopped { took_ns, .. } = stopped else { panic!("{stopped:?}") };
    assert!(u128::from(took_ns) >= closes.as_nanos(), "{took_ns} ns: it is not safe before it is closed");
    rig.end().unwrap();
}

/// A sensor that says no ends the burst, one that does not answer too, and neither keeps anybody waiting: not the stop, nor the guard's end.
#[test]
fn a_reference_that_is_lost_or_not_known_ends_the_burst() {
    let (lost, takes_ms): (Arc<AtomicBool>, Arc<AtomicU64>) = Default::default();
    let sensor = Sensor { lost: Arc::clone(&lost), takes_ms: Arc::clone(&takes_ms) };
    let mut rig = Rig::with(true, Extra { reference: Some(Box::new(sensor)), ..Extra::default() });
    let mut client = rig.client();
    let locked = |client: &mut TxClient, wanted: bool| {
        for _ in 0..500 {
            let status = client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_))).unwrap();
            if matches!(&status, Answer::Status(s) if s.reference == Some(wanted)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the reference is not seen to be {wanted}");
    };
    locked(&mut client, true);
    Rig::fire(&mut client, 3_000_000).unwrap();
    lost.store(true, SeqCst);
    assert_eq!(Rig::ended(&mut client, true).why, Some(Stop::Reference));
    // it is named to who arms, as long as it lasts
    assert!(matches!(Rig::arm(&mut client), Err(TxError::Refused { code, .. }) if code == "reference"));
    lost.store(false, SeqCst);
    locked(&mut client, true);
    Rig::fire(&mut client, 3_000_000).unwrap();
    // from the next reading on the driver does not come back: what was read last holds for 200 ms
    takes_ms.store(20_000, SeqCst);
    let began_ns = sidecar::clock::mono_ns();
    assert_eq!(Rig::ended(&mut client, true).why, Some(Stop::Reference));
    let after_ms = (sidecar::clock::mono_ns() - began_ns) as f64 * 1e-6;
    assert!((150.0..500.0).contains(&after_ms), "{after_ms} ms");
    let began_ns = sidecar::clock::mono_ns();
    rig.end().unwrap();
    assert!(sidecar::clock::mono_ns() - began_ns < 2_000_000_000, "its end waits for no reading");
}

/// What the service manager hears within this time, each with its time, ns.
fn heard(manager: &UnixDatagram, for_ms: u64) -> Vec<(u64, String)> {
    let until_ns = sidecar::clock::mono_ns() + for_ms * 1_000_000;
    let (mut all, mut bytes) = (Vec::new(), [0; 500]);
    while sidecar::clock::mono_ns() < until_ns {
        if let Ok(n) = manager.recv(&mut bytes) {
            all.push((sidecar::clock::mono_ns(), String::from_utf8_lossy(&bytes[..n]).into_owned()));
        }
    }
    all
}

fn alive(heard: &[(u64, String)]) -> Vec<u64> {
    heard.iter().filter(|(_, said)| said == "WATCHDOG=1").map(|(at_ns, _)| *at_ns).collect()
}

#[test]
fn the_service_manager_hears_that_it_lives_as_long_as_it_is_in_order() {
    const WATCHDOG_US: u64 = 400_000;
    let dir = tempfile::tempdir().unwrap();
    let manager = UnixDatagram::bind(dir.path().join("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let notify = Notify::new(dir.path().join("notify").as_os_str(), Some(WATCHDOG_US)).unwrap();
    // its stream takes longer to close than the manager waits
    let closes = Duration::from_millis(1000);
    let mut rig = Rig::with(true, Extra { closes, notify: Some(notify), ..Extra::default() });
    let first = heard(&manager, 2500);
    let words: Vec<&str> = first.iter().map(|(_, said)| said.as_str()).collect();
    assert!(words[0] == "READY=1" && words[1].starts_with("STATUS=safe; policy until 2099"), "{words:?}");
    let times = alive(&first);
    let longest_ns = times.windows(2).map(|t| t[1] - t[0]).max().unwrap();
    assert!(times.len() > 5 && longest_ns < WATCHDOG_US * 1000 / 2, "{longest_ns} ns between two of {}", times.len());
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    let on_air = heard(&manager, 150);
    assert!(on_air.iter().any(|(_, said)| said.starts_with("STATUS=ON AIR, burst 1")), "{on_air:?}");
    // the call that closes the stream is no burst's, the gain is down: the guard does not end itself, and does not say that it is in order
    client.tell(&Ask::Stop).unwrap();
    let began_ns = sidecar::clock::mono_ns();
    // it may have said so last before the stop
    let times: Vec<u64> = std::iter::once(began_ns).chain(alive(&heard(&manager, 1500))).collect();
    let gap_ns = times.windows(2).map(|t| t[1] - t[0]).max().unwrap();
    assert!(gap_ns > 900_000_000 && times.iter().any(|t| t - began_ns > 1_000_000_000), "{gap_ns} ns: {times:?}");
    rig.end().unwrap();
    assert!(heard(&manager, 50).iter().any(|(_, said)| said == "STOPPING=1"));
}

#[test]
fn too_much_at_the_receiver_lowers_its_gain_once_and_says_so() {
    let mut rig = Rig::new(true);
    let mut client = rig.client();
    Rig::fire(&mut client, 3_000_000).unwrap();
    rig.loud.store(true, SeqCst);
    let ended = Rig::ended(&mut client, true);
    assert_eq!(ended.why, Some(Stop::Overload), "{ended:?}");
    // every block is too much from then on
    std::thread::sleep(Duration::from_millis(50));
    let calls = rig.calls();
    assert_eq!(calls.iter().filter(|c| **c == Call::Spare).count(), 1, "{calls:?}");
    let status = client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_))).unwrap();
    assert!(matches!(&status, Answer::Status(s) if s.reception.is_lowered), "{status:?}");
    rig.end().unwrap();
}

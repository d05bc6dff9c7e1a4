//! Cases of peers that say nothing, end, vanish and come back.

use crate::cases::{GIVER, SILENT, same};
use crate::drive::{BOUND, Watch, pass, read, write_all};
use crate::rig::{Rig, Verdict, tags};
use num_complex::Complex32;
use ran_bridge::iq::{Next, SigmfError, Sink, Source, StreamError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Within this time a peer that is gone is known to be.
const NOTICE: Duration = Duration::from_secs(10);

/// An end that is told, by type.
fn is_told(e: &StreamError) -> bool {
    matches!(e, StreamError::Gone(_) | StreamError::Recording(SigmfError::Truncated { .. } | SigmfError::Io { .. }))
}

pub fn empty(rig: &mut dyn Rig) -> Verdict {
    let mut sink = rig.sink();
    let mut block = vec![Complex32::ZERO; 1_000];
    let none = |source: &mut dyn Source, block: &mut [Complex32]| {
        for _ in 0..5 {
            match read(source, block) {
                Ok(Next::Samples(got)) => assert!(block[..got.len].iter().all(|z| *z == Complex32::ZERO), "{got:?}"),
                Ok(Next::End) | Err(StreamError::Gone(_)) => return,
                Ok(Next::Nothing) => {}
                Err(e) => panic!("{e}"),
            }
        }
    };
    if rig.is_live() {
        let mut source = rig.source();
        sink.finish().unwrap();
        drop(sink);
        none(&mut *source, &mut block);
    } else {
        sink.finish().unwrap();
        let mut source = rig.source();
        assert!(matches!(read(&mut *source, &mut block), Ok(Next::End)));
    }
    // no sample was asked for: none is given
    assert_eq!(rig.sink().write(0, &[]).unwrap(), 0);
    Verdict::Holds
}

pub fn end(rig: &mut dyn Rig) -> Verdict {
    let mut sink = rig.sink();
    let mut send = move || write_all(&mut *sink, 0, &tags(3_000), &[1_000]).and_then(|()| sink.finish());
    if !rig.is_live() {
        send().unwrap();
        let mut source = rig.source();
        assert_eq!(until_end(&mut *source), (3_000, None));
        assert!(matches!(read(&mut *source, &mut [Complex32::ZERO; 9]), Ok(Next::End)), "and it stays so");
        return Verdict::Holds;
    }
    let mut source = rig.source();
    std::thread::scope(|scope| {
        let sending = scope.spawn(move || {
            let sent = send();
            // what sent them is closed with it
            drop(send);
            sent
        });
        let (came, end) = until_end(&mut *source);
        sending.join().unwrap().unwrap();
        // all of them, and then the connection is closed: a wire has no other end
        assert!(
            came == 3_000 && end.as_ref().is_some_and(|e| e.starts_with("the other side is gone")),
            "{came}, {end:?}"
        );
    });
    Verdict::Holds
}

/// Samples until the end, and what was said of it where it was an error.
fn until_end(source: &mut dyn Source) -> (usize, Option<String>) {
    let (watch, mut came, mut block) = (Watch::start(), 0, vec![Complex32::ZERO; 700]);
    loop {
        assert!(watch.past() < NOTICE, "no end after {came} samples");
        match read(source, &mut block) {
            Ok(Next::Samples(got)) => came += got.len,
            Ok(Next::Nothing) => {}
            Ok(Next::End) => return (came, None),
            Err(e) => return (came, Some(e.to_string())),
        }
    }
}

pub fn silent(rig: &mut dyn Rig) -> Verdict {
    rig.own(SILENT)
}

/// Both ends, and 1000 samples and more that went between them; of 6000 that were sent some may be on their way.
fn going(rig: &mut dyn Rig) -> (Box<dyn Sink + Send>, Box<dyn Source>) {
    let mut sink = rig.sink();
    if !rig.is_live() {
        write_all(&mut *sink, 0, &tags(6_000), &[1_000]).and_then(|()| sink.finish()).unwrap();
        let mut source = rig.source();
        some(&mut *source);
        return (sink, source);
    }
    let mut source = rig.source();
    let came = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            write_all(&mut *sink, 0, &tags(6_000), &[1_000]).unwrap();
            // what a sink has taken moves when it is called
            while !came.load(Ordering::Relaxed) {
                assert_eq!(sink.write(6_000, &[]).unwrap(), 0);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        {
            let _ends = Ends(&came);
            some(&mut *source);
        }
        // a wire is asked by who reads
        while !sending.is_finished() {
            read(&mut *source, &mut [Complex32::ZERO; 500]).unwrap();
        }
        sending.join().unwrap();
    });
    (sink, source)
}

/// Says that it is over, also where a case fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads 1000 samples or a few more.
fn some(source: &mut dyn Source) {
    let (mut came, watch) = (0, Watch::start());
    while came < 1_000 {
        assert!(watch.past() < NOTICE, "only {came} samples came");
        if let Next::Samples(got) = read(source, &mut [Complex32::ZERO; 500]).unwrap() {
            came += got.len;
        }
    }
}

pub fn giver(rig: &mut dyn Rig) -> Verdict {
    let (sink, mut source) = going(rig);
    rig.giver_vanishes(sink);
    let said = gone(&mut *source);
    assert!(is_told(&said), "{said}");
    // and it stays so
    let again = read(&mut *source, &mut [Complex32::ZERO; 100]);
    assert!(matches!(&again, Err(e) if is_told(e)), "{again:?}");
    rig.comes_back();
    Verdict::Holds
}

/// What the source says of its end.
fn gone(source: &mut dyn Source) -> StreamError {
    let (watch, mut block) = (Watch::start(), vec![Complex32::ZERO; 10_000]);
    loop {
        match read(source, &mut block) {
            Err(e) => return e,
            Ok(next) => assert!(watch.past() < NOTICE && next != Next::End, "{next:?}"),
        }
    }
}

pub fn taker(rig: &mut dyn Rig) -> Verdict {
    if !rig.is_live() {
        let mut sink = rig.sink();
        write_all(&mut *sink, 0, &tags(1_000), &[100]).unwrap();
        rig.taker_vanishes(None);
        let said = sink.finish().unwrap_err();
        assert!(is_told(&said), "{said}");
        rig.comes_back();
        return Verdict::Holds;
    }
    let (mut sink, source) = going(rig);
    rig.taker_vanishes(Some(source));
    let (watch, block, mut first) = (Watch::start(), tags(5_000), 6_000);
    let said = loop {
        let once = Watch::start();
        match sink.write(first, &block) {
            Ok(n) => first += n as u64,
            Err(e) => break e,
        }
        assert!(once.past() < BOUND, "a write took {:?}", once.past());
        assert!(watch.past() < NOTICE, "{first} samples were taken by nobody");
    };
    assert!(is_told(&said), "{said}");
    drop(sink);
    rig.comes_back();
    Verdict::Holds
}

pub fn again(rig: &mut dyn Rig) -> Verdict {
    let (sink, mut source) = going(rig);
    rig.giver_vanishes(sink);
    if rig.cannot(GIVER).is_none() {
        gone(&mut *source);
    }
    drop(source);
    rig.comes_back();
    // another stream: its index begins again, and so do its samples
    let passed = pass(rig, 0, &tags(2_000), &[500], &[300]);
    assert_eq!(passed.stretches[0].0.first, 0);
    same(rig, 0, &tags(2_000), &[500], &[300]);
    Verdict::Holds
}

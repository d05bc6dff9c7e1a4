//! Recordings.

use crate::cases;
use crate::drive::{Passed, read, write_all};
use crate::faults::assert_tags;
use crate::rig::{Rig, Verdict, tag, tags};
use num_complex::Complex32;
use ran_bridge::iq::{self, Datatype, Next, SigmfError, SigmfSink, SigmfSource, Sink, Source};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const RATE_HZ: f64 = 1.92e6;
const CENTRE_HZ: f64 = 1.8425e9;

pub struct FileRig {
    folder: TempDir,
    /// Number of the recording.
    count: u32,
}

impl FileRig {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), count: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(format!("recording.{}", self.count))
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/air").join(name)
}

impl Rig for FileRig {
    fn name(&self) -> &'static str {
        "file"
    }

    fn rate_hz(&self) -> f64 {
        RATE_HZ
    }

    fn is_live(&self) -> bool {
        false
    }

    fn sink(&mut self) -> Box<dyn Sink + Send> {
        self.count += 1;
        Box::new(SigmfSink::create(&self.path(), RATE_HZ, Some(CENTRE_HZ), "a test").unwrap())
    }

    fn source(&mut self) -> Box<dyn Source> {
        Box::new(SigmfSource::open(&self.path()).unwrap())
    }

    fn origin(&self, first: u64) -> Option<u64> {
        Some(first)
    }

    fn most(&self) -> usize {
        140_001
    }

    fn tries(&self) -> (u32, usize) {
        (64, 6_000)
    }

    fn cannot(&self, case: &str) -> Option<&'static str> {
        match case {
            cases::OVERSIZE => Some("it has no messages"),
            cases::SILENT => Some("a file does not wait for anybody"),
            cases::HOLE => Some("it is a new capture, and told as lost: the case of a stretch that is lost"),
            _ => None,
        }
    }

    /// The data is cut short while it is read.
    fn giver_vanishes(&mut self, sink: Box<dyn Sink + Send>) {
        drop(sink);
        let data = OpenOptions::new().write(true).open(self.data());
        data.unwrap().set_len(4).unwrap();
    }

    /// The folder is not there any more.
    fn taker_vanishes(&mut self, _: Option<Box<dyn Source>>) {
        std::fs::remove_dir_all(self.folder.path()).unwrap();
    }

    fn comes_back(&mut self) {
        std::fs::create_dir_all(self.folder.path()).unwrap();
    }

    fn own(&mut self, case: &str) -> Verdict {
        match case {
            cases::LOSS => self.loss(),
            cases::HIGH_SOURCE => self.high(),
            cases::RATE => self.rate(),
            cases::METADATA => self.metadata(),
            cases::ODD => self.odd(),
            _ => panic!("{case} is not written"),
        }
        Verdict::Holds
    }
}

impl FileRig {
    /// Three captures with two holes between them.
    fn loss(&mut self) {
        let mut sink = self.sink();
        let all: Vec<_> = (0..30_000).map(tag).collect();
        for span in [0..10_000, 12_345..12_346, 20_000..30_000_usize] {
            write_all(&mut *sink, span.start as u64, &all[span], &[777]).unwrap();
        }
        sink.finish().unwrap();
        let mut passed = Passed::default();
        let (mut source, mut block) = (self.source(), vec![Complex32::ZERO; 900]);
        while let Next::Samples(got) = read(&mut *source, &mut block).unwrap() {
            passed.stretches.push((got, block[..got.len].to_vec()));
        }
        assert_tags(&passed, 30_000);
        let lost: Vec<_> =
            passed.stretches.iter().filter(|(got, _)| got.lost > 0).map(|(got, _)| (got.first, got.lost)).collect();
        assert_eq!(lost, [(12_345, 2_345), (20_000, 7_654)]);
        // in memory they are zeros
        let whole = iq::read(&self.path()).unwrap();
        assert_eq!((whole.samples.len(), whole.lost, whole.first), (30_000, 9_999, 0));
        assert_eq!((whole.samples[12_344], whole.samples[12_345]), (Complex32::ZERO, tag(12_345)));
    }

    /// A recording of another hand that begins late in its stream and has a gap there.
    fn high(&mut self) {
        self.count += 1;
        let captures = "\"core:sample_start\": 0, \"core:global_index\": 1099511627776 }, { \"core:sample_start\": 3, \"core:global_index\": 2199023255552";
        let meta = std::fs::read_to_string(fixture("five_ci16.sigmf-meta")).unwrap();
        let changed = meta.replace("\"core:sample_start\": 0", captures);
        assert_ne!(meta, changed);
        std::fs::write(self.meta(), changed).unwrap();
        std::fs::copy(fixture("five_ci16.sigmf-data"), self.data()).unwrap();
        let (mut source, mut block) = (self.source(), [Complex32::ZERO; 9]);
        let mut next = || match read(&mut *source, &mut block).unwrap() {
            Next::Samples(got) => (got.first, got.len, got.lost),
            other => panic!("{other:?}"),
        };
        assert_eq!(next(), (1 << 40, 3, 0));
        assert_eq!(next(), (1 << 41, 2, (1 << 40) - 3));
        // so much is not held as zeros
        let refused = iq::read(&self.path()).unwrap_err();
        assert!(
            matches!(refused, SigmfError::Hole { first, next } if (first, next) == ((1 << 40) + 3, 1 << 41)),
            "{refused}"
        );
    }

    /// `core:sample_rate` of a recording whose metadata is changed.
    fn rate(&mut self) {
        self.count += 1;
        let meta = std::fs::read_to_string(fixture("five_ci16.sigmf-meta")).unwrap();
        std::fs::copy(fixture("five_ci16.sigmf-data"), self.data()).unwrap();
        for wrong in ["-1.0", "0", "1e999"] {
            std::fs::write(self.meta(), meta.replace("7680000.0", wrong)).unwrap();
            let refused = SigmfSource::open(&self.path()).unwrap_err();
            assert!(matches!(refused, SigmfError::Rate { .. } | SigmfError::Meta { .. }), "{refused}");
        }
    }

    fn metadata(&mut self) {
        let ci16 = SigmfSource::open(&fixture("five_ci16")).unwrap();
        assert_eq!(
            (ci16.rate_hz(), ci16.frequency_hz(), ci16.datatype(), ci16.samples()),
            (7.68e6, Some(1.8425e9), Datatype::Ci16Le, 5)
        );
        let mut sink = self.sink();
        write_all(&mut *sink, 0, &tags(10), &[10]).and_then(|()| sink.finish()).unwrap();
        let ours = SigmfSource::open(&self.path()).unwrap();
        assert_eq!(
            (ours.rate_hz(), ours.frequency_hz(), ours.datatype(), ours.description()),
            (RATE_HZ, Some(CENTRE_HZ), Datatype::Cf32Le, "a test")
        );
        let meta = std::fs::read_to_string(self.meta()).unwrap().replace("cf32_le", "cu8");
        std::fs::write(self.meta(), meta).unwrap();
        let refused = SigmfSource::open(&self.path()).unwrap_err();
        assert!(matches!(&refused, SigmfError::Datatype { datatype, .. } if datatype == "cu8"), "{refused}");
    }

    fn odd(&mut self) {
        let mut sink = self.sink();
        write_all(&mut *sink, 0, &tags(10), &[10]).and_then(|()| sink.finish()).unwrap();
        OpenOptions::new().write(true).open(self.data()).unwrap().set_len(77).unwrap();
        let refused = SigmfSource::open(&self.path()).unwrap_err();
        assert!(matches!(refused, SigmfError::Truncated { bytes: 77, .. }), "{refused}");
    }

    fn meta(&self) -> PathBuf {
        SigmfSink::files(&self.path())[0].clone()
    }

    fn data(&self) -> PathBuf {
        SigmfSink::files(&self.path())[1].clone()
    }
}

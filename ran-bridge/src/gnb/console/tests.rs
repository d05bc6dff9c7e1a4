use super::reply::fence;
use super::*;
use proptest::prelude::*;

const TIMING: Timing = Timing { reply_ns: 100, question_ns: 1000 };

fn number(value: f64) -> Thousandths {
    Thousandths::new(value).unwrap()
}

fn tx_gain(db: f64) -> ConsoleCommand {
    ConsoleCommand::TxGain { port: 0, gain_db: number(db) }
}

const QUIET: ConsoleCommand = ConsoleCommand::Log { layer: LogLayer::Phy, level: LogLevel::Warning };

/// What a gNB of release 25.10 prints to these commands, from its sources, with a USRP.
fn samples() -> Vec<(ConsoleCommand, &'static str, &'static str)> {
    let pci = |n: u32| Pci::try_from(n).unwrap();
    vec![
        (tx_gain(20.0), "tx_gain 0 20;", "Tx gain set to 20 dB for port 0."),
        (
            ConsoleCommand::RxGain { port: 1, gain_db: number(-3.25) },
            "rx_gain 1 -3.25;",
            "Rx gain set to -3.25 dB for port 1.",
        ),
        (
            ConsoleCommand::Cfo { sector: 0, offset_hz: number(-150.5) },
            "cfo 0 -150.5;",
            "CFO set to -150.5Hz for sector 0.",
        ),
        (
            ConsoleCommand::TxTimeOffset { sector: 2, offset_us: number(0.1) },
            "tx_time_offset 2 0.1;",
            "Transmit time offset set to 0.100 us for sector 2.",
        ),
        (
            ConsoleCommand::Handover { serving_pci: pci(1), rnti: Rnti::try_from(0x4601).unwrap(), target_pci: pci(2) },
            "ho 1 0x4601 2;",
            "Handover triggered for UE with pci=1 rnti=0x4601 to pci=2.",
        ),
    ]
}

#[test]
fn the_texts_and_the_words_of_success() {
    for (command, text, words) in samples() {
        assert_eq!(command.text(), text);
        let reply = parse(words).unwrap_or_else(|| panic!("{words}"));
        for (other, ..) in samples() {
            let verdict = (other == command).then_some(Verdict::Done);
            assert_eq!(reply.judge(other), verdict, "{words} about {other:?}");
        }
        // another's words may stand before it in the line
        assert_eq!(parse(&format!("   1 4601 |  15 1.0 {words}")), Some(reply));
    }
    assert_eq!(QUIET.text(), "log phy warning;");
    assert_eq!(ConsoleCommand::ToggleTable { table: Table::Ru }.text(), "t ru;");
}

#[test]
fn another_number_or_place_is_no_confirmation() {
    for words in
        ["Tx gain set to 2 dB for port 0.", "Tx gain set to 20 dB for port 1.", "Tx gain set to 20 dB for port 0"]
    {
        assert_eq!(parse(words).and_then(|r| r.judge(tx_gain(20.0))), None, "{words}");
    }
}

#[test]
fn the_words_of_refusal() {
    let cfo = ConsoleCommand::Cfo { sector: 0, offset_hz: number(1.0) };
    let cases = [
        (
            tx_gain(1.0),
            "Setting TX gain was not successful. The radio may not support this feature.",
            Verdict::Refused(Why::Radio),
        ),
        (cfo, "Setting RX CFO was not successful. The radio may not support this feature.", Verdict::Partly),
        (
            cfo,
            "Setting TX CFO was not successful. The radio may not support this feature.",
            Verdict::Refused(Why::Radio),
        ),
        (tx_gain(1.0), "Invalid port ID.", Verdict::Refused(Why::Arguments)),
        (QUIET, "Invalid X log channel. Valid channels are: [PHY]", Verdict::Refused(Why::Arguments)),
        (QUIET, "Available commands:", Verdict::NotKnown),
    ];
    for (command, words, verdict) in cases {
        assert_eq!(parse(words).unwrap().judge(command), Some(verdict), "{words}");
    }
    assert_eq!(parse("Invalid port ID.").unwrap().judge(cfo), None);
}

/// A session whose console has answered.
fn ready() -> Session {
    let mut session = Session::new(TIMING);
    session.tick(0);
    assert_eq!(session.next_write().unwrap(), fence(1));
    assert_eq!(session.give(0, tx_gain(1.0)), Err(NotTaken::Unproven));
    session.read(1, b"--== srsRAN gNB ==--\nCould not convert 'sidecar1' to integer.\n");
    assert_eq!((session.next_event(), session.state()), (Some(ConsoleEvent::Ready), SessionState::Ready));
    session
}

#[test]
fn a_command_is_confirmed_by_its_own_line() {
    let mut session = ready();
    session.give(10, tx_gain(20.0)).unwrap();
    assert_eq!(session.give(10, tx_gain(21.0)), Err(NotTaken::Busy));
    assert_eq!(session.next_write().unwrap(), "tx_gain 0 20;");
    session.read(11, b"a table's row\nTx gain set to 20 dB fo");
    assert_eq!(session.next_event(), None);
    session.read(12, b"r port 0.\r\nmore");
    let words = "Tx gain set to 20 dB for port 0.".to_owned();
    let event = ConsoleEvent::Outcome { command: tx_gain(20.0), verdict: Verdict::Done, words, waited_ns: 2 };
    assert_eq!((session.next_event(), session.is_free()), (Some(event), Ok(())));
}

#[test]
fn the_drivers_own_words_are_kept() {
    let mut session = ready();
    session.give(10, tx_gain(99.0)).unwrap();
    session.read(
        12,
        b"Error: setting gain for transmitter 0. out-of-range\nSetting TX gain was not successful. The radio\n",
    );
    let Some(ConsoleEvent::Outcome { verdict, words, .. }) = session.next_event() else { panic!() };
    assert_eq!(verdict, Verdict::Refused(Why::Radio));
    assert!(words.starts_with("Error: setting gain for transmitter 0. out-of-range / Setting TX"), "{words}");
}

#[test]
fn a_silent_command_is_confirmed_by_the_answer_to_the_question_behind_it() {
    let mut session = ready();
    session.give(10, QUIET).unwrap();
    assert_eq!((session.next_write().unwrap(), session.next_write().unwrap()), (QUIET.text(), fence(2)));
    session.read(11, b"Could not convert 'sidecar1' to integer.\n");
    assert_eq!(session.next_event(), None, "an older question's answer");
    session.read(12, b"Could not convert 'sidecar2' to integer.\n");
    assert!(matches!(session.next_event(), Some(ConsoleEvent::Outcome { verdict: Verdict::Done, .. })));
}

#[test]
fn without_an_answer_nothing_is_assumed_and_nothing_more_is_written_until_the_console_is_back() {
    let mut session = ready();
    session.give(10, tx_gain(20.0)).unwrap();
    session.next_write();
    session.tick(109);
    assert_eq!(session.next_event(), None);
    session.tick(110);
    assert!(matches!(session.next_event(), Some(ConsoleEvent::Outcome { verdict: Verdict::Unconfirmed, .. })));
    assert_eq!(session.next_write().unwrap(), fence(2));
    assert_eq!(session.give(120, tx_gain(5.0)), Err(NotTaken::Unproven));
    // it was only slow
    session.read(500, b"Tx gain set to 20 dB for port 0.\n");
    let late = session.next_event();
    assert!(matches!(late, Some(ConsoleEvent::Late { verdict: Verdict::Done, waited_ns: 490, .. })), "{late:?}");
    assert_eq!(session.give(510, tx_gain(5.0)), Err(NotTaken::Unproven));
    session.read(520, b"Could not convert 'sidecar2' to integer.\n");
    assert_eq!(session.next_event(), Some(ConsoleEvent::Ready));

    // the answer is lost for good
    session.give(600, tx_gain(5.0)).unwrap();
    session.tick(700);
    session.next_event();
    session.read(701, b"Could not convert 'sidecar3' to integer.\n");
    assert!(matches!(session.next_event(), Some(ConsoleEvent::Late { verdict: Verdict::Unconfirmed, .. })));
    assert_eq!(session.next_event(), Some(ConsoleEvent::Ready));
}

#[test]
fn questions_to_a_dead_console_end() {
    let mut session = Session::new(TIMING);
    let mut bytes = 0;
    for now in 0..100_000 {
        session.tick(now);
        bytes += session.next_write().map_or(0, |text| text.len());
    }
    assert!((100..MAX_BATCH_BYTES / 2).contains(&bytes), "{bytes}");
}

#[test]
fn a_write_that_fails_ends_it() {
    let mut session = ready();
    session.give(1, tx_gain(1.0)).unwrap();
    session.broke(2);
    assert!(matches!(session.next_event(), Some(ConsoleEvent::Outcome { verdict: Verdict::Unconfirmed, .. })));
    assert_eq!(session.give(3, tx_gain(1.0)), Err(NotTaken::Broken));
}

#[test]
fn numbers_that_are_none_are_refused() {
    for bad in [f64::NAN, f64::INFINITY, 1.1e6] {
        assert!(Thousandths::new(bad).is_err());
    }
    assert_eq!(Thousandths::new(-1e-9).unwrap().to_string(), "0");
    assert!(Pci::try_from(1008).is_err() && Rnti::try_from(0).is_err() && Rnti::try_from(0xfff3).is_err());
    let quit = serde_json::from_str::<ConsoleCommand>(r#"{"cmd":"q"}"#);
    assert!(quit.is_err(), "what ends the gNB cannot be said");
}

fn any_command() -> impl Strategy<Value = ConsoleCommand> {
    let value = || (-1e6_f64..1e6).prop_map(number);
    let pci = || (0_u32..=1007).prop_map(|n| Pci::try_from(n).unwrap());
    let rnti = (1_u32..=0xfff2).prop_map(|n| Rnti::try_from(n).unwrap());
    let level = prop_oneof![Just(LogLevel::None), Just(LogLevel::Debug), Just(LogLevel::Warning)];
    prop_oneof![
        (any::<u8>(), value()).prop_map(|(port, gain_db)| ConsoleCommand::TxGain { port, gain_db }),
        (any::<u8>(), value()).prop_map(|(port, gain_db)| ConsoleCommand::RxGain { port, gain_db }),
        (any::<u8>(), value()).prop_map(|(sector, offset_hz)| ConsoleCommand::Cfo { sector, offset_hz }),
        (any::<u8>(), value()).prop_map(|(sector, offset_us)| ConsoleCommand::TxTimeOffset { sector, offset_us }),
        (pci(), rnti, pci()).prop_map(|(serving_pci, rnti, target_pci)| ConsoleCommand::Handover {
            serving_pci,
            rnti,
            target_pci
        }),
        level.prop_map(|level| ConsoleCommand::Log { layer: LogLayer::Phy, level }),
        prop_oneof![Just(Table::Ue), Just(Table::Ru)].prop_map(|table| ConsoleCommand::ToggleTable { table }),
    ]
}

/// Pieces of what a gNB prints, and noise.
fn any_output() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "Tx gain set to ",
        "CFO set to ",
        "Hz for sector ",
        " dB for port ",
        "0.",
        "1e999",
        "-",
        "\n",
        "\r\n",
        "Handover triggered for UE with pci=",
        " rnti=0x",
        " to pci=",
        "Could not convert 'sidecar",
        "' to integer.",
        "1",
        "18446744073709551616",
        "Available commands:",
        "Setting RX CFO was not successful.",
        "Error: ",
        "é",
    ]);
    let piece =
        prop_oneof![known.prop_map(|text| text.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..40),];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_text_is_one_command_within_the_limit_and_reads_back(command in any_command()) {
        let text = command.text();
        prop_assert!(text.len() < 64, "{}", text);
        prop_assert_eq!(text.matches(';').count(), 1);
        prop_assert!(text.ends_with(';') && text.is_ascii() && !text.contains('\n'));
        let words: Vec<&str> = text.trim_end_matches(';').split(' ').collect();
        prop_assert!(words.iter().all(|w| !w.is_empty()));
        prop_assert_eq!(words[0], command.name());
        match command {
            ConsoleCommand::TxGain { port, gain_db: value } | ConsoleCommand::RxGain { port, gain_db: value }
            | ConsoleCommand::Cfo { sector: port, offset_hz: value } | ConsoleCommand::TxTimeOffset { sector: port, offset_us: value } => {
                prop_assert_eq!(words[1].parse::<u8>().unwrap(), port);
                prop_assert_eq!(Thousandths::new(words[2].parse().unwrap()).unwrap(), value);
                prop_assert!(!words[2].contains('e'));
            }
            _ => {}
        }
        let json = serde_json::to_string(&command).unwrap();
        prop_assert_eq!(serde_json::from_str::<ConsoleCommand>(&json).unwrap(), command);
    }

    #[test]
    fn any_output_gives_outcomes_or_nothing(command in any_command(), outputs in prop::collection::vec(any_output(), 0..8)) {
        let mut session = ready();
        session.give(0, command).unwrap();
        let (mut now, mut outcomes) = (0, 0);
        for output in outputs {
            now += 30;
            session.read(now, &output);
            session.tick(now);
        }
        session.tick(now + 1000);
        while let Some(event) = session.next_event() {
            if let ConsoleEvent::Outcome { command: of, words, .. } = event {
                prop_assert_eq!(of, command);
                prop_assert!(words.len() <= 4 * 512 + 64);
                outcomes += 1;
            }
        }
        prop_assert_eq!(outcomes, 1, "exactly one outcome a command");
    }

    #[test]
    fn lines_do_not_depend_on_the_pieces(bytes in any_output(), cuts in prop::collection::vec(0_usize..400, 0..6)) {
        let whole = Lines::new().push(&bytes);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let mut lines = Lines::new();
        let pieces: Vec<String> = cuts.windows(2).flat_map(|w| lines.push(&bytes[w[0]..w[1]])).collect();
        prop_assert_eq!(whole, pieces);
    }
}

//! Rules between fields.

use super::error::ConfigError;
use super::sections::Config;
use ran_bridge::nr::Numerology;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Checks all rules and reports every one that is broken; `origin` says where a key was set.
pub(super) fn check(config: &Config, origin: &dyn Fn(&str) -> String) -> Result<(), ConfigError> {
    let mut broken = Broken { origin, found: Vec::new() };
    broken.listening(config);
    broken.radio(config);
    broken.limits(config);
    broken.transmitter(config);
    broken.supervisor(config);
    broken.found.extend(config.gnb_console.broken(origin));
    if broken.found.is_empty() { Ok(()) } else { Err(ConfigError::Rules(broken.found)) }
}

struct Broken<'a> {
    origin: &'a dyn Fn(&str) -> String,
    found: Vec<String>,
}

impl Broken<'_> {
    fn say(&mut self, key: &str, what: &str) {
        self.found.push(format!("{}: `{key}`: {what}", (self.origin)(key)));
    }

    fn rule(&mut self, good: bool, key: &str, what: &str) {
        if !good {
            self.say(key, what);
        }
    }

    /// Channels of the radio that transmits; what the device has is looked at when it is opened.
    fn transmitter(&mut self, c: &Config) {
        for (key, channels) in [("tx.channels", &c.tx.channels), ("tx.listen.channels", &c.tx.listen.channels)] {
            let is_twice = (1..channels.len()).any(|i| channels[..i].contains(&channels[i]));
            self.rule(
                !channels.is_empty() && !is_twice,
                key,
                "must name at least one channel, and each once, as [0, 1]",
            );
        }
        let (on_air, safe) = (&c.tx.antenna, &c.tx.safe_antenna);
        self.rule(
            safe.is_none() || on_air.is_some() && on_air != safe,
            "tx.safe_antenna",
            "must be another than `tx.antenna`, which must be named",
        );
        let same = c.tx.switch.as_ref().is_some_and(|s| s.on_air == s.safe || s.setting.is_empty());
        self.rule(!same, "tx.switch", "must name a setting, and values that differ for `on_air` and `safe`");
    }

    /// Everything that listens: on loopback or with a token, each on a port of its own.
    fn listening(&mut self, c: &Config) {
        let http = [
            ("air.metrics.listen", c.air.metrics.listen, &c.air.metrics.token),
            ("ran.metrics.listen", c.ran.metrics.listen, &c.ran.metrics.token),
            ("core.metrics.listen", c.core.metrics.listen, &c.core.metrics.token),
            ("app.metrics.listen", c.app.metrics.listen, &c.app.metrics.token),
            ("controller.metrics.listen", c.controller.metrics.listen, &c.controller.metrics.token),
            ("gnb_console.metrics.listen", c.gnb_console.metrics.listen, &c.gnb_console.metrics.token),
            ("up.metrics.listen", c.up.metrics.listen, &c.up.metrics.token),
            ("tx.metrics.listen", c.tx.metrics.listen, &c.tx.metrics.token),
            ("relay.metrics.listen", c.relay.metrics.listen, &c.relay.metrics.token),
            ("app.listen", c.app.listen, &None),
            ("controller.http", c.controller.http, &c.controller.token),
        ];
        let mut ports: BTreeMap<u16, String> = BTreeMap::new();
        let mut taken: Vec<(String, u16)> = Vec::new();
        for (key, addr, token) in http {
            self.rule(
                addr.ip().is_loopback() || token.as_ref().is_some_and(|t| !t.is_empty()),
                key,
                &format!("{addr} can be reached from other hosts: use 127.0.0.1, or set the `token` beside it"),
            );
            taken.push((key.into(), addr.port()));
        }
        let mut zmq = vec![("controller.bind".to_owned(), Some(&c.controller.bind))];
        if c.air.gnb.play.is_none() {
            zmq.extend(c.air.gnb.tx.iter().enumerate().map(|(p, tx)| (format!("air.gnb.tx[{p}]"), Some(tx))));
            zmq.push(("air.gnb.rx".into(), Some(&c.air.gnb.rx)));
            let further = c.air.gnb.further_rx.iter().enumerate();
            zmq.extend(further.map(|(p, rx)| (format!("air.gnb.further_rx[{p}]"), Some(rx))));
        }
        for (u, ue) in c.air.ues.iter().enumerate() {
            zmq.push((format!("air.ues[{u}].tx"), ue.tx.as_ref()));
            zmq.push((format!("air.ues[{u}].rx"), ue.rx.as_ref()));
        }
        for (key, endpoint) in zmq.into_iter().filter_map(|(k, e)| Some((k, e?))) {
            match endpoint.strip_prefix("tcp://").map(str::parse::<SocketAddr>) {
                Some(Ok(addr)) if addr.ip().is_loopback() => taken.push((key, addr.port())),
                Some(Ok(_)) => self.say(&key, "has no protection of its own: use tcp://127.0.0.1:<port>"),
                _ => self.say(&key, "write an endpoint as tcp://127.0.0.1:2000"),
            }
        }
        for (key, port) in taken.into_iter().filter(|(_, port)| *port != 0) {
            if let Some(other) = ports.get(&port) {
                self.say(&key, &format!("port {port} is already that of `{other}`: give each its own"));
            } else {
                ports.insert(port, key);
            }
        }
        self.rule(
            c.air.control.starts_with("ipc://") && c.air.control.len() <= 107,
            "air.control",
            "write ipc:// and a path of at most 100 characters",
        );
    }

    fn radio(&mut self, c: &Config) {
        let (rate, slot, cell) = (c.air.sample_rate.hz(), c.air.slot.s(), &c.ran.cell);
        let in_slot = rate * slot;
        self.rule(rate > 0.0 && rate <= 245.76e6, "air.sample_rate", "must be above 0 and at most 245.76 MHz");
        self.rule(
            (in_slot - in_slot.round()).abs() < 1e-6 && in_slot >= 1.0,
            "air.slot",
            "is no whole number of samples at this sample rate",
        );
        let width = 12.0 * f64::from(cell.prb) * cell.scs.hz();
        self.rule(
            width < rate,
            "ran.cell.prb",
            &format!("a carrier of {:.2} MHz does not fit a sample rate of {}", width / 1e6, c.air.sample_rate),
        );
        let scs = cell.scs.hz();
        let known = [15e3, 30e3].contains(&scs);
        self.rule(known, "ran.cell.scs", "must be 15 kHz or 30 kHz");
        self.rule(
            !known || Numerology::new(rate, scs).is_ok(),
            "air.sample_rate",
            &format!(
                "must be 256 to 8192 times the subcarrier spacing and a multiple of {:.2} MHz, so that ran can demodulate the cell",
                128.0 * scs / 1e6
            ),
        );
        if let Err(why) = crate::ran::plan::search_fits(rate, cell.ssb_period.s()) {
            self.say("ran.cell.ssb_period", &why);
        }
        self.rule(
            (slot * scs / 15.0 - 1.0).abs() < 1e-9,
            "air.slot",
            "is not the slot of this subcarrier spacing (1 ms at 15 kHz, 500 us at 30 kHz)",
        );
        self.rule(
            [5e-3, 10e-3, 20e-3, 40e-3, 80e-3, 160e-3].contains(&cell.ssb_period.s()),
            "ran.cell.ssb_period",
            "must be 5, 10, 20, 40, 80 or 160 ms",
        );
        self.rule(cell.pci.is_none_or(|p| p <= 1007), "ran.cell.pci", "must be 0 to 1007");
        self.rule((1..=8).contains(&c.air.antennas), "air.antennas", "must be 1 to 8");
        let ports = c.air.gnb.tx.len();
        self.rule((1..=4).contains(&ports), "air.gnb.tx", "needs 1 to 4 addresses, one a port");
        self.rule(ports <= usize::from(c.air.antennas), "air.antennas", "must be at least the gNB's ports");
        self.rule(
            c.air.pace.is_none_or(|p| p > 0.0 && p.is_finite()),
            "air.pace",
            "must be above 0 (leave it out to run unpaced)",
        );
        self.rule(!c.air.ues.is_empty(), "air.ues", "needs at least one receiver");
        let mut names: Vec<&str> = c.air.ues.iter().map(|u| u.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        self.rule(names.len() == c.air.ues.len(), "air.ues", "two receivers have one name");
        self.rule((0.0..=1.0).contains(&c.ran.null_part), "ran.null_part", "must be 0 to 1");
        for (u, ue) in c.air.ues.iter().enumerate() {
            let late = ue.link.taps.iter().any(|t| t.delay.s() * rate > 1023.0);
            self.rule(
                ue.link.exact_delays || (ue.link.taps.len() <= 8 && !late),
                &format!("air.ues[{u}].link.taps"),
                "at most 8 taps, each within 1023 samples",
            );
            if let Err(why) = super::map_air::link(&ue.link, rate).check() {
                self.say(&format!("air.ues[{u}].link"), &why);
            }
        }
    }

    fn limits(&mut self, c: &Config) {
        let l = &c.controller.limits;
        self.rule(
            l.max_power.db() <= 0.0,
            "controller.limits.max_power",
            "must not be above 0 dB: nothing amplifies what the gNB sends",
        );
        self.rule(l.min_power <= l.max_power, "controller.limits.min_power", "is above max_power");
        self.rule(l.min_rate <= l.max_rate, "controller.limits.min_rate", "is above max_rate");
        self.rule(c.learn.batch >= 1, "learn.batch", "must be at least 1");
        let stop = &c.learn.stop;
        for (name, weight) in [("o", stop.o), ("c", stop.c), ("per_megabyte", stop.per_megabyte)] {
            let fits = weight.is_finite() && weight >= 0.0;
            self.rule(fits, &format!("learn.stop.{name}"), "must be a number of 0 or more");
        }
        self.rule(stop.patience >= 1, "learn.stop.patience", "must be at least 1");
        self.rule(stop.most_rounds >= 1, "learn.stop.most_rounds", "must be at least 1");
        let trigger = &c.learn.trigger;
        for (name, most) in [("o_error", trigger.o_error), ("c_error", trigger.c_error), ("forecast", trigger.forecast)]
        {
            let fits = most.is_none_or(|m| m.is_finite() && m >= 0.0);
            self.rule(fits, &format!("learn.trigger.{name}"), "must be a number of 0 or more, or null");
        }
        self.rule(c.learn.learning_rate > 0.0, "learn.learning_rate", "must be above 0");
    }

    fn supervisor(&mut self, c: &Config) {
        let up = &c.up;
        self.rule(
            up.backoff_min.s() > 0.0 && up.backoff_min <= up.backoff_max,
            "up.backoff_min",
            "must be above 0 and not above backoff_max",
        );
        let mut names: Vec<&str> = up.processes.iter().map(|p| p.name()).collect();
        names.extend(up.extra.iter().map(|e| e.name.as_str()));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        self.rule(names.len() == all, "up.extra", "two processes have one name");
        for (i, extra) in up.extra.iter().enumerate() {
            self.rule(!extra.command.is_empty(), &format!("up.extra[{i}].command"), "is empty");
            let plain = extra.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !extra.name.is_empty();
            self.rule(plain, &format!("up.extra[{i}].name"), "must be letters, digits, - and _: it names a log file");
        }
    }
}

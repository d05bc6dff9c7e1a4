// What a host may ask of the radio, as text.
#include "radio.hpp"
#include <algorithm>
#include <sstream>

static std::string ok(double value) {
    char text[40];
    snprintf(text, sizeof text, "ok %.17g", value);
    return text;
}

static double number(const std::string &text) {
    size_t used = 0;
    double value = 0;
    try {
        value = std::stod(text, &used);
    } catch (const std::exception &) {
    }
    if (used != text.size() || text.empty() || std::isnan(value)) throw std::runtime_error("not a number: " + text);
    return value;
}

static int64_t whole(const std::string &text) {
    size_t used = 0;
    int64_t value = 0;
    try {
        value = std::stoll(text, &used);
    } catch (const std::exception &) {
    }
    if (used != text.size() || text.empty()) throw std::runtime_error("not a whole number: " + text);
    return value;
}

std::string Radio::request(const std::string &line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    std::string answer;
    try {
        std::lock_guard<std::mutex> hold(lock_);
        step(clock.now());
        answer = handle(words);
        wake_.notify_all();
    } catch (const std::exception &e) {
        answer = std::string("error ") + e.what();
    }
    record_.flush();
    return answer;
}

void Radio::note(const std::string &setting, const std::string &value, const std::string &more) {
    record_.event(clock.monotonic(now_ns_), "set", "\"setting\":" + json_string(setting) + ",\"value\":" + value + more);
}

std::string Radio::handle(std::vector<std::string> words) {
    int64_t at_ns = -1;
    if (!words.empty() && words.back().rfind("at=", 0) == 0) {
        at_ns = clock.from_device(whole(words.back().substr(3)));
        words.pop_back();
    }
    if (words.size() < 2) throw std::runtime_error("unknown request");
    const std::string &verb = words[0], &what = words[1];
    if (what == "tx" || what == "rx") return channel_request(words, at_ns);
    if (verb == "gpio") return gpio(words);
    if (verb == "receive") return receive_request(words);
    if (verb == "get") {
        if (what == "time") return "ok " + std::to_string(clock.device(clock.now()));
        if (what == "pps") return "ok " + std::to_string(clock.device(clock.now() / 1000000000 * 1000000000));
        if (what == "ref_locked") return faults_.unlocked ? "ok false" : "ok true";
        if (what == "master") return ok(master_hz_);
        if (what == "clock_source") return "ok " + clock_source_;
        if (what == "time_source") return "ok " + time_source_;
        if (what == "clock_source_out") return clock_out_ ? "ok true" : "ok false";
        if (what == "time_source_out") return time_out_ ? "ok true" : "ok false";
    }
    if (verb == "set" && words.size() == 3) {
        const std::string &value = words[2];
        if (what == "time") {
            clock.offset_ns = whole(value) - clock.now();
            note("time", value);
            return "ok";
        }
        if (what == "time_at_pps") {
            int64_t edge = (clock.now() / 1000000000 + 1) * 1000000000, time = whole(value);
            pending_.push_back({edge, [this, edge, time] { clock.offset_ns = time - edge; }});
            note("time_at_pps", value);
            return "ok";
        }
        if (what == "master") {
            double rate = number(value);
            if (rate != 184.32e6 && rate != 200e6) throw std::runtime_error("master_clock_rate is 184.32e6 or 200e6 on an X310, not " + value);
            master_hz_ = rate;
            note("master_clock_rate", json_number(rate));
            for (size_t c = 0; c < wire::CHANNELS; c++) {
                tx_[c].change([&](ChannelSettings &s) { s.rate_hz = nearest_rate(rate, s.rate_hz); });
                rx_set_[c].rate_hz = nearest_rate(rate, rx_set_[c].rate_hz);
            }
            return "ok";
        }
        if (what == "clock_source" || what == "time_source") {
            if (!is_one_of({"internal", "external", "gpsdo"}, value)) throw std::runtime_error("no such source: " + value);
            (what == "clock_source" ? clock_source_ : time_source_) = value;
            note(what, json_string(value));
            return "ok";
        }
        if (what == "clock_source_out" || what == "time_source_out") {
            if (!is_one_of({"true", "false"}, value)) throw std::runtime_error(what + " is true or false, not " + value);
            (what == "clock_source_out" ? clock_out_ : time_out_) = value == "true";
            note(what, json_string(value));
            return "ok";
        }
    }
    throw std::runtime_error("unknown request");
}

std::string Radio::channel_request(const std::vector<std::string> &words, int64_t at_ns) {
    if (words.size() < 4) throw std::runtime_error("unknown request");
    const std::string &direction = words[1];
    int64_t channel = whole(words[2]);
    if (channel < 0 || channel >= int64_t(wire::CHANNELS)) throw std::runtime_error("channels are 0 and 1, not " + words[2]);
    if (words[0] == "get") return get_channel(direction, size_t(channel), words[3]);
    if (words[0] != "set" || words.size() != 5) throw std::runtime_error("unknown request");
    bool waits = words[3] == "gain" || words[3] == "frequency" || words[3] == "rf" || words[3] == "bb";
    if (at_ns <= clock.now() || !waits) return set_channel(direction, size_t(channel), words[3], words[4]);
    number(words[4]);
    pending_.push_back({at_ns, [this, direction, channel, what = words[3], value = words[4]] {
                            set_channel(direction, size_t(channel), what, value);
                        }});
    return "ok";
}

std::string Radio::set_channel(const std::string &direction, size_t channel, const std::string &what, const std::string &value) {
    std::function<void(ChannelSettings &)> apply;
    std::string done;
    bool stuck = false;
    if (what == "antenna") {
        if (!is_one_of(antennas(direction), value)) throw std::runtime_error("no such " + direction + " antenna: " + value);
        stuck = faults_.stuck_antenna;
        apply = [&, stuck](ChannelSettings &s) {
            if (!stuck) s.antenna = value;
        };
        done = json_string(value);
    } else {
        double asked = number(value), got = asked;
        if (what == "gain") {
            got = nearest_gain(asked);
            stuck = faults_.stuck_gain;
            bool silent = faults_.stuck_silently;
            apply = [=](ChannelSettings &s) {
                if (!stuck) s.gain_db = got;
                if (!stuck || silent) s.shown_gain_db = got;
            };
        } else if (what == "frequency") {
            got = nearest_frequency(asked);
            double lo_deg = tuned(direction, channel);
            apply = [=](ChannelSettings &s) { s.rf_hz = got, s.bb_hz = 0, s.lo_deg = lo_deg; };
        } else if (what == "rf") {
            got = nearest_frequency(asked);
            double lo_deg = tuned(direction, channel);
            apply = [=](ChannelSettings &s) { s.rf_hz = got, s.lo_deg = lo_deg; };
        } else if (what == "bb") {
            got = std::clamp(asked, -master_hz_ / 2, master_hz_ / 2);
            apply = [=](ChannelSettings &s) { s.bb_hz = got; };
        } else if (what == "rate") {
            got = nearest_rate(master_hz_, asked);
            apply = [=](ChannelSettings &s) { s.rate_hz = got; };
        } else if (what == "bandwidth") {
            got = 160e6;
            apply = [](ChannelSettings &) {};
        } else {
            throw std::runtime_error("unknown setting " + what);
        }
        done = json_number(got);
    }
    // A setting that changes nothing does not cut a stretch.
    if (direction == "tx") {
        ChannelSettings after = tx_set_[channel];
        apply(after);
        const ChannelSettings &now = tx_set_[channel];
        bool same = after.gain_db == now.gain_db && after.rf_hz == now.rf_hz && after.bb_hz == now.bb_hz && after.rate_hz == now.rate_hz && after.lo_deg == now.lo_deg &&
                    after.antenna == now.antenna;
        if (same) tx_set_[channel] = after;
        else tx_[channel].change(apply);
    } else {
        double before = rx_set_[channel].rate_hz;
        apply(rx_set_[channel]);
        for (auto &stream : rx_)
            if (stream.mask & (1u << channel) && rx_set_[channel].rate_hz != before) stream.next = index_after(clock.now(), rx_set_[channel].rate_hz);
    }
    std::string asked = what == "antenna" ? json_string(value) : json_number(number(value));
    note(what, done,
         ",\"asked\":" + asked + ",\"direction\":" + json_string(direction) + ",\"channel\":" + std::to_string(channel) +
             ",\"done\":" + (stuck ? "false" : "true"));
    return "ok";
}

std::string Radio::get_channel(const std::string &direction, size_t channel, const std::string &what) const {
    const ChannelSettings &s = direction == "tx" ? tx_set_[channel] : rx_set_[channel];
    if (what == "gain") return ok(s.shown_gain_db);
    if (what == "frequency") return ok(s.frequency_hz());
    if (what == "rf") return ok(s.rf_hz);
    if (what == "bb") return ok(s.bb_hz);
    if (what == "rate") return ok(s.rate_hz);
    if (what == "bandwidth") return ok(s.bandwidth_hz);
    if (what == "antenna") return "ok " + s.antenna;
    if (what == "lo_locked") return "ok true";
    throw std::runtime_error("unknown setting " + what);
}

// "gpio get ATTR" and "gpio set ATTR VALUE MASK" of the bank FP0: twelve pins.
std::string Radio::gpio(const std::vector<std::string> &words) {
    const unsigned pins = 0xfff;
    if (words.size() == 3 && words[1] == "get") {
        if (words[2] == "READBACK") return "ok " + std::to_string(gpio_["OUT"] & gpio_["DDR"] & pins);
        return "ok " + std::to_string(gpio_[words[2]]);
    }
    if (words.size() != 5 || words[1] != "set") throw std::runtime_error("unknown request");
    unsigned value = unsigned(whole(words[3])), mask = unsigned(whole(words[4])) & pins;
    unsigned &now = gpio_[words[2]];
    now = (now & ~mask) | (value & mask);
    note("gpio", std::to_string(now), ",\"attribute\":" + json_string(words[2]));
    return "ok";
}

// "receive start MASK TIMED TIME_NS SAMPLES" (0 samples: until it is stopped) and "receive stop MASK".
std::string Radio::receive_request(const std::vector<std::string> &words) {
    if (words.size() < 3) throw std::runtime_error("unknown request");
    auto mask = uint32_t(whole(words[2]));
    if (mask == 0 || mask > 3) throw std::runtime_error("channels are 0 and 1");
    rx_.erase(std::remove_if(rx_.begin(), rx_.end(), [=](auto &s) { return s.mask & mask; }), rx_.end());
    if (words[1] == "stop") return "ok";
    if (words[1] != "start" || words.size() != 6) throw std::runtime_error("unknown request");
    ReceiveStream stream;
    stream.mask = mask;
    stream.timed = whole(words[3]) != 0;
    stream.time_ns = whole(words[4]);
    int64_t samples = whole(words[5]);
    stream.left = samples > 0 ? samples : -1;
    stream.next = index_after(clock.now(), rx_set_[mask & 1 ? 0 : 1].rate_hz);
    rx_.push_back(stream);
    return "ok";
}

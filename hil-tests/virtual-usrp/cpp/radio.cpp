#include "radio.hpp"
#include <algorithm>
#include <chrono>

constexpr int64_t TICK_NS = 500000, IDLE_TICK_NS = 20000000;

Radio::Radio(Record &record, int64_t fifo_ms, const Paths &paths, bool lo_random, double noise_dbfs, uint64_t seed)
    : record_(record), fifo_ms_(fifo_ms), paths_(paths), lo_random_(lo_random), lo_(seed), antenna_(noise_dbfs, seed) {
    for (size_t c = 0; c < wire::CHANNELS; c++) tx_.emplace_back(c, clock, record_, tx_set_[c]);
}

// An oscillator that is tuned comes to rest at any phase: the one it has now, degrees.
double Radio::tuned(const std::string &direction, size_t channel) {
    if (!lo_random_) return 0;
    double deg = double(lo_() >> 11) / double(uint64_t(1) << 53) * 360;
    record_.event(clock.monotonic(now_ns_), "lo",
                  "\"direction\":" + json_string(direction) + ",\"channel\":" + std::to_string(channel) + ",\"deg\":" + json_number(deg));
    return deg;
}

void Radio::set_path(size_t tx, size_t rx, const Path &path) {
    std::lock_guard<std::mutex> hold(lock_);
    step(clock.now());
    paths_[tx][rx] = path;
}

int64_t Radio::longest_delay() const {
    int64_t longest = 0;
    for (auto &from : paths_)
        for (auto &path : from) longest = std::max(longest, path.delay_samples);
    return longest;
}

void Radio::push(const wire::TxHead &head, const int16_t *iq) {
    std::lock_guard<std::mutex> hold(lock_);
    bool idle = true;
    int64_t now = clock.now();
    for (size_t c = 0; c < wire::CHANNELS; c++) {
        if (!(head.mask >> c & 1)) continue;
        Packet packet;
        packet.timed = head.flags & wire::TIMED;
        packet.end = head.flags & wire::END;
        packet.time_ns = head.time_ns;
        packet.arrived_ns = now;
        packet.iq.assign(iq, iq + 2 * head.samples);
        iq += 2 * head.samples;
        idle = idle && tx_[c].idle();
        tx_[c].push(std::move(packet));
    }
    if (idle) wake_.notify_all();
}

void Radio::attach(Listener *listener) {
    {
        std::lock_guard<std::mutex> hold(lock_);
        step(clock.now());
        for (size_t c = 0; c < wire::CHANNELS; c++) {
            // What a host before has left in the FIFO goes out as that host has set it.
            if (tx_[c].idle()) {
                ChannelSettings fresh;
                fresh.lo_deg = tuned("tx", c);
                tx_[c].change([&](ChannelSettings &s) { s = fresh; });
            }
            rx_set_[c] = ChannelSettings{};
            rx_set_[c].antenna = "RX2";
            rx_set_[c].lo_deg = tuned("rx", c);
        }
        master_hz_ = 184.32e6;
        clock_source_ = time_source_ = "internal";
        clock_out_ = time_out_ = true;
        pending_.clear();
        listener_ = listener;
        told_ = credit_locked();
    }
    record_.flush();
}

void Radio::detach(Listener *listener) {
    std::lock_guard<std::mutex> hold(lock_);
    if (listener_ != listener) return;
    listener_ = nullptr;
    rx_.clear();
}

wire::Credit Radio::credit_locked() const {
    wire::Credit credit{};
    for (size_t c = 0; c < wire::CHANNELS; c++) {
        credit.capacity[c] = uint64_t(tx_set_[c].rate_hz * double(fifo_ms_) / 1000);
        credit.consumed[c] = tx_[c].consumed();
        credit.sent[c] = tx_[c].pushed();
    }
    return credit;
}

wire::Credit Radio::credit() {
    std::lock_guard<std::mutex> hold(lock_);
    return credit_locked();
}

void Radio::advance(int64_t until) {
    for (auto &channel : tx_) channel.advance(until);
    receive(until);
}

// Everything up to `now`, with the commands that have a time carried out at theirs.
void Radio::step(int64_t now) {
    if (finished_) return;
    for (;;) {
        auto first = std::min_element(pending_.begin(), pending_.end(), [](auto &a, auto &b) { return a.at_ns < b.at_ns; });
        if (first == pending_.end() || first->at_ns > now) break;
        Pending due = std::move(*first);
        pending_.erase(first);
        advance(due.at_ns);
        now_ns_ = due.at_ns;
        due.apply();
    }
    advance(now);
    now_ns_ = now;
    for (auto &channel : tx_) {
        // Who hears of the end of a burst finds it in the record.
        if (!channel.statuses.empty()) record_.flush();
        for (auto &status : channel.statuses)
            if (listener_) listener_->status(status);
        channel.statuses.clear();
    }
    wire::Credit credit = credit_locked();
    if (listener_ && is_news(credit)) {
        told_ = credit;
        listener_->credit(credit);
    }
}

// A 64th of the FIFO more was played out, or all of it.
bool Radio::is_news(const wire::Credit &credit) const {
    for (size_t c = 0; c < wire::CHANNELS; c++) {
        uint64_t played = credit.consumed[c] - told_.consumed[c];
        if (credit.capacity[c] != told_.capacity[c] || played > credit.capacity[c] / 64 || (played > 0 && tx_[c].idle())) return true;
    }
    return false;
}

void Radio::receive(int64_t until) {
    for (auto &stream : rx_) {
        double rate = rx_set_[stream.mask & 1 ? 0 : 1].rate_hz;
        int64_t limit = index_after(until, rate);
        if (!stream.started) {
            if (stream.timed) {
                int64_t start = nearest_index(clock.from_device(stream.time_ns), rate);
                if (start < stream.next) {
                    if (listener_) listener_->received({stream.mask, wire::LATE, clock.device(until), 0, 0, rate}, {});
                    stream.mask = 0;
                    continue;
                }
                if (start >= limit) continue;
                stream.next = start;
            }
            stream.started = true;
        }
        while (stream.mask != 0 && send_packet(stream, limit)) {}
    }
    rx_.erase(std::remove_if(rx_.begin(), rx_.end(), [](auto &s) { return s.mask == 0; }), rx_.end());
    // Transmitted samples are kept for as long as a receiver may still ask for them.
    for (size_t c = 0; c < wire::CHANNELS; c++) {
        int64_t oldest_ns = until - 10000000;
        for (auto &stream : rx_)
            if (stream.started) oldest_ns = std::min(oldest_ns, box_ns_of(stream.next, rx_set_[stream.mask & 1 ? 0 : 1].rate_hz));
        auto &air = tx_[c].air;
        while (!air.empty() && box_ns_of(air.front().stop() + longest_delay() + 1, air.front().rate_hz) < oldest_ns) air.pop_front();
    }
}

bool Radio::send_packet(ReceiveStream &stream, int64_t limit) {
    double rate = rx_set_[stream.mask & 1 ? 0 : 1].rate_hz;
    size_t count = wire::MTU_SAMPLES;
    if (stream.left >= 0) count = size_t(std::min<int64_t>(int64_t(count), stream.left));
    if (count > 0 && limit - stream.next < int64_t(count)) return false;
    std::vector<int16_t> iq;
    std::vector<std::complex<float>> heard(count);
    for (size_t c = 0; c < wire::CHANNELS; c++) {
        if (!(stream.mask >> c & 1)) continue;
        antenna_.hear(heard, c, stream.next, rx_set_[c], outside_[c]);
        for (size_t t = 0; t < wire::CHANNELS; t++) Antenna::hear(heard, stream.next, rx_set_[c], tx_[t].air, paths_[t][c]);
        for (auto &sample : heard)
            for (float part : {sample.real(), sample.imag()}) iq.push_back(int16_t(std::lrint(std::clamp(part, -1.0f, 1.0f) * 32767)));
    }
    wire::RxHead head{stream.mask, 0, clock.device(box_ns_of(stream.next, rate)), uint32_t(count), 0, rate};
    if (stream.gap) head.flags |= wire::GAP;
    stream.next += int64_t(count);
    if (stream.left >= 0 && (stream.left -= int64_t(count)) == 0) head.flags |= wire::END;
    bool taken = listener_ && listener_->received(head, iq);
    if (!taken && !stream.gap)
        record_.event(clock.monotonic(box_ns_of(stream.next, rate)), "overflow", "\"channels\":" + std::to_string(stream.mask));
    stream.gap = !taken;
    if (head.flags & wire::END) stream.mask = 0;
    return stream.mask != 0;
}

void Radio::play() {
    for (;;) {
        {
            std::unique_lock<std::mutex> hold(lock_);
            step(clock.now());
            bool idle = rx_.empty() && pending_.empty();
            for (auto &channel : tx_) idle = idle && channel.idle();
            auto at = std::chrono::steady_clock::now() + std::chrono::nanoseconds(idle ? IDLE_TICK_NS : TICK_NS);
            wake_.wait_until(hold, at);
        }
        record_.flush();
    }
}

void Radio::jump(int64_t ns) {
    std::lock_guard<std::mutex> hold(lock_);
    step(clock.now());
    clock.offset_ns += ns;
}

void Radio::finish() {
    {
        std::lock_guard<std::mutex> hold(lock_);
        step(clock.now());
        for (auto &channel : tx_) channel.finish("quit");
        finished_ = true;
    }
    record_.flush();
}

void Radio::edit(const std::function<void(RadioFaults &, std::map<size_t, Outside> &)> &change) {
    std::lock_guard<std::mutex> hold(lock_);
    step(clock.now());
    change(faults_, outside_);
}

std::string Radio::on_air() {
    std::string out = "[";
    {
        std::lock_guard<std::mutex> hold(lock_);
        step(clock.now());
        for (auto &channel : tx_) {
            if (out.size() > 1) out += ",";
            out += std::string("{\"on\":") + (channel.on() ? "true" : "false") + ",\"radiated\":" + std::to_string(channel.radiated()) +
                   ",\"last_nonzero_ns\":" + (channel.last_nonzero_ns() < 0 ? "null" : std::to_string(channel.last_nonzero_ns())) +
                   ",\"queued\":" + std::to_string(channel.queued()) + "}";
        }
    }
    record_.flush();
    return out + "]";
}

#include "transmit.hpp"
#include <algorithm>

// From the arrival of a packet without a time to its first sample.
constexpr int64_t LATENCY_NS = 100000;

void TransmitChannel::push(Packet packet) {
    pushed_ += packet.left();
    queue_.push_back(std::move(packet));
}

void TransmitChannel::advance(int64_t until_ns) {
    double rate = settings_.rate_hz;
    int64_t limit = index_after(until_ns, rate);
    for (;;) {
        if (queue_.empty()) {
            if (on_ && next_ < limit) underflow();
            break;
        }
        Packet &packet = queue_.front();
        int64_t arrived = index_after(packet.arrived_ns, rate);
        if (dropping_) {
            consumed_ += packet.left();
            dropping_ = !packet.end;
            queue_.pop_front();
            continue;
        }
        if (on_ && packet.played == 0 && arrived > next_) underflow();
        if (!on_) {
            int64_t start;
            int64_t earliest = std::max(arrived, next_);
            if (packet.timed) {
                start = nearest_index(clock_.from_device(packet.time_ns), rate);
                // `done_` only counts where the clock has jumped since the packet came
                if (start < std::max(earliest, done_)) {
                    late(packet, start, std::max(earliest, done_));
                    dropping_ = true;
                    continue;
                }
            } else {
                start = std::max(next_, index_after(packet.arrived_ns + LATENCY_NS, rate));
            }
            if (start >= limit) break;
            next_ = start;
            on_ = true;
            begin();
        }
        size_t count = size_t(std::min<int64_t>(int64_t(packet.left()), limit - next_));
        if (count == 0) break;
        play(packet, count);
        if (packet.left() > 0) continue;
        bool last = packet.end;
        queue_.pop_front();
        if (last) {
            end("eob");
            on_ = false;
            record_.event(clock_.monotonic(box_ns_of(next_, rate)), "eob", "\"channel\":" + std::to_string(channel_));
            status(wire::BURST_ACK, next_);
        }
    }
    done_ = std::max(done_, limit);
}

void TransmitChannel::change(const std::function<void(ChannelSettings &)> &apply) {
    double before = settings_.rate_hz;
    if (on_) end("change");
    apply(settings_);
    if (settings_.rate_hz != before) {
        int64_t next_ns = box_ns_of(next_, before), done_ns = box_ns_of(done_, before);
        next_ = index_after(next_ns, settings_.rate_hz);
        done_ = index_after(done_ns, settings_.rate_hz);
    }
    if (on_) begin();
}

void TransmitChannel::finish(const std::string &why) {
    if (on_) end(why);
    on_ = false;
}

void TransmitChannel::begin() {
    stretch_ = Stretch{};
    stretch_.start = next_;
    stretch_.offset = recorded_;
}

void TransmitChannel::end(const std::string &why) {
    if (stretch_.samples == 0) return;
    double rate = settings_.rate_hz;
    auto at = [&](int64_t index) { return std::to_string(clock_.monotonic(box_ns_of(index, rate))); };
    std::string fields = "\"channel\":" + std::to_string(channel_) + ",\"from_ns\":" + at(stretch_.start) +
                         ",\"until_ns\":" + at(next_) + ",\"last_nonzero_ns\":" +
                         (stretch_.last_nonzero < 0 ? std::string("null") : at(stretch_.last_nonzero)) +
                         ",\"samples\":" + std::to_string(stretch_.samples) + ",\"nonzero\":" + std::to_string(stretch_.nonzero) +
                         ",\"offset\":" + std::to_string(stretch_.offset) + ",\"rate_hz\":" + json_number(rate) +
                         ",\"frequency_hz\":" + json_number(settings_.frequency_hz()) +
                         ",\"gain_db\":" + json_number(settings_.gain_db) + ",\"antenna\":" + json_string(settings_.antenna) +
                         ",\"peak\":" + json_number(std::sqrt(stretch_.peak_square) / 32767) + ",\"end\":" + json_string(why);
    record_.event(clock_.monotonic(box_ns_of(next_, rate)), "radiated", fields);
}

void TransmitChannel::underflow() {
    end("underflow");
    on_ = false;
    record_.event(clock_.monotonic(box_ns_of(next_, settings_.rate_hz)), "underflow", "\"channel\":" + std::to_string(channel_));
    status(wire::UNDERFLOW, next_);
}

void TransmitChannel::late(const Packet &packet, int64_t start, int64_t noticed) {
    double rate = settings_.rate_hz;
    int64_t due = clock_.from_device(packet.time_ns), now = box_ns_of(noticed, rate);
    record_.event(clock_.monotonic(now), "late",
                  "\"channel\":" + std::to_string(channel_) + ",\"due_ns\":" + std::to_string(clock_.monotonic(due)) +
                      ",\"by_ns\":" + std::to_string(now - due));
    status(wire::TIME_ERROR, start);
}

void TransmitChannel::play(Packet &packet, size_t count) {
    const int16_t *iq = packet.iq.data() + 2 * packet.played;
    uint32_t peak = 0, nonzero = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t re = iq[2 * i], im = iq[2 * i + 1];
        peak = std::max(peak, uint32_t(re * re) + uint32_t(im * im));
        nonzero += (re | im) != 0;
    }
    stretch_.nonzero += nonzero;
    radiated_ += nonzero;
    stretch_.peak_square = std::max(stretch_.peak_square, double(peak));
    for (size_t i = count; nonzero > 0 && i-- > 0;) {
        if ((iq[2 * i] | iq[2 * i + 1]) == 0) continue;
        stretch_.last_nonzero = next_ + int64_t(i);
        break;
    }
    if (stretch_.last_nonzero >= 0) last_nonzero_ns_ = clock_.monotonic(box_ns_of(stretch_.last_nonzero, settings_.rate_hz));
    record_.samples(channel_, iq, count);
    air.push_back({next_, settings_.gain_db, settings_.frequency_hz(), settings_.rate_hz, settings_.lo_deg, settings_.antenna == "TX/RX",
                   std::vector<int16_t>(iq, iq + 2 * count)});
    packet.played += count;
    stretch_.samples += count;
    recorded_ += count;
    consumed_ += count;
    next_ += int64_t(count);
}

void TransmitChannel::status(wire::Code code, int64_t index) {
    statuses.push_back({uint32_t(channel_), code, clock_.device(box_ns_of(index, settings_.rate_hz))});
}

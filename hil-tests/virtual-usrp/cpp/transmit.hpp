// One transmit channel: a FIFO of packets, played by the sample clock.
#pragma once
#include "clock.hpp"
#include "record.hpp"
#include "settings.hpp"
#include "wire.hpp"
#include <deque>
#include <functional>
#include <vector>

struct Packet {
    bool timed = false, end = false;
    int64_t time_ns = 0;    // device
    int64_t arrived_ns = 0; // box
    std::vector<int16_t> iq;
    size_t played = 0;
    size_t left() const { return iq.size() / 2 - played; }
};

// Samples that were on the air from `start` on, for the way to a receiver.
struct Segment {
    int64_t start;
    double gain_db, frequency_hz, rate_hz, lo_deg;
    bool at_connector;
    std::vector<int16_t> iq;
    int64_t stop() const { return start + int64_t(iq.size() / 2); }
};

class TransmitChannel {
  public:
    TransmitChannel(size_t channel, Clock &clock, Record &record, ChannelSettings &settings)
        : channel_(channel), clock_(clock), record_(record), settings_(settings) {}

    void push(Packet packet);
    // Plays what is due before `until_ns` (box); the settings are those of the whole time since the last call.
    void advance(int64_t until_ns);
    // Changes a setting now, in a new stretch where one is on.
    void change(const std::function<void(ChannelSettings &)> &apply);
    void finish(const std::string &why);

    bool on() const { return on_; }
    bool idle() const { return !on_ && queue_.empty(); }
    uint64_t queued() const { return pushed_ - consumed_; }
    uint64_t pushed() const { return pushed_; }
    uint64_t consumed() const { return consumed_; }
    uint64_t radiated() const { return radiated_; }
    // CLOCK_MONOTONIC, or -1.
    int64_t last_nonzero_ns() const { return last_nonzero_ns_; }

    std::vector<wire::Status> statuses;
    std::deque<Segment> air;

  private:
    struct Stretch {
        int64_t start = 0, last_nonzero = -1;
        uint64_t samples = 0, nonzero = 0, offset = 0;
        double peak_square = 0;
    };
    void begin();
    void end(const std::string &why);
    void underflow();
    void late(const Packet &packet, int64_t start, int64_t noticed);
    void play(Packet &packet, size_t count);
    void status(wire::Code code, int64_t index);

    size_t channel_;
    Clock &clock_;
    Record &record_;
    ChannelSettings &settings_;
    std::deque<Packet> queue_;
    bool on_ = false, dropping_ = false;
    int64_t next_ = 0, done_ = 0; // grid: the sample after the last that was played; the first that can still be played
    Stretch stretch_;
    uint64_t pushed_ = 0, consumed_ = 0, radiated_ = 0, recorded_ = 0;
    int64_t last_nonzero_ns_ = -1;
};

// The radio as a whole: two transmit and two receive channels, the clock, what the host has set, and the thread that plays.
#pragma once
#include "receive.hpp"
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>

struct RadioFaults {
    bool stuck_gain = false, stuck_silently = false, stuck_antenna = false, unlocked = false;
};

// What the radio tells a host; called with the radio locked, so it may only queue.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void credit(const wire::Credit &) = 0;
    virtual void status(const wire::Status &) = 0;
    // False where there was no room for it.
    virtual bool received(const wire::RxHead &, const std::vector<int16_t> &iq) = 0;
};

class Radio {
  public:
    Radio(Record &record, int64_t fifo_ms, const Paths &paths, bool lo_random, double noise_dbfs, uint64_t seed);

    // One line of a host's request, as "set tx 0 gain 12.5" or "get time"; the answer is "ok ..." or "error ...".
    std::string request(const std::string &line);
    void push(const wire::TxHead &head, const int16_t *iq);
    void attach(Listener *listener); // a new session begins with the settings after power-up, but for a channel that is busy
    void detach(Listener *listener);
    wire::Credit credit();
    std::string on_air();
    void jump(int64_t ns);
    void play();         // does not return
    void finish();       // ends what is on the air in the record
    void set_path(size_t tx, size_t rx, const Path &path);
    void edit(const std::function<void(RadioFaults &, std::map<size_t, Outside> &)> &change);

    Clock clock;

  private:
    struct Pending {
        int64_t at_ns; // box
        std::function<void()> apply;
    };
    void step(int64_t now);
    void advance(int64_t until);
    void receive(int64_t until);
    bool send_packet(ReceiveStream &stream, int64_t limit);
    bool is_news(const wire::Credit &credit) const;
    wire::Credit credit_locked() const;
    std::string handle(std::vector<std::string> words);
    std::string channel_request(const std::vector<std::string> &words, int64_t at_ns);
    std::string set_channel(const std::string &direction, size_t channel, const std::string &what, const std::string &value);
    std::string get_channel(const std::string &direction, size_t channel, const std::string &what) const;
    std::string gpio(const std::vector<std::string> &words);
    std::string receive_request(const std::vector<std::string> &words);
    double tuned(const std::string &direction, size_t channel);
    int64_t longest_delay() const;
    void note(const std::string &setting, const std::string &value, const std::string &more = "");
    ChannelSettings &settings(const std::string &direction, size_t channel) { return direction == "tx" ? tx_set_[channel] : rx_set_[channel]; }

    std::mutex lock_;
    std::condition_variable wake_;
    Record &record_;
    int64_t fifo_ms_;
    Paths paths_;
    bool lo_random_;
    std::mt19937_64 lo_;
    Antenna antenna_;
    ChannelSettings tx_set_[wire::CHANNELS], rx_set_[wire::CHANNELS];
    std::vector<TransmitChannel> tx_;
    std::vector<ReceiveStream> rx_;
    std::map<size_t, Outside> outside_;
    std::vector<Pending> pending_;
    RadioFaults faults_;
    int64_t now_ns_ = 0; // box: how far everything is done
    bool finished_ = false;
    Listener *listener_ = nullptr;
    wire::Credit told_{};
    double master_hz_ = 184.32e6;
    std::string clock_source_ = "internal", time_source_ = "internal";
    std::map<std::string, unsigned> gpio_;
    bool clock_out_ = true, time_out_ = true; // to the connectors REF OUT and PPS/TRIG OUT
};

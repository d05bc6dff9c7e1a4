// The host's end of the link to the box: requests with answers, credit for transmit samples, statuses, received packets.
#pragma once
#include "wire.hpp"
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using Deadline = std::chrono::steady_clock::time_point;
Deadline deadline_after_us(long timeout_us);

struct Received {
    wire::RxHead head{};
    std::vector<int16_t> iq; // channel after channel
    size_t taken = 0;        // samples
};

// The host's buffer of one receive stream: 100 ms. When it is full, all is lost until the host has emptied it.
struct ReceiveQueue {
    std::deque<Received> packets;
    size_t samples = 0, capacity = 0;
    bool losing = false, gap = false;
};

class Link {
  public:
    // The box's serial where one answers at `path`.
    static bool probe(const std::string &path, std::string &serial);
    // Throws where nobody answers or the device is in use.
    explicit Link(const std::string &path);
    ~Link();

    // The answer without its "ok "; throws on an error and where the link is lost.
    std::string request(const std::string &line);
    // Takes as many of `wanted` samples of each channel as there is room for, waiting for one packet's at most; 0 at the deadline.
    size_t reserve(uint32_t mask, size_t wanted, Deadline deadline);
    bool send_samples(const wire::TxHead &head, const std::vector<int16_t> &iq);
    // Applies the faults of the driver to a write of `samples`: false where it has to fail.
    bool pass_faults(size_t &samples);
    bool status(uint32_t mask, wire::Status &status, Deadline deadline);
    bool lost();
    bool lost_locked() const { return lost_; }

    const std::string &serial() const { return serial_; }

    // Both are used with `lock` held.
    std::mutex lock;
    std::condition_variable arrived;
    std::map<uint32_t, ReceiveQueue> receiving;

  private:
    void read();
    bool take(const wire::Frame &frame);
    void take_packet(const wire::Frame &frame);
    bool send(const std::vector<char> &frame);

    int fd_ = -1;
    std::string serial_;
    std::mutex request_lock_, send_lock_;
    bool lost_ = false;
    std::deque<std::string> replies_;
    wire::Credit credit_{};
    uint64_t sent_[wire::CHANNELS] = {};
    wire::Faults faults_{};
    std::deque<wire::Status> statuses_;
    std::thread reader_;
};

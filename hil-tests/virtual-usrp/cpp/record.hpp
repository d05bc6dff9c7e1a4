// What the box leaves behind: one line of JSON an event, and every sample that left an antenna connector.
#pragma once
#include "wire.hpp"
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

std::string json_string(const std::string &text);
std::string json_number(double value);

class Record {
  public:
    Record(const std::string &dir, uint64_t sample_limit);
    // Both only queue, so that they may be called with the radio locked; `flush` writes, in that order.
    void event(int64_t t_ns, const std::string &what, const std::string &fields = "");
    void samples(size_t channel, const int16_t *iq, size_t count);
    void flush();

  private:
    struct Item {
        int channel; // -1: a line
        std::string line;
        std::vector<int16_t> iq;
    };
    std::mutex pending_lock_, write_lock_;
    std::vector<Item> pending_;
    std::ofstream events_, tx_[wire::CHANNELS];
    uint64_t sample_limit_, queued_[wire::CHANNELS] = {};
};

// The receive side: what the antenna connectors hear, and streams of it in packets.
#pragma once
#include "transmit.hpp"
#include <array>
#include <complex>
#include <map>
#include <memory>

// A tone from outside. Below 10 MHz the frequency is an offset from the receiver's centre, else a radio frequency.
struct Tone {
    double amplitude, frequency_hz;
};

struct Outside {
    std::vector<Tone> tones;
    std::vector<std::complex<float>> repeated;
};

// From a transmit connector to a receive connector, at gains of 0 dB.
struct Path {
    bool is_there = false;
    double db = 0, deg = 0;
    int64_t delay_samples = 0;
};

// By transmit channel, then receive channel.
using Paths = std::array<std::array<Path, wire::CHANNELS>, wire::CHANNELS>;

// Samples of one receive channel from grid index `start` on, added up before quantisation.
class Antenna {
  public:
    Antenna(double noise_dbfs, uint64_t seed);
    // The receiver's noise and what is there from outside.
    void hear(std::vector<std::complex<float>> &out, size_t channel, int64_t start, const ChannelSettings &settings, const Outside &outside) const;
    // Adds what comes over one path.
    static void hear(std::vector<std::complex<float>> &out, int64_t start, const ChannelSettings &settings, const std::deque<Segment> &air,
                     const Path &path);

  private:
    std::vector<std::complex<float>> noise_;
    uint64_t seed_;
};

struct ReceiveStream {
    uint32_t mask = 0;
    bool started = false; // its first sample lies in the past
    bool timed = false;
    int64_t time_ns = 0; // device
    int64_t next = 0;    // grid
    int64_t left = -1;   // samples to come; -1: until it is stopped
    bool gap = false;
};

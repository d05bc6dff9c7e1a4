// What a 2944R (X310 with two UBX-160) can be set to, and what it makes of a value that it cannot take.
#pragma once
#include <string>
#include <vector>

struct ChannelSettings {
    double gain_db = 0;
    double shown_gain_db = 0; // what a read says
    double rf_hz = 1e9, bb_hz = 0;
    double rate_hz = 184.32e6;
    double bandwidth_hz = 160e6;
    std::string antenna = "TX/RX";
    double lo_deg = 0; // phase of the chain's oscillator since it was tuned last
    double frequency_hz() const { return rf_hz + bb_hz; }
};

constexpr double MIN_FREQUENCY_HZ = 10e6, MAX_FREQUENCY_HZ = 6e9, MAX_GAIN_DB = 31.5, GAIN_STEP_DB = 0.5;

// The divisors of master clock that DDC and DUC know: a CIC up to 255 and two half-bands.
std::vector<int> divisors();
double nearest_rate(double master_hz, double asked_hz);
double nearest_gain(double asked_db);
double nearest_frequency(double asked_hz);
// "rx" or "tx".
const std::vector<std::string> &antennas(const std::string &direction);
bool is_one_of(const std::vector<std::string> &list, const std::string &name);

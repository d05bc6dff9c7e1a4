#include "settings.hpp"
#include <algorithm>
#include <cmath>

std::vector<int> divisors() {
    std::vector<int> all;
    for (int n = 1; n <= 255; n++) all.push_back(n);
    for (int n = 256; n <= 510; n += 2) all.push_back(n);
    for (int n = 512; n <= 1020; n += 4) all.push_back(n);
    return all;
}

double nearest_rate(double master_hz, double asked_hz) {
    double best = master_hz;
    for (int n : divisors())
        if (std::fabs(master_hz / n - asked_hz) < std::fabs(best - asked_hz)) best = master_hz / n;
    return best;
}

double nearest_gain(double asked_db) {
    if (!(asked_db > 0)) return 0;
    return std::min(MAX_GAIN_DB, std::round(asked_db / GAIN_STEP_DB) * GAIN_STEP_DB);
}

double nearest_frequency(double asked_hz) {
    if (!(asked_hz > MIN_FREQUENCY_HZ)) return MIN_FREQUENCY_HZ;
    return std::min(asked_hz, MAX_FREQUENCY_HZ);
}

const std::vector<std::string> &antennas(const std::string &direction) {
    static const std::vector<std::string> tx{"TX/RX", "CAL"}, rx{"TX/RX", "RX2", "CAL"};
    return direction == "tx" ? tx : rx;
}

bool is_one_of(const std::vector<std::string> &list, const std::string &name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}
